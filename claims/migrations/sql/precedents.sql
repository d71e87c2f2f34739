-- Precedents: the words of every standing claim, one row a word, kept by triggers whatever way a claim is written.
--
-- No row is written by two claims, and there are no counters: how frequent a word is, is counted from the index up to a
-- bound when somebody asks (claims/precedents.py). So writers of different claims wait for nobody here and cannot deadlock.

-- PostgreSQL's dictionaries for a BCP 47 tag; languages it has none for are taken word by word.
CREATE FUNCTION claims_dictionary(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE AS $$
  SELECT (CASE lower(split_part(language, '-', 1))
    WHEN 'ar' THEN 'arabic' WHEN 'hy' THEN 'armenian' WHEN 'eu' THEN 'basque' WHEN 'ca' THEN 'catalan'
    WHEN 'da' THEN 'danish' WHEN 'nl' THEN 'dutch' WHEN 'en' THEN 'english' WHEN 'fi' THEN 'finnish'
    WHEN 'fr' THEN 'french' WHEN 'de' THEN 'german' WHEN 'el' THEN 'greek' WHEN 'hi' THEN 'hindi'
    WHEN 'hu' THEN 'hungarian' WHEN 'id' THEN 'indonesian' WHEN 'ga' THEN 'irish' WHEN 'it' THEN 'italian'
    WHEN 'lt' THEN 'lithuanian' WHEN 'ne' THEN 'nepali' WHEN 'no' THEN 'norwegian' WHEN 'nb' THEN 'norwegian'
    WHEN 'nn' THEN 'norwegian' WHEN 'pt' THEN 'portuguese' WHEN 'ro' THEN 'romanian' WHEN 'ru' THEN 'russian'
    WHEN 'sr' THEN 'serbian' WHEN 'es' THEN 'spanish' WHEN 'sv' THEN 'swedish' WHEN 'ta' THEN 'tamil'
    WHEN 'tr' THEN 'turkish' WHEN 'yi' THEN 'yiddish' ELSE 'simple' END)::regconfig
$$;

-- The words of a text with their frequencies. What was erased by law says nothing.
CREATE FUNCTION claims_words(dictionary regconfig, said text)
RETURNS TABLE (word text, frequency smallint, length smallint) LANGUAGE sql STABLE AS $$
  SELECT w.word, least(w.n, 255)::smallint, least(sum(w.n) OVER (), 32767)::smallint
  FROM (SELECT left(l.lexeme, 64) COLLATE "C" AS word, sum(cardinality(l.positions)) AS n
        FROM unnest(to_tsvector(dictionary, replace(said, '[redacted]', ' '))) l GROUP BY 1) w
$$;

CREATE FUNCTION claims_post(claim bigint, language text, headline text, statement text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO claims_posting (word, claim_id, frequency, length)
    SELECT w.word, claim, w.frequency, w.length
    FROM claims_words(claims_dictionary(language), headline || E'\n' || statement) w ORDER BY w.word
$$;

CREATE FUNCTION claims_precedents_of_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.headline, NEW.statement, NEW.withdrawn_at IS NULL)
      = (OLD.headline, OLD.statement, OLD.withdrawn_at IS NULL) THEN RETURN NULL; END IF;
    DELETE FROM claims_posting p WHERE p.claim_id = NEW.id;
  END IF;
  IF NEW.withdrawn_at IS NULL THEN
    PERFORM claims_post(NEW.id, (SELECT a.language FROM claims_article a WHERE a.id = NEW.article_id),
                        NEW.headline, NEW.statement);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER precedents_are_kept AFTER INSERT OR UPDATE OF headline, statement, withdrawn_at ON claims_claim
  FOR EACH ROW EXECUTE FUNCTION claims_precedents_of_claim();

CREATE FUNCTION claims_precedents_of_article() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c claims_claim;
BEGIN
  IF claims_dictionary(NEW.language) = claims_dictionary(OLD.language) THEN RETURN NULL; END IF;
  FOR c IN SELECT * FROM claims_claim WHERE article_id = NEW.id AND withdrawn_at IS NULL ORDER BY id FOR NO KEY UPDATE LOOP
    DELETE FROM claims_posting p WHERE p.claim_id = c.id;
    PERFORM claims_post(c.id, NEW.language, c.headline, c.statement);
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER precedents_are_kept AFTER UPDATE OF language ON claims_article
  FOR EACH ROW EXECUTE FUNCTION claims_precedents_of_article();

-- Every claim there is, at once. For the claims made before, and for a desk that loads many with its triggers put aside.
CREATE PROCEDURE claims_post_every_claim() LANGUAGE sql AS $$
  INSERT INTO claims_posting (word, claim_id, frequency, length)
    SELECT w.word, c.id, w.frequency, w.length
    FROM claims_claim c JOIN claims_article a ON a.id = c.article_id,
      claims_words(claims_dictionary(a.language), c.headline || E'\n' || c.statement) w
    WHERE c.withdrawn_at IS NULL
    ON CONFLICT DO NOTHING
$$;
CALL claims_post_every_claim();

CALL claims_make_safe();
