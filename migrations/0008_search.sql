-- Searching: the words of an item's name and description, and of the names of those it belongs to.

-- Punctuation separates words everywhere, also inside file names. Letters beyond ASCII keep their case where the database's
-- locale does not know them: who searches asks for each spelling. A name is compared as everywhere else.
ALTER TABLE items ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(name_key || ' ' || left(description, 20000),
        '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))) STORED;
CREATE INDEX items_words_idx ON items USING gin (words);

ALTER TABLE principals ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(left(name, 2000), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))) STORED;
CREATE INDEX principals_words_idx ON principals USING gin (words);

-- whose things are whose: a user's content can be given to somebody else
CREATE INDEX items_owner_idx ON items (owner_id);
