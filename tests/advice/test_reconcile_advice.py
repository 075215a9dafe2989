"""Invariant 15 for `syncd reconcile`: what keeps it from comparing is put right as it says, and then it compares."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from syncd import language
from syncd.daemon import drain
from syncd.demo import eam
from syncd.demo.stage import Stage, built
from syncd.files import shipped
from tests.acceptance.plant import plant
from tests.advice import advice, advised, heard
from tests.advice.office import DEVICES, TODAY, replace, type_in
from tests.servers import Postgres
from tests.shipped import copied, flat

FOUND, WRONG, NEEDS_A_PERSON, LATER = 1, 2, 3, 4
Changes = list[tuple[str, str, str]]
"""Of files of the mapping: what stood there, and what stands there then."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A company in the books, whose mapping is a file of its own."""
    with built(tmp_path_factory.mktemp("stage"), DEVICES, TODAY) as made:
        config = made.directory / "syncd.yaml"
        config.write_text(config.read_text("utf-8").replace("shipped:", "mappings/"), "utf-8")
        with closing(made.pipeline.open_ledger()) as ledger:
            assert ledger.acquire()
            drain.snapshot(made.pipeline.spec(), ledger, lambda *_: None)
        yield made
    structlog.reset_defaults()
    language.choose(None)


@pytest.fixture
def mappings(stage: Stage) -> Path:
    """As they are shipped."""
    return copied(stage.directory / "mappings")


RULES, LAYOUT = "demo.yaml", "finance/demo.yaml"
BLOCK = "\nreconcile:" + flat(shipped("mappings", RULES)).partition("\nreconcile:")[2]
"""The last of a mapping that is copied."""
MISSPELT = [(RULES, "field: original_value", "field: orignal_value")]
RENAMED = [
    *[(RULES, f"{card}.impairment", f"{card}.written_down") for card in ("card", "old", "new")],
    (RULES, "      impairment: ", "      written_down: "),
    (RULES, ", impairment: card.written_down", ", written_down: card.written_down"),
    (LAYOUT, "impairment: card.impairment", "impairment: card.written_down"),
    (LAYOUT, " impairment: money", " written_down: money"),
]
MEASURE = re.findall(r"(?m)^  impairment:\n(?:    - .*\n)+", BLOCK)[0]
NOT_CONTROLLED = (RULES, ', impairment: "1603"}', "}")
BOUGHT = "where: books(status) = 'on' AND purchase_date > DATE '1990-01-01'"
KEPT_AS_TEXT = [
    (RULES, "purchase_date: date", "purchase_date: {date: '%Y%m%d'}"),
    (RULES, "where: books(status) = 'on'\n", f"{BOUGHT}\n"),
]
MISGROUPED = [(RULES, "by: {dept: {", "by: {dpt: {")]
UNSAID = [(RULES, BLOCK, "\n# nothing is reconciled\n")]


def back(changes: Changes) -> Changes:
    return [(file, new, old) for file, old, new in reversed(changes)]


CASES = [
    advised("reconcile_rule", MISSPELT, back(MISSPELT)),
    advised("reconcile_card_field", RENAMED, back(RENAMED)),
    advised("reconcile_card_field", RENAMED, [(RULES, MEASURE, '  impairment: "0"\n'), NOT_CONTROLLED], name="nowhere"),
    advised("reconcile_by", MISGROUPED, back(MISGROUPED)),
    advised("reconcile_no_sql", KEPT_AS_TEXT, [(RULES, "AND purchase_date >", "AND approved_on >")]),
    advised("reconcile_nothing", UNSAID, back(UNSAID)),
]


@pytest.mark.parametrize(("code", "wrong", "right"), CASES)
def test_a_mapping_that_does_not_say_what_to_compare(
    stage: Stage, mappings: Path, code: str, wrong: Changes, right: Changes
) -> None:
    for file, old, new in wrong:
        replace(mappings / file, (old, new))
    found = heard(code, type_in(stage.directory, "reconcile", WRONG))
    assert found.get("nearest", "dept").startswith(("registration.original_value", "dept", "split_impairment"))
    for file, old, new in right:
        replace(mappings / file, (old, new))
    type_in(stage.directory, "reconcile")


@advice("eam_query", "eam_away")
def test_an_eam_that_does_not_answer(tmp_path: Path, new_database: Callable[[], str], postgres: Postgres) -> None:
    """It is away for a while; then its user may not read."""
    with plant(tmp_path, new_database(), new_database()) as made:
        postgres.run(f"ALTER DATABASE {made.eam.name} ALLOW_CONNECTIONS false")
        heard("eam_away", type_in(tmp_path, "reconcile", LATER))
        postgres.run(f"ALTER DATABASE {made.eam.name} ALLOW_CONNECTIONS true")
        type_in(tmp_path, "reconcile")

        reader = f"reader_of_{made.eam.name}"
        made.eam.execute(f"CREATE ROLE {reader} LOGIN REPLICATION")
        config = made.config.read_text("utf-8")
        made.config.write_text(re.sub(r'(source: .*?"postgresql://)postgres@', rf"\g<1>{reader}@", config), "utf-8")
        try:
            heard("eam_query", type_in(tmp_path, "reconcile", NEEDS_A_PERSON))
            for statement in re.findall("(GRANT SELECT ON [^;]+);", type_in(tmp_path, "check", FOUND)):
                made.eam.execute(statement)
            type_in(tmp_path, "reconcile")
        finally:
            made.eam.execute(f"DROP OWNED BY {reader}")
            made.eam.execute(f"DROP ROLE {reader}")


@advice("eam_value")
def test_a_text_that_is_cast_and_is_no_number(tmp_path: Path, new_database: Callable[[], str]) -> None:
    """Declared as what it is, its row is told, and put right there."""
    mappings = copied(tmp_path / "mappings")
    term, column = "  impairment:\n    - {sum:", "      asset_code: text\n"
    replace(mappings / RULES, (term, "  impairment:\n    - CAST(coalesce(note, '0') AS numeric)\n    - {sum:"))
    replace(mappings / RULES, (column, f"{column}      note: text\n"))
    with plant(tmp_path, new_database(), new_database(), mapping=mappings / RULES) as made:
        eam.register(made.eam, [eam.Device("FA-NO-1", "数控车床", "JQSB", 1, Decimal("1.00"), TODAY)])
        made.eam.execute("ALTER TABLE asset ADD COLUMN note text")
        made.eam.execute("UPDATE asset SET note = 'none'")
        heard("eam_value", type_in(tmp_path, "reconcile", NEEDS_A_PERSON))
        replace(mappings / RULES, ("      note: text\n", "      note: money\n"))
        replace(mappings / RULES, ("CAST(coalesce(note, '0') AS numeric)", "coalesce(note, 0)"))
        assert "row 1 of asset holds none in note" in type_in(tmp_path, "reconcile", FOUND)
