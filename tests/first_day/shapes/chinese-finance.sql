-- Chinese names; one amount with a direction, a flag for what is closed, cards.
CREATE TABLE 会计科目 (
    科目编码 TEXT PRIMARY KEY,
    科目名称 TEXT NOT NULL,
    是否末级 INTEGER NOT NULL
);
CREATE TABLE 会计期间 (
    会计期间 TEXT PRIMARY KEY,
    开始日期 DATE NOT NULL,
    结束日期 DATE NOT NULL,
    是否结账 INTEGER NOT NULL
);
CREATE TABLE 记账凭证 (
    内码 INTEGER PRIMARY KEY,
    会计期间 TEXT NOT NULL,
    凭证字 TEXT NOT NULL,
    凭证号 INTEGER NOT NULL,
    凭证日期 DATE NOT NULL,
    摘要 TEXT,
    制单人 TEXT NOT NULL,
    来源单号 TEXT,
    UNIQUE (会计期间, 凭证字, 凭证号)
);
CREATE TABLE 凭证分录 (
    凭证内码 INTEGER NOT NULL REFERENCES 记账凭证,
    行号 INTEGER NOT NULL,
    摘要 TEXT NOT NULL,
    科目编码 TEXT NOT NULL,
    借贷方向 TEXT NOT NULL,
    金额 DECIMAL(18,2) NOT NULL,
    部门编码 TEXT,
    PRIMARY KEY (凭证内码, 行号)
);
CREATE TABLE 固定资产卡片 (
    卡片编号 TEXT PRIMARY KEY,
    资产名称 TEXT NOT NULL,
    类别 TEXT,
    部门 TEXT,
    原值 DECIMAL(18,2) NOT NULL,
    累计折旧 DECIMAL(18,2) NOT NULL,
    入账日期 DATE
);
INSERT INTO 会计科目 VALUES
    ('1601','固定资产',1),
    ('1002','银行存款',1),
    ('2202','应付账款',0),
    ('220201','应付账款-设备款',1),
    ('6602','管理费用',1);
INSERT INTO 会计期间 VALUES
    ('2025-12','2025-12-01','2025-12-31',1),
    ('2026-01','2026-01-01','2026-01-31',0),
    ('2026-02','2026-02-01','2026-02-28',0);
INSERT INTO 记账凭证 VALUES
    (1,'2025-12','记',1,'2025-12-05','购','李四',NULL),
    (2,'2025-12','记',2,'2025-12-06','购','李四',NULL);
INSERT INTO 凭证分录 VALUES
    (1,1,'购','1601','借',500.00,'SC'),
    (1,2,'购','1002','贷',500.00,NULL),
    (2,1,'购','1601','借',50.00,'SC'),
    (2,2,'购','1002','贷',50.00,NULL);
INSERT INTO 固定资产卡片 VALUES
    ('SB-0','旧车床','机械','SC',500.00,0.00,'2025-12-05');
