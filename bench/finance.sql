CREATE SCHEMA fin;
CREATE TABLE fin.account (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE fin.period (code TEXT PRIMARY KEY, starts_on DATE NOT NULL, ends_on DATE NOT NULL, status TEXT NOT NULL);
CREATE TABLE fin.card (
    asset_code     TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    class          TEXT NOT NULL,
    dept           TEXT NOT NULL,
    original_value NUMERIC(18, 2) NOT NULL,
    life_months    INTEGER NOT NULL,
    acquired_month DATE NOT NULL
);
CREATE TABLE fin.voucher (
    period       TEXT NOT NULL,
    type         TEXT NOT NULL,
    number       BIGINT NOT NULL,
    posted_on    DATE NOT NULL,
    summary      TEXT NOT NULL,
    external_key TEXT NOT NULL,
    PRIMARY KEY (period, type, number)
);
CREATE TABLE fin.entry (
    period  TEXT NOT NULL,
    type    TEXT NOT NULL,
    number  BIGINT NOT NULL,
    line    INTEGER NOT NULL,
    account TEXT NOT NULL,
    debit   NUMERIC(18, 2) NOT NULL,
    credit  NUMERIC(18, 2) NOT NULL,
    summary TEXT NOT NULL,
    dept    TEXT,
    asset   TEXT,
    PRIMARY KEY (period, type, number, line)
);
INSERT INTO fin.account VALUES ('1601', '固定资产'), ('1002', '银行存款');
INSERT INTO fin.period
SELECT to_char(m, 'YYYY-MM'), m::date, (m + INTERVAL '1 month - 1 day')::date, 'open'
FROM generate_series(DATE '2026-01-01', DATE '2026-12-01', INTERVAL '1 month') AS m;
