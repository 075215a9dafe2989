"""What `syncd init` proposes for schemas of other shapes than the demonstration's, by names in both languages, keys and
values: read back as the mapping and the layout that it wrote."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from syncd.init.finance import numbers
from syncd.init.finance.numbers import Row
from syncd.init.seen.columns import filler, is_day
from syncd.init.seen.likeness import likeness, table_likeness, told
from syncd.init.seen.schema import Column, Table
from syncd.init.seen.vocabulary import IN_USE
from syncd.init.source.eam import declared
from syncd.mapping.language.file.source import read
from tests.advice.command import fine
from tests.tidy.tree import ROOT

SHAPES = Path(__file__).parent / "shapes"


def _proposed(folder: Path, name: str, finance: str = "") -> tuple[Any, Any]:
    """The mapping and the layout, as data; `mapping check` and the golden cases are green."""
    for side in ("eam", "finance"):
        with closing(sqlite3.connect(folder / f"{side}.db")) as database:
            database.executescript(
                (SHAPES / f"{finance or name if side == 'finance' else name}-{side}.sql").read_text("utf-8")
            )
    out = folder / "out"
    fine(f"init --eam {folder / 'eam.db'} --finance {folder / 'finance.db'} --out {out}")
    fine("mapping check", out / "syncd.yaml")
    fine("mapping test", out / "syncd.yaml")
    assert len(list(out.glob("mapping.cases/*.yaml"))) == 3
    return tuple(read(out / file)[0].data for file in ("mapping.yaml", "finance.yaml"))  # type: ignore[return-value]


def test_pinyin_and_a_ledger_without_headers(tmp_path: Path) -> None:
    mapping, layout = _proposed(tmp_path, "pinyin")
    assert mapping["tables"]["zctz"]["columns"]["gmrq"] == {"date": "%Y%m%d"}
    rule = mapping["rules"]["registration"]
    assert rule["when"] == "after.zt = '在用' AND before.zt IS DISTINCT FROM '在用'"
    assert rule["voucher"]["date"] == "after.gmrq"
    assert rule["voucher"]["summary"].endswith("after.zcbm || ' ' || after.zcmc")
    assert [entry["account"] for entry in rule["voucher"]["entries"]] == [
        "'1601'",
        "'2202'",
    ]  # as finance's own have it
    assert "voucher" not in layout
    assert "card" not in layout
    (entry,) = layout["entry"]
    assert entry["key"] == ["iyear", "iperiod", "csign", "ino_id", "inid"]
    wanted = {"iyear": "voucher.year", "iperiod": "voucher.month", "md": "entry.debit", "mc": "entry.credit"}
    wanted |= {"cdept_id": "entry.dept", "ibook": "1", "coutno_id": "voucher.key"}
    assert wanted.items() <= entry["columns"].items()
    assert layout["lookups"]["account"]["where"] == "bend = 1"
    assert {"number", "period", "type"} <= layout["numbering"].keys()
    assert "bflag = 0" in layout["periods"]["query"]


def test_chinese_names_and_a_direction(tmp_path: Path) -> None:
    mapping, layout = _proposed(tmp_path, "chinese")
    assert mapping["references"]["dept"]["table"] == "部门"
    card = mapping["rules"]["registration"]["card"]
    assert card["dept"] == "dept.编码"
    assert card["original_value"] == "after.购置金额"
    assert layout["card"][0]["columns"]["累计折旧"] == "card.accumulated_depreciation"
    assert layout["periods"]["open"] == "是否结账 = 0"
    assert (layout["numbering"]["period"], layout["numbering"]["type"]) == ("会计期间", "凭证字")
    assert layout["voucher"][0]["generated"] == "内码"
    columns = layout["entry"][0]["columns"]
    assert columns["借贷方向"] == "CASE WHEN entry.debit <> 0 THEN '借' ELSE '贷' END"
    assert columns["金额"] == "entry.debit + entry.credit"
    assert columns["凭证内码"] == "voucher.id"


def test_two_cases_a_flag_and_numbers_with_their_year(tmp_path: Path) -> None:
    mapping, layout = _proposed(tmp_path, "camel")
    assert mapping["rules"]["registration"]["when"] == "after.IsActive = true AND before.IsActive IS DISTINCT FROM true"
    assert layout["numbering"]["pattern"] == "JV-{year}-{number:04}"
    assert "year" in layout["numbering"]
    assert layout["periods"] == {"closed_until": "SELECT max(LockDate) FROM CompanySettings"}
    assert layout["lookups"]["account"]["where"] == "IsGroup = 0"
    assert layout["entry"][0]["columns"]["Currency"] == "'USD'"


def test_documents_with_lines(tmp_path: Path) -> None:
    """No asset anywhere: an expense claim posts its lines when it is approved."""
    mapping, _ = _proposed(tmp_path, "claims", "chinese")
    assert mapping["documents"] == {
        "document": {"header": "报销单", "lines": {"item": {"table": "报销单明细", "of": "报销单id"}}}
    }
    rule = mapping["rules"]["registration"]
    assert rule["on"] == "document"
    assert rule["when"] == "after.状态 = '已审批'"
    debit, credit = rule["voucher"]["entries"]
    assert debit == {"each": "item", "account": "'6602'", "debit": "item.金额", "dept": "after.部门"}
    assert credit == {"account": "'220201'", "credit": "sum(item.金额)"}
    assert "credit: 150.5}" in (tmp_path / "out" / "mapping.cases" / "02_bx_1.yaml").read_text("utf-8")


def test_documents_beside_assets(tmp_path: Path) -> None:
    """An EAM of both has a rule for each."""
    claims = (SHAPES / "claims-eam.sql").read_text("utf-8")
    with closing(sqlite3.connect(tmp_path / "eam.db")) as database:
        database.executescript(claims.replace("部门 TEXT NOT NULL,", "所属 TEXT,"))
    mapping, _ = _proposed(tmp_path, "chinese")
    assert [(name, rule["on"]) for name, rule in mapping["rules"].items()] == [
        ("registration", "设备台账"),
        ("value_changed", "设备台账"),
        ("document", "document"),
    ]


def test_initials_of_pinyin_run_together_and_what_happens_later(tmp_path: Path) -> None:
    """What leaves, what is depreciated, what changes its value have rules; what has none is listed, and no golden case
    parks although an asset that is not there yet has no day."""
    mapping, layout = _proposed(tmp_path, "initials")
    rules = mapping["rules"]
    assert [*rules] == ["registration", "disposal", "depreciation", "value_changed"]
    assert rules["registration"]["voucher"]["date"] == "after.rzrq"
    disposal, charge = rules["disposal"], rules["depreciation"]
    assert disposal["when"] == "after.zczt = '报废' AND before.zczt = '在用' AND card.exists"
    assert disposal["change"] == {"asset_code": "after.zcbh", "status": "'报废'"}
    assert [e["account"] for e in disposal["voucher"]["entries"]] == ["'1606'", "'1602'", "'1603'", "'1601'"]
    assert (charge["on"], charge["voucher"]["entries"][0]["account"]) == ("zjmx", "'510101'")
    assert mapping["reconcile"]["cards"] == "status <> '报废'"
    assert (layout["periods"]["table"], layout["periods"]["open"]) == ("kjqj", "sfjz = 0")
    cases = [path.read_text("utf-8") for path in (tmp_path / "out").glob("mapping.cases/*.yaml")]
    assert [case for case in cases if "parked:" in case] == []
    said = fine(
        f"init --eam {tmp_path / 'eam.db'} --finance {tmp_path / 'finance.db'} --out {tmp_path / 'again'} --json"
    )
    told = {(one["code"], one["params"].get("table")) for one in json.loads(said)["left"]}
    assert {("init_left_disposal", "bfd"), ("init_left_movement", "ybd"), ("init_left_transfer", None)} <= told


def test_german_stems_and_a_day_of_disposal(tmp_path: Path) -> None:
    mapping, layout = _proposed(tmp_path, "stems")
    rules = mapping["rules"]
    assert rules["disposal"]["when"].startswith("op = 'update' AND after.ABGDAT IS NOT NULL AND before.ABGDAT IS NULL")
    assert rules["disposal"]["voucher"]["date"] == "coalesce(after.ABGDAT, change.committed_on)"
    assert rules["depreciation"]["voucher"]["date"] == "last_day((after.BUPER || '-01')::date)"
    (entry,) = layout["entry"]
    wanted = {"POSNR": "entry.line", "KTONR": "entry.account", "SOLLBTR": "entry.debit", "HABBTR": "entry.credit"}
    assert wanted.items() <= entry["columns"].items()


def test_what_was_charged_before_is_on_the_card_from_the_first_day(tmp_path: Path) -> None:
    """Where the asset's own row tells no total, the rows that are there already are read onto its card, as `reconcile`
    counts them; a list of kinds that the asset refers to is taken for no assets."""
    mapping, _ = _proposed(tmp_path, "plain")
    charge = mapping["rules"]["depreciation"]
    assert mapping["rules"]["registration"]["on"] == "fixed_asset"
    assert charge["when"] == "op IN ('insert', 'read') AND (op <> 'read' OR card.exists)"
    assert charge["voucher"]["date"] == "last_day((after.month || '-01')::date)"
    assert mapping["reconcile"]["accumulated_depreciation"][1]["of"] == "monthly_depreciation"


def test_assets_of_a_table_a_year_are_compared_as_one(tmp_path: Path) -> None:
    """Each year's table with its rule."""
    script = (SHAPES / "pinyin-eam.sql").read_text("utf-8")
    earlier = script[script.index("CREATE TABLE zctz") : script.index("INSERT INTO bmxx")]
    with closing(sqlite3.connect(tmp_path / "eam.db")) as database:
        database.executescript(script.replace("zctz", "zctz_2026") + earlier.replace("zctz", "zctz_2025"))
    mapping, _ = _proposed(tmp_path, "claims", "chinese")
    (also,) = mapping["reconcile"]["also"]
    assert also["on"] == "zctz_2025"
    assert also["original_value"] == {"rule": "registration_zctz_2025", "field": "original_value"}


UNSEEN: Final = """
tables.eqpmst.table EQPMST; tables.eqpmst.key EQPCD; references.class.table EQPTYP; references.dept.table CSTCTR
rules.registration.when after.EQPSTS = 'INUSE' AND before.EQPSTS IS DISTINCT FROM 'INUSE'
rules.registration.card.name after.EQPDSC; rules.registration.card.original_value after.PURAMT
rules.registration.card.class after.TYPCD; rules.registration.card.dept after.CTRCD
rules.registration.voucher.date after.INSTDT; rules.disposal.on eqpmst; rules.depreciation.on deptrn
accounts account; lookups.account.table cwkm; lookups.account.code kmdm; lookups.account.where mjbz = '1'
periods.table cwqj; periods.first qsrq; periods.last zzrq; periods.open jzbz = '0'
numbering.table cwpz; numbering.number pzhm; numbering.type pzzl
card.0.table gdzc; card.0.key zcbm; card.0.columns.zcbm card.asset_code; card.0.columns.zcmc card.name
card.0.columns.zclb card.class; card.0.columns.sybm card.dept; card.0.columns.zcyz card.original_value
card.0.columns.ljzj card.accumulated_depreciation; card.0.columns.ksrq card.acquired_month
card.0.columns.sybz card.status
voucher.0.table cwpz; voucher.0.generated pznm; voucher.0.columns.qjdm replace(voucher.period, '-', '')
voucher.0.columns.pzzl voucher.type; voucher.0.columns.pzhm voucher.number; voucher.0.columns.zdrq voucher.date
voucher.0.columns.djzs voucher.attachments; voucher.0.columns.zdxm voucher.prepared_by
voucher.0.columns.wbhm voucher.key
entry.0.table cwfl; entry.0.columns.pznm voucher.id; entry.0.columns.flbh entry.line; entry.0.columns.flzy entry.summary
entry.0.columns.kmdm entry.account; entry.0.columns.jfje entry.debit; entry.0.columns.dfje entry.credit
entry.0.columns.bmdm entry.dept
"""
"""Of the schema for which no word list was completed, what a person would have written."""


def test_of_a_schema_that_nobody_tuned_for_no_more_is_claimed_than_was_found(tmp_path: Path) -> None:
    """The documentation's figure."""
    wanted = [fact.strip().partition(" ") for line in UNSEEN.splitlines() for fact in line.split(";") if fact.strip()]
    found = _proposed(tmp_path, "unseen")
    right = [place for place, _, value in wanted if any(_at(one, place) == value for one in found)]
    missed = [place for place, *_ in wanted if place not in right]
    told = re.search(r"\*\*(\d+) of (\d+)\*\*", (ROOT / "docs" / "first-day.md").read_text("utf-8"))
    assert told is not None
    assert (int(told[1]), int(told[2])) <= (len(right), len(wanted)), (len(right), len(wanted), missed)
    assert int(told[2]) == len(wanted)


def _at(found: Any, place: str) -> str | None:
    """What stands at a place of a mapping or a layout."""
    for name in place.split("."):
        if isinstance(found, list):
            found = found[int(name)] if len(found) > int(name) else None
        else:
            found = found.get(name) if isinstance(found, dict) else None
    return found if found is None else str(found)


def test_kingdees_names(tmp_path: Path) -> None:
    mapping, layout = _proposed(tmp_path, "kingdee")
    rule = mapping["rules"]["registration"]
    assert rule["when"] == "after.FDOCUMENTSTATUS = 'C' AND before.FDOCUMENTSTATUS IS DISTINCT FROM 'C'"
    assert rule["voucher"]["type"] == "'PRE001'"
    assert layout["lookups"]["voucher_type"]["gives"] == "FVCHGROUPID"
    assert layout["numbering"]["number"] == "FVOUCHERGROUPNO"
    assert layout["periods"]["open"] == "FISCLOSED = 0"
    columns = layout["entry"][0]["columns"]
    assert columns["FACCOUNTID"] == "account_id(entry.account)"
    assert columns["FAMOUNT"] == "entry.debit + entry.credit"
    assert columns["FDC"] == "CASE WHEN entry.debit <> 0 THEN 1 ELSE -1 END"
    assert columns["FENTRYSEQ"] == "entry.line"
    assert layout["voucher"][0]["columns"]["FDOCUMENTSTATUS"] == "'C'"


@pytest.mark.parametrize(
    ("made", "by"),
    [
        ("2025-12 记 1, 2025-12 记 2, 2026-01 记 1, 2026-01 转 1", "period,type"),
        ("2025-12 记 1, 2026-01 记 1, 2026-02 记 2", "year,type"),
        ("2025-12 记 1, 2025-12 转 2, 2026-01 记 3", ""),
    ],
)
def test_numbers_tell_by_what_their_series_differ(made: str, by: str) -> None:
    rows = [
        Row(period[:4], period, type_, number) for period, type_, number in (one.split() for one in made.split(", "))
    ]
    columns = {"number": "no", "period": "period", "type": "kind"}
    assert numbers.series(rows, "", Table("v", ()), columns).value == by


COLUMNS = {
    "yz": "original_value",
    "原值": "original_value",
    "FDebit": "debit",
    "jfje": "debit",
    "dbill_date": "date",
    "部门编码": "dept",
    "AccountNo": "account",
    "摘要": "summary",
}
TABLES = {"T_GL_VOUCHER": "voucher", "凭证分录": "entry", "fin.account": "account", "zctz": "asset"}


def test_names_are_known_in_both_languages() -> None:
    assert [name for name, concept in COLUMNS.items() if likeness(name, concept) < 0.6] == []
    assert [name for name, role in TABLES.items() if table_likeness(name, role) < 0.6] == []
    assert told("InUse", IN_USE) > 0.9
    assert not told("draft", IN_USE)


def test_cents_are_money_and_a_year_is_no_constant(tmp_path: Path) -> None:
    """What stands a hundredfold in the books, or in last year's, is no proposal: the first is asked, too. Nor is what
    an asset's value changes by."""
    mapping, layout = _proposed(tmp_path, "cents")
    entries = mapping["rules"]["registration"]["voucher"]["entries"]
    assert [entry.get("debit", entry.get("credit")) for entry in entries] == ["after.原值分 * 0.01"] * 2
    assert (tmp_path / "out" / "mapping.yaml").read_text("utf-8").count("?50%") >= 2
    changed = mapping["rules"]["value_changed"]
    more = "after.原值分 * 0.01 - before.原值分 * 0.01"
    assert changed["change"]["original_value"] == f"card.original_value + {more}"
    assert [entry.get("debit", entry.get("credit")) for entry in changed["voucher"]["entries"]][:2] == [more, more]
    (head,) = layout["voucher"]
    assert (head["columns"]["fy"], head["columns"]["pd"]) == ("voucher.year", "voucher.month")


@pytest.mark.parametrize(
    ("value", "rows", "required", "sure"),
    [
        ("CNY", 30, False, 0.85),
        ("CNY", 6, False, 0.4),
        ("CNY", 6, True, 0.85),
        ("PO-2026-0017", 30, False, None),
        ("20260017", 6, False, None),
    ],
)
def test_what_a_few_rows_have_in_common_is_asked(value: str, rows: int, required: bool, sure: float | None) -> None:
    """Six vouchers of one purchase order: its number is no constant of the books."""
    guess = filler(Column("c", "TEXT", "text", required=required, values=(value,) * rows), "voucher.date")
    assert (guess and guess.sure) == sure
    assert guess is None or guess.asks == (rows < 20 and not required)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("20260201", "00000000", None), '{date: "%Y%m%d", zero: null}'),
        (("2026/02/01", ""), '{date: "%Y/%m/%d", zero: null}'),
        (("20260201", None), '{date: "%Y%m%d"}'),
        (("00000000",), "text"),
    ],
)
def test_a_zero_date_among_days_means_nothing(values: tuple[object, ...], kind: str) -> None:
    """One of them does not take the purchase date from the mapping."""
    column = Column("gmrq", "CHAR(8)", "text", values=values)
    assert is_day(column) == (kind != "text")
    assert declared(column).value == kind
