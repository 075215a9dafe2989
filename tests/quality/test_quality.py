"""Data quality: each fault that is planted is found by its rule and by no other, and what is suggested can be taken
(invariant 15)."""

import csv
import re
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from syncd.books.quality import store
from syncd.books.quality.examine import Examination
from syncd.books.quality.findings import title, words
from syncd.change import Row, Table
from syncd.errors import MappingErrors
from syncd.language import choose
from syncd.mapping.language.load import load
from tests.advice.command import fine, refused
from tests.quality.company import HERE, company, pipeline, register, scrap

PLANTED: list[tuple[str, dict[str, Any]]] = [
    ("registration.1", {"code": "SC-077"}),
    ("registration.2", {"value": "0"}),
    ("malformed", {"value": "15万"}),
    ("malformed", {"bought_on": "2024-02-30"}),
    ("no_amount", {"value": None}),
    ("no_life", {"life_months": None}),
    ("no_life", {"life_months": 0}),
    ("early", {"bought_on": "1902-01-01"}),
    ("future", {"bought_on": "2099-01-01"}),
    ("unmatched", {"class_code": "jqsb "}),
    ("unmatched", {"department_id": 77}),
    ("no_class", {"class_code": None}),
    ("no_department", {"department_id": None}),
    ("undecided", {"status": "lent"}),
    ("tenfold", {"value": "150000.00"}),
    ("tenfold", {"value": "1500.00"}),
    ("outlier", {"value": "45000.00"}),
    ("no_name", {"name": " "}),
]
ALSO = {"no_amount": {"registration.2"}}
"""What has no value is not above zero either."""


def found(folder: Path) -> dict[str, list[str]]:
    """Rule → the keys of its first rows."""
    report, _ = pipeline(folder).quality()
    return {group.sort.name: [row.key for row in group.examples] for group in report.groups}


def test_nothing_is_wrong_with_what_is_right(tmp_path: Path) -> None:
    folder = company(tmp_path)
    register(folder, 90, "odd one", status="draft", value=None)  # not of the books yet
    scrap(folder, 1, 2, "2025-01-31")
    report, written = pipeline(folder).quality()
    assert (report.groups, report.is_clean, report.assets, written) == ([], True, 24, {})
    assert report.rows == {"asset": 25, "scrap": 1}


@pytest.mark.parametrize(("rule", "wrong"), PLANTED, ids=[f"{r}-{next(iter(w))}" for r, w in PLANTED])
def test_a_fault_is_found_by_its_rule_and_by_no_other(tmp_path: Path, rule: str, wrong: dict[str, Any]) -> None:
    folder = company(tmp_path)
    register(folder, 90, wrong.get("code", "FA-SC-0090"), **{k: v for k, v in wrong.items() if k != "code"})
    assert found(folder) == {name: ["90"] for name in {rule} | ALSO.get(rule, set())}


def test_codes_that_stand_twice_or_are_alike_are_found(tmp_path: Path) -> None:
    """After trimming, half-width, in capitals."""
    folder = company(tmp_path)
    register(folder, 90, "FA-SC-0001")
    register(folder, 91, "ＦＡ－ＳＣ－０００２")
    register(folder, 92, "fa-sc-0003 ")
    register(folder, 93, "")
    came = found(folder)
    assert came["duplicate"] == ["1", "90"]
    assert came["alike"] == ["2", "91", "3"]
    assert came["no_code"] == ["93"]


def test_a_disposal_before_the_purchase_is_found(tmp_path: Path) -> None:
    folder = company(tmp_path)
    scrap(folder, 1, 4, "2024-02-29")
    scrap(folder, 2, 6, "2024-03-01")
    scrap(folder, 3, 8, "2025-03-01", proceeds="0.00")
    report, _ = pipeline(folder).quality()
    assert {g.sort.name: [f.key for f in g.examples] for g in report.groups} == {
        "disposed_early": ["1"],
        "given_away": ["3"],
    }
    assert not report.is_clean


def test_what_weighs_nothing_is_told_and_is_not_wrong(tmp_path: Path) -> None:
    folder = company(tmp_path)
    scrap(folder, 3, 8, "2025-03-01", proceeds="0.00")
    assert "something valuable went for nothing" in " ".join(fine("quality", folder / "syncd.yaml").split())


def test_it_is_said_in_both_languages_with_what_may_be_meant(tmp_path: Path) -> None:
    folder = company(tmp_path)
    register(folder, 90, "FA-SC-0090", class_code="jqsb ", value="150000.00")
    register(folder, 91, "FA-SC-0091", value="150000.00")
    report, _ = pipeline(folder).quality()
    said = {}
    for language in ("en", "zh"):
        choose(language)  # type: ignore[arg-type]
        said[language] = [words(g.sort, g.examples[0]) for g in report.groups] + [title(g.sort) for g in report.groups]
    choose(None)
    assert said["en"][0] == "class jqsb  is not there; the nearest is JQSB"
    assert "15000.00 may be meant" in said["en"][1]
    assert all(re.search("[一-鿿]", text) for text in said["zh"])
    assert not any("quality_" in text or "{" in text for texts in said.values() for text in texts)


def test_the_terminal_keeps_to_eighty_columns_and_says_where_anything_is_wrong(tmp_path: Path) -> None:
    folder = company(tmp_path)
    register(folder, 90, "a code that is far longer than any code that anybody could think of at all", life_months=0)
    said = refused("quality", folder / "syncd.yaml", code=1)
    assert max(map(len, said.splitlines())) <= 80
    assert "26 rows" not in said
    assert "25 assets" in " ".join(said.split()) or "25 of them assets" in " ".join(said.split())


# Files


def test_the_workbook_holds_every_row_and_text_stays_text(tmp_path: Path) -> None:
    folder = company(tmp_path)
    for n, code in enumerate(["=1+1", "+2", "-3", "@4", "{=A1}", "http://a"], 90):
        register(folder, n, code, name="=HYPERLINK(1)")
    _, written = pipeline(folder).quality(folder / "out")
    assert written["quality.xlsx"] == 6
    with ZipFile(folder / "out" / "quality.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
        assert "externalLink" not in "".join(book.namelist())
    assert not any(re.search("<f[ >]|<hyperlink", sheet) for sheet in sheets)
    texts = re.findall(r"<t[^>]*>([^<]*)</t>", sheets[1])
    assert [text for text in texts if text in ("=1+1", "+2", "-3", "@4", "{=A1}", "http://a")]
    assert texts.count("=HYPERLINK(1)") == 6
    assert re.findall(r"<v>(15000)</v>", sheets[1])  # an amount is a number


def mend(folder: Path) -> None:
    """The mapping takes both tables as they were written."""
    path = folder / "mapping.yaml"
    text = path.read_text("utf-8")
    for old, new in [
        ("decisions:\n", "crosswalks:\n  unified: {file: out/crosswalk.csv, from: old_code, to: code}\ndecisions:\n"
         "  usual_life: {file: out/defaults.csv, keys: [class], gives: life_months}\n"),
        ("code: after.asset_code, ", "code: \"CASE WHEN after.asset_code LIKE 'FA-%-%' THEN after.asset_code "
         'ELSE unified(trim(after.asset_code)) END", '),
        ("life: after.life_months}",
         'life: "coalesce(nullif(after.life_months, 0), usual_life(class.code)::integer)"}'),
        ("asset_code: after.asset_code\n", "asset_code: code\n"),
    ]:  # fmt: skip
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def test_a_mapping_takes_crosswalk_and_defaults_as_they_are(tmp_path: Path) -> None:
    """With them, the same rows are right."""
    folder = company(tmp_path)
    register(folder, 90, "SC-077")
    register(folder, 91, "sc 12")
    register(folder, 92, "机床一号", department_id=2, life_months=None)
    register(folder, 93, " fa－xz－0007 ", department_id=2, class_code="DZSB", life_months=0, value="6010.00")
    assert sorted(found(folder)) == ["no_life", "registration.1"]
    refused(f"quality --out {folder / 'out'}", folder / "syncd.yaml", code=1)
    with (folder / "out" / "crosswalk.csv").open(encoding="utf-8", newline="") as file:
        suggested = {row["old_code"]: row["code"] for row in csv.DictReader(file)}
    assert suggested == {
        "SC-077": "FA-SC-0077",
        "sc 12": "FA-SC-0078",  # 12 is another's
        "机床一号": "FA-XZ-0008",
        "fa－xz－0007": "FA-XZ-0007",
    }
    with (folder / "out" / "defaults.csv").open(encoding="utf-8", newline="") as file:
        usual = {row["class"]: (row["life_months"], row["residual_rate"]) for row in csv.DictReader(file)}
    assert usual == {"JQSB": ("120", "0.05"), "DZSB": ("36", "0.05"), "*": ("120", "0.05")}
    mend(folder)
    fine("mapping check", folder / "syncd.yaml")
    assert found(folder) == {}


def test_where_nothing_can_be_suggested_no_empty_table_is_left(tmp_path: Path) -> None:
    folder = company(tmp_path)
    (folder / "out").mkdir()
    (folder / "out" / "crosswalk.csv").write_text("of last time", "utf-8")
    _, written = pipeline(folder).quality(folder / "out")
    assert written["crosswalk.csv"] == 0
    assert not (folder / "out" / "crosswalk.csv").exists()


# The block, and the bounds


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("on: scrap\n      where", "on: scrab\n      where", "unknown_table"),
        ("where: proceeds = 0", "where: proceed = 0", "unknown_name"),
        ("where: coalesce(trim(name), '') = ''", "where: coalesce(trim(name), '')", "wrong_kind"),
        ("acquired: after.bought_on", "acquired: after.bougt_on", "unknown_name"),
        ("      weight: 2", "      weight: 11", "wrong_shape"),
    ],
)
def test_what_is_wrong_in_the_block_is_found_when_it_is_loaded(tmp_path: Path, old: str, new: str, code: str) -> None:
    path = company(tmp_path) / "mapping.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(MappingErrors) as caught:
        load(path)
    (error,) = caught.value.errors
    assert error.code == code
    assert error.where.startswith(f"{path}:")


def test_a_million_rows_would_pass_in_flat_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 11: four times the rows take no more memory."""
    mapping = load(HERE / "mapping.yaml")
    today = datetime.now(UTC).date()

    def row(n: int) -> Row:
        bought, value = date(2024, 3, 1), Decimal(15_000 + n % 700)
        code = f"FA-SC-{n:07}" if n % 50 else f"old {n}"
        return (n, code, "机床", "JQSB", 1, "in_use", value, 120, Decimal("0.05"), bought)

    def peak_bytes(count: int) -> int:
        @contextmanager
        def rows(table: Table) -> Iterator[Iterator[tuple[Row, bool]]]:
            few: dict[str, list[Row]] = {"dept": [(1, "SC")], "class": [("JQSB", "机器")]}
            many = (row(n) for n in range(count)) if table.alias == "asset" else iter(few.get(table.alias, ()))
            yield ((one, False) for one in many)

        with store.opened(mapping.tables) as kept:
            examination = Examination(mapping.quality, mapping.rules, mapping.tables, kept, today, mapping.zone)
            tracemalloc.start()
            report = examination.run(rows)
            codes = sum(1 for _ in examination.crosswalk())
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert (report.assets, codes) == (count, count // 50)
        return peak

    monkeypatch.setattr(store, "ROWS_AT_ONCE", 100)
    small, large = peak_bytes(500), peak_bytes(2_000)
    assert large < 1.25 * small, (small, large)
