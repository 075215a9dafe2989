-- How a voucher lies in finance's tables: every posting names the shape that its voucher was written in, so that it is
-- known again whatever became of the layout. See syncd/journal.py.

CREATE TABLE syncd.shape (
    hash          TEXT PRIMARY KEY,     -- of the shape; a posting's content, which its own hash covers, names it
    shape         TEXT NOT NULL         -- JSON: by table the columns that find a voucher's rows, and what was given to which
);
