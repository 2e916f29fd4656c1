-- What becomes of check-outs that end by themselves, as the node says that was started last. All nodes must say the same: so a
-- node that says something else is noticed when it starts.
CREATE TABLE lapse_policy (
    singleton boolean NOT NULL DEFAULT true CONSTRAINT lapse_policy_pkey PRIMARY KEY
                      CONSTRAINT lapse_policy_singleton_check CHECK (singleton),
    -- those taken through this room are checked in; null: all are cancelled
    room      text    CONSTRAINT lapse_policy_room_check CHECK (room IN ('arena', 'oracle', 'graph', 'liferay', 'console'))
);
