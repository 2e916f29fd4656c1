-- So much of everything that the planner has reason to use indexes, and the same each time: nothing is drawn by chance, and the
-- years leave room for any `now()`. What is small in real life (categories, policies, collections) is small here, too.

CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    -- ascending, like those that are drawn
    SELECT (substr(md5(kind), 1, 8) || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
$$;
CREATE FUNCTION pg_temp.bytes(kind text, n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256((kind || n::text)::bytea)
$$;
CREATE FUNCTION pg_temp.day(n bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT timestamptz '2020-01-01 00:00:00+00' + n * interval '1 minute'
$$;
CREATE FUNCTION pg_temp.later() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT timestamptz '2100-01-01 00:00:00+00'
$$;

-- statistics are taken once, by whoever runs this
DO $$
DECLARE
    it regclass;
BEGIN
    FOR it IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', it);
    END LOOP;
END $$;
-- asking every foreign key takes half as long as all the rest; only superusers may leave it out
DO $$
BEGIN
    PERFORM set_config('session_replication_role', 'replica', false);
EXCEPTION
    WHEN insufficient_privilege THEN NULL;
END $$;

-- 2,000 users, 10 applications, 20 groups
INSERT INTO principals (id, kind, name, arena_guid, oracle_id, graph_id, created_at)
SELECT pg_temp.id('principal', n), CASE WHEN n <= 2000 THEN 'user' WHEN n <= 2010 THEN 'application' ELSE 'group' END,
    CASE WHEN n <= 2000 THEN 'Person ' ELSE 'Other ' END || n, 'P' || n, 'P' || n, pg_temp.id('graph', n), pg_temp.day(n)
FROM generate_series(1, 2030) n ORDER BY n;
INSERT INTO users (id, login, login_key, email, email_key, license)
SELECT pg_temp.id('principal', n), 'login' || n, 'login' || n, n || '@example.com', n || '@example.com', 'full'
FROM generate_series(1, 2000) n ORDER BY n;
INSERT INTO applications (id, client_id)
SELECT pg_temp.id('principal', n), 'client' || n FROM generate_series(2001, 2010) n ORDER BY n;
INSERT INTO application_secrets (id, application_id, digest, created_at)
SELECT pg_temp.id('secret', n), pg_temp.id('principal', 2000 + n), pg_temp.bytes('secret', n), pg_temp.day(n)
FROM generate_series(1, 10) n ORDER BY n;
INSERT INTO groups (id, name_key)
SELECT pg_temp.id('principal', n), 'other ' || n FROM generate_series(2011, 2030) n ORDER BY n;
INSERT INTO group_members (group_id, principal_id)
SELECT pg_temp.id('principal', 2011 + (n + g * 7) % 20), pg_temp.id('principal', n)
FROM generate_series(1, 2000) n, generate_series(0, 2) g ORDER BY n, g;
INSERT INTO login_failures (login_key, failures, last_failed_at, began_at)
SELECT 'login' || n, 1 + n % 5, pg_temp.day(n), pg_temp.day(n) FROM generate_series(1, 2000) n ORDER BY n;

-- what they present
INSERT INTO grants (id, principal_id, application_id, scopes, family, digest, created_at, expires_at)
SELECT pg_temp.id('grant', n), pg_temp.id('principal', 1 + n % 2000), pg_temp.id('principal', 2001 + n % 10), '{Files.ReadWrite}',
    pg_temp.bytes('family', n), pg_temp.bytes('refresh', n), pg_temp.day(n), pg_temp.later()
FROM generate_series(1, 2000) n ORDER BY n;
INSERT INTO tokens (id, digest, principal_id, application_id, scopes, created_at, expires_at, issued, grant_id)
SELECT pg_temp.id('token', n), pg_temp.bytes('token', n), pg_temp.id('principal', 1 + n % 2000),
    CASE WHEN n % 2 = 0 THEN pg_temp.id('principal', 2001 + n % 10) END, '{Files.ReadWrite}', pg_temp.day(n), pg_temp.later(), true,
    CASE WHEN n % 2 = 0 THEN pg_temp.id('grant', 1 + n % 2000) END
FROM generate_series(1, 10000) n ORDER BY n;
INSERT INTO authorization_codes (digest, principal_id, application_id, redirect_uri, scopes, created_at, expires_at)
SELECT pg_temp.bytes('code', n), pg_temp.id('principal', 1 + n % 2000), pg_temp.id('principal', 2001 + n % 10), 'https://example.com',
    '{Files.ReadWrite}', pg_temp.day(n), pg_temp.later()
FROM generate_series(1, 1000) n ORDER BY n;
INSERT INTO device_codes (digest, user_code, application_id, scopes, created_at, expires_at)
SELECT pg_temp.bytes('device', n), pg_temp.bytes('user code', n), pg_temp.id('principal', 2001 + n % 10), '{Files.ReadWrite}',
    pg_temp.day(n), pg_temp.later()
FROM generate_series(1, 1000) n ORDER BY n;

-- 50 categories below one, and policies
INSERT INTO categories (id, parent_id, ancestors, name, name_key, arena_guid, created_at)
SELECT pg_temp.id('category', n), CASE WHEN n > 1 THEN pg_temp.id('category', 1) END,
    CASE WHEN n > 1 THEN ARRAY[pg_temp.id('category', 1)] ELSE '{}' END, 'Category ' || n, 'category ' || n, 'C' || n, pg_temp.day(n)
FROM generate_series(1, 50) n ORDER BY n;
INSERT INTO category_levels (category_id, principal_id, level)
SELECT pg_temp.id('category', 1 + n % 50), pg_temp.id('principal', n), 'read' FROM generate_series(1, 2030, 20) n ORDER BY n;
INSERT INTO policies (id, name, name_key)
SELECT pg_temp.id('policy', n), 'Policy ' || n, 'policy ' || n FROM generate_series(1, 20) n ORDER BY n;
INSERT INTO policy_rules (id, policy_id, action, category_id)
SELECT pg_temp.id('rule', n), pg_temp.id('policy', n), 'edit_file', pg_temp.id('category', n) FROM generate_series(1, 20) n ORDER BY n;
INSERT INTO policy_grants (policy_id, principal_id)
SELECT pg_temp.id('policy', 1 + n % 20), pg_temp.id('principal', n) FROM generate_series(1, 2030) n ORDER BY n;

-- 10 sites and everybody's own library
INSERT INTO libraries (id, kind, name, name_key, graph_id, graph_site_id, owner_id, arena_workspace, created_at)
SELECT pg_temp.id('library', n), CASE WHEN n <= 10 THEN 'site' ELSE 'personal' END, 'Library ' || n, 'library ' || n, 'L' || n,
    pg_temp.id('site', n), CASE WHEN n > 10 THEN pg_temp.id('principal', n - 10) END, CASE WHEN n <= 10 THEN n END, pg_temp.day(n)
FROM generate_series(1, 2010) n ORDER BY n;
INSERT INTO trees (library_id) SELECT id FROM libraries;
INSERT INTO sessions (id, digest, user_id, library_id, created_at, expires_at, ended_at)
SELECT pg_temp.id('session', n), pg_temp.bytes('session', n), pg_temp.id('principal', 1 + n % 2000), pg_temp.id('library', 1 + n % 10),
    pg_temp.day(n), pg_temp.later(), CASE WHEN n <= 9500 THEN pg_temp.day(n) END
FROM generate_series(1, 10000) n ORDER BY n;
INSERT INTO request_counts (library_id, day, used)
SELECT pg_temp.id('library', l), date '2020-01-01' + d, d FROM generate_series(1, 10) l, generate_series(1, 365) d ORDER BY d, l;

-- in each site ten folders with a folder in each, and 100 files in each of these 200 folders; some of all that is in the trash
INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id, graph_id, owner_id,
    created_by, created_at, modified_by, modified_at)
SELECT pg_temp.id('root', n), pg_temp.id('library', n), NULL, '{}', 'folder', 'root', 'root', 'root', pg_temp.id('category', 1),
    'R' || n, 'R' || n, p, p, pg_temp.day(n), p, pg_temp.day(n)
FROM generate_series(1, 2010) n, LATERAL (SELECT pg_temp.id('principal', 1 + n % 2000)) AS o (p) ORDER BY n;
INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id, graph_id, owner_id,
    created_by, created_at, modified_by, modified_at)
SELECT pg_temp.id('folder', n), pg_temp.id('library', l), path[cardinality(path)], path, 'folder', 'Folder ' || n, 'folder ' || n,
    'Folder ' || n, pg_temp.id('category', 1 + n % 50), 'O' || n, 'O' || n, p, p, pg_temp.day(n), p, pg_temp.day(n)
FROM generate_series(0, 199) n, LATERAL (SELECT 1 + n / 20, pg_temp.id('principal', 1 + n % 2000)) AS o (l, p),
    LATERAL (SELECT CASE WHEN n % 20 < 10 THEN ARRAY[pg_temp.id('root', l)]
        ELSE ARRAY[pg_temp.id('root', l), pg_temp.id('folder', n - 10)] END) AS w (path)
ORDER BY n;
INSERT INTO contents (sha256, size, quick_xor, inline, blob, touched_at)
SELECT pg_temp.bytes('content', n), 100 + n, substr(pg_temp.bytes('xor', n), 1, 20),
    CASE WHEN n % 4 > 0 THEN repeat(n::text, 20)::bytea END, CASE WHEN n % 4 = 0 THEN 'blob' || n END, pg_temp.day(n)
FROM generate_series(1, 20500) n ORDER BY n;
INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, description, category_id, oracle_id, graph_id,
    file_number, owner_id, created_by, created_at, modified_by, modified_at, edition_id, ordinal, major, minor, deleted_at,
    deleted_with, trash_id)
SELECT pg_temp.id('file', n), f.library_id, f.id, f.ancestors || f.id, 'file', 'File ' || n || '.txt', 'file ' || n || '.txt',
    'File ' || n || '.txt', 'about ' || n % 1000, pg_temp.id('category', 1 + n % 50), 'F' || n, 'F' || n, n, p, p, pg_temp.day(n), p,
    pg_temp.day(n), pg_temp.id('edition', 2 * n), 2, 2, 0, CASE WHEN gone THEN pg_temp.day(n) END,
    CASE WHEN gone THEN pg_temp.id('file', n) END, CASE WHEN gone THEN 'T' || n END
FROM generate_series(1, 20000) n JOIN items f ON f.id = pg_temp.id('folder', (n - 1) / 100),
    LATERAL (SELECT pg_temp.id('principal', 1 + n % 2000), n % 100 = 99) AS o (p, gone)
ORDER BY n;
-- the first edition of a file is that of the next one's second, as copies are
INSERT INTO editions (id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, format, private, media_type, sha256,
    author_id, author_name, created_at, modified_at)
SELECT pg_temp.id('edition', n), pg_temp.id('file', (n + 1) / 2), 2 - n % 2, 2 - n % 2, 0, 2 - n % 2, 'E' || n, 'file.txt', 'A title',
    'txt', n % 20 = 0, 'text/plain', pg_temp.bytes('content', (n + 2) / 2), pg_temp.id('principal', 1 + n % 2000), 'Somebody',
    pg_temp.day(n), pg_temp.day(n)
FROM generate_series(1, 40000) n ORDER BY n;

-- one in twenty is held, of which some have lapsed; behind most stands a working copy
INSERT INTO locks (file_id, fence, revision, closed_at, holder_id, mode, dialect, taken_at, expires_at, lock_uuid, number,
    draft_number, owner_text)
SELECT pg_temp.id('file', n), 1 + n % 7, n % 30, CASE WHEN n % 100 = 99 THEN pg_temp.day(n) END,
    CASE WHEN held THEN pg_temp.id('principal', 1 + n % 2000) END, CASE WHEN held THEN 'check_out' END,
    CASE WHEN held THEN 'liferay' END, CASE WHEN held THEN pg_temp.day(n) END,
    CASE WHEN held THEN CASE WHEN n % 200 = 20 THEN pg_temp.day(n) WHEN n % 40 = 20 THEN pg_temp.later() END END,
    CASE WHEN held THEN pg_temp.id('lock', n) END, CASE WHEN held THEN 1000000 + n END, CASE WHEN held THEN 2000000 + n END,
    CASE WHEN held THEN '' END
FROM generate_series(1, 20000) n, LATERAL (SELECT n % 20 = 0) AS o (held) ORDER BY n;
UPDATE locks SET lapse_fence = fence WHERE expires_at < pg_temp.day(15000);
INSERT INTO drafts (file_id, fence, holder_id, sha256, saved_at)
SELECT k.file_id, k.fence, k.holder_id, pg_temp.bytes('content', n), pg_temp.day(n)
FROM generate_series(40, 20000, 40) n JOIN locks k ON k.file_id = pg_temp.id('file', n) ORDER BY n;
INSERT INTO drafts (file_id, fence, holder_id, sha256, saved_at, rescued_at)
SELECT pg_temp.id('file', n), 1000, pg_temp.id('principal', 1 + n % 2000), pg_temp.bytes('content', n), pg_temp.day(n), pg_temp.day(n)
FROM generate_series(7, 20000, 50) n ORDER BY n;
INSERT INTO folder_locks (folder_id, fence, holder_id, dialect, taken_at, expires_at, lock_uuid, number, owner_text, inheritable)
SELECT pg_temp.id('folder', n), 1, pg_temp.id('principal', 1 + n), 'liferay', pg_temp.day(n), pg_temp.later(),
    pg_temp.id('folder lock', n), 3000000 + n, '', n % 2 = 0
FROM generate_series(0, 199, 4) n ORDER BY n;
-- one that was given back stays
INSERT INTO folder_locks (folder_id, fence) SELECT pg_temp.id('root', n), 1 FROM generate_series(1, 2010) n ORDER BY n;

-- who may, and who keeps an eye on what
INSERT INTO memberships (item_id, principal_id, role, created_at)
SELECT pg_temp.id('root', 1 + (n + r) % 10), pg_temp.id('principal', n), 'contributor', pg_temp.day(n)
FROM generate_series(1, 2030) n, generate_series(0, 1) r
UNION ALL
SELECT pg_temp.id('folder', n % 200), pg_temp.id('principal', 1 + n * 3 % 2030), 'viewer', pg_temp.day(n)
FROM generate_series(1, 1000) n ORDER BY 4, 1, 2;
INSERT INTO links (id, item_id, oracle_id, graph_id, role, audience, created_by, created_at, modified_at)
SELECT pg_temp.id('link', n), pg_temp.id('file', 3 * n), 'K' || n, 'K' || n, 'downloader', 'listed', pg_temp.id('principal', 1 + n % 2000),
    pg_temp.day(n), pg_temp.day(n)
FROM generate_series(1, 5000) n ORDER BY n;
INSERT INTO link_users (link_id, principal_id)
SELECT pg_temp.id('link', n), pg_temp.id('principal', 1 + (n + u * 11) % 2000) FROM generate_series(1, 5000) n, generate_series(0, 1) u
ORDER BY n, u;
INSERT INTO special_folders (library_id, name, application_id, item_id)
SELECT pg_temp.id('library', n), 'documents', '00000000-0000-0000-0000-000000000000',
    CASE WHEN n <= 10 THEN pg_temp.id('folder', n * 20 - 20) ELSE pg_temp.id('root', n) END
FROM generate_series(1, 2010) n ORDER BY n;
INSERT INTO follows (principal_id, item_id, followed_at)
SELECT pg_temp.id('principal', 1 + n % 2000), pg_temp.id('file', 2 * n), pg_temp.day(n) FROM generate_series(1, 5000) n ORDER BY n;

-- what happened; the last events have no place in the feed yet
INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, position, from_library_id,
    from_ancestors)
SELECT pg_temp.day(n), pg_temp.id('principal', 1 + n % 2000), (ARRAY['arena', 'oracle', 'graph', 'liferay'])[1 + n % 4],
    (ARRAY['create', 'check_out', 'save_draft', 'check_in', 'update', 'cancel', 'refresh', 'delete'])[1 + n % 8],
    CASE WHEN n % 10 = 0 THEN 'refused' ELSE 'done' END, i.library_id, i.id, CASE WHEN n % 8 IN (0, 3) THEN i.edition_id END, n % 10,
    CASE WHEN n <= 49950 THEN n END, CASE WHEN n % 500 = 4 THEN pg_temp.id('library', 1 + n % 10) END,
    CASE WHEN n % 100 = 4 THEN i.ancestors END
FROM generate_series(1, 50000) n JOIN items i ON i.id = pg_temp.id('file', 1 + n * 7919 % 20000) ORDER BY n;
UPDATE feed SET last = 49950;

-- what is under way
INSERT INTO uploads (id, digest, principal_id, read_reach, write_reach, item_id, names, on_conflict, deferred, received, total,
    created_at, expires_at)
SELECT pg_temp.id('upload', n), pg_temp.bytes('upload', n), pg_temp.id('principal', 1 + n % 2000), 'all', 'all',
    pg_temp.id('folder', n % 200), '{a file}', 'fail', false, 300, 400, pg_temp.day(n), pg_temp.later()
FROM generate_series(1, 2000) n ORDER BY n;
INSERT INTO upload_fragments (upload_id, start, size, sha256, quick_xor, blob)
SELECT pg_temp.id('upload', n), f * 100, 100, pg_temp.bytes('fragment', n), substr(pg_temp.bytes('fragment', n), 1, 20),
    'fragment' || n || '.' || f
FROM generate_series(1, 2000) n, generate_series(0, 2) f ORDER BY n, f;
INSERT INTO temporary_files (id, owner_id, folder_id, folder_name, name, media_type, sha256, created_at, expires_at)
SELECT pg_temp.id('temporary', n), pg_temp.id('principal', 1 + n % 2000), pg_temp.id('folder', n % 200), 'together', 'name ' || n,
    'text/plain', pg_temp.bytes('content', n), pg_temp.day(n), pg_temp.later()
FROM generate_series(1, 2000) n ORDER BY n;
INSERT INTO copy_operations (id, secret, actor_id, dialect, read_reach, write_reach, source_id, target_id, name, on_conflict, ended_at,
    made_id, lease_until, asked_at)
SELECT pg_temp.id('copy', n), pg_temp.bytes('copy', n), pg_temp.id('principal', 1 + n % 2000), 'graph', 'all', 'all',
    pg_temp.id('file', n), pg_temp.id('folder', n % 200), 'a copy', 'fail', CASE WHEN n % 20 > 0 THEN pg_temp.day(n) END,
    CASE WHEN n % 20 > 0 THEN pg_temp.id('file', n + 1) END, pg_temp.later(), pg_temp.day(n)
FROM generate_series(1, 2000) n ORDER BY n;
INSERT INTO subscriptions (id, principal_id, token_id, read_reach, library_id, resource, notification_url, origin, created_at,
    expires_at, position, next_at)
SELECT pg_temp.id('subscription', n), pg_temp.id('principal', 1 + n % 2000), pg_temp.id('token', n), 'all',
    pg_temp.id('library', 1 + n % 10), 'a drive', 'https://example.com', 'https://example.org', pg_temp.day(n), pg_temp.later(),
    49950 - n % 10, pg_temp.day(n)
FROM generate_series(1, 2000) n ORDER BY n;

-- what is said about items, and what is built
INSERT INTO item_tags (item_id, place, tag, tag_key)
SELECT pg_temp.id('file', n), t, 'tag ' || (n + t) % 100, 'tag ' || (n + t) % 100
FROM generate_series(1, 20000, 4) n, generate_series(1, 2) t ORDER BY n, t;
INSERT INTO metadata_collections (id, name, name_key, created_by, created_at)
SELECT pg_temp.id('collection', n), 'Collection ' || n, 'collection ' || n, pg_temp.id('principal', n), pg_temp.day(n)
FROM generate_series(1, 20) n ORDER BY n;
INSERT INTO metadata_fields (id, collection_id, place, name, name_key, kind)
SELECT pg_temp.id('field', n), pg_temp.id('collection', 1 + n % 20), n / 20, 'Field ' || n, 'field ' || n, 'text'
FROM generate_series(1, 100) n ORDER BY n;
INSERT INTO metadata_assignments (item_id, collection_id)
SELECT pg_temp.id('folder', n), pg_temp.id('collection', 1 + n % 20) FROM generate_series(0, 199) n ORDER BY n;
INSERT INTO metadata_values (item_id, field_id, value)
SELECT pg_temp.id('file', n), pg_temp.id('field', 1 + (n + v) % 100), 'value ' || n
FROM generate_series(1, 20000, 4) n, generate_series(1, 2) v ORDER BY n, v;
INSERT INTO parts (id, library_id, number, number_key, name, created_by, created_at)
SELECT pg_temp.id('part', n), pg_temp.id('library', 1 + n % 10), 'GX-' || n, 'gx-' || n, 'Part ' || n, pg_temp.id('principal', 1 + n % 2000),
    pg_temp.day(n)
FROM generate_series(1, 2000) n ORDER BY n;
INSERT INTO part_revisions (id, part_id, ordinal, label, status, arena_guid, created_at, effective_at)
SELECT pg_temp.id('revision', 2 * n - 2 + r), pg_temp.id('part', n), r, r, CASE r WHEN 1 THEN 'effective' ELSE 'working' END,
    'V' || 2 * n - 2 + r, pg_temp.day(n), CASE r WHEN 1 THEN pg_temp.day(n) END
FROM generate_series(1, 2000) n, generate_series(1, 2) r ORDER BY n, r;
INSERT INTO part_files (id, revision_id, file_id, edition_id, latest, is_primary, arena_guid, created_by, created_at)
SELECT pg_temp.id('association', n), pg_temp.id('revision', (n + 1) / 2), pg_temp.id('file', 2 * n),
    CASE WHEN n % 4 < 2 THEN pg_temp.id('edition', 4 * n) END, true, n % 2 = 1, 'A' || n, pg_temp.id('principal', 1 + n % 2000),
    pg_temp.day(n)
FROM generate_series(1, 8000) n ORDER BY n;
