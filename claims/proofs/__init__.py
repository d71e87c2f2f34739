"""What the trail's proofs are made of: tree arithmetic, signed notes, and the verifier that is given to readers."""
