"""Steps of the life cycle: each is a posting in order, a jump is parked with what is allowed, and what the mapping says
of its states is checked with file and line."""

import json
from datetime import date
from pathlib import Path
from textwrap import indent

import pytest

from syncd.books.lifecycle import states
from syncd.errors import MappingErrors
from syncd.language import say
from syncd.mapping.language.blocks.lifecycle_rule import Entered, entered
from syncd.mapping.language.load import load
from tests.lifecycle.shop import LIFECYCLE, Shop, write

FEBRUARY = date(2026, 2, 15)


def stays(shop: Shop, asset: str) -> list[tuple[str, str, str]]:
    """State, since when, until when."""
    states.fold(shop.ledger.desk, shop.living)
    return [(s.state, str(s.since), str(s.left_on or "")) for s in states.of_asset(shop.ledger, shop.living, asset)]


def test_invariant_8_each_step_is_a_posting_that_says_from_where_to_where_and_since_when() -> None:
    shop = Shop()
    shop.asset("FA|1\\")
    shop.move("FA|1\\", "to_dispose", FEBRUARY)
    shop.move("FA|1\\", "isolated", date(2026, 2, 18), changed_on=date(2026, 2, 17), by="王芳")
    keys = [str(key) for (key,) in shop.ask("SELECT key FROM syncd_posting WHERE rule = 'lifecycle' ORDER BY seq")]
    assert [entered(key) for key in keys] == [
        Entered("FA|1\\", "in_use", "to_dispose", "2026-02-15", "", ""),
        Entered("FA|1\\", "to_dispose", "isolated", "2026-02-17", "王芳", ""),
    ]
    assert stays(shop, "FA|1\\") == [("to_dispose", "2026-02-15", "2026-02-17"), ("isolated", "2026-02-17", "")]


def test_a_jump_is_parked_and_says_what_is_allowed() -> None:
    """Invariant 4: what follows waits behind it. The same transaction may take several steps."""
    shop = Shop()
    shop.asset("FA-1")
    shop.move("FA-1", "scrapped", FEBRUARY)
    ((code, params),) = shop.ask("SELECT code, params FROM syncd_parked WHERE settled_at IS NULL")
    assert code == "lifecycle_jump"
    allowed = ("to_dispose（待处置）", "to_dispose (to dispose)")
    for text in ("in_use", "在用 → 已报废", "scrapped", "in use → scrapped", *allowed):
        assert text in str(params)
    said = {language: say(code, json.loads(str(params)), language) for language in ("zh", "en")}
    assert "to dispose" not in said["zh"]
    assert "待处置" not in said["en"]
    shop.document(1, "FA-1", FEBRUARY)
    assert [row[1:] for row in shop.parked] == [("failed", "lifecycle_jump"), ("behind", "behind")]
    assert stays(shop, "FA-1") == []


def test_a_jump_set_back_in_the_eam_is_settled_by_itself() -> None:
    shop = Shop()
    shop.asset("FA-1")
    shop.move("FA-1", "scrapped", FEBRUARY)
    shop.move("FA-1", "in_use", FEBRUARY)
    shop.move("FA-1", "to_dispose", FEBRUARY)
    assert shop.parked == []
    assert [state for state, *_ in stays(shop, "FA-1")] == ["to_dispose"]


def test_a_state_that_nobody_knows_is_parked() -> None:
    shop = Shop()
    shop.asset("FA-1")
    shop.move("FA-1", "lost", FEBRUARY)
    assert [code for *_, code in shop.parked] == ["lifecycle_state"]


def test_an_asset_begins_where_assets_begin() -> None:
    """One that is entered as scrapped has skipped everything; one that a snapshot finds so is told, and judged by
    nothing."""
    shop = Shop()
    shop.asset("FA-1", status="scrapped")
    assert [code for *_, code in shop.parked] == ["lifecycle_jump"]

    class Taken(Shop):
        def __init__(self) -> None:
            self.is_there = False
            super().__init__()

        def open_feed(self, sets_max: int = 1_000_000):  # type: ignore[no-untyped-def]
            if not self.is_there:
                self.is_there = True
                self.splits = False
                self.asset("FA-1", status="scrapped")
                self.asset("FA-2", status="to_dispose", changed_on=date(2025, 12, 1))
                self.asset("FA-3")
                self.splits = True
            return super().open_feed(sets_max)

    taken = Taken()
    assert taken.parked == []
    assert stays(taken, "FA-1")[0][0] == "scrapped"
    assert stays(taken, "FA-2") == [("to_dispose", "2025-12-01", "")]
    assert stays(taken, "FA-3") == []


def test_what_is_deleted_stands_nowhere() -> None:
    shop = Shop()
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", FEBRUARY)
    row = shop.store.rows(shop.mapping.tables["asset"])["FA-1"]
    names = [c.name for c in shop.mapping.tables["asset"].columns]
    shop.commit(shop.delete("asset", **dict(zip(names, row, strict=True))))
    shop.quiet_until(date(2026, 4, 1))
    assert stays(shop, "FA-1") == [("to_dispose", "2026-02-15", "2026-02-15")]
    assert shop.tasks == [("FA-1", "collect", "asset_manager", "2026-02-15")]


def test_an_asset_that_gets_another_code_stands_where_it_stood() -> None:
    """Its deadline goes on: no step is told twice, none is forgotten, and nobody is sent after the old code."""
    shop = Shop(more=LIFECYCLE)
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", FEBRUARY)
    shop.quiet_until(date(2026, 2, 23))
    (row,) = shop.store.rows(shop.mapping.tables["asset"]).values()
    old = dict(zip([c.name for c in shop.mapping.tables["asset"].columns], row, strict=True))
    shop.commit(shop.update("asset", old, code="FA-9"))
    assert shop.parked == []
    assert stays(shop, "FA-1") == [("to_dispose", "2026-02-15", "2026-02-23")]
    assert stays(shop, "FA-9") == [("to_dispose", "2026-02-15", "")]
    shop.quiet_until(date(2026, 3, 1))
    assert [(asset, task) for asset, task, *_ in shop.tasks] == [
        ("FA-1", "collect"), ("FA-1", "to_dispose 1"), ("FA-9", "to_dispose 4"),
    ]  # fmt: skip
    shop.move("FA-9", "isolated", date(2026, 3, 2))
    assert [state for state, *_ in stays(shop, "FA-9")] == ["to_dispose", "isolated"]


def test_invariant_16_a_fold_made_anew_is_the_same() -> None:
    shop = Shop()
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", FEBRUARY)
    shop.move("FA-1", "in_use", date(2026, 2, 16))
    shop.move("FA-1", "to_dispose", date(2026, 2, 20))
    before = stays(shop, "FA-1")
    shop.database.execute("UPDATE syncd_lifecycle_folded SET terms = ''")
    assert stays(shop, "FA-1") == before
    assert [state for state, *_ in before] == ["to_dispose", "in_use", "to_dispose"]


WRONG = [
    ("    in_use: [to_dispose]\n", "    in_use: [to_dispos]\n", "lifecycle_unknown_state", "in_use: [to_dispos]"),
    (
        "    isolated: [awaiting_approval]\n",
        "    isolated: [in_use]\n",
        "lifecycle_unreached",
        "awaiting_approval: {zh",
    ),
    (
        "    awaiting_writeoff: {within: 10 days}\n",
        "    sold: {within: 10 days}\n",
        "lifecycle_final_deadline",
        "sold: {w",
    ),
    ("step: step,\n", "step: days,\n", "lifecycle_overdue_key", "    table: overdue"),
    ("  start: in_use\n", "  start: in_us\n", "lifecycle_unknown_state", "start: in_us"),
]


@pytest.mark.parametrize(("stands", "instead", "code", "line"), WRONG)
def test_what_is_wrong_with_states_is_told_with_its_line(
    tmp_path: Path, stands: str, instead: str, code: str, line: str
) -> None:
    block = LIFECYCLE.replace("  table: asset\n  state", "  start: in_use\n  table: asset\n  state")
    assert stands in block
    path = write(tmp_path, block.replace(stands, instead))
    with pytest.raises(MappingErrors) as refused:
        load(path)
    found = [e for e in refused.value.errors if e.code == code]
    assert found, indent(str([(e.code, e.params) for e in refused.value.errors]), "  ")
    number = int(found[0].where.rpartition(":")[2])
    assert line in path.read_text("utf-8").splitlines()[number - 1]
