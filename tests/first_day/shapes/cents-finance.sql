-- Headers that hold the year and the month of their day, under names that say nothing.
CREATE TABLE gl_acct (id INTEGER PRIMARY KEY, acct_no TEXT NOT NULL UNIQUE, acct_name TEXT, leaf INTEGER);
CREATE TABLE gl_vch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fy INTEGER NOT NULL, typ TEXT NOT NULL, num INTEGER NOT NULL, pd INTEGER NOT NULL,
    vdate TEXT NOT NULL, memo TEXT, UNIQUE (fy, typ, num)
);
CREATE TABLE gl_ent (
    vch_id INTEGER NOT NULL REFERENCES gl_vch, ln INTEGER NOT NULL, acct_id INTEGER NOT NULL REFERENCES gl_acct,
    amt TEXT NOT NULL, txt TEXT, PRIMARY KEY (vch_id, ln)
);
CREATE TABLE fa_card (card_no TEXT PRIMARY KEY, name TEXT, cost DECIMAL(14,2) NOT NULL);
INSERT INTO gl_acct VALUES (1, '1601', '固定资产', 1), (2, '1002', '银行存款', 1), (3, '1602', '累计折旧', 1);
INSERT INTO gl_vch VALUES (1, 2025, '转', 1, 3, '2025-03-01', '购入'), (2, 2025, '转', 2, 5, '2025-05-06', '购入');
INSERT INTO gl_ent VALUES
    (1, 1, 1, '12000.00', '车床'), (1, 2, 2, '-12000.00', '车床'), (2, 1, 1, '8999.50', '电脑'), (2, 2, 2, '-8999.50', '电脑');
INSERT INTO fa_card VALUES ('A1', '车床', 12000.00), ('A2', '电脑', 8999.50);
