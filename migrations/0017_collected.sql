-- What became of collected rows is chained by hash, as postings and parked rows are: which were kept, with a digest of
-- each, which are kept no more, and which a posting took. A pipeline's rows from before are taken into it when it is
-- next begun.
CREATE TABLE syncd.collected_event (
    pipeline      TEXT NOT NULL,
    seq           BIGINT NOT NULL,      -- without gap per pipeline
    at            TEXT NOT NULL,
    event         TEXT NOT NULL,        -- kept (from before) | collected | gone | taken
    posting       TEXT NOT NULL,        -- key of the posting that took the rows, or empty
    content       TEXT NOT NULL,        -- JSON: keys of rows, with what is told of each; see syncd/audit.py
    hash          TEXT NOT NULL,
    PRIMARY KEY (seq, pipeline)
);
ALTER TABLE syncd.pipeline ADD COLUMN collected_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE syncd.pipeline ADD COLUMN collected_hash TEXT NOT NULL DEFAULT '';   -- empty until the chain is begun
