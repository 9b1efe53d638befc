-- Recipients who have a message that others are still to get: it is not sent to them again.

CREATE TABLE reached (
	outbox INTEGER NOT NULL REFERENCES outbox (number) ON DELETE CASCADE,
	address TEXT NOT NULL,
	PRIMARY KEY (outbox, address)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 14;
