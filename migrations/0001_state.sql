-- syncd's own tables, beside the finance tables so that exactly-once is one transaction.
-- Portable on purpose: `syncd.` becomes `syncd_` where there are no schemas. Times are text,
-- ISO 8601 in UTC with microseconds, so that they sort, hash and read the same everywhere.
-- A key begins with what tells its rows apart: a comparison then seldom looks further than that.

CREATE TABLE syncd.pipeline (
    name          TEXT PRIMARY KEY,
    position      TEXT,                 -- the checkpoint; opaque outside the source
    source        TEXT,                 -- identity of the source the position belongs to
    committed_at  TEXT,                 -- EAM commit time of the newest change applied
    updated_at    TEXT,
    posting_seq   BIGINT NOT NULL,      -- head of the postings' hash chain
    posting_hash  TEXT NOT NULL,
    parked_seq    BIGINT NOT NULL,
    changes       BIGINT NOT NULL,      -- counters since the first start
    posted        BIGINT NOT NULL,
    repeated      BIGINT NOT NULL,
    status        TEXT                  -- JSON the daemon leaves for `status`: lag, state, last error
);

CREATE TABLE syncd.posting (
    pipeline      TEXT NOT NULL,
    seq           BIGINT NOT NULL,      -- without gap per pipeline
    key           TEXT NOT NULL,        -- idempotency key
    rule          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    voucher       TEXT NOT NULL,        -- what finance calls it, empty when the posting has none
    reverses      TEXT NOT NULL,        -- key of the posting a red-letter voucher cancels, or empty
    mapping_hash  TEXT NOT NULL,
    position      TEXT NOT NULL,
    committed_at  TEXT NOT NULL,        -- in the EAM
    posted_at     TEXT NOT NULL,
    content       TEXT NOT NULL,        -- JSON: cards, voucher and rows as posted
    hash          TEXT NOT NULL,
    PRIMARY KEY (seq, pipeline)
);
CREATE UNIQUE INDEX syncd_posting_key ON syncd.posting (key, pipeline);
CREATE INDEX syncd_posting_subject ON syncd.posting (subject, pipeline);
CREATE INDEX syncd_posting_reverses ON syncd.posting (reverses, pipeline) WHERE reverses <> '';

CREATE TABLE syncd.parked (
    pipeline      TEXT NOT NULL,
    id            BIGINT NOT NULL,      -- in source order per pipeline
    subject       TEXT NOT NULL,
    state         TEXT NOT NULL,        -- failed | behind | approval | posted | ignored | discarded
    rule          TEXT NOT NULL,
    source_table  TEXT NOT NULL,
    source_key    TEXT NOT NULL,
    code          TEXT NOT NULL,        -- reason, in the message catalogue
    params        TEXT NOT NULL,        -- JSON
    waits_for     TEXT NOT NULL,        -- table:key of a reference, or empty
    change        TEXT NOT NULL,        -- JSON, see syncd/record.py
    original      TEXT,                 -- the change before a person edited it
    position      TEXT NOT NULL,
    committed_at  TEXT NOT NULL,
    parked_at     TEXT NOT NULL,
    attempts      BIGINT NOT NULL,
    request       TEXT NOT NULL,        -- retry | discard, asked for and not yet done; or empty
    approved      TEXT NOT NULL,        -- JSON list of the rules approved
    settled_at    TEXT,
    PRIMARY KEY (pipeline, id)
);
CREATE INDEX syncd_parked_open ON syncd.parked (pipeline, subject) WHERE settled_at IS NULL;

CREATE TABLE syncd.mirror (
    pipeline      TEXT NOT NULL,
    source_table  TEXT NOT NULL,
    key           TEXT NOT NULL,
    image         TEXT NOT NULL,        -- JSON object by column name
    PRIMARY KEY (key, source_table, pipeline)
);

CREATE TABLE syncd.collected (
    pipeline      TEXT NOT NULL,
    key           TEXT NOT NULL,
    rule          TEXT NOT NULL,
    grp           TEXT NOT NULL,
    subject       TEXT NOT NULL,
    change        TEXT NOT NULL,
    position      TEXT NOT NULL,
    due           BIGINT NOT NULL,      -- 1 once the group was released
    posted        TEXT NOT NULL,        -- key of the posting that took it, or empty
    PRIMARY KEY (pipeline, key)
);
CREATE INDEX syncd_collected_subject ON syncd.collected (subject);
CREATE INDEX syncd_parked_subject ON syncd.parked (subject);
CREATE INDEX syncd_collected_open ON syncd.collected (pipeline, rule, grp) WHERE posted = '';

CREATE TABLE syncd.released (               -- groups, or prefixes of them, that a trigger row released
    pipeline      TEXT NOT NULL,
    rule          TEXT NOT NULL,
    grp           TEXT NOT NULL,
    PRIMARY KEY (pipeline, rule, grp)
);

CREATE TABLE syncd.number (
    period        TEXT NOT NULL,
    type          TEXT NOT NULL,
    last          BIGINT NOT NULL,
    PRIMARY KEY (period, type)
);

CREATE TABLE syncd.ignored (
    pipeline      TEXT NOT NULL,
    reason        TEXT NOT NULL,
    changes       BIGINT NOT NULL,
    PRIMARY KEY (pipeline, reason)
);

CREATE TABLE syncd.acceptance (
    mapping       TEXT NOT NULL,
    hash          TEXT NOT NULL,
    actor         TEXT NOT NULL,
    reason        TEXT NOT NULL,
    accepted_at   TEXT NOT NULL,
    PRIMARY KEY (mapping, accepted_at)
);

CREATE TABLE syncd.action (
    seq           BIGINT PRIMARY KEY,   -- hash-chained like the postings
    at            TEXT NOT NULL,
    actor         TEXT NOT NULL,
    action        TEXT NOT NULL,
    pipeline      TEXT NOT NULL,
    target        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    detail        TEXT NOT NULL,
    hash          TEXT NOT NULL
);

CREATE TABLE syncd.chain (
    name          TEXT PRIMARY KEY,     -- action
    seq           BIGINT NOT NULL,      -- head of the chain: a record cut off its end is missed too
    hash          TEXT NOT NULL
);

CREATE TABLE syncd.daemon (
    pipeline      TEXT NOT NULL,
    instance      TEXT NOT NULL,        -- host:pid
    role          TEXT NOT NULL,        -- posting | standby | retrying
    beat_at       TEXT NOT NULL,
    PRIMARY KEY (pipeline, instance)
);
