"""A verb is a file: it stands in the schema by itself, and what it looks up is asked for before its rule runs."""

from pathlib import Path
from typing import Any

import pytest

import syncd.mapping.verbs as verbs
from syncd.books.paper import PaperBook
from syncd.mapping.language.file.schemas import schema
from syncd.mapping.program.foresight import Foresight
from syncd.mapping.verbs.registry import VERBS
from tests.unit.paper import EXAMPLE, MACHINE, Paper, loaded, variant

NOTHING = frozenset[str]()


def test_a_verb_is_a_file_and_a_line_of_the_registry() -> None:
    files = {path.stem for path in Path(verbs.__file__).parent.glob("*.py")}
    assert files - {"__init__", "registry", "rule", "balance", "heading"} == {verb.word for verb in VERBS}
    assert {verb.word for verb in VERBS} <= schema()["$defs"]["Rule"]["properties"].keys()


def test_the_forerunner_has_what_asks_and_what_that_needs_and_nothing_else() -> None:
    foresight = Foresight()
    foresight.value("v0", "after[1]", NOTHING)
    foresight.value("v1", "after[2]", NOTHING)
    foresight.ask(["j0 = rows_0.get(v0, UNKNOWN)"], frozenset({"v0"}), "j0")
    foresight.ask(["w.wanted_keys.add(j0[1])"], frozenset({"j0"}))
    assert foresight.lines()[0] == [
        "again = False",
        "v0 = after[1]",
        "j0 = rows_0.get(v0, UNKNOWN)",
        "if j0 is not UNKNOWN:",
        "    w.wanted_keys.add(j0[1])",
    ]


def test_the_forerunner_does_not_hang_on_the_card_that_the_batch_may_write() -> None:
    foresight = Foresight()
    foresight.ask(["w.wanted_cards.add(code)"])
    foresight.only_if([("op == 'update'", NOTHING), ("card.get('status') == 'in_use'", frozenset({"card"}))])
    foresight.value("v0", "card.get('dept')", frozenset({"card"}))
    foresight.ask(["want_0.add(v0)"], frozenset({"v0"}), "j0")
    foresight.ask(["w.wanted_keys.add(idem)"])
    assert foresight.lines()[0] == [
        "again = False",
        "w.wanted_cards.add(code)",
        "if not op == 'update':",
        "    return again",
        "w.wanted_keys.add(idem)",
    ]


def test_what_is_asked_for_under_a_condition_is_asked_for_under_it() -> None:
    foresight = Foresight()
    foresight.ask(["ask for j0"], NOTHING, "j0")
    with foresight.inner("j0[1] > 0", frozenset({"j0"})):
        foresight.ask(["ask for j1"])
    with foresight.inner("op != 'read'", NOTHING):
        foresight.value("v0", "1", NOTHING)
    assert foresight.lines()[0][2:] == ["if j0 is not UNKNOWN and j0[1] > 0:", "    ask for j1"]


class Asked(PaperBook):
    """Remembers how many things each query asked for."""

    queries: list[tuple[str, int]]

    def mirror(self, table: str, keys: Any) -> Any:
        self.queries.append(("mirror", len(keys)))
        return super().mirror(table, keys)

    def posted(self, keys: Any) -> Any:
        self.queries.append(("posted", len(keys)))
        return super().posted(keys)

    def cards(self, codes: Any) -> Any:
        self.queries.append(("cards", len(codes)))
        return super().cards(codes)

    def latest(self, subjects: Any, rules: Any) -> Any:
        self.queries.append(("latest", len(subjects)))
        return super().latest(subjects, rules)


RULES: dict[str, Any] = {
    "opened": {"on": "asset", "when": "op = 'insert'", "once": "after.asset_code", "card": {
        "asset_code": "after.asset_code", "name": "after.name"}},
    "by_card": {"on": "asset", "when": "op = 'update' and card.name = '机床'", "change": {
        "asset_code": "after.asset_code", "name": "after.name || dept.code"}, "join": {"dept": "after.department_id"}},
    "reversed": {"on": "asset", "when": "op = 'update'", "join": {"dept": "after.department_id"},
                 "once": "after.asset_code || dept.code", "reverse": "opened"},
}  # fmt: skip


@pytest.mark.parametrize("rules", [{}, RULES], ids=["example", "card and reversal"])
def test_everything_that_many_changes_look_up_is_one_query_a_kind(rules: dict[str, Any], tmp_path: Path) -> None:
    paper = Paper(variant(tmp_path, rules=rules) if rules else loaded(EXAMPLE))
    paper.given("dept", id=1, code="SC", kind="production")
    machines = [{**MACHINE, "id": n, "asset_code": f"FA-{n}"} for n in range(1, 31)]
    paper.post(*(paper.insert("asset", **m) for m in machines))
    book = paper.book
    book.__class__, book.queries = Asked, []  # type: ignore[attr-defined, assignment]
    paper.post(*(paper.update("asset", m, name="x") for m in machines))
    asked = [kind for kind, _ in book.queries]  # type: ignore[attr-defined]
    assert len(asked) <= len(set(asked)) + 1, asked
