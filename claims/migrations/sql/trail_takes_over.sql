-- The events written before the trail had its form are taken over with their times, in their order. Their texts become
-- commitments like all others. A withheld column stood in them as the digest of its text: where the row still holds
-- that text, it is the text that is committed.
CREATE FUNCTION pg_temp.with_text(r jsonb, tbl text, object bigint, withheld text[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE k text; live jsonb;
BEGIN
  FOREACH k IN ARRAY withheld LOOP
    CONTINUE WHEN NOT coalesce(r ? k, false);
    EXECUTE format('SELECT to_jsonb(t) FROM %I t WHERE id = $1', tbl) INTO live USING object;
    IF r->>k = 'sha256:' || encode(sha256(convert_to(live->>k, 'UTF8')), 'hex') THEN
      r := jsonb_set(r, ARRAY[k], live->k);
    END IF;
  END LOOP;
  RETURN r;
END $$;

DO $$
DECLARE f record; c record; e claims_auditevent; t text;
  guarded text[] := ARRAY['claims_auditevent', 'claims_stream', 'claims_opening', 'claims_unsealed'];
BEGIN
  PERFORM set_config('timezone', 'UTC', true);
  FOREACH t IN ARRAY guarded LOOP
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER only_triggers_write_the_record', t);
  END LOOP;
  FOR f IN SELECT * FROM claims_former_event ORDER BY seq LOOP
    SELECT o.tbl, string_to_array(o.withheld, ',') AS withheld,
           string_to_array(o.plain, ',') || claims_plain_by_type(o.tbl::regclass) AS plain
      INTO c FROM on_record o WHERE regexp_replace(o.tbl, '^claims_', '') = f.object_type;
    e := jsonb_populate_record(NULL::claims_auditevent, to_jsonb(f) - 'seq');
    e.stream := claims_stream_of(c.tbl, coalesce(f.after, f.before) || jsonb_build_object('id', f.object_id), f.article_id);
    IF c.tbl LIKE 'claims\_person\__%' THEN e.stream := 'person/' || f.parent_id; END IF;
    PERFORM claims_write_event(e, pg_temp.with_text(f.before, c.tbl, f.object_id, c.withheld),
                               pg_temp.with_text(f.after, c.tbl, f.object_id, c.withheld), f.reason, c.withheld, c.plain);
  END LOOP;
  FOREACH t IN ARRAY guarded LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER only_triggers_write_the_record', t);
  END LOOP;
END $$;
DROP TABLE claims_former_event;
DROP TABLE on_record;
CALL claims_make_safe();
