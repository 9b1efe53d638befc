-- How much each credential's operations, and each credential, source and host, may be asked:
-- what a rate bucket had left after the requests that may leave before its next row, the rate
-- that the platform told, and how long to leave it alone.
CREATE TABLE bucket (
	kind             TEXT NOT NULL, -- operation, credential, source, host
	name             TEXT NOT NULL,
	operation        TEXT NOT NULL, -- of the credential; else empty
	told_micro_per_s INTEGER NOT NULL, -- 0: nothing was told
	micro_tokens     INTEGER NOT NULL,
	at_ms            INTEGER NOT NULL,
	paused_until_ms  INTEGER NOT NULL, -- 0: it is not paused
	PRIMARY KEY (kind, name, operation)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 7;
