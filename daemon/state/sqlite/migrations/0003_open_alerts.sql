-- The same rows, asked for in a way that SQLite decides without building a table of the
-- words: each write to an alert did that twice.

DROP INDEX alert_open;
CREATE INDEX alert_open ON alert (store) WHERE state NOT IN ('inactive', 'resolved');

PRAGMA user_version = 3;
