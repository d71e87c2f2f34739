// Verifies proof bundles with code that others wrote: checkpoints by transparency-dev/formats, RFC 6962 proofs by
// transparency-dev/merkle, and the same proofs once more by golang.org/x/mod/sumdb.
// See README.md beside this file.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A line of the input: a bundle, and the proof that its checkpoint continues an older one.
type line struct {
	Bundle struct {
		Event, Key, Proof string
	}
	Old         string
	Consistency []string
	Good        bool
}

func hash(text string) (out tlog.Hash, err error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(data) != len(out) {
		err = fmt.Errorf("%d bytes are no hash", len(data))
	}
	copy(out[:], data)
	return out, err
}

func hashes(texts []string) (list []tlog.Hash, plain [][]byte, err error) {
	for _, text := range texts {
		h, err := hash(text)
		if err != nil {
			return nil, nil, err
		}
		list, plain = append(list, h), append(plain, append([]byte(nil), h[:]...))
	}
	return list, plain, nil
}

func checkpoint(text, key string) (size int64, root tlog.Hash, err error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return 0, root, err
	}
	opened, rest, signed, err := log.ParseCheckpoint([]byte(text), verifier.Name(), verifier)
	if err != nil {
		return 0, root, err
	}
	if len(rest) != 0 || len(signed.Sigs) != 1 || len(signed.UnverifiedSigs) != 0 || len(opened.Hash) != len(root) {
		return 0, root, fmt.Errorf("not a checkpoint of %s alone", verifier.Name())
	}
	copy(root[:], opened.Hash)
	return int64(opened.Size), root, nil
}

func verify(l line) error {
	parts := strings.SplitN(l.Bundle.Proof, "\n\n", 2)
	head := strings.Split(parts[0], "\n")
	if len(parts) != 2 || len(head) < 2 || head[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(head[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	size, root, err := checkpoint(parts[1], l.Bundle.Key)
	if err != nil {
		return err
	}
	path, plain, err := hashes(head[2:])
	if err != nil {
		return err
	}
	event := []byte(l.Bundle.Event)
	first := tlog.CheckRecord(path, size, root, index, tlog.RecordHash(event))
	leaf := rfc6962.DefaultHasher.HashLeaf(event)
	second := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), leaf, plain, root[:])
	if first != nil || second != nil {
		return fmt.Errorf("inclusion: %v; %v", first, second)
	}
	oldSize, oldRoot, err := checkpoint(l.Old, l.Bundle.Key)
	if err != nil {
		return err
	}
	tree, plainTree, err := hashes(l.Consistency)
	if err != nil {
		return err
	}
	first = tlog.CheckTree(tree, size, root, oldSize, oldRoot)
	second = proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(oldSize), uint64(size), plainTree, oldRoot[:], root[:])
	if first != nil || second != nil {
		return fmt.Errorf("consistency: %v; %v", first, second)
	}
	return nil
}

func main() {
	good, bad, wrong := 0, 0, 0
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		text, err := input.ReadBytes('\n')
		if len(text) == 0 && err != nil {
			break
		}
		var l line
		problem := json.Unmarshal(text, &l)
		if problem == nil {
			problem = verify(l)
		}
		switch {
		case (problem == nil) != l.Good:
			wrong++
			fmt.Printf("judged otherwise: %v\n", problem)
		case l.Good:
			good++
		default:
			bad++
		}
	}
	fmt.Printf("%d verified, %d damaged ones refused, %d judged otherwise\n", good, bad, wrong)
	if wrong > 0 || good == 0 {
		os.Exit(1)
	}
}
