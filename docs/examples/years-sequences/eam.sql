-- An EAM on PostgreSQL that begins a table a year: what happens to an asset is written into the table of its year. Names are
-- as its people wrote them, in letters of both cases and in Chinese.
CREATE TABLE "资产" (
    "assetNo" text PRIMARY KEY,
    "资产名称" text NOT NULL,
    "deptCode" text NOT NULL,
    "调拨日期" date
);
CREATE TABLE "资产变动_2025" (
    "变动单号" integer PRIMARY KEY,
    "assetNo" text NOT NULL REFERENCES "资产",
    "类型" text NOT NULL CHECK ("类型" IN ('购入', '改造', '报废')),
    "金额" numeric(14, 2) NOT NULL,                          -- what it adds to the cost; negative where it takes away
    "日期" date NOT NULL
);
CREATE TABLE "资产变动_2026" (LIKE "资产变动_2025" INCLUDING ALL, FOREIGN KEY ("assetNo") REFERENCES "资产");

INSERT INTO "资产" VALUES ('A-001', '剪板机', 'SC', NULL), ('A-002', '空压机', 'SC', NULL);
INSERT INTO "资产变动_2025" VALUES
    (1, 'A-001', '购入', 30000.00, '2025-05-20'),
    (2, 'A-002', '购入', 8000.00, '2025-11-02'),
    (3, 'A-002', '改造', 0.40, '2025-12-30');
