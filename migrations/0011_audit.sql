-- What became of parked rows is chained by hash, as postings are: their birth, each attempt, how they ended. What people
-- did to them stands in the chain of actions. A pipeline's rows from before are taken into it when it is next begun.
CREATE TABLE syncd.parked_event (
    pipeline      TEXT NOT NULL,
    seq           BIGINT NOT NULL,      -- without gap per pipeline
    id            BIGINT NOT NULL,      -- of the parked row
    at            TEXT NOT NULL,
    event         TEXT NOT NULL,        -- parked | kept (from before) | again | reopened | unreadable | settled
    subject       TEXT NOT NULL,        -- the row as the event left it; see syncd/audit.py for what is empty where
    state         TEXT NOT NULL,
    rule          TEXT NOT NULL,
    code          TEXT NOT NULL,
    params        TEXT NOT NULL,
    origin        TEXT NOT NULL,        -- digest of where the row comes from
    content       TEXT NOT NULL,        -- digest of the change
    hash          TEXT NOT NULL,
    PRIMARY KEY (seq, pipeline)
);
CREATE INDEX syncd_parked_event_row ON syncd.parked_event (id, pipeline);
ALTER TABLE syncd.pipeline ADD COLUMN event_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE syncd.pipeline ADD COLUMN event_hash TEXT NOT NULL DEFAULT '';   -- empty until the chain is begun

CREATE TABLE syncd.anchor (                 -- what the daemon last said of anchoring, for `status`; no evidence
    pipeline      TEXT PRIMARY KEY,
    anchored_at   TEXT NOT NULL,        -- empty where it never could
    seq           BIGINT NOT NULL,      -- postings that were anchored then
    code          TEXT NOT NULL,        -- why it cannot be written, or empty
    params        TEXT NOT NULL         -- JSON
);
