-- Periods that people have closed. The close is syncd's own, whatever finance's table of periods says: what comes late for
-- one of them goes to the next that is open. Who closed it and why stands in the chain of actions.

CREATE TABLE syncd.closing (
    period        TEXT PRIMARY KEY,     -- as the layout's periods call it
    closed_at     TEXT NOT NULL
);
