-- The same finance with ids that it draws itself and one series of numbers for all vouchers; views show it as the other.
CREATE TABLE gl_account (code TEXT PRIMARY KEY);
CREATE TABLE gl_period (code TEXT PRIMARY KEY, first TEXT NOT NULL, last TEXT NOT NULL, open INTEGER NOT NULL);
CREATE TABLE gl_move (
  id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL UNIQUE, period TEXT NOT NULL, type TEXT NOT NULL,
  date TEXT NOT NULL, event_date TEXT NOT NULL, summary TEXT NOT NULL, external_key TEXT NOT NULL UNIQUE
);
CREATE TABLE gl_line (
  move_id INTEGER NOT NULL REFERENCES gl_move, line INTEGER NOT NULL,
  account TEXT NOT NULL REFERENCES gl_account, debit TEXT NOT NULL, credit TEXT NOT NULL, dept TEXT, asset TEXT,
  PRIMARY KEY (move_id, line), CHECK (asset IS NULL OR debit <> '13.13')
);
CREATE VIEW gl_voucher AS
  SELECT period, type, CAST(substr(number, 4) AS INTEGER) AS number, date, event_date, summary, external_key
  FROM gl_move;
CREATE VIEW gl_entry AS
  SELECT m.period, m.type, CAST(substr(m.number, 4) AS INTEGER) AS number, l.line, l.account, l.debit, l.credit, l.dept,
         l.asset
  FROM gl_line l JOIN gl_move m ON m.id = l.move_id;
CREATE TABLE fa_card (
  asset_code TEXT PRIMARY KEY, name TEXT NOT NULL, dept TEXT NOT NULL,
  original_value TEXT NOT NULL, accumulated_depreciation TEXT NOT NULL, status TEXT NOT NULL
);
INSERT INTO gl_account VALUES ('1002'), ('1601'), ('1602'), ('1606'), ('5101'), ('6602');
INSERT INTO gl_period VALUES ('2025-12', '2025-12-01', '2025-12-31', 0), ('2026-01', '2026-01-01', '2026-01-31', 1),
                             ('2026-02', '2026-02-01', '2026-02-28', 1);
