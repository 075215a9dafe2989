-- Chinese names.
CREATE TABLE 部门 (
    编码 TEXT PRIMARY KEY,
    名称 TEXT NOT NULL
);
CREATE TABLE 设备台账 (
    设备编号 TEXT PRIMARY KEY,
    设备名称 TEXT NOT NULL,
    使用部门 TEXT NOT NULL REFERENCES 部门,
    资产类别 TEXT,
    购置金额 DECIMAL(18,2),
    启用日期 DATE,
    状态 TEXT NOT NULL
);
INSERT INTO 部门 VALUES
    ('SC','生产'),
    ('YF','研发');
INSERT INTO 设备台账 VALUES
    ('SB-1','车床','SC','机械',1000.00,'2026-01-03','在用'),
    ('SB-2','铣床','YF','机械',2000.00,'2026-01-04','在用'),
    ('SB-3','电脑','YF','电子',3000.00,NULL,'采购中');
