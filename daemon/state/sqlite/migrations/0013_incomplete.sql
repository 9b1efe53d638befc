-- Since when a feed's list is not whole, and why: known after a restart as well.

ALTER TABLE feed ADD COLUMN incomplete TEXT;
ALTER TABLE feed ADD COLUMN incomplete_since_ms INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 13;
