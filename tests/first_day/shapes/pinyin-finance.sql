-- A ledger of Yonyou's shape, which repeats the header on each entry; no cards.
CREATE TABLE code (
    ccode TEXT PRIMARY KEY,
    ccode_name TEXT NOT NULL,
    bend INTEGER NOT NULL
);
CREATE TABLE gl_mend (
    iyear INTEGER,
    iperiod INTEGER,
    bflag INTEGER NOT NULL,
    PRIMARY KEY (iyear, iperiod)
);
CREATE TABLE gl_accvouch (
    i_id INTEGER PRIMARY KEY,
    iyear INTEGER NOT NULL,
    iperiod INTEGER NOT NULL,
    csign TEXT NOT NULL,
    ino_id INTEGER NOT NULL,
    inid INTEGER NOT NULL,
    dbill_date DATE NOT NULL,
    cdigest TEXT,
    ccode TEXT NOT NULL,
    md DECIMAL(18,2) NOT NULL,
    mc DECIMAL(18,2) NOT NULL,
    cdept_id TEXT,
    ibook INTEGER NOT NULL,
    coutno_id TEXT
);
INSERT INTO code VALUES
    ('1601','固定资产',1),
    ('1602','累计折旧',1),
    ('1002','银行存款',1),
    ('2202','应付账款',1),
    ('4001','实收资本',1);
INSERT INTO gl_mend VALUES
    (2026,1,0),
    (2026,2,0),
    (2025,12,1);
INSERT INTO gl_accvouch VALUES
    (1,2025,12,'记',1,1,'2025-12-01','期初','1601',100.00,0,'01',1,NULL),
    (2,2025,12,'记',1,2,'2025-12-01','期初','1002',0,100.00,NULL,1,NULL),
    (3,2025,12,'记',2,1,'2025-12-02','购','1601',200.00,0,'02',1,NULL),
    (4,2025,12,'记',2,2,'2025-12-02','购','2202',0,200.00,NULL,1,NULL),
    (5,2026,1,'记',1,1,'2026-01-02','购','1601',300.00,0,'02',1,NULL),
    (6,2026,1,'记',1,2,'2026-01-02','购','2202',0,300.00,NULL,1,NULL);
