-- Finance as the simulation has it. It does not take 13.13 for a device, which no one could have foreseen.
CREATE TABLE gl_account (code TEXT PRIMARY KEY);
CREATE TABLE gl_period (code TEXT PRIMARY KEY, first TEXT NOT NULL, last TEXT NOT NULL, open INTEGER NOT NULL);
CREATE TABLE gl_voucher (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, date TEXT NOT NULL, event_date TEXT NOT NULL,
  summary TEXT NOT NULL, external_key TEXT NOT NULL UNIQUE, PRIMARY KEY (period, type, number)
);
CREATE TABLE gl_entry (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL,
  account TEXT NOT NULL REFERENCES gl_account, debit TEXT NOT NULL, credit TEXT NOT NULL, dept TEXT, asset TEXT,
  PRIMARY KEY (period, type, number, line), CHECK (asset IS NULL OR debit <> '13.13')
);
CREATE TABLE fa_card (
  asset_code TEXT PRIMARY KEY, name TEXT NOT NULL, dept TEXT NOT NULL,
  original_value TEXT NOT NULL, accumulated_depreciation TEXT NOT NULL, status TEXT NOT NULL
);
INSERT INTO gl_account VALUES ('1002'), ('1601'), ('1602'), ('1606'), ('5101'), ('6602');
INSERT INTO gl_period VALUES ('2025-12', '2025-12-01', '2025-12-31', 0), ('2026-01', '2026-01-01', '2026-01-31', 1),
                             ('2026-02', '2026-02-01', '2026-02-28', 1);
