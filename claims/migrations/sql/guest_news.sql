-- Late answers: what comes after a question is closed is kept beside how it ended. Triggers bear the names of their rules.

DROP TRIGGER contact_asks_what_it_asked ON claims_contact;
CREATE TRIGGER contact_asks_what_it_asked BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('What was asked is never edited.',
    'due_at,outcome,answer,closed_by_id,closed_at,late_answer,late_answer_by_id,late_answer_at');

-- What was answered late is erased by law alone.
CREATE FUNCTION claims_late_answer_is_entered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.late_answer, NEW.late_answer_by_id, NEW.late_answer_at)
    IS NOT DISTINCT FROM (OLD.late_answer, OLD.late_answer_by_id, OLD.late_answer_at) THEN RETURN NEW; END IF;
  IF OLD.outcome = 'awaiting' OR (OLD.late_answer_at IS NOT NULL AND (
    (NEW.late_answer_by_id, NEW.late_answer_at) IS DISTINCT FROM (OLD.late_answer_by_id, OLD.late_answer_at)
    OR NOT (NEW.late_answer = '[redacted]' AND claims_redacted('contact', OLD.id, 'late_answer'))))
  THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
      'A late answer is one to a question that is closed, and there is one at most.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER late_answer_is_entered_once BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_late_answer_is_entered_once();

CREATE FUNCTION claims_late_answer_is_entered_by_the_desk_or_its_guest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.outcome <> 'awaiting' AND OLD.late_answer_at IS NULL AND NEW.late_answer_at IS NOT NULL
    AND NEW.late_answer_by_id IS NULL AND (
    claims_actor() IS NOT NULL OR OLD.closed_by_id IS NULL
    OR NOT EXISTS (SELECT 1 FROM claims_guestlink g WHERE g.contact_id = NEW.id)) THEN
    PERFORM claims_broken(TG_NAME, TG_TABLE_NAME,
      'Somebody of the desk enters a late answer, or a guest who was asked and has not answered yet gives it.');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER late_answer_is_entered_by_the_desk_or_its_guest BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_late_answer_is_entered_by_the_desk_or_its_guest();
CREATE TRIGGER late_answer_is_entered_in_ones_own_name BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_changes_in_own_name('late_answer_by_id');

-- It has new columns.
CALL claims_put_on_record('claims_contact', plain => 'channel,outcome');

CALL claims_make_safe();
