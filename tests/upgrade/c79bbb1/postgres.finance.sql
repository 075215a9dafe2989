--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: syncd; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA syncd;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: fa_card; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.fa_card (
    asset_code text NOT NULL,
    name text NOT NULL,
    class text NOT NULL,
    dept text NOT NULL,
    workshop text,
    acquired_month date,
    method text NOT NULL,
    life_months integer NOT NULL,
    residual_rate numeric(6,4) NOT NULL,
    original_value numeric(18,2) NOT NULL,
    accumulated_depreciation numeric(18,2) NOT NULL,
    impairment numeric(18,2) NOT NULL,
    origin text NOT NULL,
    status text NOT NULL,
    disposed_on date
);


--
-- Name: gl_account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gl_account (
    code text NOT NULL,
    name text NOT NULL,
    balance text NOT NULL,
    leaf integer NOT NULL
);


--
-- Name: gl_department; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gl_department (
    code text NOT NULL,
    name text NOT NULL
);


--
-- Name: gl_entry; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gl_entry (
    period text NOT NULL,
    type text NOT NULL,
    number integer NOT NULL,
    line integer NOT NULL,
    summary text NOT NULL,
    account text NOT NULL,
    debit numeric(18,2) NOT NULL,
    credit numeric(18,2) NOT NULL,
    dept text,
    workshop text,
    class text,
    asset text,
    supplier text
);


--
-- Name: gl_period; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gl_period (
    code text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    status text NOT NULL
);


--
-- Name: gl_voucher; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gl_voucher (
    period text NOT NULL,
    type text NOT NULL,
    number integer NOT NULL,
    voucher_date date NOT NULL,
    event_date date NOT NULL,
    summary text NOT NULL,
    debit numeric(18,2) NOT NULL,
    credit numeric(18,2) NOT NULL,
    external_key text
);


--
-- Name: acceptance; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.acceptance (
    mapping text NOT NULL,
    hash text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    accepted_at text NOT NULL
);


--
-- Name: action; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.action (
    seq bigint NOT NULL,
    at text NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    pipeline text NOT NULL,
    target text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    hash text NOT NULL
);


--
-- Name: chain; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.chain (
    name text NOT NULL,
    seq bigint NOT NULL,
    hash text NOT NULL
);


--
-- Name: collected; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.collected (
    pipeline text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    grp text NOT NULL,
    subject text NOT NULL,
    change text NOT NULL,
    "position" text NOT NULL,
    due bigint NOT NULL,
    posted text NOT NULL
);


--
-- Name: daemon; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.daemon (
    pipeline text NOT NULL,
    instance text NOT NULL,
    role text NOT NULL,
    beat_at text NOT NULL
);


--
-- Name: ignored; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.ignored (
    pipeline text NOT NULL,
    reason text NOT NULL,
    changes bigint NOT NULL
);


--
-- Name: migration; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.migration (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at text NOT NULL
);


--
-- Name: mirror; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.mirror (
    pipeline text NOT NULL,
    source_table text NOT NULL,
    key text NOT NULL,
    image text NOT NULL
);


--
-- Name: number; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.number (
    period text NOT NULL,
    type text NOT NULL,
    last bigint NOT NULL
);


--
-- Name: parked; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.parked (
    pipeline text NOT NULL,
    id bigint NOT NULL,
    subject text NOT NULL,
    state text NOT NULL,
    rule text NOT NULL,
    source_table text NOT NULL,
    source_key text NOT NULL,
    code text NOT NULL,
    params text NOT NULL,
    waits_for text NOT NULL,
    change text NOT NULL,
    original text,
    "position" text NOT NULL,
    committed_at text NOT NULL,
    parked_at text NOT NULL,
    attempts bigint NOT NULL,
    request text NOT NULL,
    approved text NOT NULL,
    settled_at text
);


--
-- Name: pipeline; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.pipeline (
    name text NOT NULL,
    "position" text,
    source text,
    committed_at text,
    updated_at text,
    posting_seq bigint NOT NULL,
    posting_hash text NOT NULL,
    parked_seq bigint NOT NULL,
    changes bigint NOT NULL,
    posted bigint NOT NULL,
    repeated bigint NOT NULL,
    status text
);


--
-- Name: posting; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.posting (
    pipeline text NOT NULL,
    seq bigint NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    voucher text NOT NULL,
    reverses text NOT NULL,
    mapping_hash text NOT NULL,
    "position" text NOT NULL,
    committed_at text NOT NULL,
    posted_at text NOT NULL,
    content text NOT NULL,
    hash text NOT NULL
);


--
-- Name: released; Type: TABLE; Schema: syncd; Owner: -
--

CREATE TABLE syncd.released (
    pipeline text NOT NULL,
    rule text NOT NULL,
    grp text NOT NULL
);


--
-- Data for Name: fa_card; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.fa_card VALUES ('FA-SC-3006', '数控车床', 'JQSB', 'SC1', '一车间', '2026-03-01', 'straight_line', 120, 0.0500, 151576.95, 0.00, 0.00, 'addition', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-3001', '数控车床', 'JQSB', 'SC1', '一车间', '2026-03-01', 'straight_line', 120, 0.0500, 160000.00, 0.00, 0.00, 'addition', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-3002', '数控车床', 'JQSB', 'SC1', '一车间', '2026-03-01', 'straight_line', 120, 0.0500, 151572.95, 0.00, 0.00, 'addition', 'cancelled', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-3003', '数控车床', 'JQSB', 'SC1', '一车间', '2026-03-01', 'straight_line', 132, 0.0500, 156573.95, 0.00, 0.00, 'changed', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-3004', '数控车床', 'JQSB', 'SC1', '一车间', '2026-03-01', 'straight_line', 120, 0.0500, 151574.95, 0.00, 200.00, 'changed', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-3005', '数控车床', 'JQSB', 'YF', NULL, '2026-03-01', 'straight_line', 120, 0.0500, 151575.95, 0.00, 0.00, 'changed', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-0001', '数控车床', 'JQSB', 'SC2', '二车间', '2023-04-01', 'straight_line', 120, 0.0500, 72350.27, 20046.95, 0.00, 'opening', 'disposed', '2026-03-01');
INSERT INTO public.fa_card VALUES ('FA-GJ-0002', '模具', 'GJQJ', 'SC1', '一车间', '2021-09-01', 'straight_line', 60, 0.0500, 18922.21, 16178.40, 0.00, 'opening', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-0003', '空压机', 'JQSB', 'SC1', '一车间', '2021-04-01', 'straight_line', 120, 0.0500, 291596.26, 136199.73, 0.00, 'opening', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-0004', '数控车床', 'JQSB', 'SC2', '二车间', '2019-07-01', 'straight_line', 120, 0.0500, 183519.72, 116228.80, 0.00, 'opening', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-0005', '数控车床', 'JQSB', 'SC2', '二车间', '2020-02-01', 'straight_line', 120, 0.0500, 465903.03, 269253.20, 0.00, 'opening', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-3101', '数控车床', 'JQSB', 'SC1', '一车间', '2026-03-01', 'straight_line', 120, 0.0500, 6000000.00, 0.00, 0.00, 'addition', 'in_use', NULL);
INSERT INTO public.fa_card VALUES ('FA-SC-3202', '数控车床', 'JQSB', 'SC1', '一车间', '2026-03-01', 'straight_line', 120, 0.0500, 150000.00, 0.00, 0.00, 'addition', 'in_use', NULL);


--
-- Data for Name: gl_account; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gl_account VALUES ('1001', '库存现金', 'debit', 1);
INSERT INTO public.gl_account VALUES ('1002', '银行存款', 'debit', 1);
INSERT INTO public.gl_account VALUES ('1221', '其他应收款', 'debit', 1);
INSERT INTO public.gl_account VALUES ('1403', '原材料', 'debit', 1);
INSERT INTO public.gl_account VALUES ('1601', '固定资产', 'debit', 1);
INSERT INTO public.gl_account VALUES ('1602', '累计折旧', 'credit', 1);
INSERT INTO public.gl_account VALUES ('1603', '固定资产减值准备', 'credit', 1);
INSERT INTO public.gl_account VALUES ('1604', '在建工程', 'debit', 1);
INSERT INTO public.gl_account VALUES ('1606', '固定资产清理', 'debit', 1);
INSERT INTO public.gl_account VALUES ('1901', '待处理财产损溢', 'debit', 1);
INSERT INTO public.gl_account VALUES ('2202', '应付账款', 'credit', 1);
INSERT INTO public.gl_account VALUES ('2221', '应交税费', 'credit', 0);
INSERT INTO public.gl_account VALUES ('22210101', '应交增值税—进项税额', 'debit', 1);
INSERT INTO public.gl_account VALUES ('22210102', '应交增值税—销项税额', 'credit', 1);
INSERT INTO public.gl_account VALUES ('4001', '实收资本', 'credit', 1);
INSERT INTO public.gl_account VALUES ('5101', '制造费用', 'debit', 1);
INSERT INTO public.gl_account VALUES ('5301', '研发支出', 'debit', 1);
INSERT INTO public.gl_account VALUES ('6115', '资产处置损益', 'credit', 1);
INSERT INTO public.gl_account VALUES ('6301', '营业外收入', 'credit', 1);
INSERT INTO public.gl_account VALUES ('6601', '销售费用', 'debit', 1);
INSERT INTO public.gl_account VALUES ('6602', '管理费用', 'debit', 1);
INSERT INTO public.gl_account VALUES ('6701', '资产减值损失', 'debit', 1);
INSERT INTO public.gl_account VALUES ('6711', '营业外支出', 'debit', 1);
INSERT INTO public.gl_account VALUES ('6901', '以前年度损益调整', 'debit', 1);


--
-- Data for Name: gl_department; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gl_department VALUES ('SC1', '生产部');
INSERT INTO public.gl_department VALUES ('SC2', '生产部');
INSERT INTO public.gl_department VALUES ('SC3', '生产部');
INSERT INTO public.gl_department VALUES ('YF', '研发中心');
INSERT INTO public.gl_department VALUES ('XS', '销售部');
INSERT INTO public.gl_department VALUES ('GL', '综合管理部');


--
-- Data for Name: gl_entry; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 1, '期初余额', '1601', 18922.21, 0.00, 'SC1', NULL, 'GJQJ', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 2, '期初余额', '1601', 291596.26, 0.00, 'SC1', NULL, 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 3, '期初余额', '1601', 721773.02, 0.00, 'SC2', NULL, 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 4, '期初余额', '1602', 0.00, 15878.80, 'SC1', NULL, 'GJQJ', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 5, '期初余额', '1602', 0.00, 133891.26, 'SC1', NULL, 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 6, '期初余额', '1602', 0.00, 399814.92, 'SC2', NULL, 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 7, '期初余额', '1002', 60000000.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-02', '记', 1, 8, '期初余额', '4001', 0.00, 60482706.51, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 1, 1, '提取备用金', '1001', 20000.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 1, 2, '提取备用金', '1002', 0.00, 20000.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 2, 1, '固定资产增加 FA-SC-3001 数控车床', '1601', 151571.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 2, 2, '固定资产增加 FA-SC-3001 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 2, 3, '固定资产增加 FA-SC-3001 数控车床', '1002', 0.00, 151701.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 3, 1, '固定资产增加 FA-SC-3002 数控车床', '1601', 151572.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3002', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 3, 2, '固定资产增加 FA-SC-3002 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 3, 3, '固定资产增加 FA-SC-3002 数控车床', '1002', 0.00, 151702.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 4, 1, '固定资产增加 FA-SC-3003 数控车床', '1601', 151573.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3003', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 4, 2, '固定资产增加 FA-SC-3003 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 4, 3, '固定资产增加 FA-SC-3003 数控车床', '1002', 0.00, 151703.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 5, 1, '固定资产增加 FA-SC-3004 数控车床', '1601', 151574.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3004', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 5, 2, '固定资产增加 FA-SC-3004 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 5, 3, '固定资产增加 FA-SC-3004 数控车床', '1002', 0.00, 151704.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 6, 1, '固定资产增加 FA-SC-3005 数控车床', '1601', 151575.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3005', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 6, 2, '固定资产增加 FA-SC-3005 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 6, 3, '固定资产增加 FA-SC-3005 数控车床', '1002', 0.00, 151705.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 7, 1, '固定资产增加 FA-SC-3006 数控车床', '1601', 151576.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3006', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 7, 2, '固定资产增加 FA-SC-3006 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 7, 3, '固定资产增加 FA-SC-3006 数控车床', '1002', 0.00, 151706.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-11', '记', 1, 1, '固定资产增加 FA-SC-3001 数控车床', '1601', -151571.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-11', '记', 1, 2, '固定资产增加 FA-SC-3001 数控车床', '22210101', -130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-11', '记', 1, 3, '固定资产增加 FA-SC-3001 数控车床', '1002', 0.00, -151701.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 8, 1, '更正固定资产增加 FA-SC-3001 数控车床', '1601', 160000.00, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 8, 2, '更正固定资产增加 FA-SC-3001 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 8, 3, '更正固定资产增加 FA-SC-3001 数控车床', '1002', 0.00, 160130.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-11', '记', 2, 1, '固定资产增加 FA-SC-3002 数控车床', '1601', -151572.95, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3002', NULL);
INSERT INTO public.gl_entry VALUES ('2026-11', '记', 2, 2, '固定资产增加 FA-SC-3002 数控车床', '22210101', -130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-11', '记', 2, 3, '固定资产增加 FA-SC-3002 数控车床', '1002', 0.00, -151702.95, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 9, 1, '固定资产改造 FA-SC-3003 数控车床', '1601', 5000.00, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3003', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 9, 2, '固定资产改造 FA-SC-3003 数控车床', '1002', 0.00, 5000.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 10, 1, '计提固定资产减值准备 FA-SC-3004 数控车床', '6701', 200.00, 0.00, 'SC1', NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 10, 2, '计提固定资产减值准备 FA-SC-3004 数控车床', '1603', 0.00, 200.00, 'SC1', NULL, 'JQSB', 'FA-SC-3004', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 11, 1, '设备维修 FA-SC-3004 数控车床', '5101', 320.00, 0.00, 'SC1', '一车间', NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 11, 2, '设备维修 FA-SC-3004 数控车床', '22210101', 41.60, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 11, 3, '设备维修 FA-SC-3004 数控车床', '1002', 0.00, 361.60, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 12, 1, '固定资产调拨 FA-SC-3005 数控车床', '1601', 151575.95, 0.00, 'YF', NULL, 'JQSB', 'FA-SC-3005', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 12, 2, '固定资产调拨 FA-SC-3005 数控车床', '1601', 0.00, 151575.95, 'SC1', NULL, 'JQSB', 'FA-SC-3005', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 13, 1, '处置当月折旧 2026-03 FA-SC-0001', '5101', 572.77, 0.00, 'SC2', '二车间', 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 13, 2, '处置当月折旧 2026-03 FA-SC-0001', '1602', 0.00, 572.77, 'SC2', '二车间', 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 1, '固定资产出售 FA-SC-0001 数控车床', '1606', 52303.32, 0.00, NULL, NULL, NULL, 'FA-SC-0001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 2, '固定资产出售 FA-SC-0001 数控车床', '1602', 20046.95, 0.00, 'SC2', NULL, 'JQSB', 'FA-SC-0001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 3, '固定资产出售 FA-SC-0001 数控车床', '1601', 0.00, 72350.27, 'SC2', NULL, 'JQSB', 'FA-SC-0001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 4, '清理收入 FA-SC-0001', '1002', 1017.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 5, '清理收入 FA-SC-0001', '1606', 0.00, 900.00, NULL, NULL, NULL, 'FA-SC-0001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 6, '清理收入 FA-SC-0001', '22210102', 0.00, 117.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 7, '结转处置净损失 FA-SC-0001', '6115', 51403.32, 0.00, 'SC2', NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 14, 8, '结转处置净损失 FA-SC-0001', '1606', 0.00, 51403.32, NULL, NULL, NULL, 'FA-SC-0001', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 15, 1, '计提折旧 2026-03 生产部一车间 GJQJ', '5101', 299.60, 0.00, 'SC1', '一车间', 'GJQJ', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 15, 2, '计提折旧 2026-03 生产部一车间 GJQJ', '1602', 0.00, 299.60, 'SC1', '一车间', 'GJQJ', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 16, 1, '计提折旧 2026-03 生产部一车间 JQSB', '5101', 2308.47, 0.00, 'SC1', '一车间', 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 16, 2, '计提折旧 2026-03 生产部一车间 JQSB', '1602', 0.00, 2308.47, 'SC1', '一车间', 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 17, 1, '计提折旧 2026-03 生产部二车间 JQSB', '5101', 5141.26, 0.00, 'SC2', '二车间', 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 17, 2, '计提折旧 2026-03 生产部二车间 JQSB', '1602', 0.00, 5141.26, 'SC2', '二车间', 'JQSB', NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 18, 1, '固定资产增加 FA-SC-3101 数控车床', '1601', 6000000.00, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3101', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 18, 2, '固定资产增加 FA-SC-3101 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 18, 3, '固定资产增加 FA-SC-3101 数控车床', '1002', 0.00, 6000130.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 19, 1, '固定资产增加 FA-SC-3202 数控车床', '1601', 150000.00, 0.00, 'SC1', NULL, 'JQSB', 'FA-SC-3202', NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 19, 2, '固定资产增加 FA-SC-3202 数控车床', '22210101', 130.00, 0.00, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.gl_entry VALUES ('2026-03', '记', 19, 3, '固定资产增加 FA-SC-3202 数控车床', '1002', 0.00, 150130.00, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: gl_period; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gl_period VALUES ('2025-01', '2025-01-01', '2025-01-31', 'closed');
INSERT INTO public.gl_period VALUES ('2025-02', '2025-02-01', '2025-02-28', 'closed');
INSERT INTO public.gl_period VALUES ('2025-03', '2025-03-01', '2025-03-31', 'closed');
INSERT INTO public.gl_period VALUES ('2025-04', '2025-04-01', '2025-04-30', 'closed');
INSERT INTO public.gl_period VALUES ('2025-05', '2025-05-01', '2025-05-31', 'closed');
INSERT INTO public.gl_period VALUES ('2025-06', '2025-06-01', '2025-06-30', 'closed');
INSERT INTO public.gl_period VALUES ('2025-07', '2025-07-01', '2025-07-31', 'closed');
INSERT INTO public.gl_period VALUES ('2025-08', '2025-08-01', '2025-08-31', 'closed');
INSERT INTO public.gl_period VALUES ('2025-09', '2025-09-01', '2025-09-30', 'closed');
INSERT INTO public.gl_period VALUES ('2025-10', '2025-10-01', '2025-10-31', 'closed');
INSERT INTO public.gl_period VALUES ('2025-11', '2025-11-01', '2025-11-30', 'closed');
INSERT INTO public.gl_period VALUES ('2025-12', '2025-12-01', '2025-12-31', 'closed');
INSERT INTO public.gl_period VALUES ('2026-01', '2026-01-01', '2026-01-31', 'closed');
INSERT INTO public.gl_period VALUES ('2026-02', '2026-02-01', '2026-02-28', 'closed');
INSERT INTO public.gl_period VALUES ('2026-03', '2026-03-01', '2026-03-31', 'open');
INSERT INTO public.gl_period VALUES ('2026-04', '2026-04-01', '2026-04-30', 'open');
INSERT INTO public.gl_period VALUES ('2026-05', '2026-05-01', '2026-05-31', 'open');
INSERT INTO public.gl_period VALUES ('2026-06', '2026-06-01', '2026-06-30', 'open');
INSERT INTO public.gl_period VALUES ('2026-07', '2026-07-01', '2026-07-31', 'open');
INSERT INTO public.gl_period VALUES ('2026-08', '2026-08-01', '2026-08-31', 'open');
INSERT INTO public.gl_period VALUES ('2026-09', '2026-09-01', '2026-09-30', 'open');
INSERT INTO public.gl_period VALUES ('2026-10', '2026-10-01', '2026-10-31', 'open');
INSERT INTO public.gl_period VALUES ('2026-11', '2026-11-01', '2026-11-30', 'open');
INSERT INTO public.gl_period VALUES ('2026-12', '2026-12-01', '2026-12-31', 'open');
INSERT INTO public.gl_period VALUES ('2027-01', '2027-01-01', '2027-01-31', 'open');
INSERT INTO public.gl_period VALUES ('2027-02', '2027-02-01', '2027-02-28', 'open');
INSERT INTO public.gl_period VALUES ('2027-03', '2027-03-01', '2027-03-31', 'open');
INSERT INTO public.gl_period VALUES ('2027-04', '2027-04-01', '2027-04-30', 'open');
INSERT INTO public.gl_period VALUES ('2027-05', '2027-05-01', '2027-05-31', 'open');
INSERT INTO public.gl_period VALUES ('2027-06', '2027-06-01', '2027-06-30', 'open');
INSERT INTO public.gl_period VALUES ('2027-07', '2027-07-01', '2027-07-31', 'open');
INSERT INTO public.gl_period VALUES ('2027-08', '2027-08-01', '2027-08-31', 'open');
INSERT INTO public.gl_period VALUES ('2027-09', '2027-09-01', '2027-09-30', 'open');
INSERT INTO public.gl_period VALUES ('2027-10', '2027-10-01', '2027-10-31', 'open');
INSERT INTO public.gl_period VALUES ('2027-11', '2027-11-01', '2027-11-30', 'open');
INSERT INTO public.gl_period VALUES ('2027-12', '2027-12-01', '2027-12-31', 'open');


--
-- Data for Name: gl_voucher; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gl_voucher VALUES ('2026-02', '记', 1, '2026-02-28', '2026-02-28', '期初余额', 61032291.49, 61032291.49, NULL);
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 1, '2026-03-01', '2026-03-01', '提取备用金', 20000.00, 20000.00, NULL);
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 2, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3001 数控车床', 151701.95, 151701.95, 'registration/FA-SC-3001');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 3, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3002 数控车床', 151702.95, 151702.95, 'registration/FA-SC-3002');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 4, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3003 数控车床', 151703.95, 151703.95, 'registration/FA-SC-3003');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 5, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3004 数控车床', 151704.95, 151704.95, 'registration/FA-SC-3004');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 6, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3005 数控车床', 151705.95, 151705.95, 'registration/FA-SC-3005');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 7, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3006 数控车床', 151706.95, 151706.95, 'registration/FA-SC-3006');
INSERT INTO public.gl_voucher VALUES ('2026-11', '记', 1, '2026-11-28', '2026-11-28', '冲销 2026-03 记-2 固定资产增加 FA-SC-3001 数控车床', -151701.95, -151701.95, 'registration_cancelled/s0000000000000007/');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 8, '2026-03-01', '2026-03-01', '更正固定资产增加 FA-SC-3001 数控车床', 160130.00, 160130.00, 'registration_corrected/s0000000000000007/');
INSERT INTO public.gl_voucher VALUES ('2026-11', '记', 2, '2026-11-28', '2026-11-28', '冲销 2026-03 记-3 固定资产增加 FA-SC-3002 数控车床', -151702.95, -151702.95, 'registration_taken_back/s0000000000000008/');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 9, '2026-03-01', '2026-03-01', '固定资产改造 FA-SC-3003 数控车床', 5000.00, 5000.00, 'upgrade/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 10, '2026-03-01', '2026-03-01', '计提固定资产减值准备 FA-SC-3004 数控车床', 200.00, 200.00, 'impairment/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 11, '2026-03-01', '2026-02-26', '设备维修 FA-SC-3004 数控车床', 361.60, 361.60, 'repair/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 12, '2026-03-01', '2026-03-01', '固定资产调拨 FA-SC-3005 数控车床', 151575.95, 151575.95, 'transfer/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 13, '2026-03-31', '2026-03-31', '处置当月折旧 2026-03 FA-SC-0001', 572.77, 572.77, 'single_depreciation/1|2026-03|1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 14, '2026-03-01', '2026-03-01', '固定资产出售 FA-SC-0001 数控车床', 124770.59, 124770.59, 'disposal/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 15, '2026-03-31', '2026-03-31', '计提折旧 2026-03 生产部一车间 GJQJ', 299.60, 299.60, 'monthly_depreciation/2026-03|SC1|一车间|GJQJ/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 16, '2026-03-31', '2026-03-31', '计提折旧 2026-03 生产部一车间 JQSB', 2308.47, 2308.47, 'monthly_depreciation/2026-03|SC1|一车间|JQSB/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 17, '2026-03-31', '2026-03-31', '计提折旧 2026-03 生产部二车间 JQSB', 5141.26, 5141.26, 'monthly_depreciation/2026-03|SC2|二车间|JQSB/1');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 18, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3101 数控车床', 6000130.00, 6000130.00, 'registration/FA-SC-3101');
INSERT INTO public.gl_voucher VALUES ('2026-03', '记', 19, '2026-03-01', '2026-03-01', '固定资产增加 FA-SC-3202 数控车床', 150130.00, 150130.00, 'registration/FA-SC-3202');


--
-- Data for Name: acceptance; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.acceptance VALUES ('demo', '316f310a56d2323b2c0006a6284cd492', 'clerk', 'recorded', '2026-11-28T12:03:24.351342Z');


--
-- Data for Name: action; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.action VALUES (1, '2026-11-28T12:03:24.351342Z', 'clerk', 'accept', '', 'mapping/demo', 'recorded', '{"hash": "316f310a56d2323b2c0006a6284cd492"}', '9d9cf44dab1b46746b1b7541cbbfea1316a5a8596c411f60a9557c17fb457187');
INSERT INTO syncd.action VALUES (2, '2026-11-28T12:03:24.891005Z', 'clerk', 'approve', 'demo', 'parked/3', 'recorded', '{"rule": "registration", "role": "finance"}', 'c2f85f5d0f14274c0d2fa2a2ecbb18c354eecba9794cd97dac2994b5213946b9');
INSERT INTO syncd.action VALUES (3, '2026-11-28T12:03:25.214717Z', 'clerk', 'edit', 'demo', 'parked/8', 'recorded', '{"original_value": [{"malformed": "15万", "reason": "malformed_number"}, "150000.00"]}', '32b21fc6ec78a12897085adb2174bad3f77bb7260f29ee0aa78bf9e6d0cf7bb1');
INSERT INTO syncd.action VALUES (4, '2026-11-28T12:03:25.756077Z', 'clerk', 'discard', 'demo', 'parked/9', 'recorded', '{}', 'c9d7fa933e252e896dc0220c85c4b4f889fe96146ad9150b7d5f8a99c10316c9');
INSERT INTO syncd.action VALUES (5, '2026-11-28T12:03:27.110441Z', 'clerk', 'discard', 'demo', 'parked/11', 'recorded', '{}', '47764d76d3610caa93c2f90b0be891a43ff04ce67694988f724676f863912100');


--
-- Data for Name: chain; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.chain VALUES ('action', 5, '47764d76d3610caa93c2f90b0be891a43ff04ce67694988f724676f863912100');


--
-- Data for Name: collected; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/2|2026-04|1', 'monthly_depreciation', '2026-04|SC1|一车间|GJQJ', 'FA-GJ-0002', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":2,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"299.60","charged_on":"2026-04-30"},"position":"s0000000000000027","committed_at":"2026-11-28T12:03:24.821000Z"}', 's0000000000000027', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/3|2026-04|1', 'monthly_depreciation', '2026-04|SC1|一车间|JQSB', 'FA-SC-0003', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":3,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"2308.47","charged_on":"2026-04-30"},"position":"s0000000000000028","committed_at":"2026-11-28T12:03:24.821000Z"}', 's0000000000000028', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/9|2026-04|1', 'monthly_depreciation', '2026-04|SC1|一车间|JQSB', 'FA-SC-3001', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":9,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1266.67","charged_on":"2026-04-30"},"position":"s0000000000000031","committed_at":"2026-11-28T12:03:24.822000Z"}', 's0000000000000031', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/11|2026-04|1', 'monthly_depreciation', '2026-04|SC1|一车间|JQSB', 'FA-SC-3003', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":11,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1126.86","charged_on":"2026-04-30"},"position":"s0000000000000032","committed_at":"2026-11-28T12:03:24.822000Z"}', 's0000000000000032', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/2|2026-03|1', 'monthly_depreciation', '2026-03|SC1|一车间|GJQJ', 'FA-GJ-0002', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":2,"period":"2026-03","line":1,"kind":"month","department_id":1,"amount":"299.60","charged_on":"2026-03-31"},"position":"s0000000000000021","committed_at":"2026-11-28T12:03:24.701000Z"}', 's0000000000000021', 1, 'monthly_depreciation/2026-03|SC1|一车间|GJQJ/1');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/3|2026-03|1', 'monthly_depreciation', '2026-03|SC1|一车间|JQSB', 'FA-SC-0003', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":3,"period":"2026-03","line":1,"kind":"month","department_id":1,"amount":"2308.47","charged_on":"2026-03-31"},"position":"s0000000000000022","committed_at":"2026-11-28T12:03:24.701000Z"}', 's0000000000000022', 1, 'monthly_depreciation/2026-03|SC1|一车间|JQSB/1');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/4|2026-03|1', 'monthly_depreciation', '2026-03|SC2|二车间|JQSB', 'FA-SC-0004', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":4,"period":"2026-03","line":1,"kind":"month","department_id":2,"amount":"1452.86","charged_on":"2026-03-31"},"position":"s0000000000000023","committed_at":"2026-11-28T12:03:24.701000Z"}', 's0000000000000023', 1, 'monthly_depreciation/2026-03|SC2|二车间|JQSB/1');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/5|2026-03|1', 'monthly_depreciation', '2026-03|SC2|二车间|JQSB', 'FA-SC-0005', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":5,"period":"2026-03","line":1,"kind":"month","department_id":2,"amount":"3688.40","charged_on":"2026-03-31"},"position":"s0000000000000024","committed_at":"2026-11-28T12:03:24.702000Z"}', 's0000000000000024', 1, 'monthly_depreciation/2026-03|SC2|二车间|JQSB/1');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/4|2026-04|1', 'monthly_depreciation', '2026-04|SC2|二车间|JQSB', 'FA-SC-0004', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":4,"period":"2026-04","line":1,"kind":"month","department_id":2,"amount":"1452.86","charged_on":"2026-04-30"},"position":"s0000000000000029","committed_at":"2026-11-28T12:03:24.821000Z"}', 's0000000000000029', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/5|2026-04|1', 'monthly_depreciation', '2026-04|SC2|二车间|JQSB', 'FA-SC-0005', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":5,"period":"2026-04","line":1,"kind":"month","department_id":2,"amount":"3688.40","charged_on":"2026-04-30"},"position":"s0000000000000030","committed_at":"2026-11-28T12:03:24.822000Z"}', 's0000000000000030', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/2|2026-05|1', 'monthly_depreciation', '2026-05|SC1|一车间|GJQJ', 'FA-GJ-0002', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":2,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"299.60","charged_on":"2026-05-31"},"position":"s0000000000000043","committed_at":"2026-11-28T12:03:24.835000Z"}', 's0000000000000043', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/3|2026-05|1', 'monthly_depreciation', '2026-05|SC1|一车间|JQSB', 'FA-SC-0003', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":3,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"2308.47","charged_on":"2026-05-31"},"position":"s0000000000000044","committed_at":"2026-11-28T12:03:24.835000Z"}', 's0000000000000044', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/4|2026-05|1', 'monthly_depreciation', '2026-05|SC2|二车间|JQSB', 'FA-SC-0004', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":4,"period":"2026-05","line":1,"kind":"month","department_id":2,"amount":"1452.86","charged_on":"2026-05-31"},"position":"s0000000000000045","committed_at":"2026-11-28T12:03:24.835000Z"}', 's0000000000000045', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/5|2026-05|1', 'monthly_depreciation', '2026-05|SC2|二车间|JQSB', 'FA-SC-0005', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":5,"period":"2026-05","line":1,"kind":"month","department_id":2,"amount":"3688.40","charged_on":"2026-05-31"},"position":"s0000000000000046","committed_at":"2026-11-28T12:03:24.835000Z"}', 's0000000000000046', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/9|2026-05|1', 'monthly_depreciation', '2026-05|SC1|一车间|JQSB', 'FA-SC-3001', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":9,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"1266.67","charged_on":"2026-05-31"},"position":"s0000000000000047","committed_at":"2026-11-28T12:03:24.835000Z"}', 's0000000000000047', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/11|2026-05|1', 'monthly_depreciation', '2026-05|SC1|一车间|JQSB', 'FA-SC-3003', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":11,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"1126.86","charged_on":"2026-05-31"},"position":"s0000000000000048","committed_at":"2026-11-28T12:03:24.835000Z"}', 's0000000000000048', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/12|2026-05|1', 'monthly_depreciation', '2026-05|SC1|一车间|JQSB', 'FA-SC-3004', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":12,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"1198.30","charged_on":"2026-05-31"},"position":"s0000000000000049","committed_at":"2026-11-28T12:03:24.835000Z"}', 's0000000000000049', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/13|2026-05|1', 'monthly_depreciation', '2026-05|YF||JQSB', 'FA-SC-3005', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":13,"period":"2026-05","line":1,"kind":"month","department_id":4,"amount":"1199.98","charged_on":"2026-05-31"},"position":"s0000000000000050","committed_at":"2026-11-28T12:03:24.836000Z"}', 's0000000000000050', 0, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/12|2026-04|1', 'monthly_depreciation', '2026-04|SC1|一车间|JQSB', 'FA-SC-3004', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":12,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1198.30","charged_on":"2026-04-30"},"position":"s0000000000000033","committed_at":"2026-11-28T12:03:24.822000Z"}', 's0000000000000033', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/14|2026-04|1', 'monthly_depreciation', '2026-04|SC1|一车间|JQSB', 'FA-SC-3006', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":14,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1199.98","charged_on":"2026-04-30"},"position":"s0000000000000035","committed_at":"2026-11-28T12:03:24.822000Z"}', 's0000000000000035', 1, '');
INSERT INTO syncd.collected VALUES ('demo', 'monthly_depreciation/13|2026-04|1', 'monthly_depreciation', '2026-04|YF||JQSB', 'FA-SC-3005', '{"table":"deprec","op":"insert","before":null,"after":{"asset_id":13,"period":"2026-04","line":1,"kind":"month","department_id":4,"amount":"1199.98","charged_on":"2026-04-30"},"position":"s0000000000000034","committed_at":"2026-11-28T12:03:24.822000Z"}', 's0000000000000034', 1, '');


--
-- Data for Name: daemon; Type: TABLE DATA; Schema: syncd; Owner: -
--



--
-- Data for Name: ignored; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.ignored VALUES ('demo', 'class: reference', 5);
INSERT INTO syncd.ignored VALUES ('demo', 'dept: reference', 6);
INSERT INTO syncd.ignored VALUES ('demo', 'supplier: reference', 2);
INSERT INTO syncd.ignored VALUES ('demo', 'asset: registration, registration_cancelled, registration_corrected, registration_adjusted, registration_deleted, registration_taken_back, reclassified, renamed', 13);
INSERT INTO syncd.ignored VALUES ('demo', 'run: monthly_depreciation', 3);


--
-- Data for Name: migration; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.migration VALUES ('0001_state', 'fb93adea2b8bc1d1720af40c305a81fb9858113ec332c50b65d1b6c8e6ab4e6a', '2026-11-28T12:03:24.214706Z');


--
-- Data for Name: mirror; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.mirror VALUES ('demo', 'dept', '1', '{"id":1,"code":"SC1","name":"生产部","workshop":"一车间","kind":"production"}');
INSERT INTO syncd.mirror VALUES ('demo', 'dept', '2', '{"id":2,"code":"SC2","name":"生产部","workshop":"二车间","kind":"production"}');
INSERT INTO syncd.mirror VALUES ('demo', 'dept', '3', '{"id":3,"code":"SC3","name":"生产部","workshop":"三车间","kind":"production"}');
INSERT INTO syncd.mirror VALUES ('demo', 'dept', '4', '{"id":4,"code":"YF","name":"研发中心","workshop":null,"kind":"research"}');
INSERT INTO syncd.mirror VALUES ('demo', 'dept', '5', '{"id":5,"code":"XS","name":"销售部","workshop":null,"kind":"sales"}');
INSERT INTO syncd.mirror VALUES ('demo', 'dept', '6', '{"id":6,"code":"GL","name":"综合管理部","workshop":null,"kind":"administration"}');
INSERT INTO syncd.mirror VALUES ('demo', 'class', 'DZSB', '{"code":"DZSB","name":"电子设备","method":"sum_of_years","life_months":36,"residual_rate":"0.0500"}');
INSERT INTO syncd.mirror VALUES ('demo', 'class', 'FWJZ', '{"code":"FWJZ","name":"房屋建筑物","method":"straight_line","life_months":240,"residual_rate":"0.0500"}');
INSERT INTO syncd.mirror VALUES ('demo', 'class', 'GJQJ', '{"code":"GJQJ","name":"工具器具","method":"straight_line","life_months":60,"residual_rate":"0.0500"}');
INSERT INTO syncd.mirror VALUES ('demo', 'class', 'JQSB', '{"code":"JQSB","name":"机器设备","method":"straight_line","life_months":120,"residual_rate":"0.0500"}');
INSERT INTO syncd.mirror VALUES ('demo', 'class', 'YSGJ', '{"code":"YSGJ","name":"运输工具","method":"double_declining","life_months":48,"residual_rate":"0.0500"}');
INSERT INTO syncd.mirror VALUES ('demo', 'supplier', '1', '{"id":1,"code":"GYS-01","name":"机床供应商"}');
INSERT INTO syncd.mirror VALUES ('demo', 'supplier', '2', '{"id":2,"code":"GYS-02","name":"电子设备供应商"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '2', '{"id":2,"asset_code":"FA-GJ-0002","name":"模具","class_code":"GJQJ","department_id":1,"supplier_id":2,"status":"in_use","purchase_date":"2021-09-27","approved_on":"2021-09-27","changed_on":null,"original_value":"18922.21","input_vat":"0","payment":"bank","opening_depreciation":"15878.80"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '3', '{"id":3,"asset_code":"FA-SC-0003","name":"空压机","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2021-04-23","approved_on":"2021-04-23","changed_on":null,"original_value":"291596.26","input_vat":"0","payment":"bank","opening_depreciation":"133891.26"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '4', '{"id":4,"asset_code":"FA-SC-0004","name":"数控车床","class_code":"JQSB","department_id":2,"supplier_id":1,"status":"in_use","purchase_date":"2019-07-14","approved_on":"2019-07-14","changed_on":null,"original_value":"183519.72","input_vat":"0","payment":"bank","opening_depreciation":"114775.94"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '5', '{"id":5,"asset_code":"FA-SC-0005","name":"数控车床","class_code":"JQSB","department_id":2,"supplier_id":null,"status":"in_use","purchase_date":"2020-02-03","approved_on":"2020-02-03","changed_on":null,"original_value":"465903.03","input_vat":"0","payment":"bank","opening_depreciation":"265564.80"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '6', '{"id":6,"asset_code":"FA-SC-0006","name":"数控车床","class_code":"JQSB","department_id":3,"supplier_id":1,"status":"draft","purchase_date":"2018-01-08","approved_on":"2018-01-08","changed_on":null,"original_value":"313277.63","input_vat":"0","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '7', '{"id":7,"asset_code":"FA-DZ-0007","name":"服务器","class_code":"DZSB","department_id":5,"supplier_id":1,"status":"draft","purchase_date":"2024-08-11","approved_on":"2024-08-11","changed_on":null,"original_value":"44591.74","input_vat":"0","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '8', '{"id":8,"asset_code":"FA-DZ-0008","name":"打印机","class_code":"DZSB","department_id":4,"supplier_id":2,"status":"draft","purchase_date":"2023-06-29","approved_on":"2023-06-29","changed_on":null,"original_value":"41554.33","input_vat":"0","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '11', '{"id":11,"asset_code":"FA-SC-3003","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"151573.95","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '12', '{"id":12,"asset_code":"FA-SC-3004","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"151574.95","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '9', '{"id":9,"asset_code":"FA-SC-3001","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":"2026-03-01","original_value":"160000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '13', '{"id":13,"asset_code":"FA-SC-3005","name":"数控车床","class_code":"JQSB","department_id":4,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"151575.95","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '1', '{"id":1,"asset_code":"FA-SC-0001","name":"数控车床","class_code":"JQSB","department_id":2,"supplier_id":2,"status":"sold","purchase_date":"2023-04-21","approved_on":"2023-04-21","changed_on":null,"original_value":"72350.27","input_vat":"0","payment":"bank","opening_depreciation":"19474.18"}');
INSERT INTO syncd.mirror VALUES ('demo', 'upgrade', '1', '{"id":1,"asset_id":11,"amount":"5000.00","added_months":12,"payment":"bank","status":"approved","approved_on":"2026-03-01"}');
INSERT INTO syncd.mirror VALUES ('demo', 'impairment', '1', '{"id":1,"asset_id":12,"amount":"200.00","status":"approved","approved_on":"2026-03-01"}');
INSERT INTO syncd.mirror VALUES ('demo', 'transfer', '1', '{"id":1,"asset_id":13,"from_department_id":1,"to_department_id":4,"status":"approved","approved_on":"2026-03-01"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '14', '{"id":14,"asset_code":"FA-SC-3006","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"scrapped","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"151576.95","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'repair', '1', '{"id":1,"asset_id":12,"amount":"320.00","input_vat":"41.60","payment":"bank","status":"done","done_on":"2026-02-26"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '1|2026-03|1', '{"asset_id":1,"period":"2026-03","line":1,"kind":"disposal","department_id":2,"amount":"572.77","charged_on":"2026-03-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'disposal', '1', '{"id":1,"asset_id":1,"kind":"sale","inspection_no":null,"contract_no":"HT-0001","proceeds":"900.00","output_vat":"117.00","received_by":"bank","removal_cost":"0","status":"approved","approved_on":"2026-03-01"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '2|2026-03|1', '{"asset_id":2,"period":"2026-03","line":1,"kind":"month","department_id":1,"amount":"299.60","charged_on":"2026-03-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '3|2026-03|1', '{"asset_id":3,"period":"2026-03","line":1,"kind":"month","department_id":1,"amount":"2308.47","charged_on":"2026-03-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '4|2026-03|1', '{"asset_id":4,"period":"2026-03","line":1,"kind":"month","department_id":2,"amount":"1452.86","charged_on":"2026-03-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '5|2026-03|1', '{"asset_id":5,"period":"2026-03","line":1,"kind":"month","department_id":2,"amount":"3688.40","charged_on":"2026-03-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'run', '2026-03', '{"period":"2026-03","status":"approved","approved_on":"2026-03-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '2|2026-04|1', '{"asset_id":2,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"299.60","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '3|2026-04|1', '{"asset_id":3,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"2308.47","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '4|2026-04|1', '{"asset_id":4,"period":"2026-04","line":1,"kind":"month","department_id":2,"amount":"1452.86","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '5|2026-04|1', '{"asset_id":5,"period":"2026-04","line":1,"kind":"month","department_id":2,"amount":"3688.40","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '9|2026-04|1', '{"asset_id":9,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1266.67","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '11|2026-04|1', '{"asset_id":11,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1126.86","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '12|2026-04|1', '{"asset_id":12,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1198.30","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '13|2026-04|1', '{"asset_id":13,"period":"2026-04","line":1,"kind":"month","department_id":4,"amount":"1199.98","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '14|2026-04|1', '{"asset_id":14,"period":"2026-04","line":1,"kind":"month","department_id":1,"amount":"1199.98","charged_on":"2026-04-30"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '2|2026-05|1', '{"asset_id":2,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"299.60","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '3|2026-05|1', '{"asset_id":3,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"2308.47","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '4|2026-05|1', '{"asset_id":4,"period":"2026-05","line":1,"kind":"month","department_id":2,"amount":"1452.86","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '5|2026-05|1', '{"asset_id":5,"period":"2026-05","line":1,"kind":"month","department_id":2,"amount":"3688.40","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '9|2026-05|1', '{"asset_id":9,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"1266.67","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '11|2026-05|1', '{"asset_id":11,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"1126.86","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '12|2026-05|1', '{"asset_id":12,"period":"2026-05","line":1,"kind":"month","department_id":1,"amount":"1198.30","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'deprec', '13|2026-05|1', '{"asset_id":13,"period":"2026-05","line":1,"kind":"month","department_id":4,"amount":"1199.98","charged_on":"2026-05-31"}');
INSERT INTO syncd.mirror VALUES ('demo', 'run', '2026-05', '{"period":"2026-05","status":"calculated","approved_on":null}');
INSERT INTO syncd.mirror VALUES ('demo', 'disposal', '2', '{"id":2,"asset_id":14,"kind":"scrap","inspection_no":"JD-0002","contract_no":null,"proceeds":"80.00","output_vat":"10.40","received_by":"bank","removal_cost":"0","status":"approved","approved_on":"2026-04-01"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '15', '{"id":15,"asset_code":"FA-SC-3101","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"6000000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '16', '{"id":16,"asset_code":"FA-SC-3102","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"7000000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'upgrade', '2', '{"id":2,"asset_id":16,"amount":"1000.00","added_months":0,"payment":"bank","status":"approved","approved_on":"2026-03-01"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '17', '{"id":17,"asset_code":"FA-SC-3201","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"-150000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '18', '{"id":18,"asset_code":"FA-SC-3202","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":{"malformed":"15万","reason":"malformed_number"},"input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'repair', '2', '{"id":2,"asset_id":17,"amount":"99.00","input_vat":"1.00","payment":"bank","status":"done","done_on":"2026-03-01"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '19', '{"id":19,"asset_code":"FA-SC-3203","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"0.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '20', '{"id":20,"asset_code":"FA-SC-3204","name":"数控车床","class_code":"JQSB","department_id":99,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"88000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'asset', '21', '{"id":21,"asset_code":"FA-SC-3205","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"0.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"}');
INSERT INTO syncd.mirror VALUES ('demo', 'run', '2026-04', '{"period":"2026-04","status":"approved","approved_on":"2026-04-30"}');


--
-- Data for Name: number; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.number VALUES ('2026-11', '记', 2);
INSERT INTO syncd.number VALUES ('2026-03', '记', 19);


--
-- Data for Name: parked; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.parked VALUES ('demo', 1, 'FA-SC-3006', 'failed', 'disposal', 'disposal', '2', 'require', '{"zh": "该资产的折旧已计算但未审批，请先审批计提批次，再重试本条", "en": "its depreciation is computed and not approved; approve the run first and retry this row"}', '', '{"table":"disposal","op":"insert","before":null,"after":{"id":2,"asset_id":14,"kind":"scrap","inspection_no":"JD-0002","contract_no":null,"proceeds":"80.00","output_vat":"10.40","received_by":"bank","removal_cost":"0","status":"approved","approved_on":"2026-04-01"},"position":"s0000000000000041","committed_at":"2026-11-28T12:03:24.827000Z"}', NULL, 's0000000000000041', '2026-11-28T12:03:24.827000Z', '2026-11-28T12:03:24.848344Z', 1, '', '[]', NULL);
INSERT INTO syncd.parked VALUES ('demo', 2, 'FA-SC-3006', 'behind', '', 'asset', '14', 'behind', '{"subject": "FA-SC-3006"}', '', '{"table":"asset","op":"update","before":{"id":14,"asset_code":"FA-SC-3006","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"awaiting_writeoff","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"151576.95","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"after":{"id":14,"asset_code":"FA-SC-3006","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"scrapped","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"151576.95","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000042","committed_at":"2026-11-28T12:03:24.827000Z"}', NULL, 's0000000000000042', '2026-11-28T12:03:24.827000Z', '2026-11-28T12:03:24.848344Z', 1, '', '[]', NULL);
INSERT INTO syncd.parked VALUES ('demo', 3, 'FA-SC-3101', 'posted', 'registration', 'asset', '15', 'approval', '{"role": "finance"}', '', '{"table":"asset","op":"insert","before":null,"after":{"id":15,"asset_code":"FA-SC-3101","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"6000000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000052","committed_at":"2026-11-28T12:03:24.842000Z"}', NULL, 's0000000000000052', '2026-11-28T12:03:24.842000Z', '2026-11-28T12:03:24.878002Z', 2, '', '["registration"]', '2026-11-28T12:03:25.135656Z');
INSERT INTO syncd.parked VALUES ('demo', 4, 'FA-SC-3102', 'approval', 'registration', 'asset', '16', 'approval', '{"role": "finance"}', '', '{"table":"asset","op":"insert","before":null,"after":{"id":16,"asset_code":"FA-SC-3102","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"7000000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000053","committed_at":"2026-11-28T12:03:25.169000Z"}', NULL, 's0000000000000053', '2026-11-28T12:03:25.169000Z', '2026-11-28T12:03:25.177537Z', 1, '', '[]', NULL);
INSERT INTO syncd.parked VALUES ('demo', 5, 'FA-SC-3102', 'behind', '', 'upgrade', '2', 'behind', '{"subject": "FA-SC-3102"}', '', '{"table":"upgrade","op":"insert","before":null,"after":{"id":2,"asset_id":16,"amount":"1000.00","added_months":0,"payment":"bank","status":"approved","approved_on":"2026-03-01"},"position":"s0000000000000054","committed_at":"2026-11-28T12:03:25.173000Z"}', NULL, 's0000000000000054', '2026-11-28T12:03:25.173000Z', '2026-11-28T12:03:25.177537Z', 1, '', '[]', NULL);
INSERT INTO syncd.parked VALUES ('demo', 6, 'FA-SC-3201', 'failed', 'registration', 'asset', '17', 'require', '{"zh": "原值必须大于零，请在设备系统中更正", "en": "the original value must be above zero; correct it in the EAM"}', '', '{"table":"asset","op":"insert","before":null,"after":{"id":17,"asset_code":"FA-SC-3201","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"-150000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000055","committed_at":"2026-11-28T12:03:25.177000Z"}', NULL, 's0000000000000055', '2026-11-28T12:03:25.177000Z', '2026-11-28T12:03:25.192029Z', 1, '', '[]', NULL);
INSERT INTO syncd.parked VALUES ('demo', 7, 'FA-SC-3201', 'behind', '', 'repair', '2', 'behind', '{"subject": "FA-SC-3201"}', '', '{"table":"repair","op":"insert","before":null,"after":{"id":2,"asset_id":17,"amount":"99.00","input_vat":"1.00","payment":"bank","status":"done","done_on":"2026-03-01"},"position":"s0000000000000056","committed_at":"2026-11-28T12:03:25.181000Z"}', NULL, 's0000000000000056', '2026-11-28T12:03:25.181000Z', '2026-11-28T12:03:25.192029Z', 1, '', '[]', NULL);
INSERT INTO syncd.parked VALUES ('demo', 8, 'FA-SC-3202', 'posted', 'registration', 'asset', '18', 'malformed', '{"table": "asset", "column": "original_value", "raw": "15万", "reason": "malformed_number"}', '', '{"table":"asset","op":"insert","before":null,"after":{"id":18,"asset_code":"FA-SC-3202","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"150000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000057","committed_at":"2026-11-28T12:03:25.187000Z"}', '{"table":"asset","op":"insert","before":null,"after":{"id":18,"asset_code":"FA-SC-3202","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":{"malformed":"15万","reason":"malformed_number"},"input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000057","committed_at":"2026-11-28T12:03:25.187000Z"}', 's0000000000000057', '2026-11-28T12:03:25.187000Z', '2026-11-28T12:03:25.192029Z', 2, '', '[]', '2026-11-28T12:03:25.706739Z');
INSERT INTO syncd.parked VALUES ('demo', 10, 'FA-SC-3204', 'failed', 'registration', 'asset', '20', 'reference_missing', '{"join": "dept", "table": "department", "key": "99"}', 'dept:99', '{"table":"asset","op":"insert","before":null,"after":{"id":20,"asset_code":"FA-SC-3204","name":"数控车床","class_code":"JQSB","department_id":99,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"88000.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000059","committed_at":"2026-11-28T12:03:25.758000Z"}', NULL, 's0000000000000059', '2026-11-28T12:03:25.758000Z', '2026-11-28T12:03:25.769073Z', 1, '', '[]', NULL);
INSERT INTO syncd.parked VALUES ('demo', 9, 'FA-SC-3203', 'discarded', 'registration', 'asset', '19', 'require', '{"zh": "原值必须大于零，请在设备系统中更正", "en": "the original value must be above zero; correct it in the EAM"}', '', '{"table":"asset","op":"insert","before":null,"after":{"id":19,"asset_code":"FA-SC-3203","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"0.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000058","committed_at":"2026-11-28T12:03:25.727000Z"}', NULL, 's0000000000000058', '2026-11-28T12:03:25.727000Z', '2026-11-28T12:03:25.736241Z', 1, '', '[]', '2026-11-28T12:03:26.277342Z');
INSERT INTO syncd.parked VALUES ('demo', 11, 'FA-SC-3205', 'failed', 'registration', 'asset', '21', 'require', '{"zh": "原值必须大于零，请在设备系统中更正", "en": "the original value must be above zero; correct it in the EAM"}', '', '{"table":"asset","op":"insert","before":null,"after":{"id":21,"asset_code":"FA-SC-3205","name":"数控车床","class_code":"JQSB","department_id":1,"supplier_id":null,"status":"in_use","purchase_date":"2026-03-01","approved_on":"2026-03-01","changed_on":null,"original_value":"0.00","input_vat":"130.00","payment":"bank","opening_depreciation":"0"},"position":"s0000000000000060","committed_at":"2026-11-28T12:03:25.762000Z"}', NULL, 's0000000000000060', '2026-11-28T12:03:25.762000Z', '2026-11-28T12:03:25.769073Z', 1, 'discard', '[]', NULL);


--
-- Data for Name: pipeline; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.pipeline VALUES ('demo', 's0000000000000061', 'changelog:sqlite:2812c518405595213e5a00fbf4c26b09', '2026-11-28T12:03:26.790000Z', '2026-11-28T12:03:26.843636Z', 28, 'ff71e959914b2ed29186871d1be0e6dc91d07bad477c6a1d8af98ba59c4e8b64', 11, 82, 49, 0, '{"state": "stopped", "at": "2026-11-28T12:03:26.530433Z", "looked_at": "2026-11-28T12:03:25.451612Z", "oldest": null, "bytes_behind": null, "rows_behind": null, "note": {}, "error": "", "params": {}}');


--
-- Data for Name: posting; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.posting VALUES ('demo', 1, 'registration/FA-SC-0001', 'registration', 'FA-SC-0001', '', '', '316f310a56d2323b2c0006a6284cd492', 'r0000000000000000.0000000014.asset.[1]', '2026-11-28T12:03:24.426730Z', '2026-11-28T12:03:24.431403Z', '{"cards":[["FA-SC-0001","open",{"name":"数控车床","class":"JQSB","dept":"SC2","workshop":"二车间","acquired_month":"2023-04-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"72350.27","accumulated_depreciation":"19474.18","impairment":"0.00","origin":"opening","status":"in_use"}]]}', '775ebd572ff42e32ccf217b1e88b101b7ae99da7bd78be22bd26aa2485ec3b76');
INSERT INTO syncd.posting VALUES ('demo', 2, 'registration/FA-GJ-0002', 'registration', 'FA-GJ-0002', '', '', '316f310a56d2323b2c0006a6284cd492', 'r0000000000000000.0000000015.asset.[2]', '2026-11-28T12:03:24.426730Z', '2026-11-28T12:03:24.431403Z', '{"cards":[["FA-GJ-0002","open",{"name":"模具","class":"GJQJ","dept":"SC1","workshop":"一车间","acquired_month":"2021-09-01","method":"straight_line","life_months":60,"residual_rate":"0.0500","original_value":"18922.21","accumulated_depreciation":"15878.80","impairment":"0.00","origin":"opening","status":"in_use"}]]}', '5fec1d6b28f1382c349374f914023243fd54a26738e483f72c7058e6f139a7c0');
INSERT INTO syncd.posting VALUES ('demo', 3, 'registration/FA-SC-0003', 'registration', 'FA-SC-0003', '', '', '316f310a56d2323b2c0006a6284cd492', 'r0000000000000000.0000000016.asset.[3]', '2026-11-28T12:03:24.426730Z', '2026-11-28T12:03:24.431403Z', '{"cards":[["FA-SC-0003","open",{"name":"空压机","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2021-04-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"291596.26","accumulated_depreciation":"133891.26","impairment":"0.00","origin":"opening","status":"in_use"}]]}', '1f232cb1e1f7d53d4ddf31f8e4d16aaf2ddcc3cb8f32c00fd0117506824c2ea4');
INSERT INTO syncd.posting VALUES ('demo', 4, 'registration/FA-SC-0004', 'registration', 'FA-SC-0004', '', '', '316f310a56d2323b2c0006a6284cd492', 'r0000000000000000.0000000017.asset.[4]', '2026-11-28T12:03:24.426730Z', '2026-11-28T12:03:24.431403Z', '{"cards":[["FA-SC-0004","open",{"name":"数控车床","class":"JQSB","dept":"SC2","workshop":"二车间","acquired_month":"2019-07-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"183519.72","accumulated_depreciation":"114775.94","impairment":"0.00","origin":"opening","status":"in_use"}]]}', '11f390c758dd50676e2f49dd670491825316d0b1de1d3566d3059af98dd928ba');
INSERT INTO syncd.posting VALUES ('demo', 5, 'registration/FA-SC-0005', 'registration', 'FA-SC-0005', '', '', '316f310a56d2323b2c0006a6284cd492', 'r0000000000000000.0000000018.asset.[5]', '2026-11-28T12:03:24.426730Z', '2026-11-28T12:03:24.431403Z', '{"cards":[["FA-SC-0005","open",{"name":"数控车床","class":"JQSB","dept":"SC2","workshop":"二车间","acquired_month":"2020-02-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"465903.03","accumulated_depreciation":"265564.80","impairment":"0.00","origin":"opening","status":"in_use"}]]}', '050e1ca13b21ac9d1313de817fa61e72ac194207dfd52bd6b1c944817f4a30c4');
INSERT INTO syncd.posting VALUES ('demo', 6, 'registration/FA-SC-3001', 'registration', 'FA-SC-3001', '2026-03 记-2', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000001', '2026-11-28T12:03:24.479000Z', '2026-11-28T12:03:24.484030Z', '{"cards":[["FA-SC-3001","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"151571.95","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3001 数控车床","entries":[["1601","151571.95","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3001"}],["22210101","130.00","0",null,{}],["1002","0","151701.95",null,{"supplier":null}]]}}', 'cee4711bc45822385adbf35489201c82a0f96bfc944ab8b2ac15f16f79292e7c');
INSERT INTO syncd.posting VALUES ('demo', 7, 'registration/FA-SC-3002', 'registration', 'FA-SC-3002', '2026-03 记-3', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000002', '2026-11-28T12:03:24.483000Z', '2026-11-28T12:03:24.502203Z', '{"cards":[["FA-SC-3002","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"151572.95","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3002 数控车床","entries":[["1601","151572.95","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3002"}],["22210101","130.00","0",null,{}],["1002","0","151702.95",null,{"supplier":null}]]}}', '682e123dcabf951c5b90fe5d5eb11d1da588941b7795c0ecf7a43bf1e8da67df');
INSERT INTO syncd.posting VALUES ('demo', 8, 'registration/FA-SC-3003', 'registration', 'FA-SC-3003', '2026-03 记-4', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000003', '2026-11-28T12:03:24.489000Z', '2026-11-28T12:03:24.512278Z', '{"cards":[["FA-SC-3003","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"151573.95","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3003 数控车床","entries":[["1601","151573.95","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3003"}],["22210101","130.00","0",null,{}],["1002","0","151703.95",null,{"supplier":null}]]}}', '0ae6e435af4a986d59f36d5b3c1dc396608fca83bfbfd8e57b9d6778db90d3bb');
INSERT INTO syncd.posting VALUES ('demo', 9, 'registration/FA-SC-3004', 'registration', 'FA-SC-3004', '2026-03 记-5', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000004', '2026-11-28T12:03:24.493000Z', '2026-11-28T12:03:24.512278Z', '{"cards":[["FA-SC-3004","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"151574.95","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3004 数控车床","entries":[["1601","151574.95","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3004"}],["22210101","130.00","0",null,{}],["1002","0","151704.95",null,{"supplier":null}]]}}', 'acf7040f6158c0a366fded43d90c7b4cd2421d880e861e8ddc282d570d2cc2e8');
INSERT INTO syncd.posting VALUES ('demo', 10, 'registration/FA-SC-3005', 'registration', 'FA-SC-3005', '2026-03 记-6', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000005', '2026-11-28T12:03:24.497000Z', '2026-11-28T12:03:24.512278Z', '{"cards":[["FA-SC-3005","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"151575.95","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3005 数控车床","entries":[["1601","151575.95","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3005"}],["22210101","130.00","0",null,{}],["1002","0","151705.95",null,{"supplier":null}]]}}', 'd979ffd8b2a0e572082124ecde78b3416763f77a0b54b06509cd369fe7112af2');
INSERT INTO syncd.posting VALUES ('demo', 11, 'registration/FA-SC-3006', 'registration', 'FA-SC-3006', '2026-03 记-7', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000006', '2026-11-28T12:03:24.502000Z', '2026-11-28T12:03:24.527523Z', '{"cards":[["FA-SC-3006","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"151576.95","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3006 数控车床","entries":[["1601","151576.95","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3006"}],["22210101","130.00","0",null,{}],["1002","0","151706.95",null,{"supplier":null}]]}}', 'f0a6b23bdcd77b4d9988f546fbe7827ab785afba95b2656917815d10329a96de');
INSERT INTO syncd.posting VALUES ('demo', 12, 'registration_cancelled/s0000000000000007/', 'registration_cancelled', 'FA-SC-3001', '2026-11 记-1', 'registration/FA-SC-3001', '316f310a56d2323b2c0006a6284cd492', 's0000000000000007', '2026-11-28T12:03:24.550000Z', '2026-11-28T12:03:24.560390Z', '{"voucher":{"type":"记","period":"2026-11","date":"2026-11-28","summary":"冲销 2026-03 记-2 固定资产增加 FA-SC-3001 数控车床","entries":[["1601","-151571.95","0","固定资产增加 FA-SC-3001 数控车床",{"dept":"SC1","class":"JQSB","asset":"FA-SC-3001"}],["22210101","-130.00","0","固定资产增加 FA-SC-3001 数控车床",{}],["1002","0","-151701.95","固定资产增加 FA-SC-3001 数控车床",{"supplier":null}]]}}', '3fa7057cfbdd114ba0216f285dc19681d0c4c6dbadbeb96270c8da2ef75d8b65');
INSERT INTO syncd.posting VALUES ('demo', 13, 'registration_corrected/s0000000000000007/', 'registration_corrected', 'FA-SC-3001', '2026-03 记-8', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000007', '2026-11-28T12:03:24.550000Z', '2026-11-28T12:03:24.560390Z', '{"cards":[["FA-SC-3001","change",{"class":"JQSB","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"160000.00"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"更正固定资产增加 FA-SC-3001 数控车床","entries":[["1601","160000.00","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3001"}],["22210101","130.00","0",null,{}],["1002","0","160130.00",null,{"supplier":null}]]}}', '065d9ddc18425e3921ceb5e0fbca7b89771bfe21949ce6afbbf1868f9d1add96');
INSERT INTO syncd.posting VALUES ('demo', 14, 'registration_deleted/s0000000000000008/', 'registration_deleted', 'FA-SC-3002', '', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000008', '2026-11-28T12:03:24.555000Z', '2026-11-28T12:03:24.560390Z', '{"cards":[["FA-SC-3002","change",{"status":"cancelled"}]]}', 'bd5db2c07fa776c3c64ce6016926c87811405b1d4a966cc7f658a258c208c108');
INSERT INTO syncd.posting VALUES ('demo', 15, 'registration_taken_back/s0000000000000008/', 'registration_taken_back', 'FA-SC-3002', '2026-11 记-2', 'registration/FA-SC-3002', '316f310a56d2323b2c0006a6284cd492', 's0000000000000008', '2026-11-28T12:03:24.555000Z', '2026-11-28T12:03:24.560390Z', '{"voucher":{"type":"记","period":"2026-11","date":"2026-11-28","summary":"冲销 2026-03 记-3 固定资产增加 FA-SC-3002 数控车床","entries":[["1601","-151572.95","0","固定资产增加 FA-SC-3002 数控车床",{"dept":"SC1","class":"JQSB","asset":"FA-SC-3002"}],["22210101","-130.00","0","固定资产增加 FA-SC-3002 数控车床",{}],["1002","0","-151702.95","固定资产增加 FA-SC-3002 数控车床",{"supplier":null}]]}}', '6bac69fe58c4534fe2afe7ad956451fd796092afec19302a4460e8bcd45bfcca');
INSERT INTO syncd.posting VALUES ('demo', 16, 'upgrade/1', 'upgrade', 'FA-SC-3003', '2026-03 记-9', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000009', '2026-11-28T12:03:24.560000Z', '2026-11-28T12:03:24.618563Z', '{"cards":[["FA-SC-3003","change",{"original_value":"156573.95","life_months":132,"origin":"changed"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产改造 FA-SC-3003 数控车床","entries":[["1601","5000.00","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3003"}],["1002","0","5000.00",null,{}]]}}', 'aa2267a50b605c4772038330424d779d29eebd277cea5f70f0f6084ecbfbb07e');
INSERT INTO syncd.posting VALUES ('demo', 17, 'impairment/1', 'impairment', 'FA-SC-3004', '2026-03 记-10', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000010', '2026-11-28T12:03:24.568000Z', '2026-11-28T12:03:24.618563Z', '{"cards":[["FA-SC-3004","change",{"impairment":"200.00","origin":"changed"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"计提固定资产减值准备 FA-SC-3004 数控车床","entries":[["6701","200.00","0",null,{"dept":"SC1"}],["1603","0","200.00",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3004"}]]}}', 'f89536f1a6e5343302089318bd0b74d5167bf322e984fba717e21da090e924d1');
INSERT INTO syncd.posting VALUES ('demo', 18, 'repair/1', 'repair', 'FA-SC-3004', '2026-03 记-11', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000011', '2026-11-28T12:03:24.573000Z', '2026-11-28T12:03:24.618563Z', '{"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"设备维修 FA-SC-3004 数控车床","entries":[["5101","320.00","0",null,{"dept":"SC1","workshop":"一车间"}],["22210101","41.60","0",null,{}],["1002","0","361.60",null,{}]],"event_date":"2026-02-26"}}', '985c497c4d618e2a82cc1a4c576220058e290d7b4cabe8bddedc0400657bddaa');
INSERT INTO syncd.posting VALUES ('demo', 19, 'transfer/1', 'transfer', 'FA-SC-3005', '2026-03 记-12', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000012', '2026-11-28T12:03:24.578000Z', '2026-11-28T12:03:24.618563Z', '{"cards":[["FA-SC-3005","change",{"dept":"YF","workshop":null,"origin":"changed"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产调拨 FA-SC-3005 数控车床","entries":[["1601","151575.95","0",null,{"dept":"YF","class":"JQSB","asset":"FA-SC-3005"}],["1601","0","151575.95",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3005"}]]}}', '2a4fbfb655c9fc0f0fef14023a665756affacd6780a85da06a53b1d3d0e6e67f');
INSERT INTO syncd.posting VALUES ('demo', 20, 'single_depreciation/1|2026-03|1', 'single_depreciation', 'FA-SC-0001', '2026-03 记-13', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000018', '2026-11-28T12:03:24.586000Z', '2026-11-28T12:03:24.618563Z', '{"cards":[["FA-SC-0001","change",{"accumulated_depreciation":"20046.95"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-31","summary":"处置当月折旧 2026-03 FA-SC-0001","entries":[["5101","572.77","0",null,{"dept":"SC2","workshop":"二车间","class":"JQSB"}],["1602","0","572.77",null,{"dept":"SC2","workshop":"二车间","class":"JQSB"}]]}}', '8d186c651c8e1c73d0696e07db64c6af60f4c175db2607d85223aee1a38d6cc5');
INSERT INTO syncd.posting VALUES ('demo', 21, 'disposal/1', 'disposal', 'FA-SC-0001', '2026-03 记-14', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000019', '2026-11-28T12:03:24.587000Z', '2026-11-28T12:03:24.618563Z', '{"cards":[["FA-SC-0001","change",{"status":"disposed","disposed_on":"2026-03-01"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产出售 FA-SC-0001 数控车床","entries":[["1606","52303.32","0",null,{"asset":"FA-SC-0001"}],["1602","20046.95","0",null,{"dept":"SC2","class":"JQSB","asset":"FA-SC-0001"}],["1601","0","72350.27",null,{"dept":"SC2","class":"JQSB","asset":"FA-SC-0001"}],["1002","1017.00","0","清理收入 FA-SC-0001",{}],["1606","0","900.00","清理收入 FA-SC-0001",{"asset":"FA-SC-0001"}],["22210102","0","117.00","清理收入 FA-SC-0001",{}],["6115","51403.32","0","结转处置净损失 FA-SC-0001",{"dept":"SC2"}],["1606","0","51403.32","结转处置净损失 FA-SC-0001",{"asset":"FA-SC-0001"}]]}}', 'b44a111eebec9e3226c34e24dbb69a2e5551edb9ad75daafd4ca9ba998db656d');
INSERT INTO syncd.posting VALUES ('demo', 22, 'monthly_depreciation/release/s0000000000000026/', 'monthly_depreciation', 'run:2026-03', '', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000026', '2026-11-28T12:03:24.708000Z', '2026-11-28T12:03:24.721035Z', '{}', '5e6428d0dae70ebbfb961613e04b75f54b4792ecd70c727befe238e4ede92a1e');
INSERT INTO syncd.posting VALUES ('demo', 23, 'monthly_depreciation/2026-03|SC1|一车间|GJQJ/1', 'monthly_depreciation', 'monthly_depreciation/2026-03|SC1|一车间|GJQJ', '2026-03 记-15', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000021', '2026-11-28T12:03:24.701000Z', '2026-11-28T12:03:24.738398Z', '{"cards":[["FA-GJ-0002","change",{"accumulated_depreciation":"16178.40"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-31","summary":"计提折旧 2026-03 生产部一车间 GJQJ","entries":[["5101","299.60","0",null,{"dept":"SC1","workshop":"一车间","class":"GJQJ"}],["1602","0","299.60",null,{"dept":"SC1","workshop":"一车间","class":"GJQJ"}]]}}', '7cd0f16762ab0081f6639f8a57092097faff99ce71cc2fb074e81ed7a662493c');
INSERT INTO syncd.posting VALUES ('demo', 24, 'monthly_depreciation/2026-03|SC1|一车间|JQSB/1', 'monthly_depreciation', 'monthly_depreciation/2026-03|SC1|一车间|JQSB', '2026-03 记-16', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000022', '2026-11-28T12:03:24.701000Z', '2026-11-28T12:03:24.763543Z', '{"cards":[["FA-SC-0003","change",{"accumulated_depreciation":"136199.73"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-31","summary":"计提折旧 2026-03 生产部一车间 JQSB","entries":[["5101","2308.47","0",null,{"dept":"SC1","workshop":"一车间","class":"JQSB"}],["1602","0","2308.47",null,{"dept":"SC1","workshop":"一车间","class":"JQSB"}]]}}', '7fd3d824f25475c8174fb058d3cfc7df60d2b6630e4b075efc5bd6081bd7b2ee');
INSERT INTO syncd.posting VALUES ('demo', 25, 'monthly_depreciation/2026-03|SC2|二车间|JQSB/1', 'monthly_depreciation', 'monthly_depreciation/2026-03|SC2|二车间|JQSB', '2026-03 记-17', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000024', '2026-11-28T12:03:24.702000Z', '2026-11-28T12:03:24.782043Z', '{"cards":[["FA-SC-0004","change",{"accumulated_depreciation":"116228.80"}],["FA-SC-0005","change",{"accumulated_depreciation":"269253.20"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-31","summary":"计提折旧 2026-03 生产部二车间 JQSB","entries":[["5101","5141.26","0",null,{"dept":"SC2","workshop":"二车间","class":"JQSB"}],["1602","0","5141.26",null,{"dept":"SC2","workshop":"二车间","class":"JQSB"}]]}}', 'e529ad26d969703f5cb0e33afba51261a6ec7c9af6f8524324cbbb562e9dc5aa');
INSERT INTO syncd.posting VALUES ('demo', 26, 'registration/FA-SC-3101', 'registration', 'FA-SC-3101', '2026-03 记-18', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000052', '2026-11-28T12:03:24.842000Z', '2026-11-28T12:03:25.135656Z', '{"cards":[["FA-SC-3101","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"6000000.00","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3101 数控车床","entries":[["1601","6000000.00","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3101"}],["22210101","130.00","0",null,{}],["1002","0","6000130.00",null,{"supplier":null}]]}}', 'cce66683cbc8e810548ad837f611a692c546abec94e36fed4a9a2f5450d2b031');
INSERT INTO syncd.posting VALUES ('demo', 27, 'registration/FA-SC-3202', 'registration', 'FA-SC-3202', '2026-03 记-19', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000057', '2026-11-28T12:03:25.187000Z', '2026-11-28T12:03:25.706739Z', '{"cards":[["FA-SC-3202","open",{"name":"数控车床","class":"JQSB","dept":"SC1","workshop":"一车间","acquired_month":"2026-03-01","method":"straight_line","life_months":120,"residual_rate":"0.0500","original_value":"150000.00","accumulated_depreciation":"0","impairment":"0.00","origin":"addition","status":"in_use"}]],"voucher":{"type":"记","period":"2026-03","date":"2026-03-01","summary":"固定资产增加 FA-SC-3202 数控车床","entries":[["1601","150000.00","0",null,{"dept":"SC1","class":"JQSB","asset":"FA-SC-3202"}],["22210101","130.00","0",null,{}],["1002","0","150130.00",null,{"supplier":null}]]}}', '283cd09c1f495db8f20eceb78d855c675f7fea7961c5b1cf91814c752f9c14cc');
INSERT INTO syncd.posting VALUES ('demo', 28, 'monthly_depreciation/release/s0000000000000061/', 'monthly_depreciation', 'run:2026-04', '', '', '316f310a56d2323b2c0006a6284cd492', 's0000000000000061', '2026-11-28T12:03:26.790000Z', '2026-11-28T12:03:26.843636Z', '{}', 'ff71e959914b2ed29186871d1be0e6dc91d07bad477c6a1d8af98ba59c4e8b64');


--
-- Data for Name: released; Type: TABLE DATA; Schema: syncd; Owner: -
--

INSERT INTO syncd.released VALUES ('demo', 'monthly_depreciation', '2026-03');
INSERT INTO syncd.released VALUES ('demo', 'monthly_depreciation', '2026-04');


--
-- Name: fa_card fa_card_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.fa_card
    ADD CONSTRAINT fa_card_pkey PRIMARY KEY (asset_code);


--
-- Name: gl_account gl_account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gl_account
    ADD CONSTRAINT gl_account_pkey PRIMARY KEY (code);


--
-- Name: gl_department gl_department_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gl_department
    ADD CONSTRAINT gl_department_pkey PRIMARY KEY (code);


--
-- Name: gl_entry gl_entry_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gl_entry
    ADD CONSTRAINT gl_entry_pkey PRIMARY KEY (period, type, number, line);


--
-- Name: gl_period gl_period_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gl_period
    ADD CONSTRAINT gl_period_pkey PRIMARY KEY (code);


--
-- Name: gl_voucher gl_voucher_external_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gl_voucher
    ADD CONSTRAINT gl_voucher_external_key_key UNIQUE (external_key);


--
-- Name: gl_voucher gl_voucher_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gl_voucher
    ADD CONSTRAINT gl_voucher_pkey PRIMARY KEY (period, type, number);


--
-- Name: acceptance acceptance_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.acceptance
    ADD CONSTRAINT acceptance_pkey PRIMARY KEY (mapping, accepted_at);


--
-- Name: action action_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.action
    ADD CONSTRAINT action_pkey PRIMARY KEY (seq);


--
-- Name: chain chain_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.chain
    ADD CONSTRAINT chain_pkey PRIMARY KEY (name);


--
-- Name: collected collected_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.collected
    ADD CONSTRAINT collected_pkey PRIMARY KEY (pipeline, key);


--
-- Name: daemon daemon_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.daemon
    ADD CONSTRAINT daemon_pkey PRIMARY KEY (pipeline, instance);


--
-- Name: ignored ignored_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.ignored
    ADD CONSTRAINT ignored_pkey PRIMARY KEY (pipeline, reason);


--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (name);


--
-- Name: mirror mirror_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.mirror
    ADD CONSTRAINT mirror_pkey PRIMARY KEY (key, source_table, pipeline);


--
-- Name: number number_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.number
    ADD CONSTRAINT number_pkey PRIMARY KEY (period, type);


--
-- Name: parked parked_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (pipeline, id);


--
-- Name: pipeline pipeline_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.pipeline
    ADD CONSTRAINT pipeline_pkey PRIMARY KEY (name);


--
-- Name: posting posting_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.posting
    ADD CONSTRAINT posting_pkey PRIMARY KEY (seq, pipeline);


--
-- Name: released released_pkey; Type: CONSTRAINT; Schema: syncd; Owner: -
--

ALTER TABLE ONLY syncd.released
    ADD CONSTRAINT released_pkey PRIMARY KEY (pipeline, rule, grp);


--
-- Name: syncd_collected_open; Type: INDEX; Schema: syncd; Owner: -
--

CREATE INDEX syncd_collected_open ON syncd.collected USING btree (pipeline, rule, grp) WHERE (posted = ''::text);


--
-- Name: syncd_collected_subject; Type: INDEX; Schema: syncd; Owner: -
--

CREATE INDEX syncd_collected_subject ON syncd.collected USING btree (subject);


--
-- Name: syncd_parked_open; Type: INDEX; Schema: syncd; Owner: -
--

CREATE INDEX syncd_parked_open ON syncd.parked USING btree (pipeline, subject) WHERE (settled_at IS NULL);


--
-- Name: syncd_parked_subject; Type: INDEX; Schema: syncd; Owner: -
--

CREATE INDEX syncd_parked_subject ON syncd.parked USING btree (subject);


--
-- Name: syncd_posting_key; Type: INDEX; Schema: syncd; Owner: -
--

CREATE UNIQUE INDEX syncd_posting_key ON syncd.posting USING btree (key, pipeline);


--
-- Name: syncd_posting_reverses; Type: INDEX; Schema: syncd; Owner: -
--

CREATE INDEX syncd_posting_reverses ON syncd.posting USING btree (reverses, pipeline) WHERE (reverses <> ''::text);


--
-- Name: syncd_posting_subject; Type: INDEX; Schema: syncd; Owner: -
--

CREATE INDEX syncd_posting_subject ON syncd.posting USING btree (subject, pipeline);


--
-- PostgreSQL database dump complete
--


