-- What reconciliations found, and what people accepted of what they proposed.

CREATE TABLE syncd.reconciliation (
    pipeline      TEXT NOT NULL,
    id            BIGINT NOT NULL,      -- number of the run, from 1 per pipeline
    at            TEXT NOT NULL,
    actor         TEXT NOT NULL,        -- who asked for it; empty for one by the clock
    position      TEXT NOT NULL,        -- the point of the log at which both sides were compared
    assets        BIGINT NOT NULL,
    differing     BIGINT NOT NULL,
    alerting      BIGINT NOT NULL,
    waiting       BIGINT NOT NULL,      -- assets whose change was on its way
    report        TEXT NOT NULL,        -- JSON: the report as `syncd reconcile --json` prints it
    PRIMARY KEY (id, pipeline)
);

CREATE TABLE syncd.difference (
    pipeline      TEXT NOT NULL,
    run           BIGINT NOT NULL,
    id            BIGINT NOT NULL,      -- number within the run
    asset         TEXT NOT NULL,
    field         TEXT NOT NULL,
    eam           TEXT,
    finance       TEXT,
    cause         TEXT NOT NULL,        -- in the message catalogue
    params        TEXT NOT NULL,        -- JSON
    proposal      TEXT NOT NULL,        -- what can be done, in the message catalogue, or empty
    change        TEXT NOT NULL,        -- JSON, see syncd/record.py: what would be posted; or empty
    request       TEXT NOT NULL,        -- post, once a person has accepted it; then the number of its parked row
    PRIMARY KEY (run, id, pipeline)
);
CREATE INDEX syncd_difference_request ON syncd.difference (request, pipeline) WHERE request <> '';
