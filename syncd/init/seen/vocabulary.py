"""What tables and columns are called in EAM and finance systems: English, Chinese, pinyin and its initials, German,
and what known systems (Kingdee, Yonyou, GnuCash-like books, GB/T 24589) call them. The usual name stands first."""

from collections.abc import Mapping
from typing import Final

COLUMNS: Final[Mapping[str, str]] = {
    # both sides
    "id": "id guid uid rowid 主键 内码 fid pk",
    "code": (
        "code no number nr num barcode tag bm bianma 编码 编号 代码 bh fnumber asset_no "
        "equip_no asset_tag nr anl_nr inv_no inventory_no inventar_nr"
    ),
    "name": "name title label description descr mc mingcheng 名称 fname bezeichnung caption zcmc sbmc",
    "status": "status state stage zt zhuangtai 状态 单据状态 fstatus documentstatus is_active active enabled",
    "date": (
        "date day posted_on voucher_date dbill_date rq riqi 日期 凭证日期 制单日期 fdate "
        "prepareddate pzrq post_date posting_date entry_date booked_on buchungsdatum "
        "trans_date transaction_date doc_date booking_date"
    ),
    "summary": (
        "summary memo narration explanation digest cdigest abstract text zy zhaiyao 摘要 "
        "fexplanation comment remark bz beizhu 备注 description descr particulars notes "
        "note buchungstext"
    ),
    "amount": "amount value sum total je jine 金额 famount betrag amt price cost total_amount 合计 hj gross net",
    "dept": (
        "dept department department_id dept_code cdept_id bm bumen 部门 部门编码 org_unit "
        "unit cost_center cost_centre costcenter kostenstelle division bmbm ssbm sybm "
        "使用部门 使用部门编码 owner_dept section centre center kst costcentre sydw"
    ),
    "class": (
        "class category asset_class class_code category_id lb leibie 类别 资产类别 类别编码 zclb "
        "sblb asset_type type_code group kind kategorie family lbbm"
    ),
    "supplier": "supplier vendor supplier_id gys gongyingshang 供应商 往来单位 partner creditor wldw payee cvencode",
    "project": "project project_no xm xiangmu 项目 项目编码 job",
    "asset": (
        "asset asset_code asset_id asset_no equipment equipment_id equip_no equip_id "
        "device_id machine_id zc zcbm zcbh zichan 资产 资产编码 资产编号 卡片编号 card_id card_no "
        "card_code fasset tag item_id item_code inv_no anl_nr inventory_no "
        "inventory_number anlage_nr serial machine_no sbbh sbbm"
    ),
    "created": (
        "created_at created created_on create_time ctime inserted_at 创建时间 cjsj lrsj "
        "entered_at created_ts time_created recorded_at enter_date date_entered "
        "recorded"
    ),
    # an asset
    "approved_on": (
        "approved_on approved_at approval_date approve_date in_service_date "
        "in_service_on in_service commissioned commissioned_on commission_date "
        "accept_date accepted_on capitalized_on capitalised_on activated_on "
        "start_use_date use_date qyrq shrq 启用日期 审批日期 验收日期 投用日期 入账日期 转固日期 ready_on "
        "put_into_use in_use_since used_since inusesince since commissioning in_betrieb "
        "inbetriebnahme go_live_date"
        " freigabe released_on release_date freigegeben activation_date capitalization_date"
    ),
    "acquired_on": (
        "purchase_date purchase_on acquired_on acquisition_date acquired bought_on purchased_on "
        "purchased_at buy_date gzrq grrq gmrq 购置日期 购买日期 购入日期 采购日期 取得日期 dt_purchase "
        "purchase_dt delivery_date zugang zugangsdatum anschaffung since"
    ),
    "original_value": (
        "original_value purchase_price acquisition_cost acquisition_value original_cost "
        "purchase_cost orig_value cost value price yz yuanzhi 原值 资产原值 购置金额 foriginalval "
        "gmje zcyz initial_value gross_value historical_cost amount purchase_amount "
        "cost_value book_cost ahk anschaffungswert wert anschaffungskosten"
    ),
    "accumulated_depreciation": (
        "accumulated_depreciation accum_depreciation accum_depr acc_depr "
        "accumulated_depr opening_depreciation ljzj leijizhejiu 累计折旧 depreciated accdep "
        "accum_dep accumdep depr_total total_depreciation"
    ),
    "impairment": "impairment impairment_provision jzzb 减值准备 固定资产减值准备 write_down provision",
    "life_months": (
        "life_months useful_life_months life useful_life months months_life life_m syys "
        "syyf synx 使用月份 预计使用月份 使用年限 years life_years useful_years service_life nx "
        "useful_life_years lifetime"
    ),
    "residual_rate": (
        "residual_rate residual salvage_rate salvage scrap_rate residual_pct "
        "salvage_value_rate czl 净残值率 残值率 jczl residual_value_pct residual_percent"
    ),
    "method": "method depreciation_method depr_method dep_method zjff 折旧方法 depreciation",
    "acquired_month": (
        "acquired_month start_month in_month rzyf 入账月份 capitalisation_date "
        "capitalized_on capitalised_on booked_on acquired_on acquisition_date "
        "start_date start_on in_service_date begin_date entry_date 入账日期 开始使用日期 "
        "in_service activation_date since zugang"
    ),
    "price": "price unit_price preis dj danjia 单价 rate cost unit_cost",
    "quantity": "quantity qty count menge sl shuliang 数量 pieces units",
    "vat": "input_vat vat tax tax_amount vat_amount se shuie 税额 进项税额 incometax jxse",
    "origin": "origin source source_type ly laiyuan 来源 增加方式 zjfs",
    "workshop": "workshop cj chejian 车间 shop plant line location",
    "disposed_on": "disposed_on disposal_date retired_on scrapped_on bfrq 报废日期 处置日期 abgang gone_on scrapped_on",
    # finance
    "period": (
        "period iperiod fperiod period_code period_id period_no fiscal_period qj qijian "
        "期间 会计期间 会计期间号 kjqj accounting_period month_code ym yyyymm"
    ),
    "year": "year iyear fyear fiscal_year nd niandu 年度 会计年度 kjnd jahr yr",
    "month": "month mon fiscal_month yf yuefen 月份 月 monat mth",
    "type": (
        "type voucher_type kind csign pzz pzlx 凭证字 凭证类型 凭证类别 word zi journal "
        "journal_code journal_id vouchertype fvouchergroupid group vtype doc_type pzlb "
        "类型编号 series book"
    ),
    "number": (
        "number no num voucher_no voucher_number ino_id fnumber nr seq_no serial pzh "
        "pzbh 凭证号 凭证编号 编号 voucher_num doc_no docno belegnr entry_no move_name label "
        "ref_no serial_no serial_number running_no lfd_nr belegnummer"
        " vouchergroupno group_no"
    ),
    "account": (
        "account account_code account_id acct account_no acct_code acct_id acct_no "
        "ccode subject subject_code km kmbm kmdm kmid 科目 科目编码 科目编号 会计科目 accsubjectcode "
        "accountcode faccountid gl_account konto glcode gl_code ledger_account "
        "account_guid"
    ),
    "debit": (
        "debit debit_amount dr amount_dr dr_amount md fdebit jf jfje jiefang 借方 借方金额 "
        "借方本币金额 soll localdebitamount debits amt_dr"
    ),
    "credit": (
        "credit credit_amount cr amount_cr cr_amount mc fcredit df dfje daifang 贷方 贷方金额 "
        "贷方本币金额 haben localcreditamount credits amt_cr"
    ),
    "direction": (
        "direction dc fdc dr_cr drcr dc_flag side jd jdfx jdbz fx fangxiang 借贷方向 借贷 "
        "余额方向 方向 debit_credit debitorcredit"
    ),
    "numerator": "value_num amount_num num numerator quantity_num",
    "denominator": "value_denom amount_denom denom denominator quantity_denom",
    "line": (
        "line line_no lineno line_number inid row_no rowno seq sequence item position "
        "pos flh xh hh hangho 行号 序号 分录号 fentryid detailindex idx entry_no ord"
        " entryseq"
    ),
    "key": (
        "external_key external_ref external_id ext_ref ext_key source_key source_ref "
        "idempotency_key uniquekey unique_key outer_id coutno_id freference reference "
        "ref origin_ref foreign_key wbdh wbbh 外部单号 来源单号 来源编号 幂等键 businessid biz_id "
        "biz_key import_ref source_no"
    ),
    "event_date": "event_date business_date fbusdate busidate ywrq 业务日期 value_date document_date occurred_on",
    "debit_total": "debit debit_total total_debit sum_debit jfhj 借方合计 total_dr",
    "credit_total": "credit credit_total total_credit sum_credit dfhj 贷方合计 total_cr",
    "prepared_by": (
        "prepared_by maker created_by cbill zdr 制单人 制单 entered_by author user_name operator username creator"
    ),
    "reviewed_by": "reviewed_by checker approved_by ccheck shr 审核人 复核人 审核",
    "document": "document_no document doc_number bill_no djh 单据号 source_doc voucher_ref invoice_no",
    "contract": "contract_no contract hth 合同号 合同编号",
    "attachments": "attachments attachment_count fattachments fjs fjzs 附件数 附件张数 idoc",
    "reverses": "reverses reversed reversal_of reverses_ref storno_of 冲销凭证 红冲凭证",
    "leaf": (
        "leaf is_leaf postable is_postable is_detail bend mj 末级 是否末级 allow_posting "
        "is_active active detail placeholder is_group"
    ),
    "first": (
        "starts_on start_date first_day date_from begin_date first from_date start "
        "begins_on ksrq 开始日期 期间开始 valid_from day_from first_on"
    ),
    "last": "ends_on end_date last_day date_to to_date last end jsrq 结束日期 期间结束 valid_to day_to last_on",
    "open": "status state is_open open opened kqzt 状态 期间状态 flag",
    "closed": "closed is_closed closed_flag jz jzbz sfjz 结账 是否结账 结账标志 locked is_locked bflag closed_at",
    "closed_until": (
        "closed_until closing_date lock_date locked_until closed_to closed_through "
        "books_closed_until 结账日 结账日期 jzrq closed_on last_closed period_lock_date "
        "fiscalyear_lock_date closed_upto close_date"
    ),
}
"""Concept → names, the usual one first."""

TABLES: Final[Mapping[str, str]] = {
    "asset": (
        "asset assets fixed_asset equipment equip eqp device machine eam_asset zc sb "
        "zctz sbtz gdzc zichan shebei 资产 设备 固定资产 资产台账 设备台账 台账 asset_master "
        "asset_register item inventory anlage anlagen maschine inventar"
    ),
    "disposal": (
        "disposal disposals scrap scrapping retirement scrapped asset_sale bfd czd zcbf zccz"
        " 报废 报废单 资产报废 处置单 资产处置 处置 anlagenabgang abgang"
    ),
    "depreciation": "depreciation depr deprec zj zhejiu 折旧 折旧明细 depreciation_line",
    "document": (
        "order purchase_order po claim expense expense_claim work_order workorder "
        "invoice bill request requisition receipt payment issue cgdd bxd gd 采购订单 订单 报销单 "
        "工单 发票 单据 付款单 purchase bestellung rechnung"
    ),
    "movement": "movement movements change changes transaction history log bd zcbd 变动 资产变动 异动 流水 slip event",
    "card": (
        "card fa_card fa asset fixed_asset fixedasset kp kapian gdzckp gdzc zckp "
        "fa_asset asset_card 卡片 固定资产卡片 固定资产 资产卡片 t_fa_card anlage item register "
        "asset_register anlagen inventar"
    ),
    "account": (
        "account accounts gl_account acct chart coa subject km kjkm kemu 科目 会计科目 "
        "ledger_account konto glaccount account_code accsubj t_bd_account code"
    ),
    "voucher": (
        "voucher gl_voucher vouchers accvouch pz pzh pingzheng 凭证 记账凭证 凭证头 凭证主表 move "
        "account_move journal_entry transaction transactions je gl_head head header "
        "gl_header document buchung batch posting t_gl_voucher pzzb booking bookings "
        "beleg"
    ),
    "entry": (
        "entry gl_entry entries line voucher_line voucher_entry move_line "
        "account_move_line journal_line split splits fl fenlu 分录 凭证分录 凭证明细 gl_detail "
        "detail posting gl_line je_line item t_gl_voucherentry accvouch gl_accvouch "
        "journal ledger pzmx booking_line buchungszeile position"
    ),
    "period": (
        "period gl_period periods fiscal_period accounting_period qj qijian kjqj 期间 "
        "会计期间 calendar fiscal_month gl_mend month"
    ),
    "setting": (
        "setting settings config parameter company system option preference cs xtcs 参数 "
        "系统参数 公司 account_set ledger_setting book ledger books"
    ),
    "type": "journal voucher_type vouchertype pzlb pzz 凭证字 凭证类别 dsign",
    "dept": "department dept departments division org_unit bm bumen 部门 cost_center kostenstelle unit bmxx bmda",
}
"""Role of a table → names."""

IN_USE: Final = (
    "in_use inuse in_service active activated approved accepted operational running operating posted confirmed released"
    " capitalized capitalised commissioned installed live enabled use"
    " 在用 使用中 启用 已启用 已审批 已审核 已验收 正常 zy"
)
"""What a status says of an asset that belongs into the books."""
APPROVED: Final = (
    "approved confirmed posted released accepted done completed closed booked paid received invoiced final"
    " 已审批 已审核 审核通过 已批准 已完成 已记账 已核准 已入库 已支付 approved_final authorised authorized"
)
"""What a status says of a document that belongs into the books."""
GONE: Final = (
    "scrapped disposed sold retired written_off scrap gone decommissioned disposal"
    " 报废 已报废 处置 已处置 出售 已出售 变卖 已变卖 盘亏 毁损 清理 已清理 bf ybf"
    " verkauft verschrottet ausgemustert abgegangen abgang"
)
"""What a status says of an asset that has left."""
OPEN: Final = "open opened o active current 开放 打开 未结账 未结 启用 k"
"""What says of a period that vouchers may be entered."""
DEBIT: Final = "d dr debit 借 j s soll 1 借方 debe"
"""What a direction says on the debit side."""

ACCOUNTS: Final[Mapping[str, tuple[str, str]]] = {
    "fixed_assets": (
        "1601 1501 1500 0400 1700 1510",
        "固定资产 固定资产原值 fixed assets property plant equipment tangible machinery plant and equipment"
        " fixed asset equipment maschinen sachanlagen",
    ),
    "accumulated": (
        "1602 1502",
        "累计折旧 accumulated depreciation depreciation reserve kumulierte afa wertberichtigungen",
    ),
    "impairment": ("1603", "固定资产减值准备 减值准备 impairment"),
    "depreciation": (
        "660202 510101 410501 6602 4830 6220 6800",
        "折旧费 折旧费用 depreciation expense abschreibungen depreciation abschreibung",
    ),
    "payable": (
        "220201 2202 2121 2000 2100 1600 3300",
        "应付账款 应付设备及工程款 accounts payable payables trade payables creditors verbindlichkeiten payable",
    ),
    "clearing": ("1606 2310 6711", "固定资产清理 disposal clearing disposals scrapped anlagenabgänge loss on disposal"),
    "bank": ("1002 1000 1010 1200 1800 1020", "银行存款 bank cash at bank bank account checking"),
    "expense": (
        "6602 5502 6000 6300",
        "管理费用 administration expenses administrative office expenses general expenses expense costs travel",
    ),
}
"""Role → usual codes, usual names."""
