-- A ledger of plain English with a register of assets.
CREATE TABLE gl_account (code VARCHAR(12) PRIMARY KEY, name VARCHAR(60) NOT NULL, is_detail BOOLEAN NOT NULL);
CREATE TABLE gl_period (
    yr INTEGER NOT NULL,
    mon INTEGER NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    closed BOOLEAN NOT NULL,
    PRIMARY KEY (yr, mon)
);
CREATE TABLE gl_journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    yr INTEGER NOT NULL,
    mon INTEGER NOT NULL,
    kind VARCHAR(4) NOT NULL,
    num INTEGER NOT NULL,
    posted_on DATE NOT NULL,
    memo VARCHAR(200),
    maker VARCHAR(30) NOT NULL,
    ext_ref VARCHAR(120) NULL UNIQUE,
    UNIQUE (yr, mon, kind, num)
);
CREATE TABLE gl_journal_line (
    journal_id INTEGER NOT NULL REFERENCES gl_journal (id),
    line_no INTEGER NOT NULL,
    account VARCHAR(12) NOT NULL REFERENCES gl_account (code),
    debit DECIMAL(14,2) NOT NULL,
    credit DECIMAL(14,2) NOT NULL,
    dept VARCHAR(10) NULL,
    PRIMARY KEY (journal_id, line_no)
);
CREATE TABLE fa_register (
    asset_no VARCHAR(20) PRIMARY KEY,
    description VARCHAR(80) NOT NULL,
    class VARCHAR(10),
    dept VARCHAR(10),
    cost DECIMAL(14,2) NOT NULL,
    accum_depr DECIMAL(14,2) NOT NULL,
    in_service DATE NULL,
    status VARCHAR(10) NOT NULL
);
INSERT INTO gl_account VALUES
    ('1601','Fixed assets',1),
    ('1602','Accumulated depreciation',1),
    ('1606','Disposal clearing',1),
    ('2202','Accounts payable',1),
    ('6602','Depreciation expense',1),
    ('1002','Bank',1);
INSERT INTO gl_period VALUES
    (2025,12,'2025-12-01','2025-12-31',1),
    (2026,11,'2026-11-01','2026-11-30',0),
    (2026,12,'2026-12-01','2026-12-31',0),
    (2026,1,'2026-01-01','2026-01-31',0),
    (2026,2,'2026-02-01','2026-02-28',0);
INSERT INTO gl_journal (yr,mon,kind,num,posted_on,memo,maker) VALUES
    (2025,12,'JV',1,'2025-12-03','buy','ann'),
    (2025,12,'JV',2,'2025-12-09','buy','ann');
INSERT INTO gl_journal_line VALUES
    (1,1,'1601',7000.00,0,'P1'),
    (1,2,'2202',0,7000.00,NULL),
    (2,1,'1601',70.00,0,'T1'),
    (2,2,'2202',0,70.00,NULL);
INSERT INTO fa_register VALUES
    ('M-000','Old press','MACH','P1',7000.00,7000.00,'2012-01-01','active'),
    ('C-000','Old PC','IT','T1',70.00,0.00,'2025-12-09','active');
