-- What the permission checker asks besides roles: categories with levels, and policies with rules.

CREATE TABLE categories (
    id            uuid        NOT NULL CONSTRAINT categories_pkey PRIMARY KEY,
    parent_id     uuid                 CONSTRAINT categories_parent_fkey REFERENCES categories,
    ancestors     uuid[]      NOT NULL DEFAULT '{}',
    name          text        NOT NULL,
    name_key      text        NOT NULL,
    description   text        NOT NULL DEFAULT '',
    number        bigint      NOT NULL DEFAULT nextval('numbers') CONSTRAINT categories_number_key UNIQUE,
    arena_guid    text        NOT NULL CONSTRAINT categories_arena_guid_key UNIQUE,
    -- what somebody without a level of their own has; null: as the parent says
    default_level text                 CONSTRAINT categories_default_level_check CHECK (default_level IN ('none', 'read', 'full')),
    active        boolean     NOT NULL DEFAULT true,
    assignable    boolean     NOT NULL DEFAULT true,
    created_by    uuid                 CONSTRAINT categories_created_by_fkey REFERENCES principals,
    created_at    timestamptz NOT NULL,
    CONSTRAINT categories_name_key UNIQUE NULLS NOT DISTINCT (parent_id, name_key)
);

CREATE TABLE category_levels (
    category_id  uuid NOT NULL CONSTRAINT category_levels_category_fkey REFERENCES categories,
    principal_id uuid NOT NULL CONSTRAINT category_levels_principal_fkey REFERENCES principals,
    level        text NOT NULL CONSTRAINT category_levels_level_check CHECK (level IN ('none', 'read', 'full')),
    CONSTRAINT category_levels_pkey PRIMARY KEY (category_id, principal_id)
);
CREATE INDEX category_levels_principal_idx ON category_levels (principal_id);

CREATE TABLE policies (
    id          uuid NOT NULL CONSTRAINT policies_pkey PRIMARY KEY,
    name        text NOT NULL,
    name_key    text NOT NULL CONSTRAINT policies_name_key UNIQUE,
    description text NOT NULL DEFAULT ''
);

CREATE TABLE policy_rules (
    id          uuid NOT NULL CONSTRAINT policy_rules_pkey PRIMARY KEY,
    policy_id   uuid NOT NULL CONSTRAINT policy_rules_policy_fkey REFERENCES policies,
    action      text NOT NULL CONSTRAINT policy_rules_action_check
                     CHECK (action IN ('read_file', 'edit_file', 'override_check_out')),
    -- null: every category
    category_id uuid          CONSTRAINT policy_rules_category_fkey REFERENCES categories,
    CONSTRAINT policy_rules_once_key UNIQUE NULLS NOT DISTINCT (policy_id, action, category_id)
);

CREATE TABLE policy_grants (
    policy_id    uuid NOT NULL CONSTRAINT policy_grants_policy_fkey REFERENCES policies,
    principal_id uuid NOT NULL CONSTRAINT policy_grants_principal_fkey REFERENCES principals,
    CONSTRAINT policy_grants_pkey PRIMARY KEY (policy_id, principal_id)
);
CREATE INDEX policy_grants_principal_idx ON policy_grants (principal_id);
