-- The rules of the desk that hold at every door: each trigger bears the name of its rule in claims/rules.py, and a
-- refusal carries that name as the constraint of the error. All are ENABLE ALWAYS (see the end of this file).

CREATE FUNCTION claims_broken(rule text, tbl text, message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = tbl, MESSAGE = message;
END $$;

-- ---------------------------------------------------------------- what is never edited
CREATE TRIGGER revision_is_never_edited BEFORE UPDATE ON claims_articlerevision FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A revision is never edited: a new text is a new revision.', '');
CREATE TRIGGER link_stays_where_it_was BEFORE UPDATE ON claims_articlelink FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('Of a link only the target and its status may change.', 'target,status');
CREATE TRIGGER mark_stays_where_it_was BEFORE UPDATE ON claims_nonfactualmark FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A mark can only be taken back.', 'taken_back_by_id,taken_back_at');
CREATE TRIGGER anchor_stays_where_it_was BEFORE UPDATE ON claims_anchor FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('An anchor is never edited: a new place is a new anchor.', 'current');
CREATE TRIGGER contribution_is_never_edited BEFORE UPDATE ON claims_contribution FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('Who wrote a claim is never forgotten.', '');
CREATE TRIGGER evidence_stays_with_its_claim BEFORE UPDATE ON claims_evidence FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('Evidence stays with its claim and its author.',
    'source_id,stance,excerpt,locator,addresses,note,visibility,withdrawn_by_id,withdrawn_at,withdrawn_reason,updated_at');
CREATE TRIGGER verdict_is_never_edited BEFORE UPDATE ON claims_verdict FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A verdict is never edited: a change of mind is a new verdict.', '');
CREATE TRIGGER reliance_is_never_edited BEFORE UPDATE ON claims_verdict_relied_on FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A verdict is never edited: a change of mind is a new verdict.', '');
CREATE TRIGGER decision_is_never_edited BEFORE UPDATE ON claims_decision FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A decision is never edited: a new round makes a new one.', '');
CREATE TRIGGER sign_off_is_never_edited BEFORE UPDATE ON claims_signoff FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A sign-off is never edited, only voided.', 'voided_at,void_reason');
CREATE TRIGGER publication_is_never_edited BEFORE UPDATE ON claims_publication FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A publication is never edited, only succeeded or retracted.', 'state');
CREATE TRIGGER correction_is_never_edited BEFORE UPDATE ON claims_correction FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A correction is never edited.', 'published_in_id');
CREATE TRIGGER correction_claims_are_never_edited BEFORE UPDATE ON claims_correction_claims FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('A correction is never edited.', '');

CREATE FUNCTION claims_no_way_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(OLD)->>TG_ARGV[0] IS NOT NULL AND to_jsonb(NEW)->>TG_ARGV[0] IS DISTINCT FROM to_jsonb(OLD)->>TG_ARGV[0]
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, TG_ARGV[1]); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sign_off_stays_voided BEFORE UPDATE ON claims_signoff FOR EACH ROW
  EXECUTE FUNCTION claims_no_way_back('voided_at', 'A voided sign-off stays void.');
CREATE TRIGGER correction_stays_published BEFORE UPDATE ON claims_correction FOR EACH ROW
  EXECUTE FUNCTION claims_no_way_back('published_in_id', 'A published correction stays published.');

-- ---------------------------------------------------------------- states: the moves of claims/workflow.py
-- The verdicts that count: of this round, on what stands now, not superseded.
CREATE FUNCTION claims_counting(claim bigint, round int, digest text) RETURNS SETOF claims_verdict LANGUAGE sql STABLE AS $$
  SELECT v.* FROM claims_verdict v
  WHERE v.claim_id = claim AND v.round = claims_counting.round AND v.digest = claims_counting.digest
    AND NOT EXISTS (SELECT 1 FROM claims_verdict w WHERE w.supersedes_id = v.id)
$$;

CREATE FUNCTION claims_claim_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'identified' OR NEW.round <> 0 THEN
      PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A claim begins as identified.');
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.article_id, NEW.code, NEW.number, NEW.created_by_id, NEW.created_at)
    <> (OLD.id, OLD.article_id, OLD.code, OLD.number, OLD.created_by_id, OLD.created_at) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A claim keeps its article, its code and its author.');
  END IF;
  IF NEW.state = 'disputed' AND OLD.state <> 'disputed' AND (
    SELECT count(*) FROM claims_counting(NEW.id, NEW.round, NEW.digest))
    < (SELECT quorum FROM claims_article WHERE id = NEW.article_id) AND OLD.state = 'in_review' THEN
    PERFORM claims_broken('round_closes_with_its_quorum', TG_TABLE_NAME, 'A round closes when its quorum is in.');
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (VALUES
    ('identified', 'researching'), ('identified', 'not_checkable'), ('identified', 'duplicate'),
    ('researching', 'not_checkable'), ('researching', 'duplicate'), ('researching', 'in_review'),
    ('in_review', 'decided'), ('in_review', 'disputed'), ('in_review', 'researching'),
    ('disputed', 'decided'), ('disputed', 'researching'), ('decided', 'researching'),
    ('not_checkable', 'researching'), ('duplicate', 'researching')) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, format('A claim does not go from %s to %s.', OLD.state, NEW.state));
  END IF;
  IF NEW.round <> OLD.round + (OLD.state = 'researching' AND NEW.state = 'in_review')::int THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A round opens when a claim is submitted for review.');
  END IF;
  IF NEW.state = 'decided' AND NEW.decision_id IS DISTINCT FROM OLD.decision_id AND NOT EXISTS (
    SELECT 1 FROM claims_decision d WHERE d.id = NEW.decision_id AND d.claim_id = NEW.id AND d.round = NEW.round) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A claim is decided by the decision of its own round.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER claim_moves_by_workflow BEFORE INSERT OR UPDATE ON claims_claim FOR EACH ROW
  EXECUTE FUNCTION claims_claim_moves();

CREATE FUNCTION claims_article_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'received' THEN
      PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'An article begins as received.');
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (VALUES
    ('received', 'checking'), ('checking', 'signed_off'), ('signed_off', 'checking'), ('signed_off', 'published'),
    ('published', 'under_correction'), ('under_correction', 'published'), ('received', 'withdrawn'),
    ('checking', 'withdrawn'), ('signed_off', 'withdrawn'), ('published', 'withdrawn'),
    ('under_correction', 'withdrawn')) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, format('An article does not go from %s to %s.', OLD.state, NEW.state));
  END IF;
  IF NEW.state = 'signed_off' AND OLD.state <> 'signed_off' AND NOT EXISTS (
    SELECT 1 FROM claims_signoff WHERE article_id = NEW.id AND voided_at IS NULL) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'An article is signed off by a sign-off.');
  END IF;
  IF NEW.state = 'published' AND OLD.state <> 'published' AND NOT EXISTS (
    SELECT 1 FROM claims_publication WHERE article_id = NEW.id AND state = 'live') THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'An article is published by a publication.');
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION claims_settings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.quorum, NEW.votes_to_carry) <> (OLD.quorum, OLD.votes_to_carry) AND EXISTS (
    SELECT 1 FROM claims_claim WHERE article_id = NEW.id AND state = 'in_review') THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'The quorum does not change while a claim is in review.');
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
CREATE TRIGGER no_round_is_open BEFORE UPDATE ON claims_article FOR EACH ROW
  EXECUTE FUNCTION claims_settings_stay();
CREATE TRIGGER article_moves_by_workflow BEFORE INSERT OR UPDATE ON claims_article FOR EACH ROW
  EXECUTE FUNCTION claims_article_moves();

CREATE FUNCTION claims_publication_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (VALUES ('live', 'superseded'), ('live', 'retracted')) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A publication that readers no longer see does not come back.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publication_does_not_come_back BEFORE UPDATE ON claims_publication FOR EACH ROW
  EXECUTE FUNCTION claims_publication_moves();

-- ---------------------------------------------------------------- anchors and sources
CREATE FUNCTION claims_anchor_quotes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM claims_articlerevision r JOIN claims_claim c ON c.article_id = r.article_id
                 WHERE r.id = NEW.revision_id AND c.id = NEW.claim_id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'An anchor stands in a revision of its own claim''s article.');
  END IF;
  IF NEW.status <> 'orphaned' AND NEW.exact <> (
    SELECT substr(r.text, NEW.start + 1, NEW."end" - NEW.start) FROM claims_articlerevision r WHERE r.id = NEW.revision_id)
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'An anchor quotes the text at its offsets, exactly.'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER anchor_quotes_its_text BEFORE INSERT ON claims_anchor FOR EACH ROW
  EXECUTE FUNCTION claims_anchor_quotes();

CREATE FUNCTION claims_source_origin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.derived_from_id IS NOT NULL AND NEW.id IN (
    WITH RECURSIVE origin(id) AS (
      SELECT NEW.derived_from_id UNION
      SELECT s.derived_from_id FROM claims_source s JOIN origin o ON s.id = o.id WHERE s.derived_from_id IS NOT NULL)
    SELECT id FROM origin) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A source does not derive from itself, by any way round.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER source_does_not_derive_from_itself BEFORE INSERT OR UPDATE OF derived_from_id ON claims_source
  FOR EACH ROW EXECUTE FUNCTION claims_source_origin();

-- ---------------------------------------------------------------- rule 6: what a verdict is bound to
CREATE FUNCTION claims_digest_of(c claims_claim) RETURNS text LANGUAGE sql STABLE AS $$
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
          'derived_from', s.derived_from_id, 'published_on', s.published_on, 'sha256', s.sha256)) ORDER BY e.id), '[]')
      FROM claims_evidence e JOIN claims_source s ON s.id = e.source_id
      WHERE e.claim_id = c.id AND e.withdrawn_at IS NULL)
  )::text, 'UTF8')), 'hex')
$$;

CREATE FUNCTION claims_set_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.digest := claims_digest_of(NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER claim_digest_is_true BEFORE INSERT OR UPDATE ON claims_claim FOR EACH ROW
  EXECUTE FUNCTION claims_set_digest();

-- A touch: the claim's own trigger above computes the digest anew.
CREATE FUNCTION claims_touch_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE claims_claim SET digest = '' WHERE id = NEW.claim_id;
  RETURN NULL;
END $$;
CREATE TRIGGER claim_digest_is_true AFTER INSERT OR UPDATE ON claims_anchor FOR EACH ROW
  EXECUTE FUNCTION claims_touch_claim();
CREATE TRIGGER claim_digest_is_true AFTER INSERT OR UPDATE ON claims_evidence FOR EACH ROW
  EXECUTE FUNCTION claims_touch_claim();

-- In the order of articles and claims, which is the order in which actions lock them.
CREATE FUNCTION claims_touch_citing_claims() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
  FOR c IN SELECT DISTINCT k.article_id, k.id FROM claims_claim k JOIN claims_evidence e ON e.claim_id = k.id
           WHERE e.source_id = NEW.id AND e.withdrawn_at IS NULL ORDER BY k.article_id, k.id LOOP
    PERFORM 1 FROM claims_article WHERE id = c.article_id FOR NO KEY UPDATE;
    UPDATE claims_claim SET digest = '' WHERE id = c.id;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER claim_digest_is_true AFTER UPDATE ON claims_source FOR EACH ROW
  EXECUTE FUNCTION claims_touch_citing_claims();

-- ---------------------------------------------------------------- rule 1: who wrote the claim or its evidence
CREATE FUNCTION claims_remember(claim bigint, VARIADIC people bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO claims_contribution (claim_id, person_id, since)
    SELECT DISTINCT claim, p, clock_timestamp() FROM unnest(people) p WHERE p IS NOT NULL
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION claims_remember_claim_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM claims_remember(NEW.id, NEW.created_by_id, claims_actor());
  ELSIF (NEW.statement, NEW.headline, NEW.kind, NEW.claimant, NEW.attribution, NEW.stated_on, NEW.none_contradicting)
    IS DISTINCT FROM
    (OLD.statement, OLD.headline, OLD.kind, OLD.claimant, OLD.attribution, OLD.stated_on, OLD.none_contradicting) THEN
    PERFORM claims_remember(NEW.id, claims_actor());
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER writers_are_remembered AFTER INSERT OR UPDATE ON claims_claim FOR EACH ROW
  EXECUTE FUNCTION claims_remember_claim_writer();

CREATE FUNCTION claims_remember_evidence_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM claims_remember(NEW.claim_id, NEW.created_by_id, claims_actor());
  ELSIF NEW IS DISTINCT FROM OLD THEN
    PERFORM claims_remember(NEW.claim_id, claims_actor());
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER writers_are_remembered AFTER INSERT OR UPDATE ON claims_evidence FOR EACH ROW
  EXECUTE FUNCTION claims_remember_evidence_writer();

-- Whoever cites a source researches the claim; so does whoever rewrites that source.
CREATE FUNCTION claims_remember_source_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - '{accessed_at,updated_at,confidential}'::text[]
    IS DISTINCT FROM to_jsonb(OLD) - '{accessed_at,updated_at,confidential}'::text[] THEN
    PERFORM claims_remember(e.claim_id, claims_actor()) FROM claims_evidence e
      WHERE e.source_id = NEW.id AND e.withdrawn_at IS NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER writers_are_remembered AFTER UPDATE ON claims_source FOR EACH ROW
  EXECUTE FUNCTION claims_remember_source_writer();

-- Choosing another place writes the claim; carrying quote and surroundings over to a new revision does not, nor does a
-- likeness the program found.
CREATE FUNCTION claims_remember_anchor_writer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE former claims_anchor;
BEGIN
  SELECT * INTO former FROM claims_anchor a
    WHERE a.claim_id = NEW.claim_id AND a.id < NEW.id AND a.status IN ('exact', 'moved') ORDER BY a.id DESC LIMIT 1;
  IF NEW.status IN ('exact', 'moved') AND former.id IS NOT NULL
    AND (NEW.exact, NEW.prefix, NEW.suffix) <> (former.exact, former.prefix, former.suffix) THEN
    PERFORM claims_remember(NEW.claim_id, NEW.created_by_id, claims_actor());
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER writers_are_remembered AFTER INSERT ON claims_anchor FOR EACH ROW
  EXECUTE FUNCTION claims_remember_anchor_writer();

CREATE FUNCTION claims_researched(claim bigint, person bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM claims_contribution k WHERE k.claim_id = claim AND k.person_id = person)
$$;
CREATE FUNCTION claims_reviewed(claim bigint, person bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM claims_verdict v WHERE v.claim_id = claim AND v.reviewer_id = person)
$$;

-- ---------------------------------------------------------------- verdicts
CREATE FUNCTION claims_reviewer_did_not_research() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF claims_researched(NEW.claim_id, NEW.reviewer_id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Who wrote a claim or its evidence files no verdict on it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER reviewer_did_not_research BEFORE INSERT ON claims_verdict FOR EACH ROW
  EXECUTE FUNCTION claims_reviewer_did_not_research();

CREATE FUNCTION claims_insist_on_scale(tbl text, rating bigint, article bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT scale_id FROM claims_rating WHERE id = rating) <> (SELECT scale_id FROM claims_article WHERE id = article) THEN
    PERFORM claims_broken('rating_is_on_the_articles_scale', tbl, 'A rating is taken from the article''s own scale.');
  END IF;
END $$;

CREATE FUNCTION claims_verdict_in_open_round() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c claims_claim;
BEGIN
  SELECT * INTO c FROM claims_claim WHERE id = NEW.claim_id FOR NO KEY UPDATE;
  IF c.state <> 'in_review' OR NEW.round <> c.round THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A verdict is filed in the open round of a claim in review.');
  END IF;
  PERFORM claims_insist_on_scale(TG_TABLE_NAME, NEW.rating_id, c.article_id);
  IF NEW.digest = '' THEN NEW.digest := c.digest; END IF;
  IF NEW.digest <> c.digest THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A verdict is bound to the claim and evidence as they stand.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER verdict_is_in_an_open_round BEFORE INSERT ON claims_verdict FOR EACH ROW
  EXECUTE FUNCTION claims_verdict_in_open_round();

CREATE FUNCTION claims_one_standing_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.supersedes_id IS DISTINCT FROM (
    SELECT max(v.id) FROM claims_verdict v
    WHERE v.claim_id = NEW.claim_id AND v.round = NEW.round AND v.reviewer_id = NEW.reviewer_id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A change of mind supersedes the reviewer''s verdict before it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER reviewer_has_one_standing_verdict BEFORE INSERT ON claims_verdict FOR EACH ROW
  EXECUTE FUNCTION claims_one_standing_verdict();

CREATE FUNCTION claims_relies_on_own_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM claims_verdict v JOIN claims_claim c ON c.id = v.claim_id JOIN claims_evidence e ON e.claim_id = c.id
    WHERE v.id = NEW.verdict_id AND e.id = NEW.evidence_id AND e.withdrawn_at IS NULL
      AND c.state = 'in_review' AND v.round = c.round AND v.digest = c.digest) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
      'A verdict relies on standing evidence of its own claim, named while its round is open.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER verdict_relies_on_its_claims_evidence BEFORE INSERT ON claims_verdict_relied_on FOR EACH ROW
  EXECUTE FUNCTION claims_relies_on_own_evidence();

-- ---------------------------------------------------------------- decisions
CREATE FUNCTION claims_adjudicator_did_not_research() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF claims_researched(NEW.claim_id, NEW.decided_by_id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Who wrote a claim or its evidence does not adjudicate it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER adjudicator_did_not_research BEFORE INSERT ON claims_decision FOR EACH ROW
  EXECUTE FUNCTION claims_adjudicator_did_not_research();

CREATE FUNCTION claims_adjudicator_did_not_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF claims_reviewed(NEW.claim_id, NEW.decided_by_id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Who filed a verdict on a claim does not adjudicate it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER adjudicator_did_not_review BEFORE INSERT ON claims_decision FOR EACH ROW
  EXECUTE FUNCTION claims_adjudicator_did_not_review();

CREATE FUNCTION claims_decision_has_its_quorum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c claims_claim; a claims_article; counted int; carried int;
BEGIN
  SELECT * INTO c FROM claims_claim WHERE id = NEW.claim_id FOR NO KEY UPDATE;
  SELECT * INTO a FROM claims_article WHERE id = c.article_id;
  PERFORM claims_insist_on_scale(TG_TABLE_NAME, NEW.rating_id, c.article_id);
  IF NEW.digest = '' THEN NEW.digest := c.digest; END IF;
  IF NEW.round <> c.round OR NEW.digest <> c.digest
    OR c.state <> (CASE NEW.method WHEN 'agreement' THEN 'in_review' ELSE 'disputed' END) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A decision closes the round of the claim as it stands.');
  END IF;
  IF NEW.method = 'agreement' THEN
    SELECT count(*), count(*) FILTER (WHERE v.rating_id = NEW.rating_id AND v.said_rating = NEW.said_rating)
      INTO counted, carried FROM claims_counting(c.id, c.round, c.digest) v;
    IF counted < a.quorum OR carried < a.votes_to_carry THEN
      PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Agreement needs its quorum of equal verdicts that still count.');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER decision_has_its_quorum BEFORE INSERT ON claims_decision FOR EACH ROW
  EXECUTE FUNCTION claims_decision_has_its_quorum();

-- ---------------------------------------------------------------- rule 7: what a sign-off is bound to
CREATE FUNCTION claims_article_digest(article bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_object(
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
                  WHERE e.claim_id = c.id AND e.withdrawn_at IS NULL)) ORDER BY c.id), '[]')
      FROM claims_claim c WHERE c.article_id = a.id),
    'non_factual', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(m.start, m."end", m.marked_by_id) ORDER BY m.start), '[]')
      FROM claims_nonfactualmark m WHERE m.revision_id = a.current_revision_id AND m.taken_back_at IS NULL),
    'corrections', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(k.id, k.type, k.text, (
        SELECT jsonb_agg(x.claim_id ORDER BY x.claim_id) FROM claims_correction_claims x WHERE x.correction_id = k.id
      )) ORDER BY k.id), '[]')
      FROM claims_correction k JOIN claims_publication p ON p.id = k.publication_id WHERE p.article_id = a.id)
  )::text, 'UTF8')), 'hex')
  FROM claims_article a WHERE a.id = article
$$;

CREATE FUNCTION claims_lapse_sign_off(article bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE standing claims_signoff;
BEGIN
  -- Whoever signs off and whoever changes what is signed wait for one another here.
  PERFORM 1 FROM claims_article WHERE id = article FOR NO KEY UPDATE;
  SELECT * INTO standing FROM claims_signoff WHERE article_id = article AND voided_at IS NULL;
  IF standing.id IS NULL OR standing.digest = claims_article_digest(article) THEN RETURN; END IF;
  UPDATE claims_signoff SET voided_at = clock_timestamp(), void_reason = 'What was signed off has changed.'
    WHERE id = standing.id;
  UPDATE claims_article SET state = 'checking' WHERE id = article AND state = 'signed_off';
END $$;

CREATE FUNCTION claims_sign_off_lapses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM claims_lapse_sign_off(claims_article_of(TG_TABLE_NAME, to_jsonb(NEW)));
  RETURN NULL;
END $$;
CREATE TRIGGER sign_off_covers_what_stands AFTER UPDATE ON claims_article FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();
CREATE TRIGGER sign_off_covers_what_stands AFTER INSERT OR UPDATE ON claims_claim FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();
CREATE TRIGGER sign_off_covers_what_stands AFTER INSERT OR UPDATE ON claims_nonfactualmark FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();
CREATE TRIGGER sign_off_covers_what_stands AFTER INSERT ON claims_correction FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();
CREATE TRIGGER sign_off_covers_what_stands AFTER INSERT ON claims_correction_claims FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();
CREATE TRIGGER sign_off_covers_what_stands AFTER INSERT OR UPDATE ON claims_anchor FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();
CREATE TRIGGER sign_off_covers_what_stands AFTER INSERT OR UPDATE ON claims_evidence FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_lapses();

CREATE FUNCTION claims_source_lapses_sign_offs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM claims_lapse_sign_off(x.article_id) FROM (
    SELECT DISTINCT c.article_id FROM claims_evidence e JOIN claims_claim c ON c.id = e.claim_id
    WHERE e.source_id = NEW.id ORDER BY c.article_id) x;
  RETURN NULL;
END $$;
CREATE TRIGGER sign_off_covers_what_stands AFTER UPDATE ON claims_source FOR EACH ROW
  EXECUTE FUNCTION claims_source_lapses_sign_offs();

CREATE FUNCTION claims_sign_off_is_of_what_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE now_digest text;
BEGIN
  PERFORM 1 FROM claims_article WHERE id = NEW.article_id FOR NO KEY UPDATE;
  now_digest := claims_article_digest(NEW.article_id);
  IF NEW.digest = '' THEN NEW.digest := now_digest; END IF;
  IF NEW.digest <> now_digest OR NEW.revision_id IS DISTINCT FROM (
    SELECT current_revision_id FROM claims_article WHERE id = NEW.article_id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A sign-off is bound to the article as it stands.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sign_off_covers_what_stands BEFORE INSERT ON claims_signoff FOR EACH ROW
  EXECUTE FUNCTION claims_sign_off_is_of_what_stands();

-- ---------------------------------------------------------------- rule 3
CREATE FUNCTION claims_editor_did_not_research() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM claims_claim c WHERE c.article_id = NEW.article_id AND claims_researched(c.id, NEW.signed_by_id))
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Who researched a claim of the article does not sign it off.'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER editor_did_not_research BEFORE INSERT ON claims_signoff FOR EACH ROW
  EXECUTE FUNCTION claims_editor_did_not_research();

CREATE FUNCTION claims_editor_did_not_judge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (SELECT signer_may_have_judged FROM claims_article WHERE id = NEW.article_id) AND EXISTS (
    SELECT 1 FROM claims_claim c WHERE c.article_id = NEW.article_id AND (
      claims_reviewed(c.id, NEW.signed_by_id) OR EXISTS (
        SELECT 1 FROM claims_decision d WHERE d.claim_id = c.id AND d.decided_by_id = NEW.signed_by_id)))
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Who judged a claim of the article does not sign it off.'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER editor_did_not_judge BEFORE INSERT ON claims_signoff FOR EACH ROW
  EXECUTE FUNCTION claims_editor_did_not_judge();

-- ---------------------------------------------------------------- rule 4, and what a publication holds
CREATE FUNCTION claims_publication_is_signed_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM claims_signoff s WHERE s.id = NEW.sign_off_id AND s.article_id = NEW.article_id
                 AND s.voided_at IS NULL AND s.signed_by_id <> NEW.published_by_id
                 AND s.digest = claims_article_digest(NEW.article_id)) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Publishing needs a standing sign-off by somebody else.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publication_is_signed_off_by_another BEFORE INSERT ON claims_publication FOR EACH ROW
  EXECUTE FUNCTION claims_publication_is_signed_off();

CREATE FUNCTION claims_publication_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.digest <> encode(sha256(NEW.content), 'hex') THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A publication''s digest is the SHA-256 of its content.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publication_digest_is_true BEFORE INSERT ON claims_publication FOR EACH ROW
  EXECUTE FUNCTION claims_publication_digest();

-- ---------------------------------------------------------------- ratings, and acting in one's own name
CREATE FUNCTION claims_rating_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM claims_verdict WHERE rating_id = OLD.id)
    OR EXISTS (SELECT 1 FROM claims_decision WHERE rating_id = OLD.id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A rating that was given keeps its meaning: make a new scale.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rating_in_use_is_never_edited BEFORE UPDATE ON claims_rating FOR EACH ROW
  EXECUTE FUNCTION claims_rating_in_use();

-- Where an action says who acts, nobody else's name is written. Argument: the column of the name.
CREATE FUNCTION claims_own_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW)->>TG_ARGV[0])::bigint <> claims_actor() THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Everybody acts in their own name.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_verdict FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('reviewer_id');
CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_decision FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('decided_by_id');
CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_signoff FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('signed_by_id');
CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_publication FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('published_by_id');

-- A temporary table of the same name must not stand before ours: every function looks in our schema first.
DO $$
DECLARE f record;
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS name, p.prokind FROM pg_proc p
           WHERE p.proname LIKE 'claims\_%' AND p.pronamespace = current_schema()::regnamespace LOOP
    EXECUTE format('ALTER ROUTINE %s SET search_path = pg_catalog, %I, pg_temp', f.name, current_schema());
  END LOOP;
END $$;

-- No session setting switches a rule off (session_replication_role included).
DO $$
DECLARE t record;
BEGIN
  FOR t IN SELECT g.tgname, g.tgrelid::regclass AS tbl FROM pg_trigger g JOIN pg_class k ON k.oid = g.tgrelid
           WHERE NOT g.tgisinternal AND k.relname LIKE 'claims\_%' AND g.tgenabled <> 'A' LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.tbl, t.tgname);
  END LOOP;
END $$;
