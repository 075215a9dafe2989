-- The outbox: what is to be told outside the ledger. Written in the transaction that decides it, sent afterwards.

CREATE TABLE syncd.delivery (
    pipeline      TEXT NOT NULL,
    seq           BIGINT NOT NULL,      -- number within the pipeline; may leave gaps
    key           TEXT NOT NULL,        -- idempotency key: what was decided once is not decided again
    kind          TEXT NOT NULL,        -- answer | alert | anchor
    target        TEXT NOT NULL,        -- the table that is answered, or a target of the configuration
    subject       TEXT NOT NULL,        -- deliveries of one subject to one target are sent in order
    body          TEXT NOT NULL,        -- JSON: what is told
    decided_at    TEXT NOT NULL,
    state         TEXT NOT NULL,        -- waiting | unknown (sent, and not confirmed) | done | refused | discarded
    attempts      BIGINT NOT NULL,
    next_at       TEXT NOT NULL,        -- not sent before
    code          TEXT NOT NULL,        -- what the last attempt came to, in the message catalogue, or empty
    params        TEXT NOT NULL,        -- JSON
    settled_at    TEXT,
    PRIMARY KEY (seq, pipeline)
);
CREATE UNIQUE INDEX syncd_delivery_key ON syncd.delivery (key, pipeline);
CREATE INDEX syncd_delivery_state ON syncd.delivery (state, pipeline);
CREATE INDEX syncd_delivery_subject ON syncd.delivery (subject, pipeline);

CREATE TABLE syncd.outbox (
    pipeline      TEXT PRIMARY KEY,
    seq           BIGINT NOT NULL       -- the last number that was given
);

CREATE TABLE syncd.alert (              -- causes that people were told of and that are not solved yet
    pipeline      TEXT NOT NULL,
    cause         TEXT NOT NULL,
    since         TEXT NOT NULL,
    params        TEXT NOT NULL,        -- JSON
    PRIMARY KEY (pipeline, cause)
);
