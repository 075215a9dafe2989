"""Invariant 15 for `syncd quality` and `syncd warnings`: what is put right as they say is right."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd import migrate
from tests.advice import advice, heard
from tests.advice.command import fine, refused
from tests.quality.company import company, pipeline

OPENS = """\
    card:
      asset_code: after.asset_code
      name: after.name
      class: class.code
      dept: dept.code
      life_months: life
      residual_rate: after.residual_rate
      original_value: after.value
"""
BLOCK = "quality:\n  unified_code"


def edit(folder: Path, *texts: tuple[str, str]) -> None:
    path = folder / "mapping.yaml"
    text = path.read_text("utf-8")
    for old, new in texts:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


@advice("quality_no_opener")
def test_what_is_said_of_cards_that_nobody_opens_is_taken_out_or_a_rule_opens_them(tmp_path: Path) -> None:
    folder = company(tmp_path, 2)
    config = folder / "syncd.yaml"
    edit(folder, (OPENS, ""))
    heard("quality_no_opener", refused("mapping check", config, code=1))
    edit(folder, ("  unified_code: \"'FA-' || dept.code || '-'\"\n  acquired: after.bought_on\n", ""))
    fine("mapping check", config)

    folder = company(tmp_path / "again", 2)
    edit(folder, (OPENS, ""))
    refused("mapping check", folder / "syncd.yaml", code=1)
    edit(folder, ("    voucher:\n", f"{OPENS}    voucher:\n"))
    fine("mapping check", folder / "syncd.yaml")


@advice("quality_nothing_to_read")
def test_a_mapping_that_looks_for_nothing_is_given_something_to_look_for(tmp_path: Path) -> None:
    folder = company(tmp_path, 2)
    config = folder / "syncd.yaml"
    whole = (folder / "mapping.yaml").read_text("utf-8")
    edit(folder, (OPENS, ""), (whole[whole.index("quality:") :], ""))
    heard("quality_nothing_to_read", refused("quality", config))
    rule = "quality: {rules: {blank: {on: asset, where: name IS NULL, says: no name}}}\n"
    (folder / "mapping.yaml").write_text((folder / "mapping.yaml").read_text("utf-8") + rule, "utf-8")
    fine("quality", config)

    (folder / "mapping.yaml").write_text(whole[: whole.index("quality:")], "utf-8")
    fine("quality", config)


@pytest.mark.parametrize(
    ("code", "typed", "right"),
    [
        pytest.param("warnings_since", "--since 2026/11/01", "--since 2026-11-01", marks=advice("warnings_since")),
        pytest.param("warnings_period", "--period 11", "--period 2026-11", marks=advice("warnings_period")),
    ],
)
def test_a_day_and_a_month_are_written_as_it_says(tmp_path: Path, code: str, typed: str, right: str) -> None:
    folder = company(tmp_path, 2)
    with closing(sqlite3.connect(folder / "finance.db")) as finance:
        fields = "asset_code, name, class, dept, life_months, residual_rate, original_value, disposed_on"
        finance.execute(f"CREATE TABLE fin_card ({fields})")
    with closing(pipeline(folder).open_ledger()) as ledger:
        migrate.migrate(ledger, datetime.now(UTC))
    said = refused(f"warnings {typed}", folder / "syncd.yaml")
    heard(code, said)
    assert right in said
    assert "nothing is worth a look" in fine(f"warnings {right}", folder / "syncd.yaml")
