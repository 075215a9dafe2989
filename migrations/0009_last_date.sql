-- The day of the last voucher of a series, where the layout says that days ascend with numbers.
ALTER TABLE syncd.number ADD COLUMN last_date TEXT NOT NULL DEFAULT '';   -- YYYY-MM-DD, empty where it is not known
