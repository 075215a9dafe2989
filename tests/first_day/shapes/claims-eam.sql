-- Expense claims: a header with its lines, approved by a person; no asset anywhere.
CREATE TABLE 员工 (
    工号 TEXT PRIMARY KEY,
    姓名 TEXT NOT NULL
);
CREATE TABLE 报销单 (
    id INTEGER PRIMARY KEY,
    单据号 TEXT NOT NULL UNIQUE,
    部门 TEXT NOT NULL,
    状态 TEXT NOT NULL,
    审批日期 DATE
);
CREATE TABLE 报销单明细 (
    id INTEGER PRIMARY KEY,
    报销单id INTEGER NOT NULL REFERENCES 报销单,
    费用类型 TEXT NOT NULL,
    金额 DECIMAL(18,2) NOT NULL
);
INSERT INTO 员工 VALUES
    ('01','张三');
INSERT INTO 报销单 VALUES
    (1,'BX-1','SC','已审批','2026-01-05'),
    (2,'BX-2','YF','已审批','2026-01-06'),
    (3,'BX-3','YF','草稿',NULL);
INSERT INTO 报销单明细 VALUES
    (1,1,'差旅',100.00),
    (2,1,'招待',50.50),
    (3,2,'差旅',70.00),
    (4,3,'办公',9.00);
