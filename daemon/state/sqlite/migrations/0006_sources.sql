-- Sources whose credential has access tokens, and reports that take several requests.

-- The newest tokens of a credential. Secrets: the file has mode 0600. `first` is the SHA-256
-- of the refresh token that the operator wrote down, from which these came.
CREATE TABLE token (
	credential         TEXT PRIMARY KEY,
	first              TEXT NOT NULL,
	access             TEXT,
	refresh            TEXT,
	issued_ms          INTEGER NOT NULL,
	expires_ms         INTEGER NOT NULL,
	refresh_expires_ms INTEGER NOT NULL -- 0: not known
) STRICT, WITHOUT ROWID;

-- A report that is under way: its next step, its id on the platform, and the time before
-- which it is not looked at.
CREATE TABLE job (
	source        TEXT NOT NULL,
	endpoint      TEXT NOT NULL,
	step          TEXT NOT NULL,
	id            TEXT NOT NULL,
	document      TEXT NOT NULL,
	tries         INTEGER NOT NULL,
	began_ms      INTEGER NOT NULL,
	not_before_ms INTEGER NOT NULL,
	PRIMARY KEY (source, endpoint)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 6;
