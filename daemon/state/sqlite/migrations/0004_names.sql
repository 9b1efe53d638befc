-- One idea, one word: who was told of an alert is who was notified, and where the next
-- poll goes on is a cursor.

ALTER TABLE told RENAME TO notified;
ALTER TABLE alert RENAME COLUMN told_level TO notified_level;
ALTER TABLE alert_event RENAME COLUMN told TO notified;
ALTER TABLE feed RENAME COLUMN since_ms TO cursor_ms;

PRAGMA user_version = 4;
