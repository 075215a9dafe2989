-- Depreciation that syncd computes. What a card's terms were and when they changed is in the postings; it is folded out
-- of them into `terms`, which can be made anew at any time. What a run has made is in `depreciated`, whose key lets no
-- month of an asset be made twice in a book.

CREATE TABLE syncd.terms (
    pipeline      TEXT NOT NULL,
    asset         TEXT NOT NULL,
    seq           BIGINT NOT NULL,      -- of the posting that wrote the card
    day           TEXT NOT NULL,        -- when it happened
    month         BIGINT NOT NULL,      -- it counts from the month after: year * 12 + month - 1
    card          TEXT NOT NULL,        -- JSON: what changed of the card's fields that depreciation follows from
    PRIMARY KEY (asset, pipeline, seq)
);

CREATE TABLE syncd.terms_folded (
    pipeline      TEXT PRIMARY KEY,
    fields        TEXT NOT NULL,        -- which fields of the card; where others are asked for, all is folded anew
    seq           BIGINT NOT NULL       -- the last posting that was looked at
);

CREATE TABLE syncd.depreciated (
    pipeline      TEXT NOT NULL,
    book          TEXT NOT NULL,
    asset         TEXT NOT NULL,
    month         BIGINT NOT NULL,      -- the month that is carried
    nth           BIGINT NOT NULL,      -- 1, and one more each time that it was taken back and is made again
    period        TEXT NOT NULL,        -- where it is posted: the month's own, or the first open one
    line          BIGINT NOT NULL,      -- number of its row within asset and period, the first of several departments
    cents         BIGINT NOT NULL,
    run           TEXT NOT NULL,        -- that made it: its period and its number, 2026-06/2
    posting_seq   BIGINT NOT NULL,      -- how far the pipeline's postings were when it was made
    live          BIGINT NOT NULL,      -- 0 once it was taken back or given up
    row_keys      TEXT NOT NULL,        -- JSON list: keys of its rows in the computed table
    PRIMARY KEY (asset, pipeline, book, month, nth)
);
CREATE INDEX syncd_depreciated_run ON syncd.depreciated (pipeline, run);

CREATE TABLE syncd.depreciation_run (
    pipeline      TEXT NOT NULL,
    book          TEXT NOT NULL,
    period        TEXT NOT NULL,
    run           BIGINT NOT NULL,      -- 1, 2, … of its period
    kind          TEXT NOT NULL,        -- post | reverse
    asset         TEXT NOT NULL,        -- the only one that is reversed, or empty
    state         TEXT NOT NULL,        -- asked | made
    reached       TEXT NOT NULL,        -- the last asset that was looked at
    assets        BIGINT NOT NULL,
    made          BIGINT NOT NULL,      -- rows
    cents         BIGINT NOT NULL,
    faults        TEXT NOT NULL,        -- JSON: asset → why it could not be computed
    actor         TEXT NOT NULL,
    reason        TEXT NOT NULL,
    asked_at      TEXT NOT NULL,
    PRIMARY KEY (pipeline, book, period, run)
);
