-- The general ledger and the fixed-asset cards of the demonstration, in PostgreSQL's spelling. On SQLite every
-- NUMERIC becomes TEXT, because SQLite would keep a NUMERIC amount as a binary fraction.

CREATE TABLE gl_account (                    -- 会计科目
    code          TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    balance       TEXT NOT NULL,             -- debit | credit：余额方向
    leaf          INTEGER NOT NULL           -- 1 为末级科目，可以记账
);

CREATE TABLE gl_period (                     -- 会计期间
    code          TEXT PRIMARY KEY,          -- YYYY-MM
    starts_on     DATE NOT NULL,
    ends_on       DATE NOT NULL,
    status        TEXT NOT NULL              -- open | closed
);

CREATE TABLE gl_department (                 -- 部门档案
    code          TEXT PRIMARY KEY,
    name          TEXT NOT NULL
);

CREATE TABLE fa_card (                       -- 固定资产卡片
    asset_code    TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    class         TEXT NOT NULL,
    dept          TEXT NOT NULL,
    workshop      TEXT,
    acquired_month DATE,                     -- 财务按月入账
    method        TEXT NOT NULL,
    life_months   INTEGER NOT NULL,
    residual_rate NUMERIC(6,4) NOT NULL,
    original_value NUMERIC(18,2) NOT NULL,
    accumulated_depreciation NUMERIC(18,2) NOT NULL,
    impairment    NUMERIC(18,2) NOT NULL,
    origin        TEXT NOT NULL,             -- opening 原始卡片 | addition 新增卡片 | split, merged 拆分、合并转入 | changed 其后已变动
    status        TEXT NOT NULL,             -- in_use | overhaul 改造中 | clearing 清理中 | splitting 拆分中 | split | merged
                                             -- | disposed | cancelled
    disposed_on   DATE,                      -- 转出固定资产的日期
    clearing      NUMERIC(18,2),             -- 改造中、清理中：在建工程或清理科目上的余额
    depreciated_to TEXT,                     -- 最近一次计提折旧的期间
    moved_before  DATE,                      -- 再前一次，调拨撤回后恢复
    moved_on      DATE,                      -- 最近一次改变部门或类别、拆分或合并的日期
    deferred_repair NUMERIC(18,2),           -- 尚未摊销的大修理支出（小企业会计准则）；处置后为当时转销的余额
    deferred_income NUMERIC(18,2),           -- 与该资产相关、尚未摊销的政府补助；处置后为当时转入损益的余额
    split_share   NUMERIC(9,6),              -- 已拆出的份额、原值、累计折旧、减值准备、递延收益
    split_value   NUMERIC(18,2),
    split_depreciation NUMERIC(18,2),
    split_impairment NUMERIC(18,2),
    split_deferred NUMERIC(18,2),
    disposal_kind TEXT                       -- 处置种类，见 disposal_kind.csv
);

CREATE TABLE fa_change (                     -- 会计估计变更记录，不做凭证
    asset_code    TEXT NOT NULL,
    revision      INTEGER NOT NULL,
    changed_on    DATE NOT NULL,
    reason        TEXT NOT NULL,
    changed_by    TEXT NOT NULL,
    old_life_months INTEGER NOT NULL,
    new_life_months INTEGER NOT NULL,
    old_residual_rate NUMERIC(6,4) NOT NULL,
    new_residual_rate NUMERIC(6,4) NOT NULL,
    old_method    TEXT NOT NULL,
    new_method    TEXT NOT NULL,
    PRIMARY KEY (asset_code, revision)
);

CREATE TABLE gl_voucher (                    -- 凭证
    period        TEXT NOT NULL,
    type          TEXT NOT NULL,             -- 记
    number        INTEGER NOT NULL,
    voucher_date  DATE NOT NULL,
    event_date    DATE NOT NULL,             -- 业务日期，期间已结账时早于凭证日期
    summary       TEXT NOT NULL,
    debit         NUMERIC(18,2) NOT NULL,
    credit        NUMERIC(18,2) NOT NULL,
    external_key  TEXT UNIQUE,               -- 幂等键，手工凭证为空
    attachments   INTEGER,                   -- 附件张数
    prepared_by   TEXT,                      -- 填制、审核、记账
    reviewed_by   TEXT,
    posted_by     TEXT,
    document_no   TEXT,                      -- 业务单据号、合同号
    contract_no   TEXT,
    PRIMARY KEY (period, type, number)
);

CREATE TABLE gl_entry (                      -- 分录
    period        TEXT NOT NULL,
    type          TEXT NOT NULL,
    number        INTEGER NOT NULL,
    line          INTEGER NOT NULL,
    summary       TEXT NOT NULL,
    account       TEXT NOT NULL,
    debit         NUMERIC(18,2) NOT NULL,
    credit        NUMERIC(18,2) NOT NULL,
    dept          TEXT,                      -- 辅助核算：部门、车间、类别、资产、供应商、项目、欠款人
    workshop      TEXT,
    class         TEXT,
    asset         TEXT,
    supplier      TEXT,
    project       TEXT,
    buyer         TEXT,
    cash_flow     TEXT,                      -- 现金流量项目
    PRIMARY KEY (period, type, number, line)
);
