-- A collected row says whose card its posting will change: what comes after it and touches that card waits for its
-- group. Of rows that were collected before, the subject is the best guess.
ALTER TABLE syncd.collected ADD COLUMN card TEXT NOT NULL DEFAULT '';
UPDATE syncd.collected SET card = subject WHERE posted = '';
CREATE INDEX syncd_collected_card ON syncd.collected (card, pipeline) WHERE posted = '';

CREATE TABLE syncd.failed_group (           -- groups that were due when a row of theirs was parked: it is due when it
    pipeline      TEXT NOT NULL,            -- comes again, whatever the clock says
    rule          TEXT NOT NULL,
    grp           TEXT NOT NULL,
    PRIMARY KEY (pipeline, rule, grp)
);

CREATE TABLE syncd.moved (                  -- source rows whose key has changed, so that what was made of them is found
    pipeline      TEXT NOT NULL,
    key           TEXT NOT NULL,            -- table:key as it is
    was           TEXT NOT NULL,            -- table:key as it was before
    PRIMARY KEY (key, pipeline)
);
