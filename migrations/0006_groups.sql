-- A collected row keeps its number among the parked rows, in case it has to be parked when its group is due: what came
-- behind it may be parked already. And each row that was parked so is known with its group, whatever becomes of it.
ALTER TABLE syncd.collected ADD COLUMN number BIGINT NOT NULL DEFAULT 0;   -- 0 for one collected before this was kept

CREATE TABLE syncd.failed_row (             -- parked rows of groups that were due: one that comes again is due at once,
    pipeline      TEXT NOT NULL,            -- and the rest of its group, which waited for it
    id            BIGINT NOT NULL,          -- number of the parked row
    rule          TEXT NOT NULL,
    grp           TEXT NOT NULL,
    PRIMARY KEY (id, pipeline)
);
DROP TABLE syncd.failed_group;
