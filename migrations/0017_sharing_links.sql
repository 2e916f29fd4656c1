-- Links made to be embedded in other pages: Graph's third type, beside viewing and editing.

ALTER TABLE links ADD COLUMN embedded boolean NOT NULL DEFAULT false;
