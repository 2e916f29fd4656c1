-- A seeded world made larger, by rows that stand straight in the tables as the program would have left them. Runs once over a
-- database that nobody else uses, step by step: each begins with three dashes and its name. :files many files, each with
-- :rounds events, every :held_every th of them checked out by the user :'holder' (0: none).
--
-- All of it happened in the last year: a round of events of all files, one file after the other, then the next round. First
-- all are made; then an even number of check-outs and cancels each, after a renaming where the number is odd. Who holds a
-- file has saved a working copy instead of the last cancel.

--- settings
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET work_mem = '128MB';
-- no look at foreign keys, row by row: whatever is named here was made here
SET session_replication_role = replica;
-- places in the feed for what the seed did, as if somebody had asked for changes
WITH next AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM events WHERE position IS NULL
), numbered AS (
    UPDATE events e SET position = feed.last + next.place FROM next, feed WHERE e.id = next.id
)
UPDATE feed SET last = last + (SELECT count(*) FROM next);

--- what grows, and where
-- what all files have in common is that of a seeded one
CREATE TEMP TABLE growth AS
SELECT f.library_id, r.id AS root_id, r.category_id AS folder_category_id, f.category_id, f.owner_id, f.created_by AS author_id,
    e.author_name, e.format, e.media_type, h.id AS holder_id, right(f.oracle_id, 20) AS tenant, v.dialect,
    :files AS files, :rounds AS rounds, :held_every AS held_every,
    date_trunc('milliseconds', now()) - interval '365 days' AS start,
    interval '365 days' / (:files::bigint * :rounds) AS step,
    (SELECT last FROM feed) AS last, (SELECT max(id) FROM events) AS last_event
FROM items f JOIN editions e ON e.id = f.edition_id JOIN items r ON r.library_id = f.library_id AND r.parent_id IS NULL
    JOIN events v ON v.item_id = f.id AND v.verb = 'create', users h
WHERE f.name = 'f0.txt' AND h.login = :'holder';

-- ids as the program draws them: a time in milliseconds, and what nobody guesses
CREATE FUNCTION pg_temp.key(at timestamptz, what text) RETURNS uuid STABLE LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(what), 1, 3)
        || '8' || substr(md5(what), 4, 15))::uuid
$$;
-- of less than 256 bytes
CREATE FUNCTION pg_temp.quick_xor(bytes bytea) RETURNS bytea IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE
    hash bytea := decode(repeat('00', 20), 'hex');
    bit int := 0;
    byte int;
BEGIN
    FOR place IN 0 .. length(bytes) - 1 LOOP
        byte := get_byte(bytes, place) << (bit % 8);
        hash := set_byte(hash, bit / 8, get_byte(hash, bit / 8) # (byte & 255));
        hash := set_byte(hash, (bit / 8 + 1) % 20, get_byte(hash, (bit / 8 + 1) % 20) # (byte >> 8));
        bit := (bit + 11) % 160;
    END LOOP;
    RETURN set_byte(hash, 12, get_byte(hash, 12) # length(bytes));
END
$$;

-- three floors of folders, each of a hundred: as many names in a path whatever the size
CREATE TEMP TABLE folders AS
SELECT 'top' AS floor, 0 AS n, NULL::text AS above, 'grown' AS name FROM growth
UNION ALL SELECT 'middle', n, 'top0', 'm' || lpad(n::text, 2, '0') FROM growth, generate_series(0, (files - 1) / 10000) AS n
UNION ALL SELECT 'low', n, 'middle' || n / 100, 'l' || lpad(n::text, 4, '0')
    FROM growth, generate_series(0, (files - 1) / 100) AS n;
ALTER TABLE folders ADD id uuid, ADD parent_id uuid, ADD ancestors uuid[];
UPDATE folders SET id = pg_temp.key(start - interval '1 second', floor || n),
    parent_id = CASE floor WHEN 'top' THEN root_id ELSE pg_temp.key(start - interval '1 second', above) END
FROM growth;
UPDATE folders SET ancestors = ARRAY[root_id] FROM growth WHERE floor = 'top';
UPDATE folders f SET ancestors = p.ancestors || p.id FROM folders p WHERE p.id = f.parent_id AND f.floor = 'middle';
UPDATE folders f SET ancestors = p.ancestors || p.id FROM folders p WHERE p.id = f.parent_id AND f.floor = 'low';

CREATE TEMP TABLE grown AS
SELECT s.n, 'g' || lpad(s.n::text, 7, '0') || '.txt' AS name, start + s.n * step AS at,
    f.id AS parent_id, f.ancestors || f.id AS ancestors,
    pg_temp.key(start + s.n * step, 'file' || s.n) AS id, pg_temp.key(start + s.n * step, 'edition' || s.n) AS edition_id,
    convert_to('grown ' || s.n || E'\n', 'UTF8') AS bytes,
    held_every > 0 AND s.n % greatest(held_every, 1) = held_every - 1 AS held,
    -- whether it was renamed
    rounds % 2 = 0 AS renamed
FROM growth, generate_series(0::bigint, files - 1) AS s (n) JOIN folders f ON f.floor = 'low' AND f.n = s.n / 100;
ALTER TABLE grown ADD PRIMARY KEY (n);
ANALYZE grown;

--- indexes away
-- those that no foreign key needs; they are made again by their own words
CREATE TEMP TABLE indexes AS
SELECT c.relname AS name, i.indrelid::regclass AS on_table, k.conname AS constraint_name,
    coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(i.indexrelid)) AS definition
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
WHERE i.indrelid = ANY (ARRAY['items', 'editions', 'contents', 'locks', 'drafts', 'events']::regclass[])
    AND k.contype IS DISTINCT FROM 'p'
    AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conindid = i.indexrelid AND f.contype = 'f');
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT * FROM indexes LOOP
        IF it.constraint_name IS NULL THEN
            EXECUTE format('DROP INDEX %I', it.name);
        ELSE
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.on_table, it.constraint_name);
        END IF;
    END LOOP;
END
$$;

--- folders
INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id, graph_id,
    owner_id, created_by, created_at, modified_by, modified_at)
SELECT f.id, library_id, f.parent_id, f.ancestors, 'folder', f.name, f.name, f.name, folder_category_id,
    'F' || upper(substr(md5('oracle' || floor || n), 1, 23)) || tenant, '01' || upper(md5('graph' || floor || n)),
    owner_id, author_id, start, author_id, start
FROM folders f, growth ORDER BY f.id;
INSERT INTO events (id, at, actor_id, dialect, verb, outcome, library_id, item_id, request_id, position) OVERRIDING SYSTEM VALUE
SELECT last_event + place, start, author_id, dialect, 'create', 'done', library_id, id, gen_random_uuid(), last + place
FROM growth, (SELECT id, row_number() OVER (ORDER BY cardinality(ancestors), id) AS place FROM folders) f;
UPDATE growth SET last = last + (SELECT count(*) FROM folders), last_event = last_event + (SELECT count(*) FROM folders);

--- contents
INSERT INTO contents (sha256, size, quick_xor, inline, touched_at)
SELECT sha256(bytes), length(bytes), pg_temp.quick_xor(bytes), bytes, at
FROM (
    SELECT bytes, at FROM grown
    UNION ALL SELECT bytes || 'saved', start + ((rounds - 1)::bigint * files + n) * step FROM grown, growth WHERE held
) written;

--- files
INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id, graph_id,
    file_number, owner_id, created_by, created_at, modified_by, modified_at, revision, edition_id, ordinal, major, minor)
SELECT g.id, library_id, g.parent_id, g.ancestors, 'file', g.name, g.name, g.name, category_id,
    'D' || upper(substr(md5('oracle' || n), 1, 23)) || tenant, '01' || upper(md5('graph' || n)), nextval('file_numbers'),
    owner_id, author_id, g.at, author_id, g.at + CASE WHEN renamed THEN files * step ELSE interval '0' END,
    1 + renamed::int, g.edition_id, 1, 1, 0
FROM grown g, growth;

--- editions
INSERT INTO editions (id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, format, media_type, sha256,
    author_id, author_name, created_at, modified_at)
SELECT g.edition_id, g.id, 1, 1, 0, '1', upper(substr(md5('arena' || n), 1, 20)), g.name, g.name, format, media_type,
    sha256(g.bytes), author_id, author_name, g.at, g.at
FROM grown g, growth;

--- locks and working copies
-- one in two of those that are held ends by itself, in a week
INSERT INTO locks (file_id, fence, revision, holder_id, mode, dialect, taken_at, expires_at, lock_uuid, number, draft_number,
    owner_text)
SELECT g.id, (rounds - 1) / 2, rounds - 1, holder_id, 'check_out', CASE WHEN ends THEN 'liferay' ELSE 'graph' END,
    start + ((rounds - 2)::bigint * files + n) * step, CASE WHEN ends THEN now() + interval '7 days' END,
    pg_temp.key(start + ((rounds - 2)::bigint * files + n) * step, 'lock' || n), nextval('numbers'), nextval('numbers'), ''
FROM (SELECT grown.*, n / nullif(held_every, 0) % 2 = 0 AS ends FROM grown, growth WHERE held) g, growth
UNION ALL
SELECT g.id, (rounds - 1) / 2, rounds - 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM grown g, growth WHERE NOT held;
INSERT INTO drafts (file_id, fence, holder_id, sha256, file_name, media_type, saved_at)
SELECT g.id, (rounds - 1) / 2, holder_id, sha256(g.bytes || 'saved'), g.name, media_type,
    start + ((rounds - 1)::bigint * files + n) * step
FROM grown g, growth WHERE held;

--- events
-- counted from the last round backwards, check-outs have odd numbers, and what ends them the even one before
DO $$
DECLARE
    world growth%ROWTYPE;
    left_over int;
BEGIN
    SELECT * INTO world FROM growth;
    FOR round IN 0 .. world.rounds - 1 LOOP
        left_over := world.rounds - 1 - round;
        INSERT INTO events (id, at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, request_id, position)
        OVERRIDING SYSTEM VALUE
        SELECT world.last_event + place, world.start + (place - 1) * world.step,
            CASE WHEN g.held AND left_over < 2 THEN world.holder_id ELSE world.author_id END,
            CASE WHEN round = 0 THEN world.dialect
                WHEN g.held AND left_over < 2 AND n / nullif(world.held_every, 0) % 2 = 0 THEN 'liferay' ELSE 'graph' END,
            CASE WHEN round = 0 THEN 'create' WHEN round = 1 AND g.renamed THEN 'update' WHEN left_over % 2 = 1 THEN 'check_out'
                WHEN g.held AND left_over = 0 THEN 'save_draft' ELSE 'cancel' END,
            'done', world.library_id, g.id, CASE WHEN round = 0 THEN g.edition_id END,
            CASE WHEN round > 0 THEN (world.rounds - 1) / 2 - left_over / 2 END, gen_random_uuid(), world.last + place
        FROM grown g, LATERAL (SELECT round::bigint * world.files + n + 1 AS place) p;
    END LOOP;
END
$$;
UPDATE feed SET last = growth.last + files::bigint * rounds FROM growth;
SELECT setval(pg_get_serial_sequence('events', 'id'), (SELECT max(id) FROM events));

--- indexes again
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT * FROM indexes LOOP
        IF it.constraint_name IS NULL THEN
            EXECUTE it.definition;
        ELSE
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', it.on_table, it.constraint_name, it.definition);
        END IF;
    END LOOP;
END
$$;

--- vacuum
VACUUM (ANALYZE);
