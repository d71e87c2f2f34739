-- One call more in a bucket that lets `calls` through in `seconds`, all at once or evenly (the generic cell rate
-- algorithm of ATM, ITU-T I.371, with the whole allowance as its tolerance). Gives the seconds to wait: 0 when it was let
-- through. What is refused is not counted. Without a limit nothing is counted at all.
CREATE FUNCTION claims_throttle(name text, calls integer, seconds integer) RETURNS double precision
LANGUAGE plpgsql AS $$
DECLARE
  apart interval := seconds * interval '1 second' / calls;
  whole interval := seconds * interval '1 second';
  at timestamptz := clock_timestamp();
  full_at timestamptz;
BEGIN
  IF calls IS NULL THEN RETURN 0; END IF;
  INSERT INTO claims_throttle AS t (bucket, empty_at) VALUES (name, at + apart)
    ON CONFLICT (bucket) DO UPDATE SET empty_at = greatest(t.empty_at, at) + apart
      WHERE greatest(t.empty_at, at) + apart <= at + whole
    RETURNING t.empty_at INTO full_at;
  IF full_at IS NOT NULL THEN
    -- Empty buckets are as good as none. Now and then somebody takes some of them out, waiting for nobody.
    IF random() < 0.002 THEN
      DELETE FROM claims_throttle WHERE bucket IN (
        SELECT t.bucket FROM claims_throttle t WHERE t.empty_at < at LIMIT 1000 FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN 0;
  END IF;
  RETURN (SELECT greatest(extract(epoch FROM t.empty_at + apart - at - whole), 0.001)
          FROM claims_throttle t WHERE t.bucket = name);
END $$;

-- The permissions of the desk that somebody's roles include, as `claims.judge`. A function because its plan is then kept:
-- it is asked for with every call of a program.
CREATE FUNCTION claims_permissions_of(person bigint) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN ARRAY(
    SELECT l.app_label || '.' || p.codename FROM auth_permission p
    JOIN django_content_type l ON l.id = p.content_type_id AND l.app_label = 'claims'
    WHERE p.id IN (SELECT u.permission_id FROM claims_person_user_permissions u WHERE u.person_id = person
                   UNION ALL SELECT g.permission_id FROM auth_group_permissions g
                     JOIN claims_person_groups m ON m.group_id = g.group_id WHERE m.person_id = person));
END $$;

CALL claims_make_safe();
