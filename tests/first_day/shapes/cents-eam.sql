-- Amounts in cents, under a name that says so; rows of a validity in place of updates.
CREATE TABLE 资产台账 (
    编号 CHAR(10) NOT NULL, 版本起 TEXT NOT NULL, 版本止 TEXT, 属性 TEXT NOT NULL, 原值分 INTEGER, 状态 TEXT NOT NULL, 购入日 TEXT,
    PRIMARY KEY (编号, 版本起)
);
INSERT INTO 资产台账 VALUES
    ('A1', '2025-09-01', NULL, '{"名称": "车床", "类别": "机器"}', 1200000, '在用', '2025-03-01'),
    ('A2', '2025-05-01', NULL, '{"名称": "电脑", "类别": "电子"}', 899950, '在用', '2025-05-06'),
    ('A3', '2025-06-01', NULL, '{"名称": "铣床", "类别": "机器"}', 500000, '在用', '2025-06-06');
