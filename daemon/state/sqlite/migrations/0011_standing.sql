-- How a feed stands, in one word instead of a yes or no; what is lacking keeps its error.

ALTER TABLE feed ADD COLUMN standing TEXT NOT NULL DEFAULT 'unread';
UPDATE feed SET error = 'tariff', failures = 1, failing_since_ms = last_try_ms
	WHERE not_available <> 0;
UPDATE feed SET standing = CASE
	WHEN not_available <> 0 THEN 'lacking'
	WHEN error IN ('credentials', 'egress', 'role', 'blocked', 'config', 'tariff', 'retired',
		'request', 'missing') THEN 'refused'
	WHEN error IS NOT NULL THEN 'failing'
	WHEN last_success_ms <> 0 THEN 'read'
	ELSE 'unread' END;
ALTER TABLE feed DROP COLUMN not_available;

PRAGMA user_version = 11;
