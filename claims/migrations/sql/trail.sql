-- The trail: every change on every table becomes one event. An event is bytes (docs/trail.md gives their form), written
-- once and never built again; free text stands in it as salted commitments whose openings lie beside it and can be
-- erased by law. Events form streams, one per article, source and person and one for the desk, each event holding the
-- hash of the one before; all of them wait in claims_unsealed until the sealer takes them into the one Merkle tree.

-- ---------------------------------------------------------------- the form of an event
CREATE FUNCTION claims_moment(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Sixteen random bytes, from the server's own strong source.
CREATE FUNCTION claims_salt() RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 16)
$$;

CREATE FUNCTION claims_commitment(salt bytea, value text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT '{"sha256":"' || encode(sha256(salt || convert_to(value, 'UTF8')), 'base64') || '"}'
$$;

-- A row's columns as canonical JSON. Whole numbers, truth values, dates and what is listed as plain stand as they are;
-- everything else is a commitment, and its opening is appended to the arrays. Withheld values are not in the opening:
-- they are too large or too secret to be kept twice.
CREATE FUNCTION claims_committed(side text, r jsonb, withheld text[], plain text[], OUT made text,
                                 INOUT places text[], INOUT salts bytea[], INOUT vals text[]) LANGUAGE plpgsql AS $$
DECLARE k text; v jsonb; kind text; said text; salt bytea;
BEGIN
  IF r IS NULL THEN made := 'null'; RETURN; END IF;
  made := '';
  FOR k, v IN SELECT e.key, e.value FROM jsonb_each(r) e ORDER BY e.key COLLATE "C" LOOP
    kind := jsonb_typeof(v);
    said := v #>> '{}';
    made := made || CASE made WHEN '' THEN '' ELSE ',' END || to_json(k)::text || ':';
    IF kind IN ('boolean', 'null') OR (kind = 'number' AND said ~ '^-?[0-9]{1,15}$') THEN
      made := made || v::text;
    ELSIF kind = 'number' OR (kind = 'string' AND (said = '' OR k = ANY (plain))) THEN
      made := made || to_json(said)::text;
    ELSE
      salt := claims_salt();
      made := made || claims_commitment(salt, said);
      places := places || (side || '.' || k);
      salts := salts || salt;
      vals := array_append(vals, CASE WHEN k = ANY (withheld) THEN NULL ELSE said END);
    END IF;
  END LOOP;
  made := '{' || made || '}';
END $$;

-- The parts of an event's text between which its time, number and previous hash stand.
CREATE FUNCTION claims_event_bytes(parts text[], at timestamptz, n bigint, previous bytea) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT convert_to(parts[1] || claims_moment(at) || parts[2] || n || parts[3] || encode(previous, 'base64') || parts[4],
                    'UTF8')
$$;

-- RFC 6962: the hash of a leaf is that of a zero byte and its data.
CREATE FUNCTION claims_leaf_hash(bytes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256('\x00'::bytea || bytes)
$$;

CREATE FUNCTION claims_stream_of(tbl text, r jsonb, article bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN article IS NOT NULL THEN 'article/' || article
    WHEN tbl = 'claims_source' THEN 'source/' || (r->>'id')
    WHEN tbl = 'claims_person' THEN 'person/' || (r->>'id')
    WHEN r ? 'person_id' THEN 'person/' || (r->>'person_id')
    ELSE 'desk' END
$$;

-- The text of an event but for its time, number and previous hash; the keys are in their order.
CREATE FUNCTION claims_event_parts(e claims_auditevent, before text, after text, reason text) RETURNS text[]
LANGUAGE sql STABLE AS $$
  SELECT ARRAY[
    '{"action":' || to_json(e.action) || ',"actor":' || coalesce(e.actor_id::text, 'null') || ',"after":' || after
      || ',"article":' || coalesce(e.article_id::text, 'null') || ',"at":"',
    '","before":' || before || ',"db_role":' || to_json(e.db_role) || ',"n":',
    ',"object":{"id":' || coalesce(e.object_id::text, 'null') || ',"parent":' || coalesce(e.parent_id::text, 'null')
      || ',"type":' || to_json(e.object_type) || '},"outside":' || e.outside::text || ',"prev":"',
    '","reason":' || reason || ',"request":' || to_json(e.request_id) || ',"stream":' || to_json(e.stream) || ',"v":1}']
$$;

-- ---------------------------------------------------------------- writing it
-- The stream's head is a row of its own, locked and moved in the statement that inserts the event: writers of one
-- article wait for one another here, and nobody else does. Its time never goes back.
CREATE FUNCTION claims_append(e claims_auditevent, parts text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE made bigint;
BEGIN
  LOOP
    WITH moved AS (
      UPDATE claims_stream s SET (length, at, previous, head) = (
        SELECT s.length + 1, t.at, s.head, claims_leaf_hash(claims_event_bytes(parts, t.at, s.length + 1, s.head))
        FROM (SELECT greatest(coalesce(e.at, clock_timestamp()), s.at) AS at) t)
      WHERE s.name = e.stream RETURNING s.length, s.at, s.previous, s.head)
    INSERT INTO claims_auditevent (stream, n, at, actor_id, action, request_id, object_type, object_id, parent_id,
                                   article_id, outside, db_role, bytes, hash)
      SELECT e.stream, m.length, m.at, e.actor_id, e.action, e.request_id, e.object_type, e.object_id, e.parent_id,
             e.article_id, e.outside, e.db_role, claims_event_bytes(parts, m.at, m.length, m.previous), m.head
      FROM moved m RETURNING seq INTO made;
    EXIT WHEN made IS NOT NULL;
    INSERT INTO claims_stream (name, length, at, previous, head) VALUES (e.stream, 0, 'epoch', '', '')
      ON CONFLICT DO NOTHING;
  END LOOP;
  INSERT INTO claims_unsealed (event_id) VALUES (made);
  RETURN made;
END $$;

-- One event with its openings. `e.at` is null for what happens now.
CREATE FUNCTION claims_write_event(e claims_auditevent, before jsonb, after jsonb, reason text,
                                   withheld text[], plain text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE was text; became text; why text := '""'; made bigint;
  places text[] := '{}'; salts bytea[] := '{}'; vals text[] := '{}';
BEGIN
  SELECT * INTO was, places, salts, vals FROM claims_committed('before', before, withheld, plain, places, salts, vals);
  SELECT * INTO became, places, salts, vals FROM claims_committed('after', after, withheld, plain, places, salts, vals);
  IF reason <> '' THEN
    salts := salts || claims_salt();
    places := places || 'reason'::text;
    vals := array_append(vals, reason);
    why := claims_commitment(salts[cardinality(salts)], reason);
  END IF;
  made := claims_append(e, claims_event_parts(e, was, became, why));
  INSERT INTO claims_opening (event_id, place, salt, value) SELECT made, o.* FROM unnest(places, salts, vals) o;
END $$;

-- The trigger of every recorded table. It runs as the owner, so that the application needs no right to write the trail.
-- Arguments: the column that names the parent of a joining row, columns left out, withheld columns, plain columns.
CREATE OR REPLACE FUNCTION claims_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC' AS $$
DECLARE
  ignored text[] := string_to_array(TG_ARGV[1], ',') || 'updated_at'::text;
  old_row jsonb; new_row jsonb; whole jsonb; e claims_auditevent;
BEGIN
  IF TG_OP <> 'INSERT' THEN old_row := to_jsonb(OLD) - ignored; END IF;
  IF TG_OP <> 'DELETE' THEN new_row := to_jsonb(NEW) - ignored; END IF;
  whole := coalesce(new_row, old_row);
  IF TG_OP = 'UPDATE' THEN
    SELECT coalesce(jsonb_object_agg(n.key, old_row->n.key), '{}'), coalesce(jsonb_object_agg(n.key, n.value), '{}')
      INTO old_row, new_row
      FROM jsonb_each(new_row) n WHERE n.value IS DISTINCT FROM old_row->n.key;
    IF new_row = '{}' THEN RETURN NULL; END IF;
  END IF;
  e.actor_id := claims_actor();
  e.action := coalesce(nullif(claims_setting('action'), ''), 'outside.' || lower(TG_OP));
  e.request_id := claims_setting('request_id');
  e.object_type := regexp_replace(TG_TABLE_NAME, '^claims_', '');
  e.object_id := (whole->>'id')::bigint;
  IF TG_ARGV[0] <> '' THEN e.parent_id := (whole->>TG_ARGV[0])::bigint; END IF;
  e.article_id := claims_article_of(TG_TABLE_NAME, whole);
  e.outside := claims_setting('action') = '';
  e.db_role := session_user;
  e.stream := claims_stream_of(TG_TABLE_NAME, whole, e.article_id);
  PERFORM claims_write_event(e, old_row, new_row, claims_setting('reason'),
                             string_to_array(TG_ARGV[2], ','), string_to_array(TG_ARGV[3], ','));
  RETURN NULL;
END $$;

-- ---------------------------------------------------------------- putting tables on record
-- Columns whose text says no more than a date or a moment; numbers and truth values are plain wherever they stand.
CREATE FUNCTION claims_plain_by_type(tbl regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') FROM pg_attribute a
  WHERE a.attrelid = tbl AND a.attnum > 0 AND NOT a.attisdropped
    AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype, 'uuid'::regtype)
$$;

-- One table under the record; said again after its columns changed, it is put there anew.
-- `plain` names the text columns that hold a word from a list, a code or a digest. What is not named is committed.
DROP PROCEDURE claims_put_on_record(text, text, text, text, boolean);
CREATE PROCEDURE claims_put_on_record(tbl text, parent text DEFAULT '', ignored text DEFAULT '',
                                      withheld text DEFAULT '', plain text DEFAULT '', keep boolean DEFAULT true)
LANGUAGE plpgsql AS $$
DECLARE t text; said text := 'Nothing is deleted: deactivate, withdraw or retract instead.';
BEGIN
  plain := array_to_string(string_to_array(plain, ',') || claims_plain_by_type(tbl::regclass), ',');
  FOREACH t IN ARRAY ARRAY['every_change_is_recorded', 'nothing_is_truncated', 'nothing_is_deleted'] LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', t, tbl);
  END LOOP;
  EXECUTE format('CREATE TRIGGER every_change_is_recorded AFTER INSERT OR UPDATE OR DELETE ON %I
    FOR EACH ROW EXECUTE FUNCTION claims_record(%L, %L, %L, %L)', tbl, parent, ignored, withheld, plain);
  EXECUTE format('CREATE TRIGGER nothing_is_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT
    EXECUTE FUNCTION claims_refuse(''Nothing is deleted: this table is history.'')', tbl);
  IF keep THEN
    EXECUTE format('CREATE TRIGGER nothing_is_deleted BEFORE DELETE ON %I FOR EACH ROW
      EXECUTE FUNCTION claims_refuse(%L)', tbl, said);
  END IF;
  FOR t IN SELECT g.tgname FROM pg_trigger g WHERE g.tgrelid = tbl::regclass AND NOT g.tgisinternal LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', tbl, t);
  END LOOP;
END $$;

-- Every function looks in our schema first: a temporary table of the same name must not stand before ours. Every
-- trigger is ENABLE ALWAYS: no session setting switches it off. Said at the end of each migration that adds some.
CREATE PROCEDURE claims_make_safe() LANGUAGE plpgsql AS $$
DECLARE r record; home regnamespace;
BEGIN
  SELECT c.relnamespace INTO home FROM pg_class c WHERE c.oid = 'claims_auditevent'::regclass;
  FOR r IN SELECT p.oid::regprocedure AS name FROM pg_proc p
           WHERE p.proname LIKE 'claims\_%' AND p.pronamespace = home LOOP
    EXECUTE format('ALTER ROUTINE %s SET search_path = pg_catalog, %s, pg_temp', r.name, home);
  END LOOP;
  FOR r IN SELECT g.tgname, g.tgrelid::regclass AS tbl FROM pg_trigger g JOIN pg_class k ON k.oid = g.tgrelid
           WHERE NOT g.tgisinternal AND k.relname LIKE 'claims\_%' AND g.tgenabled <> 'A' LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r.tbl, r.tgname);
  END LOOP;
END $$;

CREATE TEMPORARY TABLE on_record (tbl text, parent text DEFAULT '', ignored text DEFAULT '', withheld text DEFAULT '',
                                  plain text DEFAULT '', keep boolean DEFAULT true);
INSERT INTO on_record (tbl, ignored, withheld) VALUES ('claims_person', 'last_login', 'password');
INSERT INTO on_record (tbl, parent, keep) VALUES
  ('claims_person_groups', 'person_id', false),
  ('claims_person_user_permissions', 'person_id', false),
  ('auth_group_permissions', 'group_id', false);
INSERT INTO on_record (tbl, parent) VALUES
  ('claims_verdict_relied_on', 'verdict_id'),
  ('claims_correction_claims', 'correction_id');
INSERT INTO on_record (tbl, plain, keep) VALUES ('auth_group', 'name', false);
INSERT INTO on_record (tbl, ignored, plain) VALUES ('claims_apitoken', 'last_used_at', 'digest,scope');
INSERT INTO on_record (tbl, withheld, plain) VALUES
  ('claims_articlerevision', 'source_bytes,text,blocks,sentences', 'sha256,source_sha256,media_type'),
  ('claims_publication', 'content', 'digest,claims_root,state');
INSERT INTO on_record (tbl, plain) VALUES
  ('claims_ratingscale', 'name,description'),
  ('claims_rating', 'code,label,definition'),
  ('claims_article', 'language,state'),
  ('claims_articlelink', 'status'),
  ('claims_nonfactualmark', ''),
  ('claims_claim', 'code,kind,importance,state,triage_reason,digest'),
  ('claims_anchor', 'status'),
  ('claims_contribution', ''),
  ('claims_source', 'kind,tier,sha256'),
  ('claims_evidence', 'stance,addresses,visibility'),
  ('claims_verdict', 'said_rating,confidence,digest'),
  ('claims_decision', 'method,said_rating,digest'),
  ('claims_signoff', 'digest'),
  ('claims_correction', 'type'),
  ('claims_signingkey', 'verifier'),
  ('claims_redaction', 'object_type,field');
DO $$
DECLARE r on_record;
BEGIN
  FOR r IN SELECT * FROM on_record LOOP
    CALL claims_put_on_record(r.tbl, r.parent, r.ignored, r.withheld, r.plain, r.keep);
  END LOOP;
END $$;

-- ---------------------------------------------------------------- the trail guards itself
CREATE OR REPLACE FUNCTION claims_only_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
      MESSAGE = 'Only the triggers of the recorded tables write the record.';
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;

CREATE TRIGGER only_triggers_write_the_record BEFORE INSERT ON claims_auditevent
  FOR EACH ROW EXECUTE FUNCTION claims_only_by_trigger();
CREATE TRIGGER only_triggers_write_the_record BEFORE INSERT OR UPDATE ON claims_stream
  FOR EACH ROW EXECUTE FUNCTION claims_only_by_trigger();
CREATE TRIGGER only_triggers_write_the_record BEFORE INSERT OR UPDATE ON claims_opening
  FOR EACH ROW EXECUTE FUNCTION claims_only_by_trigger();
CREATE TRIGGER only_triggers_write_the_record BEFORE INSERT OR UPDATE OR DELETE ON claims_unsealed
  FOR EACH ROW EXECUTE FUNCTION claims_only_by_trigger();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['claims_auditevent', 'claims_leaf', 'claims_node', 'claims_checkpoint'] LOOP
    EXECUTE format('CREATE TRIGGER record_is_never_edited BEFORE UPDATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION claims_refuse(''The record is never edited.'')', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['claims_auditevent', 'claims_stream', 'claims_leaf', 'claims_node', 'claims_checkpoint'] LOOP
    EXECUTE format('CREATE TRIGGER nothing_is_deleted BEFORE DELETE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION claims_refuse(''Nothing is deleted from the record.'')', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['claims_auditevent', 'claims_stream', 'claims_opening', 'claims_unsealed',
                           'claims_leaf', 'claims_node', 'claims_checkpoint'] LOOP
    EXECUTE format('CREATE TRIGGER nothing_is_truncated BEFORE TRUNCATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION claims_refuse(''Nothing is deleted from the record.'')', t);
  END LOOP;
END $$;

-- A leaf is an event's hash at the end of the tree; with it the event no longer waits.
CREATE FUNCTION claims_leaf_takes_its_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.index <> (SELECT coalesce(max(l.index) + 1, 0) FROM claims_leaf l) OR NOT EXISTS (
    SELECT 1 FROM claims_auditevent e WHERE e.seq = NEW.event_id AND e.hash = NEW.hash
      AND e.hash = claims_leaf_hash(e.bytes)) THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
      MESSAGE = 'A leaf is the hash of an event, at the end of the tree.';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER leaf_is_an_event_at_the_end BEFORE INSERT ON claims_leaf
  FOR EACH ROW EXECUTE FUNCTION claims_leaf_takes_its_place();

CREATE FUNCTION claims_waits_no_longer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  DELETE FROM claims_unsealed WHERE event_id = NEW.event_id;
  RETURN NULL;
END $$;
CREATE TRIGGER sealed_event_waits_no_longer AFTER INSERT ON claims_leaf
  FOR EACH ROW EXECUTE FUNCTION claims_waits_no_longer();

-- ---------------------------------------------------------------- redaction
-- Whether a redaction on record names this field of this object; `*` is any field of it.
CREATE FUNCTION claims_redacted(kind text, object bigint, column_name text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM claims_redaction r
                 WHERE r.object_type = kind AND r.object_id = object AND r.field = column_name)
$$;

-- What is never edited may still be redacted: to these words, and by a redaction on record.
CREATE OR REPLACE FUNCTION claims_only_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := string_to_array(TG_ARGV[1], ','); k text;
  old_row jsonb := to_jsonb(OLD) - free; new_row jsonb := to_jsonb(NEW) - free;
BEGIN
  IF new_row = old_row THEN RETURN NEW; END IF;
  FOR k IN SELECT n.key FROM jsonb_each(new_row) n WHERE n.value IS DISTINCT FROM old_row->n.key LOOP
    IF new_row->>k IS DISTINCT FROM '[redacted]'
      OR NOT claims_redacted(regexp_replace(TG_TABLE_NAME, '^claims_', ''), (old_row->>'id')::bigint, k) THEN
      RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
        MESSAGE = TG_ARGV[0];
    END IF;
  END LOOP;
  RETURN NEW;
END $$;

CREATE FUNCTION claims_opening_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM claims_auditevent e JOIN claims_redaction r ON CASE OLD.place
      WHEN 'reason' THEN r.object_type = 'auditevent' AND r.object_id = e.seq AND r.field = 'reason'
      ELSE r.object_type = e.object_type AND r.object_id = e.object_id AND r.field = split_part(OLD.place, '.', 2) END
    WHERE e.seq = OLD.event_id) THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
      MESSAGE = 'An opening goes only by a redaction on record.';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER opening_goes_only_by_redaction BEFORE DELETE ON claims_opening
  FOR EACH ROW EXECUTE FUNCTION claims_opening_goes();

-- ---------------------------------------------------------------- nothing unsealed is published
CREATE FUNCTION claims_publication_sealed(publication bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM claims_auditevent e JOIN claims_leaf l ON l.event_id = e.seq
    WHERE e.object_type = 'publication' AND e.object_id = publication AND e.action = 'article.publish'
      AND l.index < (SELECT max(c.size) FROM claims_checkpoint c))
$$;
CREATE FUNCTION claims_publication_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.state <> 'waiting' THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A publication begins by waiting for its seal.');
  ELSIF TG_OP = 'UPDATE' AND OLD.state = 'waiting' AND NEW.state = 'live' AND NOT claims_publication_sealed(NEW.id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Nothing is shown to readers before a signed checkpoint covers it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publication_is_sealed BEFORE INSERT OR UPDATE ON claims_publication FOR EACH ROW
  EXECUTE FUNCTION claims_publication_is_sealed();

CREATE OR REPLACE FUNCTION claims_publication_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (VALUES
    ('waiting', 'live'), ('waiting', 'lapsed'), ('live', 'superseded'), ('live', 'retracted')) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A publication that readers no longer see does not come back.');
  END IF;
  IF NEW.state = 'live' AND OLD.state = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM claims_signoff s WHERE s.id = NEW.sign_off_id AND s.voided_at IS NULL) THEN
    PERFORM claims_broken('publication_is_signed_off_by_another', TG_TABLE_NAME,
      'Publishing needs a standing sign-off by somebody else.');
  END IF;
  RETURN NEW;
END $$;

-- Erase one field of one object from its row and from every event, on a legal basis that stays on record. Nobody but
-- the owner of the database may (see roles.sql): who took over the application must not be able to erase history.
-- Gives how many openings were taken away.
CREATE FUNCTION claims_redact(kind text, object bigint, column_name text, basis text, person bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE tbl text := CASE WHEN kind LIKE 'auth\_%' THEN kind ELSE 'claims_' || kind END; article bigint; taken bigint; live jsonb;
BEGIN
  PERFORM set_config('factcheck.' || s.name, s.value, true) FROM (VALUES
    ('actor', person::text), ('action', 'audit.redact'), ('reason', ''), ('request_id', '')) s (name, value);
  SELECT e.article_id INTO article FROM claims_auditevent e
    WHERE CASE kind WHEN 'auditevent' THEN e.seq = object ELSE e.object_type = kind AND e.object_id = object END
    ORDER BY e.seq DESC LIMIT 1;
  IF NOT FOUND THEN RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = 'The trail knows no such object.'; END IF;
  INSERT INTO claims_redaction (object_type, object_id, field, basis, article_id, by_id, at)
    VALUES (kind, object, column_name, basis, article, person, clock_timestamp());
  IF kind <> 'auditevent' THEN
    EXECUTE format('SELECT to_jsonb(t) FROM %I t WHERE id = $1', tbl) INTO live USING object;
    IF live->>column_name NOT IN ('', '[]', '[redacted]') THEN
      EXECUTE format('UPDATE %I SET %I = %L WHERE id = $1', tbl, column_name,
                     CASE jsonb_typeof(live->column_name) WHEN 'array' THEN '{}' ELSE '[redacted]' END) USING object;
    END IF;
  END IF;
  DELETE FROM claims_opening o USING claims_auditevent e WHERE e.seq = o.event_id
    AND CASE kind WHEN 'auditevent' THEN e.seq = object AND o.place = 'reason'
        ELSE e.object_type = kind AND e.object_id = object AND o.place IN ('before.' || column_name, 'after.' || column_name) END
    AND coalesce(o.value, '') NOT IN ('[redacted]', '[]');
  GET DIAGNOSTICS taken = ROW_COUNT;
  RETURN taken;
END $$;
