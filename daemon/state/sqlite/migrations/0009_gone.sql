-- Tokens of a credential that left the configuration are kept for a while. The rate that a
-- platform says of itself is one that it states. Nobody reads the named values of the first
-- version.

ALTER TABLE token ADD COLUMN gone_ms INTEGER NOT NULL DEFAULT 0; -- 0: it is configured
ALTER TABLE bucket RENAME COLUMN told_micro_per_s TO stated_micro_per_s;
DROP TABLE meta;

PRAGMA user_version = 9;
