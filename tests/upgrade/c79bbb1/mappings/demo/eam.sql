-- The EAM of the demonstration (设备资产管理系统), in PostgreSQL's spelling. On SQLite every NUMERIC becomes TEXT,
-- because SQLite would keep a NUMERIC amount as a binary fraction.

CREATE TABLE department (                    -- 部门
    id            INTEGER PRIMARY KEY,
    code          TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    workshop      TEXT,                      -- 车间
    kind          TEXT NOT NULL              -- production | administration | sales | research | idle
);

CREATE TABLE supplier (                      -- 供应商
    id            INTEGER PRIMARY KEY,
    code          TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL
);

CREATE TABLE asset_class (                   -- 资产类别，折旧规则随类别统一
    code          TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    method        TEXT NOT NULL,             -- straight_line | double_declining | sum_of_years | units
    life_months   INTEGER NOT NULL,
    residual_rate NUMERIC(6,4) NOT NULL
);

CREATE TABLE asset (                         -- 资产台账
    id              INTEGER PRIMARY KEY,
    asset_code      TEXT NOT NULL UNIQUE,    -- 类型-部门-流水号：FA-SC-0001
    name            TEXT NOT NULL,
    class_code      TEXT NOT NULL,
    department_id   INTEGER NOT NULL,
    supplier_id     INTEGER,
    status          TEXT NOT NULL,           -- draft | submitted | in_use | to_dispose | isolated | awaiting_approval
                                             -- | awaiting_writeoff | scrapped | sold | cancelled
    purchase_date   DATE,
    approved_on     DATE,
    changed_on      DATE,                    -- 更正日期
    original_value  NUMERIC(18,2),           -- 入账原值（不含税）；改造追加另见 upgrade
    input_vat       NUMERIC(18,2) NOT NULL,  -- 进项税额
    payment         TEXT NOT NULL,           -- bank | payable | construction
    opening_depreciation NUMERIC(18,2) NOT NULL  -- 本系统上线前已提折旧
);

CREATE TABLE depreciation (                  -- 月折旧明细
    asset_id      INTEGER NOT NULL,
    period        TEXT NOT NULL,             -- YYYY-MM
    line          INTEGER NOT NULL,          -- 1 为正常计提，其后为补提或冲回
    kind          TEXT NOT NULL,             -- month | adjustment | disposal
    department_id INTEGER NOT NULL,          -- 承担费用的部门
    amount        NUMERIC(18,2) NOT NULL,
    charged_on    DATE NOT NULL,
    PRIMARY KEY (asset_id, period, line)
);

CREATE TABLE depreciation_run (              -- 折旧计提批次
    period        TEXT PRIMARY KEY,
    status        TEXT NOT NULL,             -- calculated | approved
    approved_on   DATE
);

CREATE TABLE upgrade (                       -- 技术改造
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,
    added_months  INTEGER NOT NULL,          -- 延长的使用月数
    payment       TEXT NOT NULL,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE
);

CREATE TABLE repair (                        -- 维修
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,
    input_vat     NUMERIC(18,2) NOT NULL,
    payment       TEXT NOT NULL,
    status        TEXT NOT NULL,             -- open | done
    done_on       DATE
);

CREATE TABLE transfer (                      -- 部门调拨
    id                 INTEGER PRIMARY KEY,
    asset_id           INTEGER NOT NULL,
    from_department_id INTEGER NOT NULL,
    to_department_id   INTEGER NOT NULL,
    status             TEXT NOT NULL,        -- submitted | approved
    approved_on        DATE
);

CREATE TABLE impairment (                    -- 减值
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE
);

CREATE TABLE disposal (                      -- 处置
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    kind          TEXT NOT NULL,             -- scrap | sale
    inspection_no TEXT,                      -- 报废鉴定单号
    contract_no   TEXT,                      -- 销售合同号
    proceeds      NUMERIC(18,2) NOT NULL,    -- 不含税收入
    output_vat    NUMERIC(18,2) NOT NULL,
    received_by   TEXT NOT NULL,             -- bank | receivable | materials
    removal_cost  NUMERIC(18,2) NOT NULL,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE
);
