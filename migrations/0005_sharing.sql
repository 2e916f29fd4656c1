-- Roles on folders and files, and links that carry a role.

CREATE TABLE memberships (
    item_id      uuid        NOT NULL CONSTRAINT memberships_item_fkey REFERENCES items,
    principal_id uuid        NOT NULL CONSTRAINT memberships_principal_fkey REFERENCES principals,
    role         text        NOT NULL CONSTRAINT memberships_role_check
                             CHECK (role IN ('viewer', 'downloader', 'contributor', 'manager', 'owner')),
    created_by   uuid                 CONSTRAINT memberships_created_by_fkey REFERENCES principals,
    created_at   timestamptz NOT NULL,
    CONSTRAINT memberships_pkey PRIMARY KEY (item_id, principal_id)
);
CREATE INDEX memberships_principal_idx ON memberships (principal_id);

CREATE TABLE links (
    id               uuid        NOT NULL CONSTRAINT links_pkey PRIMARY KEY,
    item_id          uuid        NOT NULL CONSTRAINT links_item_fkey REFERENCES items,
    oracle_id        text        NOT NULL CONSTRAINT links_oracle_id_key UNIQUE,
    graph_id         text        NOT NULL CONSTRAINT links_graph_id_key UNIQUE,
    -- empty: the one unnamed link an item may have
    name             text        NOT NULL DEFAULT '',
    role             text        NOT NULL CONSTRAINT links_role_check CHECK (role IN ('viewer', 'downloader', 'contributor')),
    -- everybody, whoever is signed in, or the users listed in link_users
    audience         text        NOT NULL CONSTRAINT links_audience_check CHECK (audience IN ('everybody', 'signed_in', 'listed')),
    access_code_hash text,
    expires_at       timestamptz,
    created_by       uuid        NOT NULL CONSTRAINT links_created_by_fkey REFERENCES principals,
    created_at       timestamptz NOT NULL,
    modified_at      timestamptz NOT NULL,
    CONSTRAINT links_name_key UNIQUE (item_id, name)
);

CREATE TABLE link_users (
    link_id      uuid NOT NULL CONSTRAINT link_users_link_fkey REFERENCES links ON DELETE CASCADE,
    principal_id uuid NOT NULL CONSTRAINT link_users_principal_fkey REFERENCES principals,
    CONSTRAINT link_users_pkey PRIMARY KEY (link_id, principal_id)
);
