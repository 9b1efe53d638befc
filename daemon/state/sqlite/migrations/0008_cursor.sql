-- Where a feed goes on by the marketplace's own text, and until when that text is good.

ALTER TABLE feed ADD COLUMN cursor_text TEXT; -- NULL: by the time alone
ALTER TABLE feed ADD COLUMN cursor_expires_ms INTEGER NOT NULL DEFAULT 0; -- 0: never

PRAGMA user_version = 8;
