-- An EAM of pinyin initials, days as digits.
CREATE TABLE bmxx (
    bmbm TEXT PRIMARY KEY,
    bmmc TEXT NOT NULL
);
CREATE TABLE zctz (
    id INTEGER PRIMARY KEY,
    zcbm TEXT NOT NULL UNIQUE,
    zcmc TEXT NOT NULL,
    lbbm TEXT,
    bmbm TEXT NOT NULL,
    yz DECIMAL(18,2) NOT NULL,
    gmrq TEXT,
    zt TEXT NOT NULL
);
INSERT INTO bmxx VALUES
    ('01','一车间'),
    ('02','行政部');
INSERT INTO zctz VALUES
    (1,'ZC-001','车床','JX','01',12000.50,'20260105','在用'),
    (2,'ZC-002','电脑','DZ','02',5000.00,'20260110','在用'),
    (3,'ZC-003','铣床','JX','01',7000.00,'20260112','草稿');
