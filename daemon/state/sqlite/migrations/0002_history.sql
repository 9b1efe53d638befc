-- What entities and feeds were before they changed, for storehealthctl replay: the
-- present, undone back to an instant, is the past. Rows are only ever added at the end
-- and forgotten at the beginning, so the number is the only order that is needed.
--
-- kind is an entity's kind, `poller` for a feed (id: its endpoint). was holds the
-- changed fields as lib/catalog/record.h writes them, NULL when there was nothing
-- before. fresh: a good answer spoke of this kind within the same poll.

CREATE TABLE history (
	number INTEGER PRIMARY KEY,
	at_ms INTEGER NOT NULL,
	store TEXT NOT NULL,
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	fresh INTEGER NOT NULL,
	was TEXT
) STRICT;

PRAGMA user_version = 2;
