-- Rules 1 and 6 read together: whose verdicts count, and what a dispute is about. What was in review_desk.sql and is said
-- again here has changed.

-- The verdicts that count: of this round, on what stands now, not superseded, their reviewer neither recused nor, since
-- they filed it, a researcher of the claim (evidence that was withdrawn and restored is what it was, and somebody did it).
CREATE OR REPLACE FUNCTION claims_counting(claim bigint, round int, digest text) RETURNS SETOF claims_verdict
LANGUAGE sql STABLE AS $$
  SELECT v.* FROM claims_verdict v
  WHERE v.claim_id = claim AND v.round = claims_counting.round AND v.digest = claims_counting.digest
    AND NOT EXISTS (SELECT 1 FROM claims_verdict w WHERE w.supersedes_id = v.id)
    AND NOT claims_recused(v.claim_id, v.reviewer_id)
    AND NOT claims_researched(v.claim_id, v.reviewer_id)
$$;

-- A dispute is about what its last verdict judged, which closed the round; earlier ones may have judged something else.
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
  ELSIF c.digest IS DISTINCT FROM (
    SELECT v.digest FROM claims_verdict v WHERE v.claim_id = c.id AND v.round = c.round ORDER BY v.id DESC LIMIT 1) THEN
    PERFORM claims_broken('dispute_is_about_what_stands', TG_TABLE_NAME,
      'What the reviewers judged has changed: the claim goes back to research.');
  END IF;
  RETURN NEW;
END $$;

CALL claims_make_safe();
