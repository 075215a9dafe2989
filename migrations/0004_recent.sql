-- The last changes as they were read, so that it can be shown what another mapping would make of them. Kept a piece a
-- batch: of a large batch its end alone, for a backlog must not be written twice.

CREATE TABLE syncd.recent (
    pipeline      TEXT NOT NULL,
    to_change     BIGINT NOT NULL,      -- number of the piece's last change, as pipeline.changes counts
    from_change   BIGINT NOT NULL,      -- and of its first
    changes       TEXT NOT NULL,        -- JSON list, see syncd/record.py
    PRIMARY KEY (pipeline, to_change)
);
