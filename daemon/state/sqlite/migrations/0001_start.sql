-- The fixed tables. Entities have one table per kind; those are made from
-- lib/catalog/fields.def when the file is opened (daemon/state/schema.h).
--
-- Times are milliseconds UTC, 0 for "none". Levels are numbers (0 none to 4
-- breached), so that the worst sorts first; every other word is stored by name.
-- A value takes three columns: its type (NULL: none), its number, and its text or
-- currency.

CREATE TABLE meta (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE feed (
	store TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	since_ms INTEGER NOT NULL,
	last_success_ms INTEGER NOT NULL,
	last_try_ms INTEGER NOT NULL,
	failing_since_ms INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	error TEXT,
	error_text TEXT,
	next_due_ms INTEGER NOT NULL,
	suspects INTEGER NOT NULL,
	not_available INTEGER NOT NULL,
	PRIMARY KEY (store, endpoint)
) STRICT, WITHOUT ROWID;

CREATE TABLE wake (
	store TEXT NOT NULL,
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (store, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX wake_at ON wake (at_ms);

-- The newest value of each series; `series` names it in the sample tables.
CREATE TABLE metric (
	series INTEGER PRIMARY KEY,
	store TEXT NOT NULL,
	metric TEXT NOT NULL,
	target INTEGER NOT NULL,
	type TEXT,
	n INTEGER,
	text TEXT,
	at_ms INTEGER NOT NULL,
	UNIQUE (store, metric, target)
) STRICT;

-- The key is the order in which windows read, so no second index is kept.
CREATE TABLE sample (
	series INTEGER NOT NULL REFERENCES metric (series) ON DELETE CASCADE,
	at_ms INTEGER NOT NULL,
	n INTEGER NOT NULL,
	currency TEXT,
	PRIMARY KEY (series, at_ms)
) STRICT, WITHOUT ROWID;

-- Older samples, one row per hour, later per day: at_ms is when the span's last
-- sample was taken, n what it said.
CREATE TABLE sample_hour (
	series INTEGER NOT NULL REFERENCES metric (series) ON DELETE CASCADE,
	span INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	n INTEGER NOT NULL,
	currency TEXT,
	low INTEGER NOT NULL,
	high INTEGER NOT NULL,
	samples INTEGER NOT NULL,
	PRIMARY KEY (series, span)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample_day (
	series INTEGER NOT NULL REFERENCES metric (series) ON DELETE CASCADE,
	span INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	n INTEGER NOT NULL,
	currency TEXT,
	low INTEGER NOT NULL,
	high INTEGER NOT NULL,
	samples INTEGER NOT NULL,
	PRIMARY KEY (series, span)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number is a person's handle and is never given twice.
CREATE TABLE alert (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	rule TEXT NOT NULL,
	store TEXT NOT NULL,
	entity TEXT NOT NULL,
	state TEXT NOT NULL,
	level INTEGER NOT NULL,
	told_level INTEGER NOT NULL,
	episode INTEGER NOT NULL,
	episodes_day INTEGER NOT NULL,
	day_start_ms INTEGER NOT NULL,
	pending_since_ms INTEGER NOT NULL,
	fired_at_ms INTEGER NOT NULL,
	resolved_at_ms INTEGER NOT NULL,
	changed_at_ms INTEGER NOT NULL,
	clear_since_ms INTEGER NOT NULL,
	hits INTEGER NOT NULL,
	wake_ms INTEGER NOT NULL,
	judgement INTEGER NOT NULL,
	last_level INTEGER NOT NULL,
	clear INTEGER NOT NULL,
	value_type TEXT, value_n INTEGER, value_text TEXT,
	limit_type TEXT, limit_n INTEGER, limit_text TEXT,
	cost_type TEXT, cost_n INTEGER, cost_text TEXT,
	room_type TEXT, room_n INTEGER, room_text TEXT,
	sample_hit INTEGER NOT NULL,
	sample_of INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	why TEXT,
	UNIQUE (store, entity, rule)
) STRICT;
CREATE INDEX alert_open ON alert (store) WHERE state IN ('pending', 'firing', 'unknown');
CREATE INDEX alert_resolved ON alert (changed_at_ms) WHERE state IN ('inactive', 'resolved');

CREATE TABLE alert_event (
	alert INTEGER NOT NULL REFERENCES alert (number) ON DELETE CASCADE,
	at_ms INTEGER NOT NULL,
	move TEXT NOT NULL,
	from_level INTEGER NOT NULL,
	to_level INTEGER NOT NULL,
	told INTEGER NOT NULL,
	value_type TEXT, value_n INTEGER, value_text TEXT,
	limit_type TEXT, limit_n INTEGER, limit_text TEXT,
	reason TEXT
) STRICT;
CREATE INDEX alert_event_alert ON alert_event (alert);

CREATE TABLE told (
	alert INTEGER NOT NULL REFERENCES alert (number) ON DELETE CASCADE,
	channel TEXT NOT NULL,
	PRIMARY KEY (alert, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	key TEXT NOT NULL UNIQUE,
	channel TEXT NOT NULL,
	merge TEXT NOT NULL,
	facts TEXT NOT NULL,
	level INTEGER NOT NULL,
	made_ms INTEGER NOT NULL,
	next_try_ms INTEGER NOT NULL,
	give_up_ms INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	state TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try_ms) WHERE state = 'waiting';
CREATE INDEX outbox_merge ON outbox (channel, merge) WHERE state = 'waiting' AND attempts = 0;
CREATE INDEX outbox_over ON outbox (made_ms) WHERE state <> 'waiting';

CREATE TABLE outbox_alert (
	alert INTEGER NOT NULL REFERENCES alert (number) ON DELETE CASCADE,
	outbox INTEGER NOT NULL REFERENCES outbox (number) ON DELETE CASCADE,
	PRIMARY KEY (alert, outbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_alert_outbox ON outbox_alert (outbox);

CREATE TABLE delivery (
	outbox INTEGER NOT NULL REFERENCES outbox (number) ON DELETE CASCADE,
	at_ms INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	ok INTEGER NOT NULL,
	status INTEGER NOT NULL,
	answer TEXT,
	error TEXT,
	took_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_outbox ON delivery (outbox);

PRAGMA user_version = 1;
