-- Search: of every claim, article and source one row with its text, kept by triggers whatever way the text is written.
-- `words` are the lexemes of the article's language with weights, for full text; `folded` is the same text in capitals,
-- for parts of words. The rows lie beside the tables and not in them, so that they are on no record, and so that a claim
-- that moves from state to state does not have its words indexed anew.

-- One field of a text: what was erased by law says nothing, and a field is one line.
CREATE FUNCTION claims_line(said text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT translate(replace(said, '[redacted]', ' '), E'\n\r', '  ')
$$;

-- The words of a line. In something like a tag are words too.
CREATE FUNCTION claims_line_words(dictionary regconfig, line text, weight "char") RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
  SELECT setweight(to_tsvector(dictionary, translate(line, '<>', '  ')), weight)
$$;

-- The fields of a text, the weightiest first: the fourth and those after it weigh the same.
CREATE FUNCTION claims_searched(dictionary regconfig, VARIADIC said text[], OUT folded text, OUT words tsvector)
LANGUAGE sql IMMUTABLE AS $$
  SELECT upper(string_agg(l.line, E'\n' ORDER BY l.n)),
         claims_line_words(dictionary, max(l.line) FILTER (WHERE l.n = 1), 'A')
         || claims_line_words(dictionary, max(l.line) FILTER (WHERE l.n = 2), 'B')
         || claims_line_words(dictionary, max(l.line) FILTER (WHERE l.n = 3), 'C')
         || claims_line_words(dictionary, string_agg(l.line, E'\n' ORDER BY l.n) FILTER (WHERE l.n > 3), 'D')
  FROM (SELECT claims_line(s.said) AS line, s.n FROM unnest(said) WITH ORDINALITY s (said, n)) l
$$;

CREATE FUNCTION claims_as_searched(c claims_claim, language text) RETURNS claims_searchableclaim
LANGUAGE sql STABLE AS $$
  SELECT c.id, claims_dictionary(language)::text, s.folded, s.words
  FROM claims_searched(claims_dictionary(language), c.statement, c.headline, c.claimant, c.code) s
$$;
CREATE FUNCTION claims_as_searched(a claims_article) RETURNS claims_searchablearticle LANGUAGE sql STABLE AS $$
  SELECT a.id, claims_dictionary(a.language)::text, s.folded, s.words
  FROM claims_searched(claims_dictionary(a.language), a.title, a.byline, a.publisher, a.slug, a.url) s
$$;
-- A source has no language of its own: its words are taken as they are written.
CREATE FUNCTION claims_as_searched(r claims_source) RETURNS claims_searchablesource LANGUAGE sql STABLE AS $$
  SELECT r.id, 'simple', s.folded, s.words
  FROM claims_searched('simple', r.title, r.author, r.publisher, r.affiliation, r.url) s
$$;

-- ---------------------------------------------------------------- the words there are, for those that are misspelt
-- The words of a text as they are written, numbers and addresses apart.
CREATE FUNCTION claims_spelt(folded text) RETURNS TABLE (word text) LANGUAGE sql IMMUTABLE AS $$
  SELECT l.lexeme FROM unnest(to_tsvector('simple', translate(folded, '<>', '  '))) l
  WHERE length(l.lexeme) BETWEEN 4 AND 40 AND l.lexeme !~ '[0-9/.@_%\\]'
$$;

-- Two writers of the same new word write it twice rather than wait for one another.
CREATE FUNCTION claims_know(folded text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO claims_knownword (word) SELECT s.word FROM claims_spelt(folded) s
    WHERE NOT EXISTS (SELECT 1 FROM claims_knownword k WHERE k.word = s.word)
$$;

-- Of these words those go that no longer stand anywhere but in confidential sources. Each is planned for by itself,
-- because the quickest way to tell that a common word is still there is not the quickest to tell that a rare one is gone.
CREATE FUNCTION claims_forget(folded text) RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE w text; part text;
BEGIN
  FOR w IN SELECT DISTINCT k.word FROM claims_spelt(folded) s JOIN claims_knownword k ON k.word = s.word LOOP
    part := '%' || upper(w) || '%';
    CONTINUE WHEN EXISTS (SELECT 1 FROM claims_searchableclaim s WHERE s.folded LIKE part)
      OR EXISTS (SELECT 1 FROM claims_searchablearticle s WHERE s.folded LIKE part)
      OR EXISTS (SELECT 1 FROM claims_searchablesource s JOIN claims_source r ON r.id = s.source_id
                 WHERE s.folded LIKE part AND NOT r.confidential);
    DELETE FROM claims_knownword k WHERE k.word = w;
  END LOOP;
END $$;

-- ---------------------------------------------------------------- kept
CREATE FUNCTION claims_search_claim(c claims_claim, language text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s claims_searchableclaim := claims_as_searched(c, language);
BEGIN
  INSERT INTO claims_searchableclaim SELECT s.* ON CONFLICT (claim_id) DO UPDATE
    SET dictionary = s.dictionary, folded = s.folded, words = s.words;
  PERFORM claims_know(s.folded);
END $$;
CREATE FUNCTION claims_search_of_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.statement, NEW.headline, NEW.claimant, NEW.code, NEW.article_id)
    = (OLD.statement, OLD.headline, OLD.claimant, OLD.code, OLD.article_id) THEN RETURN NULL; END IF;
  PERFORM claims_search_claim(NEW, (SELECT a.language FROM claims_article a WHERE a.id = NEW.article_id));
  RETURN NULL;
END $$;
CREATE TRIGGER search_is_kept AFTER INSERT OR UPDATE OF statement, headline, claimant, code, article_id ON claims_claim
  FOR EACH ROW EXECUTE FUNCTION claims_search_of_claim();

CREATE FUNCTION claims_search_of_article() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE s claims_searchablearticle := claims_as_searched(NEW); c claims_claim;
BEGIN
  IF TG_OP = 'UPDATE' AND s = claims_as_searched(OLD) THEN RETURN NULL; END IF;
  INSERT INTO claims_searchablearticle SELECT s.* ON CONFLICT (article_id) DO UPDATE
    SET dictionary = s.dictionary, folded = s.folded, words = s.words;
  PERFORM claims_know(s.folded);
  IF TG_OP = 'UPDATE' AND claims_dictionary(NEW.language) <> claims_dictionary(OLD.language) THEN
    FOR c IN SELECT * FROM claims_claim WHERE article_id = NEW.id ORDER BY id FOR NO KEY UPDATE LOOP
      PERFORM claims_search_claim(c, NEW.language);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER search_is_kept AFTER INSERT OR UPDATE OF title, byline, publisher, slug, url, language ON claims_article
  FOR EACH ROW EXECUTE FUNCTION claims_search_of_article();

CREATE FUNCTION claims_search_of_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE s claims_searchablesource := claims_as_searched(NEW);
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.confidential = OLD.confidential AND s = claims_as_searched(OLD) THEN RETURN NULL; END IF;
  INSERT INTO claims_searchablesource SELECT s.* ON CONFLICT (source_id) DO UPDATE
    SET dictionary = s.dictionary, folded = s.folded, words = s.words;
  IF NOT NEW.confidential THEN
    PERFORM claims_know(s.folded);
  ELSIF TG_OP = 'UPDATE' AND NOT OLD.confidential THEN
    PERFORM claims_forget((claims_as_searched(OLD)).folded);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER search_is_kept AFTER INSERT OR UPDATE OF title, author, publisher, affiliation, url, confidential
  ON claims_source FOR EACH ROW EXECUTE FUNCTION claims_search_of_source();

-- What is erased by law takes its words with it, those of earlier texts as well.
CREATE FUNCTION claims_forget_opening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM claims_forget(upper(OLD.value));
  RETURN NULL;
END $$;
CREATE TRIGGER words_are_forgotten AFTER DELETE ON claims_opening
  FOR EACH ROW EXECUTE FUNCTION claims_forget_opening();

-- Everything there is, at once. For what was written before, and for a desk that loads much with its triggers put aside.
CREATE PROCEDURE claims_make_searchable() LANGUAGE sql AS $$
  INSERT INTO claims_searchablearticle SELECT s.* FROM claims_article a, claims_as_searched(a) s ON CONFLICT DO NOTHING;
  INSERT INTO claims_searchablesource SELECT s.* FROM claims_source r, claims_as_searched(r) s ON CONFLICT DO NOTHING;
  INSERT INTO claims_searchableclaim
    SELECT s.* FROM claims_claim c JOIN claims_article a ON a.id = c.article_id, claims_as_searched(c, a.language) s
    ON CONFLICT DO NOTHING;
  INSERT INTO claims_knownword (word)
    SELECT w.word FROM (
      SELECT w.word FROM claims_searchableclaim s, claims_spelt(s.folded) w
      UNION SELECT w.word FROM claims_searchablearticle s, claims_spelt(s.folded) w
      UNION SELECT w.word FROM claims_searchablesource s JOIN claims_source r ON r.id = s.source_id,
                               claims_spelt(s.folded) w WHERE NOT r.confidential
    ) w
    WHERE NOT EXISTS (SELECT 1 FROM claims_knownword k WHERE k.word = w.word)
$$;
CALL claims_make_searchable();

-- How many rows hold a part of a word is judged from a sample: a hundred texts tell too little.
ALTER TABLE claims_searchableclaim ALTER COLUMN folded SET STATISTICS 1000;
ALTER TABLE claims_searchablearticle ALTER COLUMN folded SET STATISTICS 1000;
ALTER TABLE claims_searchablesource ALTER COLUMN folded SET STATISTICS 1000;

CALL claims_make_safe();
