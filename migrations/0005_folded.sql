-- How far back a parked row was tried with the corrections behind it, so that a restart tries no correction twice that
-- came to nothing: what heals a row must not hang on who remembers.
ALTER TABLE syncd.parked ADD COLUMN folded BIGINT NOT NULL DEFAULT 0;   -- number of the last row folded into it
