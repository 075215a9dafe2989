-- The EAM of the demonstration (设备资产管理系统), in PostgreSQL's spelling. On SQLite every NUMERIC becomes TEXT,
-- because SQLite would keep a NUMERIC amount as a binary fraction.

CREATE TABLE department (                    -- 部门
    id            INTEGER PRIMARY KEY,
    code          TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    workshop      TEXT,                      -- 车间
    kind          TEXT NOT NULL              -- 受益对象，见 demo/beneficiary.csv：production | auxiliary | administration | sales
                                             -- | research | research_capitalised | leased_out | canteen | construction | idle
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
                                             -- | awaiting_writeoff | scrapped | sold | split | merged | cancelled
    purchase_date   DATE,
    approved_on     DATE,
    changed_on      DATE,                    -- 更正、勾选等修改入账内容的日期
    original_value  NUMERIC(18,2),           -- 不含税价款；改造追加另见 upgrade
    input_vat       NUMERIC(18,2) NOT NULL,  -- 发票上的税额
    payment         TEXT NOT NULL,           -- 取得方式，见 demo/acquisition.csv：bank | payable | provisional | construction …
                                             -- | internal（拆分、合并转入，卡片由 asset_split 立，approved_on 为其日期）
    opening_depreciation NUMERIC(18,2) NOT NULL, -- 本系统上线前已提折旧
    ownership       TEXT NOT NULL DEFAULT 'owned',    -- owned | leased_in（租入，不在本系统入账）
    ready_on        DATE,                    -- 达到预定可使用状态的日期，空则为审批日期；卡片按此月入账
    invoice         TEXT NOT NULL DEFAULT 'special',  -- special 专用发票已勾选 | unticked 未勾选 | ordinary 普通发票 | none 无票
    invoice_no      TEXT,                    -- 发票号码，一张发票只入账一次
    invoice_line    INTEGER,                 -- 一张发票由几张单据入账的，各填其行号
    purpose         TEXT NOT NULL DEFAULT 'business', -- business 应税项目 | welfare 集体福利 | exempt 免税、简易计税项目
    prepaid         NUMERIC(18,2) NOT NULL DEFAULT 0, -- 已预付、本次冲抵的价税款
    retention       NUMERIC(18,2) NOT NULL DEFAULT 0, -- 扣留的质保金
    paid            NUMERIC(18,2),           -- 入账时已付的价税款；空：取得方式为 bank 的付清，其余未付
    invoice_total   NUMERIC(18,2),           -- 发票上的价税合计，手工录入；空：不核对
    project_no      TEXT,                    -- 在建工程项目，取得方式为 construction 时
    correction      TEXT,                    -- 更正原因：provisional | invoice | error | estimate，见 demo/correction.csv
    contract_no     TEXT,
    document_no     TEXT,                    -- 入账单据号
    attachments     INTEGER,                 -- 附件张数
    prepared_by     TEXT,                    -- 经办、复核
    reviewed_by     TEXT
);

CREATE TABLE depreciation (                  -- 月折旧明细
    asset_id      INTEGER NOT NULL,
    period        TEXT NOT NULL,             -- YYYY-MM
    line          INTEGER NOT NULL,          -- 1 为正常计提，其后为补提或冲回
    kind          TEXT NOT NULL,             -- month | adjustment | disposal | safety_fund（以专项储备购建，一次全额计提）
    department_id INTEGER NOT NULL,          -- 承担费用的部门
    amount        NUMERIC(18,2) NOT NULL,
    charged_on    DATE NOT NULL,
    beneficiary   TEXT,                      -- 受益对象与部门性质不同时填写
    project       TEXT,                      -- 研发项目或在建工程
    grant_amount  NUMERIC(18,2) NOT NULL DEFAULT 0, -- 随本月折旧转入损益的递延收益
    PRIMARY KEY (asset_id, period, line)
);

CREATE TABLE depreciation_run (              -- 折旧计提批次
    period        TEXT PRIMARY KEY,
    status        TEXT NOT NULL,             -- calculated | approved
    approved_on   DATE
);

CREATE TABLE upgrade (                       -- 更新改造，支出直接计入原值
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,    -- 不含税
    added_months  INTEGER NOT NULL,          -- 延长的使用月数
    payment       TEXT NOT NULL,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE,
    input_vat     NUMERIC(18,2) NOT NULL DEFAULT 0,
    supplier_id   INTEGER,
    invoice       TEXT,                      -- 发票，同 asset；空为 special
    invoice_no    TEXT,                      -- 发票号码和行号，同 asset
    invoice_line  INTEGER,
    purpose       TEXT,                      -- 用途，同 asset；空则随资产
    correction    TEXT,                      -- 更正原因，同 asset
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE overhaul (                      -- 更新改造，停用后经在建工程
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    status        TEXT NOT NULL,             -- submitted | started | done
    started_on    DATE,
    done_on       DATE,                      -- 达到预定可使用状态的日期
    old_value     NUMERIC(18,2) NOT NULL,    -- 转入在建工程时的原值、累计折旧、减值准备
    old_depreciation NUMERIC(18,2) NOT NULL,
    old_impairment NUMERIC(18,2) NOT NULL DEFAULT 0,
    new_value     NUMERIC(18,2),             -- 完工后的原值
    life_months   INTEGER,                   -- 完工后重新确定的使用月数、净残值率、折旧方法
    residual_rate NUMERIC(6,4),
    method        TEXT,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE overhaul_item (                 -- 更新改造的支出和被替换的部分
    id            INTEGER PRIMARY KEY,
    overhaul_id   INTEGER NOT NULL,
    kind          TEXT NOT NULL,             -- spend | replaced
    amount        NUMERIC(18,2) NOT NULL,    -- 不含税支出；被替换部分的原值
    input_vat     NUMERIC(18,2) NOT NULL DEFAULT 0,
    payment       TEXT,
    supplier_id   INTEGER,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE,
    invoice       TEXT,                      -- 发票，同 asset；空为 special
    invoice_no    TEXT,                      -- 发票号码和行号，同 asset
    invoice_line  INTEGER,
    purpose       TEXT,                      -- 用途，同 asset；空则随资产
    correction    TEXT,                      -- 更正原因，同 asset
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE revision (                      -- 使用寿命、净残值率、折旧方法变更（会计估计变更）
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    life_months   INTEGER,                   -- 不变的为空
    residual_rate NUMERIC(6,4),
    method        TEXT,
    reason        TEXT NOT NULL,
    requested_by  TEXT NOT NULL,
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
    done_on       DATE,
    supplier_id   INTEGER,
    beneficiary   TEXT,                      -- 受益对象与部门性质不同时填写
    project       TEXT,
    treatment     TEXT NOT NULL DEFAULT 'expense',  -- expense | deferred（大修理支出，仅小企业会计准则）
    invoice       TEXT,                      -- 发票，同 asset；空为 special
    invoice_no    TEXT,                      -- 发票号码和行号，同 asset
    invoice_line  INTEGER,
    purpose       TEXT,                      -- 用途，同 asset；空则随资产
    correction    TEXT,                      -- 更正原因，同 asset
    extended_months INTEGER,                 -- 大修理延长的使用月数
    amortised_months INTEGER,                -- 大修理支出摊销的月数，即尚可使用月数
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT,
    department_id INTEGER                    -- 修理时的使用部门；空为资产现在的部门
);

CREATE TABLE repair_amortisation (           -- 大修理支出的摊销，一期一行
    repair_id     INTEGER NOT NULL,
    number        INTEGER NOT NULL,          -- 第几期
    amount        NUMERIC(18,2) NOT NULL,
    charged_on    DATE NOT NULL,
    PRIMARY KEY (repair_id, number)
);

CREATE TABLE transfer (                      -- 部门调拨
    id                 INTEGER PRIMARY KEY,
    asset_id           INTEGER NOT NULL,
    from_department_id INTEGER NOT NULL,
    to_department_id   INTEGER NOT NULL,
    status             TEXT NOT NULL,        -- submitted | approved
    approved_on        DATE,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE impairment (                    -- 减值
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE disposal (                      -- 处置：转入清理或待处理
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    kind          TEXT NOT NULL,             -- 见 demo/disposal_kind.csv：scrap | sale | group | disaster | theft | shortage | held_for_sale
    inspection_no TEXT,                      -- 鉴定单号
    contract_no   TEXT,                      -- 销售合同号
    status        TEXT NOT NULL,             -- submitted | approved | withdrawn
    approved_on   DATE,
    transfer_out_rate NUMERIC(6,4),          -- 失窃、盘亏：进项税额转出的税率；未抵扣过的为 0
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE disposal_cost (                 -- 清理费用，一笔一行
    id            INTEGER PRIMARY KEY,
    disposal_id   INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,    -- 不含税
    input_vat     NUMERIC(18,2) NOT NULL DEFAULT 0,
    payment       TEXT NOT NULL,             -- bank | payable
    supplier_id   INTEGER,
    status        TEXT NOT NULL,             -- submitted | approved
    paid_on       DATE,
    invoice       TEXT,                      -- 发票，同 asset；空为 special
    invoice_no    TEXT,                      -- 发票号码和行号，同 asset
    invoice_line  INTEGER,
    purpose       TEXT,                      -- 用途，同 asset；空则随资产
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE disposal_proceeds (             -- 清理收入、残料、赔款，一笔一行
    id            INTEGER PRIMARY KEY,
    disposal_id   INTEGER NOT NULL,
    received_by   TEXT NOT NULL,             -- bank | receivable | materials | insurer | person
    payer         TEXT,                      -- 欠款的买方、保险公司或责任人
    amount        NUMERIC(18,2) NOT NULL,    -- 不含税
    output_vat    NUMERIC(18,2) NOT NULL DEFAULT 0,
    vat_method    TEXT NOT NULL DEFAULT 'general',  -- general | simplified（未抵扣过进项税额的旧固定资产）
    status        TEXT NOT NULL,             -- submitted | approved
    received_on   DATE,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE disposal_closing (              -- 处置完毕，结转净损益
    id            INTEGER PRIMARY KEY,
    disposal_id   INTEGER NOT NULL,
    status        TEXT NOT NULL,             -- submitted | approved
    closed_on     DATE,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE payment (                       -- 付款，一笔一行
    id            INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL,             -- prepayment 预付 | settlement 余款 | retention 质保金
    supplier_id   INTEGER NOT NULL,
    contract_no   TEXT,
    amount        NUMERIC(18,2) NOT NULL,
    status        TEXT NOT NULL,             -- submitted | paid
    paid_on       DATE,
    correction    TEXT,                      -- 更正原因，同 asset
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE project_cost (                  -- 在建工程支出，一笔一行
    id            INTEGER PRIMARY KEY,
    project_no    TEXT NOT NULL,
    kind          TEXT NOT NULL,             -- 见 demo/project_cost.csv
    amount        NUMERIC(18,2) NOT NULL,    -- 不含税
    input_vat     NUMERIC(18,2) NOT NULL DEFAULT 0,
    invoice       TEXT NOT NULL DEFAULT 'special',
    invoice_no    TEXT,                      -- 发票号码和行号，同 asset
    invoice_line  INTEGER,
    payment       TEXT,                      -- bank | payable | prepaid
    supplier_id   INTEGER,
    status        TEXT NOT NULL,             -- submitted | approved
    incurred_on   DATE,
    purpose       TEXT,                      -- 用途，同 asset；空为 business
    correction    TEXT,                      -- 更正原因，同 asset
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE trial_sale (                    -- 试运行销售，一笔一行
    id            INTEGER PRIMARY KEY,
    project_no    TEXT NOT NULL,             -- 在建工程项目
    buyer         TEXT,                      -- 买方，应收的必填
    amount        NUMERIC(18,2) NOT NULL,    -- 不含税收入
    output_vat    NUMERIC(18,2) NOT NULL DEFAULT 0,
    cost          NUMERIC(18,2) NOT NULL DEFAULT 0, -- 产品成本（企业会计准则）
    received_by   TEXT NOT NULL,             -- bank | receivable
    status        TEXT NOT NULL,             -- submitted | approved
    sold_on       DATE
);

CREATE TABLE grant_receipt (                 -- 收到与资产相关的政府补助
    id            INTEGER PRIMARY KEY,
    document_no   TEXT,
    amount        NUMERIC(18,2) NOT NULL,
    asset_id      INTEGER,                   -- 所补助的资产，收款时尚未入账的待入账后填写
    opening_released NUMERIC(18,2),          -- 本系统上线前已摊销
    status        TEXT NOT NULL,             -- submitted | received
    received_on   DATE,
    attachments   INTEGER,                   -- 附件张数、经办、复核
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE grant_offset (                  -- 净额法：补助冲减资产账面价值
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,
    status        TEXT NOT NULL,             -- submitted | applied
    applied_on    DATE,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE use_change (                    -- 改变用途，转用于集体福利等
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    input_vat     NUMERIC(18,2) NOT NULL,    -- 净值 × 税率
    rate          NUMERIC(6,4) NOT NULL,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE asset_use (                     -- 闲置、出租、抵押的登记，一段一行
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    kind          TEXT NOT NULL,             -- idle 闲置 | leased_out 出租 | pledged 抵押
    party         TEXT,                      -- 承租人、抵押权人
    contract_no   TEXT,
    amount        NUMERIC(18,2),             -- 年租金、担保金额
    began_on      DATE NOT NULL,
    ended_on      DATE                       -- 空：至今
);

CREATE TABLE surplus_closing (               -- 盘盈处理
    id            INTEGER PRIMARY KEY,
    asset_id      INTEGER NOT NULL,
    amount        NUMERIC(18,2) NOT NULL,
    income_tax    NUMERIC(18,2) NOT NULL DEFAULT 0,
    surplus_reserve NUMERIC(18,2) NOT NULL DEFAULT 0,
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE,
    document_no   TEXT,                      -- 单据号、附件张数、经办、复核
    attachments   INTEGER,
    prepared_by   TEXT,
    reviewed_by   TEXT
);

CREATE TABLE asset_split (                   -- 资产拆分、合并，一份一行；新资产先在台账登记，取得方式为 internal
    id            INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL,             -- split 一项拆为多项 | merge 多项并为一项
    from_asset_id INTEGER NOT NULL,          -- 原资产，拆完或并入后注销
    to_asset_id   INTEGER NOT NULL,          -- 新资产
    share         NUMERIC(9,6),              -- 拆分的份额；按金额拆分的为空，与金额都为空的取余额
    original_value NUMERIC(18,2),            -- 按金额拆分的原值
    depreciation  NUMERIC(18,2),             -- 累计折旧、减值准备：空则按比例；对账按新资产台账和这里的减值准备
    impairment    NUMERIC(18,2),
    life_months   INTEGER,                   -- 合并后的使用月数：空则取最长的
    status        TEXT NOT NULL,             -- submitted | approved
    approved_on   DATE
);
