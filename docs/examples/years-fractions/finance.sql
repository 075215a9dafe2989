-- A double-entry book in a file, as personal and club accounting keeps it: no periods, no cards, no journal types. Every
-- row has a GUID, every amount is a fraction, debits are positive and credits negative, days are text with an hour.
CREATE TABLE accounts (
    guid TEXT(32) PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    account_type TEXT NOT NULL,
    parent_guid TEXT(32) REFERENCES accounts,
    placeholder INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE transactions (
    guid TEXT(32) PRIMARY KEY NOT NULL,
    num TEXT NOT NULL,
    post_date TEXT(19) NOT NULL,
    description TEXT NOT NULL
);
CREATE INDEX tx_post_date ON transactions (post_date);
CREATE TABLE splits (
    guid TEXT(32) PRIMARY KEY NOT NULL,
    tx_guid TEXT(32) NOT NULL REFERENCES transactions,
    account_guid TEXT(32) NOT NULL REFERENCES accounts,
    memo TEXT NOT NULL,
    action TEXT,                                            -- what it is about: an asset, an order
    reconcile_state TEXT(1) NOT NULL,
    value_num BIGINT NOT NULL,
    value_denom BIGINT NOT NULL
);
CREATE INDEX splits_tx_guid ON splits (tx_guid);
CREATE TABLE slots (                                        -- whatever else is to be kept of a row
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    obj_guid TEXT(32) NOT NULL,
    name TEXT NOT NULL,
    string_val TEXT
);
CREATE INDEX slots_guid ON slots (obj_guid, name);
CREATE INDEX slots_value ON slots (string_val);

INSERT INTO accounts VALUES
    ('a0000000000000000000000000000001', '1', 'Assets', 'ASSET', NULL, 1),
    ('a0000000000000000000000000001002', '1002', 'Bank', 'BANK', 'a0000000000000000000000000000001', 0),
    ('a0000000000000000000000000001601', '1601', 'Equipment', 'ASSET', 'a0000000000000000000000000000001', 0),
    ('a0000000000000000000000000002202', '2202', 'Payables', 'LIABILITY', NULL, 0),
    ('a0000000000000000000000000004001', '4001', 'Equity', 'EQUITY', NULL, 0),
    ('a0000000000000000000000000006601', '6601', 'Services', 'EXPENSE', NULL, 0),
    ('a0000000000000000000000000006602', '6602', 'Supplies', 'EXPENSE', NULL, 0),
    ('a0000000000000000000000000006711', '6711', 'Scrapped', 'EXPENSE', NULL, 0);
INSERT INTO transactions VALUES ('b0000000000000000000000000000001', '2026-0001', '2026-01-01 10:59:00', 'opening');
INSERT INTO splits (guid, tx_guid, account_guid, memo, action, reconcile_state, value_num, value_denom) VALUES
    ('c0000000000000000000000000000001', 'b0000000000000000000000000000001', 'a0000000000000000000000000001601', '',
     'A-001', 'n', 3000000, 100),
    ('c0000000000000000000000000000002', 'b0000000000000000000000000000001', 'a0000000000000000000000000001601', '',
     'A-002', 'n', 80004, 10),
    ('c0000000000000000000000000000003', 'b0000000000000000000000000000001', 'a0000000000000000000000000004001', '',
     NULL, 'n', -3800040, 100);
