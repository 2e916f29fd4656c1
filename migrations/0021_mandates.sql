-- What goes on after the request that began it goes on with the rights of that request: also those of the sharing link it
-- came through, as that link was then.

ALTER TABLE uploads ADD COLUMN link_id uuid;
ALTER TABLE uploads ADD COLUMN link_changed_at timestamptz;
ALTER TABLE uploads ADD CONSTRAINT uploads_link_check CHECK ((link_id IS NULL) = (link_changed_at IS NULL));

ALTER TABLE copy_operations ADD COLUMN link_id uuid;
ALTER TABLE copy_operations ADD COLUMN link_changed_at timestamptz;
ALTER TABLE copy_operations ADD CONSTRAINT copy_operations_link_check
    CHECK ((link_id IS NULL) = (link_changed_at IS NULL));
