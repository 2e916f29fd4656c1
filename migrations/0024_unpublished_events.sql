-- Whose file it was that had never been checked in before the change: what befell it then is told to nobody else.
ALTER TABLE events ADD COLUMN from_unpublished_by uuid;
