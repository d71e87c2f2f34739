-- Comments in threads and the contact log: who may do what in whose name. Triggers bear the names of their rules.

-- Whether an active person has a permission of the desk, by themselves or by a role.
CREATE FUNCTION claims_may(person bigint, permission text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM claims_person p WHERE p.id = person AND p.is_active AND (p.is_superuser OR EXISTS (
      SELECT 1 FROM auth_permission a JOIN django_content_type t ON t.id = a.content_type_id
      WHERE t.app_label = 'claims' AND a.codename = permission AND (
        EXISTS (SELECT 1 FROM claims_person_user_permissions u WHERE u.person_id = p.id AND u.permission_id = a.id)
        OR EXISTS (SELECT 1 FROM claims_person_groups g JOIN auth_group_permissions x ON x.group_id = g.group_id
                   WHERE g.person_id = p.id AND x.permission_id = a.id)))))
$$;

-- Argument: the column that names who did it, filled in by a change.
CREATE FUNCTION claims_changes_in_own_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE named bigint := (to_jsonb(NEW)->>TG_ARGV[0])::bigint;
BEGIN
  IF named IS DISTINCT FROM (to_jsonb(OLD)->>TG_ARGV[0])::bigint AND named <> claims_actor() THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'Everybody acts in their own name.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_thread FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('opened_by_id');
CREATE TRIGGER everybody_resolves_in_their_own_name BEFORE UPDATE ON claims_thread FOR EACH ROW
  EXECUTE FUNCTION claims_changes_in_own_name('resolved_by_id');
CREATE TRIGGER everybody_acts_in_their_own_name BEFORE INSERT ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_own_name('asked_by_id');
CREATE TRIGGER everybody_closes_in_their_own_name BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_changes_in_own_name('closed_by_id');

-- ---------------------------------------------------------------- threads
CREATE FUNCTION claims_thread_is_released() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE who bigint := coalesce(claims_actor(), NEW.resolved_by_id);
BEGIN
  IF OLD.blocking AND ((OLD.resolved_at IS NULL AND NEW.resolved_at IS NOT NULL) OR NOT NEW.blocking)
    AND NOT coalesce(who = OLD.opened_by_id OR claims_may(who, 'edit_article'), false) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
      'A thread that blocks is resolved, or made to block no longer, by who opened it or by an editor.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER thread_is_resolved_by_its_opener_or_an_editor BEFORE UPDATE ON claims_thread FOR EACH ROW
  EXECUTE FUNCTION claims_thread_is_released();

CREATE FUNCTION claims_guest_is_shown_little() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.guest_link_id IS NOT NULL AND (NEW.evidence_id IS NOT NULL OR NEW.verdict_id IS NOT NULL) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A guest is shown neither evidence nor verdicts.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guest_is_shown_no_evidence_and_no_verdict BEFORE INSERT ON claims_thread FOR EACH ROW
  EXECUTE FUNCTION claims_guest_is_shown_little();

CREATE FUNCTION claims_no_thread_blocks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM claims_thread t
             WHERE t.article_id = NEW.article_id AND t.blocking AND t.resolved_at IS NULL) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A conversation that blocks is not resolved.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER no_thread_blocks BEFORE INSERT ON claims_signoff FOR EACH ROW EXECUTE FUNCTION claims_no_thread_blocks();
CREATE TRIGGER no_thread_blocks BEFORE INSERT ON claims_publication FOR EACH ROW
  EXECUTE FUNCTION claims_no_thread_blocks();

-- ---------------------------------------------------------------- comments
CREATE FUNCTION claims_comment_is_taken_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.taken_back_at IS DISTINCT FROM OLD.taken_back_at AND (
    OLD.taken_back_at IS NOT NULL OR OLD.author_id IS NULL OR OLD.author_id IS DISTINCT FROM claims_actor()) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A comment is taken back by its author, once.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER comment_is_taken_back_by_its_author BEFORE UPDATE ON claims_comment FOR EACH ROW
  EXECUTE FUNCTION claims_comment_is_taken_back();

-- ---------------------------------------------------------------- contacts
CREATE FUNCTION claims_contact_is_about_its_own_article() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.claim_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM claims_claim c WHERE c.id = NEW.claim_id AND c.article_id = NEW.article_id) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'A question is about a claim of its own article.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER contact_is_about_its_own_article BEFORE INSERT ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_contact_is_about_its_own_article();

CREATE FUNCTION claims_contact_is_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.outcome <> 'awaiting' AND (
    (NEW.due_at, NEW.outcome, NEW.closed_by_id, NEW.closed_at)
      IS DISTINCT FROM (OLD.due_at, OLD.outcome, OLD.closed_by_id, OLD.closed_at)
    OR (NEW.answer <> OLD.answer AND NOT (NEW.answer = '[redacted]' AND claims_redacted('contact', OLD.id, 'answer'))))
  THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME, 'How a question ended is entered once.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER contact_is_closed_once BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_contact_is_closed();

CREATE FUNCTION claims_contact_is_answered_by_its_guest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.outcome = 'awaiting' AND NEW.outcome <> 'awaiting' AND NEW.closed_by_id IS NULL AND (
    NEW.outcome <> 'answered' OR claims_actor() IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM claims_guestlink g WHERE g.contact_id = NEW.id)) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
      'Somebody of the desk enters how a question ended, or the guest who was asked answers it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER contact_is_answered_by_its_guest BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_contact_is_answered_by_its_guest();

CALL claims_make_safe();
