"""The sheets on what changed: by class and kind of change, step by step, what was disposed of, the year in notes."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from syncd.books.close.item import Said
from syncd.books.figures import FIELDS, NOTHING, Amounts, Figures, Line, Movement, Step
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Cell, Column, Row, Sheet
from syncd.mapping.language.month_end import MovementKind
from syncd.money import ZERO

KINDS: Final[tuple[Movement, ...]] = (
    "added",
    "changed",
    "charged",
    "impaired",
    "moved_in",
    "moved_out",
    "removed",
    "corrected",
)
_NO_VALUE: Final = ""


def changes(month: Month, figures: Figures, code: str = "report_changes") -> Sheet:
    """资产增减变动表: by class, what assets cost, their depreciation and impairment, from the opening to the closing
    balance by kind of change. Over a year it is what the notes ask for."""
    own = list(month.movements)
    kinds = [kind for kind in KINDS if kind == "added" or any(step.kind == kind for step in figures.steps)]
    columns = (
        *(Column("report_class"), Column("reconcile_value"), Column("report_opening", "money")),
        *(Column(f"moved_{kind}", "money") for kind in kinds),
        *(Column(name, "money", month.movements[name].says.model_dump()) for name in own),
        Column("report_closing", "money"),
    )
    at = month.place("class")
    lines = figures.by(lambda asset, place: "" if at is None else place[at])
    named = _by_own_kind(figures.steps, month.movements, lambda step: "" if at is None else step.place[at])
    rows: list[Row] = []
    for value, line in sorted(lines.items()):
        rows += _block(value, line, kinds, own, named.get(value, {}))
    whole = _by_own_kind(figures.steps, month.movements, lambda step: "")
    rows += _block(Said("report_total"), figures.total, kinds, own, whole.get("", {}))
    return Sheet(code, columns, rows, (), month.ties)


def movements(month: Month) -> Sheet:
    """变动明细: every step of the month with its voucher."""
    named = [name for name in ("department", "class") if month.place(name) is not None]
    columns = (
        *(Column("report_date", "date"), Column("voucher"), Column("reconcile_asset"), Column("report_name")),
        *(Column("report_kind"), *(Column(f"report_{name}") for name in named)),
        *(Column(field, "money") for field in FIELDS),
        Column("col_rule"),
    )
    places = [month.place(name) for name in named]
    total = NOTHING
    rows: list[Row] = []
    for step in month.figures.steps:
        where = [step.place[n] for n in places if n is not None]
        kind = _own_kind(step, month.movements) or Said(f"moved_{step.kind}")
        rows.append(
            (step.day, step.voucher, step.asset, _named(month, step.asset), kind, *where, *step.amounts, step.rule)
        )
        total = total.plus(step.amounts)
    blanks = ["" for _ in range(4 + len(named))]
    end: Row = (Said("report_total"), *blanks, *total, "")
    return Sheet("report_movements", columns, rows, end, month.ties)


def disposals(month: Month) -> Sheet:
    """处置清单: what left the books, with what it had cost and what was left of it."""
    named = [name for name in ("department", "class") if month.place(name) is not None]
    columns = (
        *(Column("reconcile_asset"), Column("report_name"), *(Column(f"report_{name}") for name in named)),
        *(Column("report_date", "date"), *(Column(field, "money") for field in FIELDS)),
        *(Column("carrying_amount", "money"), Column("voucher"), Column("col_rule")),
    )
    places = [month.place(name) for name in named]
    total = NOTHING
    rows: list[Row] = []
    for step in month.figures.steps:
        if step.kind != "removed" or _is_within(step, month.movements):
            continue
        gone = NOTHING.less(step.amounts)
        where = [step.place[n] for n in places if n is not None]
        rows.append(
            (
                step.asset,
                _named(month, step.asset),
                *where,
                step.day,
                *gone,
                gone.carrying_amount,
                step.voucher,
                step.rule,
            )
        )
        total = total.plus(gone)
    blanks = ["" for _ in range(2 + len(named))]
    end: Row = (Said("report_total"), *blanks, *total, total.carrying_amount, "", "")
    return Sheet("report_disposals", columns, rows, end)


def _block(
    value: Cell, line: Line, kinds: Sequence[Movement], own: Sequence[str], named: Mapping[tuple[str, str], Amounts]
) -> Iterator[Row]:
    """A row for each field; what a kind of the mapping's own counts is not counted by the usual one too."""
    for i, field in enumerate(FIELDS):
        usual = [
            line.moved.get(kind, NOTHING)[i] - sum((named[key][i] for key in named if key[1] == kind), ZERO)
            for kind in kinds
        ]
        special = [sum((named[key][i] for key in named if key[0] == name), ZERO) for name in own]
        yield value, Said(field), line.opening[i], *usual, *special, line.closing[i]


def _by_own_kind(
    steps: Sequence[Step], kinds: Mapping[str, MovementKind], key: Callable[[Step], str]
) -> dict[str, dict[tuple[str, str], Amounts]]:
    """By key, what kinds of the mapping's own count, and the usual kind that would."""
    by_rule = {rule: name for name, kind in kinds.items() for rule in kind.rules}
    found: dict[str, dict[tuple[str, str], Amounts]] = defaultdict(dict)
    for step in steps:
        if step.rule in by_rule and step.kind not in ("moved_in", "moved_out"):
            here, which = found[key(step)], (by_rule[step.rule], step.kind)
            here[which] = here.get(which, NOTHING).plus(step.amounts)
    return found


def _own_kind(step: Step, kinds: Mapping[str, MovementKind]) -> Said | None:
    for name, kind in kinds.items():
        if step.rule in kind.rules and step.kind not in ("moved_in", "moved_out"):
            return Said("report_own_kind", {"name": name, **kind.says.model_dump()})
    return None


def _is_within(step: Step, kinds: Mapping[str, MovementKind]) -> bool:
    return any(kind.within and step.rule in kind.rules for kind in kinds.values())


def _named(month: Month, asset: str) -> str:
    value = month.figures.cards.get(asset, {}).get(month.fields.get("name", ""))
    return _NO_VALUE if value is None else str(value)
