-- What the application's role may do. The owner's role, which migrates, may do everything; the application reads the
-- trail and writes none of it: the triggers that write it run as the owner. After every migration `manage.py migrate`
-- calls this procedure with the role of DATABASE_URL; what it gave before is taken back first.
CREATE PROCEDURE claims_admit(app_role text) LANGUAGE plpgsql AS $$
DECLARE
  trail CONSTANT oid := 'claims_auditevent'::regclass;
  -- A redaction on record lets texts go, so it is the owner's to write.
  read_only CONSTANT text[] := ARRAY['claims_auditevent', 'claims_opening', 'claims_stream', 'claims_unsealed',
                                     'claims_redaction', 'django_migrations'];
  append_only CONSTANT text[] := ARRAY['claims_leaf', 'claims_node', 'claims_checkpoint'];
  owners_alone CONSTANT text[] := ARRAY['claims_redact'];
  home name; home_id oid; r record;
BEGIN
  SELECT n.nspname, n.oid INTO home, home_id FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = trail;
  IF pg_has_role(app_role, (SELECT relowner FROM pg_class WHERE oid = trail), 'MEMBER') THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_grant_operation',
      MESSAGE = format('The role %s owns the trail or is a superuser: the application needs a role of its own.', app_role);
  END IF;
  -- In a database made before PostgreSQL 15 the schema may be somebody else's; what then stays open, claims.W002 says.
  IF has_schema_privilege(app_role, home_id, 'CREATE') THEN
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %I', home, app_role);
  END IF;
  IF NOT has_schema_privilege(app_role, home_id, 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', home, app_role);
  END IF;
  FOR r IN SELECT c.oid::regclass AS tbl, CASE
             WHEN c.relname = ANY (read_only) THEN 'SELECT'
             WHEN c.relname = ANY (append_only) THEN 'SELECT, INSERT'
             ELSE 'SELECT, INSERT, UPDATE, DELETE' END AS rights
           FROM pg_class c WHERE c.relnamespace = home_id AND c.relkind IN ('r', 'p')
             AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                             AND d.objid = c.oid AND d.deptype = 'e') LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, %I', r.tbl, app_role);
    EXECUTE format('GRANT %s ON TABLE %s TO %I', r.rights, r.tbl, app_role);
  END LOOP;
  FOR r IN SELECT c.oid::regclass AS seq, EXISTS (
             SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = trail) AS of_trail
           FROM pg_class c WHERE c.relnamespace = home_id AND c.relkind = 'S' LOOP
    EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM PUBLIC, %I', r.seq, app_role);
    IF NOT r.of_trail THEN EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', r.seq, app_role); END IF;
  END LOOP;
  -- What runs as the owner is run by the triggers alone: nobody may hang it on a table of their own and so write events
  -- that never happened. (A trigger's function is asked for this right when the trigger is made, not when it fires.)
  FOR r IN SELECT p.oid::regprocedure AS name FROM pg_proc p
           WHERE p.pronamespace = home_id AND p.proname LIKE 'claims\_%'
             AND (p.prosecdef OR p.prokind = 'p' OR p.proname = ANY (owners_alone)) LOOP
    EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %I', r.name, app_role);
  END LOOP;
END $$;

CALL claims_make_safe();
