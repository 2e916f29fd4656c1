-- Searching: the words of an item's title as well, where it is another than its name. The column is generated, so that whatever
-- writes a title need not know of it. A generated column cannot be changed: it is made anew, and its index with it.
ALTER TABLE items DROP COLUMN words;
ALTER TABLE items ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(
        name_key || ' ' || CASE WHEN title = name THEN '' ELSE left(title, 2000) || ' ' END || left(description, 20000),
        '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))) STORED;
CREATE INDEX items_words_idx ON items USING gin (words);
