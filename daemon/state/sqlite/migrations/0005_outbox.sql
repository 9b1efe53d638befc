-- A message that is being sent is claimed until an instant, so that nobody takes it twice;
-- what a claim left behind counts as free from then on. Due messages are looked for per
-- channel, so that those of one that fails stand in nobody's way.

ALTER TABLE outbox ADD COLUMN claimed_until_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_channel ON outbox (channel, next_try_ms) WHERE state = 'waiting';

PRAGMA user_version = 5;
