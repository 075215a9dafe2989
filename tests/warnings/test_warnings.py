"""What is worth a look: each kind finds what was planted, and docs/warnings.md says how well; a number that is printed
can be relied upon (invariant 15)."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from syncd.books.warnings.notice import KINDS, Notice, Report
from tests.tidy.tree import ROOT
from tests.warnings.seeded import Year, looked, made

PAGE: Final = ROOT / "docs" / "warnings.md"


@pytest.fixture(scope="module")
def seeded() -> tuple[Year, Report]:
    year = made()
    return year, looked(year)


def lines(year: Year, report: Report) -> list[str]:
    """The table of docs/warnings.md, as it comes out."""
    found = []
    for kind in KINDS:
        told = [w for w in report.warnings if w.kind == kind]
        planted = [rows for of, rows in year.planted if of == kind]
        right = [w for w in told if any(rows & set(w.rows) for rows in planted)]
        caught = [rows for rows in planted if any(rows & set(w.rows) for w in told)]
        precision, recall = len(right) / len(told), len(caught) / len(planted)
        found.append(f"| `{kind}` | {len(planted)} | {len(told)} | {precision:.2f} | {recall:.2f} |")
    return found


def test_the_page_says_how_well_each_kind_does(seeded: tuple[Year, Report]) -> None:
    written = re.findall(r"^\| `\w+` \| \d+ \| \d+ \| .*$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert written == lines(*seeded)


def test_every_kind_was_looked_for_and_tells_no_more_wrong_than_right(seeded: tuple[Year, Report]) -> None:
    year, report = seeded
    assert not report.not_asked
    for line in lines(year, report):
        precision, recall = map(float, line.strip("| ").split(" | ")[-2:])
        assert precision >= 0.5, line
        assert recall >= 0.6, line


def of(report: Report, kind: str) -> Sequence[Notice]:
    return [w for w in report.warnings if w.kind == kind]


def test_a_warning_names_rows_reason_and_how_sure(seeded: tuple[Year, Report]) -> None:
    _, report = seeded
    assert all(w.rows and 0.3 <= w.sure <= 1 for w in report.warnings)
    assert [w.sure for w in report.warnings] == sorted((w.sure for w in report.warnings), reverse=True)
    (first, _) = of(report, "by_hand")
    assert (first.rows, first.params["accounts"]) == (("2026-03 记-901",), "1601")
    assert [w.on for w in of(report, "odd_hours") if "2026-04-26" in str(w.params["at"])] == [date(2026, 4, 26)]


def test_a_voucher_of_ours_and_the_opening_of_the_books_are_not_by_hand(seeded: tuple[Year, Report]) -> None:
    """And a voucher by hand on an account that people post to is theirs."""
    _, report = seeded
    assert {row for w in of(report, "by_hand") for row in w.rows} == {"2026-03 记-901", "2026-05 记-901"}


def test_a_slip_is_named_with_what_may_be_meant(seeded: tuple[Year, Report]) -> None:
    year, report = seeded
    values = {step["row"]["asset_code"]: step["row"].get("value") for step in year.steps if "row" in step}
    for warning in of(report, "tenfold"):
        (code,) = warning.rows
        ratio = values[code] / warning.params["meant"]  # type: ignore[operator]
        assert ratio.quantize(type(ratio)("0.1")) in (type(ratio)("10.0"), type(ratio)("0.1"))


def test_the_page_shows_every_setting() -> None:
    from syncd.mapping.language.blocks.quality import Warnings

    (block,) = re.findall(r"```yaml\nwarnings:\n(.*?)```", Path(PAGE).read_text("utf-8"), re.DOTALL)
    assert re.findall(r"^  (\w+):", block, re.MULTILINE) == list(Warnings.model_fields)
