-- The review desk: recusal, withdrawal, threads, contacts, guests, notifications. Triggers bear the names of their rules
-- in claims/rules.py; what was in rules.sql and is said again here has changed.

-- ---------------------------------------------------------------- where new rows belong
CREATE OR REPLACE FUNCTION claims_article_of(tbl text, r jsonb) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF tbl = 'claims_article' THEN RETURN (r->>'id')::bigint; END IF;
  IF r ? 'article_id' THEN RETURN (r->>'article_id')::bigint; END IF;
  IF r->>'claim_id' IS NOT NULL THEN
    RETURN (SELECT article_id FROM claims_claim WHERE id = (r->>'claim_id')::bigint);
  END IF;
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
  IF r ? 'thread_id' THEN
    RETURN (SELECT article_id FROM claims_thread WHERE id = (r->>'thread_id')::bigint);
  END IF;
  IF r ? 'comment_id' THEN
    RETURN (SELECT t.article_id FROM claims_comment c JOIN claims_thread t ON t.id = c.thread_id
            WHERE c.id = (r->>'comment_id')::bigint);
  END IF;
  IF r ? 'link_id' THEN
    RETURN (SELECT article_id FROM claims_guestlink WHERE id = (r->>'link_id')::bigint);
  END IF;
  RETURN NULL;
END $$;

-- Tables that are new, and those that have new columns.
CALL claims_put_on_record('claims_desksettings');
CALL claims_put_on_record('claims_recusal');
CALL claims_put_on_record('claims_thread');
CALL claims_put_on_record('claims_comment');
CALL claims_put_on_record('claims_comment_mentions', parent => 'comment_id');
CALL claims_put_on_record('claims_contact', plain => 'channel,outcome');
CALL claims_put_on_record('claims_guestlink', plain => 'relation,may,digest');
CALL claims_put_on_record('claims_guestuse', plain => 'did');
CALL claims_put_on_record('claims_readerreport', plain => 'outcome');
CALL claims_put_on_record('claims_webhook', withheld => 'secret');
CALL claims_put_on_record('claims_person', ignored => 'last_login', withheld => 'password', plain => 'email_mode');
CALL claims_put_on_record('claims_article', plain => 'language,state');
CALL claims_put_on_record('claims_claim', plain => 'code,kind,importance,state,triage_reason,digest');
CALL claims_put_on_record('claims_source', plain => 'kind,tier,sha256');

-- ---------------------------------------------------------------- what is never edited
DROP TRIGGER evidence_stays_with_its_claim ON claims_evidence;
CREATE TRIGGER evidence_stays_with_its_claim BEFORE UPDATE ON claims_evidence FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('Evidence stays with its claim and its author.',
    'source_id,stance,excerpt,locator,addresses,attribution_link,note,visibility,withdrawn_by_id,withdrawn_at,withdrawn_reason,updated_at');
CREATE TRIGGER recusal_is_never_edited BEFORE UPDATE ON claims_recusal FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A recusal is for good.', '');
CREATE TRIGGER thread_stays_where_it_was BEFORE UPDATE ON claims_thread FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A thread stays with what it is about.', 'blocking,resolved_by_id,resolved_at');
CREATE TRIGGER comment_is_never_edited BEFORE UPDATE ON claims_comment FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A comment is never edited, only taken back.', 'taken_back_at');
CREATE TRIGGER contact_asks_what_it_asked BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('What was asked is never edited.', 'due_at,outcome,answer,closed_by_id,closed_at');
CREATE TRIGGER guest_link_stays_as_it_was_given BEFORE UPDATE ON claims_guestlink FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A guest''s link is only revoked.', 'revoked_by_id,revoked_at');
CREATE TRIGGER guest_use_is_never_edited BEFORE UPDATE ON claims_guestuse FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('What a guest did is never edited.', '');
CREATE TRIGGER report_says_what_it_said BEFORE UPDATE ON claims_readerreport FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A reader''s words are never edited.',
    'outcome,note,correction_id,closed_by_id,closed_at');

CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_recusal FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('person_id');
CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_comment FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('author_id');

CREATE FUNCTION claims_thread_is_about_its_own_article() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.claim_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_claim c WHERE c.id = NEW.claim_id AND c.article_id = NEW.article_id))
    OR (NEW.evidence_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_evidence e WHERE e.id = NEW.evidence_id AND e.claim_id = NEW.claim_id))
    OR (NEW.verdict_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_verdict v WHERE v.id = NEW.verdict_id AND v.claim_id = NEW.claim_id))
    OR (NEW.guest_link_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_guestlink g WHERE g.id = NEW.guest_link_id AND g.article_id = NEW.article_id))
    OR (NEW.revision_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_articlerevision r WHERE r.id = NEW.revision_id AND r.article_id = NEW.article_id
          AND NEW.exact = substr(r.text, NEW.start + 1, NEW."end" - NEW.start)))
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
    'A thread is about its own article: its claim, the claim''s evidence or verdict, or the text as it stands there.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER thread_is_about_its_own_article BEFORE INSERT ON claims_thread FOR EACH ROW
  EXECUTE FUNCTION claims_thread_is_about_its_own_article();

-- ---------------------------------------------------------------- since when it is where it is
CREATE FUNCTION claims_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.state <> OLD.state OR to_jsonb(NEW)->'round' <> to_jsonb(OLD)->'round' THEN
    NEW.moved_at := clock_timestamp();
  ELSE
    NEW.moved_at := OLD.moved_at;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER moved_at_is_true BEFORE INSERT OR UPDATE ON claims_claim FOR EACH ROW EXECUTE FUNCTION claims_moved();
CREATE TRIGGER moved_at_is_true BEFORE INSERT OR UPDATE ON claims_article FOR EACH ROW EXECUTE FUNCTION claims_moved();

-- ---------------------------------------------------------------- withdrawal
CREATE FUNCTION claims_claim_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.withdrawn_at IS NOT NULL AND (NEW.state, NEW.round) <> (OLD.state, OLD.round) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A withdrawn claim takes no step but back.');
  END IF;
  IF OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM claims_claim c WHERE c.duplicate_of_id = NEW.id) THEN
    PERFORM claims_broken('claim_has_no_duplicates', TG_TABLE_NAME, 'Claims are marked as duplicates of this one.');
  END IF;
  IF NEW.duplicate_of_id IS DISTINCT FROM OLD.duplicate_of_id AND NEW.duplicate_of_id IS NOT NULL THEN
    IF EXISTS (SELECT 1 FROM claims_claim c WHERE c.id = NEW.duplicate_of_id
               AND (c.withdrawn_at IS NOT NULL OR c.duplicate_of_id IS NOT NULL)) THEN
      PERFORM claims_broken('claim_is_a_duplicate_of_another', TG_TABLE_NAME,
        'The original is a claim that stands and is no duplicate itself.');
    END IF;
    IF EXISTS (SELECT 1 FROM claims_claim c WHERE c.duplicate_of_id = NEW.id) THEN
      PERFORM claims_broken('claim_has_no_duplicates', TG_TABLE_NAME, 'Claims are marked as duplicates of this one.');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER claim_stands BEFORE UPDATE ON claims_claim FOR EACH ROW EXECUTE FUNCTION claims_claim_stands();

-- ---------------------------------------------------------------- recusal, and the two questions of a quotation
CREATE FUNCTION claims_recused(claim bigint, person bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM claims_recusal r WHERE r.claim_id = claim AND r.person_id = person)
$$;
-- Argument: the column that names who judges.
CREATE FUNCTION claims_judge_is_not_recused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF claims_recused(NEW.claim_id, (to_jsonb(NEW)->>TG_ARGV[0])::bigint) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Who has stepped back from a claim does not judge it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER judge_is_not_recused BEFORE INSERT ON claims_verdict FOR EACH ROW
  EXECUTE FUNCTION claims_judge_is_not_recused('reviewer_id');
CREATE TRIGGER judge_is_not_recused BEFORE INSERT ON claims_decision FOR EACH ROW
  EXECUTE FUNCTION claims_judge_is_not_recused('decided_by_id');

-- The verdicts that count: of this round, on what stands now, not superseded, their reviewer not recused.
CREATE OR REPLACE FUNCTION claims_counting(claim bigint, round int, digest text) RETURNS SETOF claims_verdict
LANGUAGE sql STABLE AS $$
  SELECT v.* FROM claims_verdict v
  WHERE v.claim_id = claim AND v.round = claims_counting.round AND v.digest = claims_counting.digest
    AND NOT EXISTS (SELECT 1 FROM claims_verdict w WHERE w.supersedes_id = v.id)
    AND NOT claims_recused(v.claim_id, v.reviewer_id)
$$;

CREATE OR REPLACE FUNCTION claims_decision_has_its_quorum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c claims_claim; a claims_article; counted int; carried int; said_carried int;
BEGIN
  SELECT * INTO c FROM claims_claim WHERE id = NEW.claim_id FOR NO KEY UPDATE;
  SELECT * INTO a FROM claims_article WHERE id = c.article_id;
  PERFORM claims_insist_on_scale(TG_TABLE_NAME, NEW.rating_id, c.article_id);
  NEW.quorum := a.quorum;
  NEW.votes_to_carry := a.votes_to_carry;
  IF NEW.digest = '' THEN NEW.digest := c.digest; END IF;
  IF NEW.round <> c.round OR NEW.digest <> c.digest
    OR c.state <> (CASE NEW.method WHEN 'agreement' THEN 'in_review' ELSE 'disputed' END) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A decision closes the round of the claim as it stands.');
  END IF;
  IF NEW.method = 'agreement' THEN
    SELECT count(*), count(*) FILTER (WHERE v.rating_id = NEW.rating_id),
           count(*) FILTER (WHERE v.said_rating = NEW.said_rating)
      INTO counted, carried, said_carried FROM claims_counting(c.id, c.round, c.digest) v;
    IF counted < a.quorum OR carried < a.votes_to_carry OR said_carried < a.votes_to_carry THEN
      PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
        'Agreement needs its quorum of verdicts that still count, and enough equal answers to each question.');
    END IF;
  ELSIF NOT EXISTS (SELECT 1 FROM claims_verdict v WHERE v.claim_id = c.id AND v.round = c.round AND v.digest = c.digest) THEN
    PERFORM claims_broken('dispute_is_about_what_stands', TG_TABLE_NAME,
      'What the reviewers judged has changed: the claim goes back to research.');
  END IF;
  RETURN NEW;
END $$;

-- Whether review is blind was promised to whoever has filed a verdict, so it is settled with the quorum.
CREATE OR REPLACE FUNCTION claims_settings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.quorum, NEW.votes_to_carry, NEW.blind) <> (OLD.quorum, OLD.votes_to_carry, OLD.blind) AND EXISTS (
    SELECT 1 FROM claims_claim WHERE article_id = NEW.id AND state = 'in_review') THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
      'Neither quorum nor blindness changes while a claim is in review.');
  END IF;
  IF NEW.scale_id <> OLD.scale_id AND EXISTS (
    SELECT 1 FROM claims_verdict v JOIN claims_claim c ON c.id = v.claim_id WHERE c.article_id = NEW.id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'The scale does not change once a verdict was given on it.');
  END IF;
  IF (NEW.id, NEW.created_by_id, NEW.created_at) <> (OLD.id, OLD.created_by_id, OLD.created_at) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'An article keeps who received it.');
  END IF;
  RETURN NEW;
END $$;

-- ---------------------------------------------------------------- what is judged, and what is signed
-- What is new here stands in a digest only where it says something, so that digests made before stay true.
CREATE OR REPLACE FUNCTION claims_digest_of(c claims_claim) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_object(
    'statement', c.statement, 'headline', c.headline, 'kind', c.kind, 'claimant', c.claimant, 'attribution', c.attribution,
    'stated_on', c.stated_on, 'none_contradicting', c.none_contradicting,
    'quote', (SELECT a.exact FROM claims_anchor a WHERE a.claim_id = c.id AND a.current),
    'evidence', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', e.id, 'stance', e.stance, 'excerpt', e.excerpt, 'locator', e.locator, 'addresses', e.addresses,
        'note', e.note, 'source', jsonb_build_object(
          'id', s.id, 'title', s.title, 'publisher', s.publisher, 'author', s.author, 'url', s.url,
          'archived_url', s.archived_url, 'kind', s.kind, 'tier', s.tier, 'affiliation', s.affiliation,
          'derived_from', s.derived_from_id, 'published_on', s.published_on, 'sha256', s.sha256))
        || jsonb_strip_nulls(jsonb_build_object('attribution_link', e.attribution_link)) ORDER BY e.id), '[]')
      FROM claims_evidence e JOIN claims_source s ON s.id = e.source_id
      WHERE e.claim_id = c.id AND e.withdrawn_at IS NULL AND s.withdrawn_at IS NULL)
  )::text, 'UTF8')), 'hex')
$$;

CREATE OR REPLACE FUNCTION claims_article_digest(article bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to((jsonb_build_object(
    'slug', a.slug, 'signer_may_have_judged', a.signer_may_have_judged, 'title', a.title, 'byline', a.byline, 'publisher', a.publisher, 'url', a.url, 'published_on', a.published_on,
    'language', a.language, 'republished_from', jsonb_build_array(
      a.republished_from_publisher, a.republished_from_url, a.republished_from_on),
    'scale', a.scale_id, 'quorum', a.quorum, 'votes_to_carry', a.votes_to_carry,
    'text', (SELECT r.sha256 FROM claims_articlerevision r WHERE r.id = a.current_revision_id),
    'claims', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'code', c.code, 'headline', c.headline, 'importance', c.importance, 'topics', c.topics, 'state', c.state,
        'digest', c.digest, 'decision', c.decision_id, 'triage', jsonb_build_array(c.triage_reason, c.triage_note),
        'confirmed_by', c.confirmed_by_id, 'duplicate_of', c.duplicate_of_id,
        'anchor', (SELECT jsonb_build_array(n.revision_id, n.start, n."end", n.status) FROM claims_anchor n
                   WHERE n.claim_id = c.id AND n.current),
        'shown', (SELECT coalesce(jsonb_agg(jsonb_build_array(e.id, e.visibility, s.confidential, s.accessed_at) ORDER BY e.id), '[]')
                  FROM claims_evidence e JOIN claims_source s ON s.id = e.source_id
                  WHERE e.claim_id = c.id AND e.withdrawn_at IS NULL))
        || jsonb_strip_nulls(jsonb_build_object('withdrawn_by', c.withdrawn_by_id, 'recused', (
             SELECT min(r.id) FROM claims_recusal r JOIN claims_decision d ON d.id = c.decision_id
               JOIN claims_verdict v ON v.claim_id = c.id AND v.round = d.round AND v.reviewer_id = r.person_id
             WHERE r.claim_id = c.id AND r.recused_at > d.decided_at AND d.method = 'agreement'))) ORDER BY c.id), '[]')
      FROM claims_claim c WHERE c.article_id = a.id),
    'non_factual', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(m.start, m."end", m.marked_by_id) ORDER BY m.start), '[]')
      FROM claims_nonfactualmark m WHERE m.revision_id = a.current_revision_id AND m.taken_back_at IS NULL),
    'corrections', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(k.id, k.type, k.text, (
        SELECT jsonb_agg(x.claim_id ORDER BY x.claim_id) FROM claims_correction_claims x WHERE x.correction_id = k.id
      )) ORDER BY k.id), '[]')
      FROM claims_correction k JOIN claims_publication p ON p.id = k.publication_id WHERE p.article_id = a.id))
    || jsonb_strip_nulls(jsonb_build_object('publish_dissent', nullif(a.publish_dissent, false)))
  )::text, 'UTF8')), 'hex')
  FROM claims_article a WHERE a.id = article
$$;

-- A reviewer whose verdict counted steps back: what was signed no longer stands as it was signed.
CREATE TRIGGER sign_off_covers_what_stands AFTER INSERT ON claims_recusal FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();

-- ---------------------------------------------------------------- who is told, and how it goes out
-- Whoever judged what has changed is told, whatever way it was changed; and who works on the claim, and the lead.
CREATE FUNCTION claims_tell_what_is_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.digest = OLD.digest OR NEW.state NOT IN ('in_review', 'disputed', 'decided') THEN RETURN NULL; END IF;
  INSERT INTO claims_notification (person_id, kind, article_id, claim_id, by_id, created_at)
    SELECT p.id, 'stale', NEW.article_id, NEW.id, claims_actor(), clock_timestamp() FROM claims_person p
    WHERE p.is_active AND p.id IS DISTINCT FROM claims_actor() AND EXISTS (
        SELECT 1 FROM claims_verdict v WHERE v.claim_id = NEW.id AND v.round = NEW.round AND v.digest = OLD.digest)
      AND (p.id IN (NEW.assignee_id, (SELECT lead_id FROM claims_article WHERE id = NEW.article_id),
                    (SELECT decided_by_id FROM claims_decision WHERE id = NEW.decision_id))
        OR EXISTS (SELECT 1 FROM claims_verdict v WHERE v.claim_id = NEW.id AND v.round = NEW.round
                   AND v.digest = OLD.digest AND v.reviewer_id = p.id))
    ORDER BY p.id
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER people_are_told_what_is_stale AFTER UPDATE ON claims_claim FOR EACH ROW
  EXECUTE FUNCTION claims_tell_what_is_stale();

-- The outbox is filled in the transaction that makes the notification. The daily e-mail goes out at 07:00 UTC.
CREATE FUNCTION claims_notification_goes_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO claims_delivery (notification_id, channel, webhook_id, message_id, due_at, tries)
    SELECT NEW.id, CASE p.email_mode WHEN 'daily' THEN 'digest' ELSE 'email' END, NULL, 'msg_' || gen_random_uuid(),
      CASE p.email_mode WHEN 'daily'
        THEN (date_trunc('day', NEW.created_at AT TIME ZONE 'UTC' - interval '7 hours') + interval '31 hours') AT TIME ZONE 'UTC'
        ELSE NEW.created_at END, 0
    FROM claims_person p WHERE p.id = NEW.person_id AND p.is_active AND p.email <> '' AND p.email_mode <> 'none'
    UNION ALL
    SELECT NEW.id, 'webhook', w.id, 'msg_' || gen_random_uuid(), NEW.created_at, 0
    FROM claims_webhook w WHERE w.person_id = NEW.person_id AND w.disabled_at IS NULL
      AND (cardinality(w.kinds) = 0 OR NEW.kind = ANY (w.kinds));
  RETURN NULL;
END $$;
CREATE TRIGGER notification_goes_out AFTER INSERT ON claims_notification FOR EACH ROW
  EXECUTE FUNCTION claims_notification_goes_out();

CALL claims_make_safe();
