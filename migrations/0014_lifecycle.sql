-- Where assets stand in their life cycle. What they entered and left is in the postings of the rule `lifecycle`; it is
-- folded out of them, and can be made anew at any time. Rows of deadlines that have passed are in the mirror, by key.

CREATE TABLE syncd.lifecycle (
    pipeline      TEXT NOT NULL,
    asset         TEXT NOT NULL,
    entry         BIGINT NOT NULL,      -- 1, 2, … of the asset
    state         TEXT NOT NULL,
    was           TEXT NOT NULL,        -- the state before, or empty
    since         TEXT NOT NULL,        -- the day on which it began
    entered_at    TEXT NOT NULL,        -- when the EAM committed it
    entered_by    TEXT NOT NULL,        -- who set it, where the EAM says it; or empty
    left_on       TEXT NOT NULL,        -- the day on which the next state began; empty while it stands
    left_at       TEXT NOT NULL,
    due           TEXT NOT NULL,        -- the last day that the deadline leaves; empty without one
    step          BIGINT NOT NULL,      -- of the deadline, that comes next: 1, 2, …
    next_on       TEXT NOT NULL,        -- the day with which that passes; empty when no more comes
    PRIMARY KEY (asset, pipeline, entry)
);
CREATE INDEX syncd_lifecycle_next ON syncd.lifecycle (pipeline, next_on) WHERE next_on <> '';

CREATE TABLE syncd.lifecycle_folded (
    pipeline      TEXT PRIMARY KEY,
    terms         TEXT NOT NULL,        -- the deadlines; where others are asked for, all is folded anew
    seq           BIGINT NOT NULL       -- the last posting that was looked at
);
