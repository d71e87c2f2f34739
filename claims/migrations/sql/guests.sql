-- What guests and readers can do, whatever way it is written. Triggers bear the names of their rules.

CREATE FUNCTION claims_guest_link_is_about_its_own_article() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.claim_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_claim c WHERE c.id = NEW.claim_id AND c.article_id = NEW.article_id))
    OR (NEW.contact_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_contact q WHERE q.id = NEW.contact_id AND q.article_id = NEW.article_id
          AND (NEW.claim_id IS NULL OR q.claim_id IS NOT DISTINCT FROM NEW.claim_id)))
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
    'A guest''s link is about one article: its claim and its question are of that article, its question of that claim.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guest_link_is_about_its_own_article BEFORE INSERT ON claims_guestlink FOR EACH ROW
  EXECUTE FUNCTION claims_guest_link_is_about_its_own_article();
CREATE TRIGGER guest_link_stays_revoked BEFORE UPDATE ON claims_guestlink FOR EACH ROW
  EXECUTE FUNCTION claims_no_way_back('revoked_at', 'A revoked link stays revoked.');

-- Whether a link opens its page now, and lets its guest do what it is for.
CREATE FUNCTION claims_guest_may(link bigint, did text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM claims_guestlink g
    WHERE g.id = link AND g.revoked_at IS NULL AND g.expires_at > clock_timestamp()
      AND CASE did WHEN 'commented' THEN g.may = 'comment' WHEN 'answered' THEN g.may = 'answer' ELSE true END)
$$;
CREATE FUNCTION claims_guest_use_is_of_a_link_that_allows_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT claims_guest_may(NEW.link_id, NEW.did) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A guest does only what a link that is valid allows.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guest_use_is_of_a_link_that_allows_it BEFORE INSERT ON claims_guestuse FOR EACH ROW
  EXECUTE FUNCTION claims_guest_use_is_of_a_link_that_allows_it();

CREATE FUNCTION claims_guest_writes_in_their_own_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.guest_link_id IS NOT NULL AND NOT (claims_guest_may(NEW.guest_link_id, 'commented') AND EXISTS (
        SELECT 1 FROM claims_thread t WHERE t.id = NEW.thread_id AND t.guest_link_id = NEW.guest_link_id))
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
    'A guest writes in a conversation of their own, by a link that is valid and lets them comment.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guest_writes_in_their_own_thread BEFORE INSERT ON claims_comment FOR EACH ROW
  EXECUTE FUNCTION claims_guest_writes_in_their_own_thread();

CREATE FUNCTION claims_report_is_about_its_own_article() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE article bigint := (SELECT article_id FROM claims_publication WHERE id = NEW.publication_id);
BEGIN
  IF (NEW.claim_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_claim c WHERE c.id = NEW.claim_id AND c.article_id = article))
    OR (NEW.correction_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims_correction k JOIN claims_publication p ON p.id = k.publication_id
        WHERE k.id = NEW.correction_id AND p.article_id = article))
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
    'A reader''s report, its claim and the correction it led to are about one article.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER report_is_about_its_own_article BEFORE INSERT OR UPDATE ON claims_readerreport FOR EACH ROW
  EXECUTE FUNCTION claims_report_is_about_its_own_article();
-- What the desk found is erased by law alone.
CREATE FUNCTION claims_report_stays_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.outcome <> 'open' AND (
    (NEW.outcome, NEW.correction_id, NEW.closed_by_id, NEW.closed_at)
      IS DISTINCT FROM (OLD.outcome, OLD.correction_id, OLD.closed_by_id, OLD.closed_at)
    OR (NEW.note <> OLD.note AND NOT (NEW.note = '[redacted]' AND claims_redacted('readerreport', OLD.id, 'note'))))
  THEN PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A closed report stays closed.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER report_stays_closed BEFORE UPDATE ON claims_readerreport FOR EACH ROW
  EXECUTE FUNCTION claims_report_stays_closed();

CALL claims_make_safe();
