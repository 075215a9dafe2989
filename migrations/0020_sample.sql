-- How a pipeline stood, minute by minute while it was posting: what the console draws. A minute without a line is one in
-- which nobody posted. Lines are kept for two weeks, see syncd/desk/samples.py.

CREATE TABLE syncd.sample (
    pipeline       TEXT NOT NULL,
    at             TEXT NOT NULL,       -- the minute's beginning
    unread_bytes   BIGINT,              -- of the EAM's log, where it counts bytes
    unread_rows    BIGINT,              -- or rows
    lag_ms         BIGINT NOT NULL,     -- for how long the oldest change that is read waits to be posted
    parked_s       BIGINT,              -- for how long the oldest open row has been parked
    parked         BIGINT NOT NULL,     -- open rows
    retained_bytes BIGINT,              -- of log that the EAM's server keeps for the pipeline
    changes        BIGINT NOT NULL,     -- since the first start, as the next two
    posted         BIGINT NOT NULL,
    ignored        BIGINT NOT NULL,
    PRIMARY KEY (pipeline, at)
);
