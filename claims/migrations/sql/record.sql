-- The record: every insert, update and delete on every table of the chain becomes one row of claims_auditevent.
-- Who, what for and why come from the transaction-local settings factcheck.actor, .action, .reason and .request_id,
-- which claims.actions sets; a change made without them is recorded as made outside the desk.

CREATE FUNCTION claims_setting(name text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('factcheck.' || name, true), '')
$$;

CREATE FUNCTION claims_actor() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT nullif(claims_setting('actor'), '')::bigint
$$;

-- The article a row belongs to, whatever its table; null for people, sources, scales.
CREATE FUNCTION claims_article_of(tbl text, r jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF tbl = 'claims_article' THEN RETURN (r->>'id')::bigint; END IF;
  IF r ? 'article_id' THEN RETURN (r->>'article_id')::bigint; END IF;
  IF r ? 'claim_id' THEN RETURN (SELECT article_id FROM claims_claim WHERE id = (r->>'claim_id')::bigint); END IF;
  IF r ? 'revision_id' THEN
    RETURN (SELECT article_id FROM claims_articlerevision WHERE id = (r->>'revision_id')::bigint);
  END IF;
  IF r ? 'publication_id' THEN
    RETURN (SELECT article_id FROM claims_publication WHERE id = (r->>'publication_id')::bigint);
  END IF;
  IF r ? 'verdict_id' THEN
    RETURN (SELECT c.article_id FROM claims_verdict v JOIN claims_claim c ON c.id = v.claim_id
            WHERE v.id = (r->>'verdict_id')::bigint);
  END IF;
  RETURN NULL;
END $$;

-- Columns too large or too private for the trail stand in it as the SHA-256 of their JSON text.
CREATE FUNCTION claims_seal(r jsonb, sealed text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE k text;
BEGIN
  FOREACH k IN ARRAY sealed LOOP
    IF r ? k THEN
      r := jsonb_set(r, ARRAY[k], to_jsonb('sha256:' || encode(sha256(convert_to(r->>k, 'UTF8')), 'hex')));
    END IF;
  END LOOP;
  RETURN r;
END $$;

-- Arguments: the column that names the parent of a joining row, columns left out, columns sealed (comma-separated).
CREATE FUNCTION claims_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ignored text[] := string_to_array(TG_ARGV[1], ',');
  sealed text[] := string_to_array(TG_ARGV[2], ',');
  old_row jsonb; new_row jsonb; whole jsonb;
BEGIN
  IF TG_OP <> 'INSERT' THEN old_row := claims_seal(to_jsonb(OLD) - ignored, sealed); END IF;
  IF TG_OP <> 'DELETE' THEN new_row := claims_seal(to_jsonb(NEW) - ignored, sealed); END IF;
  whole := coalesce(new_row, old_row);
  IF TG_OP = 'UPDATE' THEN
    SELECT coalesce(jsonb_object_agg(n.key, old_row->n.key), '{}'), coalesce(jsonb_object_agg(n.key, n.value), '{}')
      INTO old_row, new_row
      FROM jsonb_each(new_row) n WHERE n.value IS DISTINCT FROM old_row->n.key AND n.key <> 'updated_at';
    IF new_row = '{}' THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO claims_auditevent
    (at, actor_id, action, reason, request_id, object_type, object_id, parent_id, article_id, before, after, outside, db_role)
  VALUES (
    clock_timestamp(), claims_actor(),
    coalesce(nullif(claims_setting('action'), ''), 'outside.' || lower(TG_OP)),
    claims_setting('reason'), claims_setting('request_id'),
    regexp_replace(TG_TABLE_NAME, '^claims_', ''), (whole->>'id')::bigint,
    CASE WHEN TG_ARGV[0] <> '' THEN (whole->>TG_ARGV[0])::bigint END,
    claims_article_of(TG_TABLE_NAME, whole), old_row, new_row,
    claims_setting('action') = '', session_user
  );
  RETURN NULL;
END $$;

CREATE FUNCTION claims_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_ARGV[0];
END $$;

-- Arguments: what to say, and the columns that may change (comma-separated).
CREATE FUNCTION claims_only_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := string_to_array(TG_ARGV[1], ',');
BEGIN
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
      MESSAGE = TG_ARGV[0];
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION claims_only_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
      MESSAGE = 'Only the triggers of the recorded tables write the record.';
  END IF;
  -- When and as whom is for the database to say, whoever's trigger this comes from.
  NEW.at := clock_timestamp();
  NEW.db_role := session_user;
  NEW.seq := nextval(pg_get_serial_sequence('claims_auditevent', 'seq'));
  RETURN NEW;
END $$;

CREATE TRIGGER only_triggers_write_the_record BEFORE INSERT ON claims_auditevent
  FOR EACH ROW EXECUTE FUNCTION claims_only_by_trigger();
CREATE TRIGGER record_is_never_edited BEFORE UPDATE ON claims_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION claims_refuse('The record is never edited.');
CREATE TRIGGER nothing_is_deleted BEFORE DELETE ON claims_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION claims_refuse('Nothing is deleted from the record.');
CREATE TRIGGER nothing_is_truncated BEFORE TRUNCATE ON claims_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION claims_refuse('Nothing is deleted from the record.');
ALTER TABLE claims_auditevent ENABLE ALWAYS TRIGGER only_triggers_write_the_record;
ALTER TABLE claims_auditevent ENABLE ALWAYS TRIGGER record_is_never_edited;
ALTER TABLE claims_auditevent ENABLE ALWAYS TRIGGER nothing_is_deleted;
ALTER TABLE claims_auditevent ENABLE ALWAYS TRIGGER nothing_is_truncated;

-- One table under the record. Kept so that later migrations put their new tables under it with one line.
CREATE PROCEDURE claims_put_on_record(tbl text, parent text DEFAULT '', ignored text DEFAULT '',
                                      sealed text DEFAULT '', keep boolean DEFAULT true)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER every_change_is_recorded AFTER INSERT OR UPDATE OR DELETE ON %I
    FOR EACH ROW EXECUTE FUNCTION claims_record(%L, %L, %L)', tbl, parent, ignored, sealed);
  EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER every_change_is_recorded', tbl);
  EXECUTE format('CREATE TRIGGER nothing_is_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT
    EXECUTE FUNCTION claims_refuse(''Nothing is deleted: this table is history.'')', tbl);
  EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER nothing_is_truncated', tbl);
  IF keep THEN
    EXECUTE format('CREATE TRIGGER nothing_is_deleted BEFORE DELETE ON %I FOR EACH ROW
      EXECUTE FUNCTION claims_refuse(''Nothing is deleted: deactivate, withdraw or retract instead.'')', tbl);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER nothing_is_deleted', tbl);
  END IF;
END $$;

CALL claims_put_on_record('claims_person', ignored => 'last_login', sealed => 'password');
CALL claims_put_on_record('claims_person_groups', 'person_id', keep => false);
CALL claims_put_on_record('claims_person_user_permissions', 'person_id', keep => false);
CALL claims_put_on_record('auth_group', keep => false);
CALL claims_put_on_record('auth_group_permissions', 'group_id', keep => false);
CALL claims_put_on_record('claims_apitoken', ignored => 'last_used_at');
CALL claims_put_on_record('claims_ratingscale');
CALL claims_put_on_record('claims_rating');
CALL claims_put_on_record('claims_article');
CALL claims_put_on_record('claims_articlerevision', sealed => 'source_bytes,text,blocks,sentences');
CALL claims_put_on_record('claims_articlelink');
CALL claims_put_on_record('claims_nonfactualmark');
CALL claims_put_on_record('claims_claim');
CALL claims_put_on_record('claims_anchor');
CALL claims_put_on_record('claims_contribution');
CALL claims_put_on_record('claims_source');
CALL claims_put_on_record('claims_evidence');
CALL claims_put_on_record('claims_verdict');
CALL claims_put_on_record('claims_verdict_relied_on', 'verdict_id');
CALL claims_put_on_record('claims_decision');
CALL claims_put_on_record('claims_signoff');
CALL claims_put_on_record('claims_publication', sealed => 'content');
CALL claims_put_on_record('claims_correction');
CALL claims_put_on_record('claims_correction_claims', 'correction_id');
