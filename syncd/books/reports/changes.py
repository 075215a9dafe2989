"""The sheets on what changed: by class and kind of change, step by step, what was disposed of, the year in notes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from syncd.books.close.item import Said
from syncd.books.figures import FIELDS, NOTHING, Amounts, Figures, Line, Movement, Step
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Cell, Column, Row, Sheet, listed
from syncd.mapping.language.blocks.month_end import MovementKind
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
OTHERWISE: Final[Mapping[Movement, str]] = {"added": "moved_added_other", "removed": "moved_removed_other"}
"""What is left of a usual kind of which the mapping tells some apart."""
_NO_VALUE: Final = ""


def changes(month: Month, figures: Figures, code: str = "report_changes") -> Sheet:
    """资产增减变动表: by class, what assets cost, their depreciation and impairment, from the opening to the closing
    balance by kind of change. Over a year it is what the notes ask for. A kind of the mapping's own stands before the
    usual one that would count it, and only where something moved."""
    kinds = _kinds(month, figures)
    columns = (
        *(*month.headings("class"), Column("reconcile_value"), Column("report_opening", "money")),
        *(_heading(month, kind, kinds) for kind in kinds),
        *(Column("report_closing", "money"), Column("voucher")),
    )
    at = month.place("class")
    lines = figures.by(lambda asset, place: "" if at is None else place[at])
    named = _by_kind(month, figures, lambda step: "" if at is None else step.place[at])
    rows: list[Row] = []
    for value, line in sorted(lines.items()):
        refs = _refs(step for step in figures.steps if at is None or step.place[at] == value)
        rows += _block(month.told("class", value), line, kinds, named.get(value, {}), refs)
    whole = _by_kind(month, figures, lambda step: "")
    first: Row = (Said("report_total"), *[""] * (len(month.headings("class")) - 1))
    rows += _block(first, figures.total, kinds, whole.get("", {}), [[] for _ in FIELDS])
    return Sheet(code, columns, rows, (), month.ties)


def movements(month: Month) -> Sheet:
    """变动明细: every step of the month with its voucher."""
    named = [name for name in ("department", "class") if month.place(name) is not None]
    columns = (
        *(Column("report_date", "date"), Column("voucher"), Column("reconcile_asset"), Column("report_name")),
        *(Column("report_kind"), *(column for name in named for column in month.headings(name))),
        *(Column(field, "money") for field in FIELDS),
        Column("col_rule"),
    )
    total = NOTHING
    rows: list[Row] = []
    for step in month.figures.steps:
        where = [cell for name in named for cell in month.told(name, step.place[month.place(name) or 0])]
        rows.append(
            (
                step.day,
                step.voucher,
                step.asset,
                _named(month, step.asset),
                _said(month, step),
                *where,
                *step.amounts,
                step.rule,
            )
        )
        total = total.plus(step.amounts)
    blanks = [""] * (len(columns) - len(FIELDS) - 2)
    end: Row = (Said("report_total"), *blanks, *total, "")
    return Sheet("report_movements", columns, rows, end, month.ties)


def disposals(month: Month) -> Sheet:
    """处置清单: what left the books, with what it had cost and what was left of it."""
    named = [name for name in ("department", "class") if month.place(name) is not None]
    columns = (
        *(Column("reconcile_asset"), Column("report_name"), *(c for name in named for c in month.headings(name))),
        *(Column("report_kind"), Column("report_date", "date"), *(Column(field, "money") for field in FIELDS)),
        *(Column("carrying_amount", "money"), Column("voucher"), Column("col_rule")),
    )
    total = NOTHING
    rows: list[Row] = []
    for step in month.figures.steps:
        if step.kind != "removed" or _is_within(step, month.movements):
            continue
        gone = NOTHING.less(step.amounts)
        where = [cell for name in named for cell in month.told(name, step.place[month.place(name) or 0])]
        rows.append(
            (
                step.asset,
                _named(month, step.asset),
                *where,
                _said(month, step),
                step.day,
                *gone,
                gone.carrying_amount,
                step.voucher,
                step.rule,
            )
        )
        total = total.plus(gone)
    blanks = [""] * (len(columns) - len(FIELDS) - 4)
    end: Row = (Said("report_total"), *blanks, *total, total.carrying_amount, "", "")
    return Sheet("report_disposals", columns, rows, end, month.ties)


Own = tuple[Movement, str]
"""A usual kind, and the mapping's own that counts instead; empty where none does."""


def _kinds(month: Month, figures: Figures) -> list[Own]:
    """The columns: of each usual kind the mapping's own, in its order, then what is left."""
    found = {(step.kind, own_kind(month, step)) for step in figures.steps}
    order = ["", *month.movements]
    own = sorted((one for one in found if one[1]), key=lambda one: (KINDS.index(one[0]), order.index(one[1])))
    kinds: list[Own] = []
    for kind in KINDS:
        for one in own:
            if one[0] == kind and one[1] not in [name for _, name in kinds]:
                kinds.append(one)
        if (kind, "") in found or (kind == "added" and not kinds):
            kinds.append((kind, ""))
    return kinds


def _heading(month: Month, kind: Own, kinds: Sequence[Own]) -> Column:
    usual, name = kind
    if name:
        return Column(name, "money", month.movements[name].says.model_dump())
    has_own = usual in OTHERWISE and any(one == usual and own for one, own in kinds)
    return Column(OTHERWISE[usual] if has_own else f"moved_{usual}", "money")


def _refs(steps: Iterable[Step]) -> list[list[str]]:
    """By field the vouchers that moved it."""
    found: list[dict[str, None]] = [{} for _ in FIELDS]
    for step in steps:
        for i, amount in enumerate(step.amounts):
            if amount and step.voucher:
                found[i][step.voucher] = None
    return [[*refs] for refs in found]


def _block(
    first: Sequence[Cell],
    line: Line,
    kinds: Sequence[Own],
    named: Mapping[Own, Amounts],
    refs: Sequence[Sequence[str]],
) -> Iterator[Row]:
    """A row for each field; what a kind of the mapping's own counts is not counted by the usual one too."""
    for i, field in enumerate(FIELDS):
        moved = []
        for usual, name in kinds:
            if name:
                moved.append(sum((amounts[i] for (_, own), amounts in named.items() if own == name), ZERO))
            else:
                taken = sum((amounts[i] for (kind, _), amounts in named.items() if kind == usual), ZERO)
                moved.append(line.moved.get(usual, NOTHING)[i] - taken)
        yield *first, Said(field), line.opening[i], *moved, line.closing[i], listed(refs[i])


def _by_kind(month: Month, figures: Figures, key: Callable[[Step], str]) -> dict[str, dict[Own, Amounts]]:
    """By key, what kinds of the mapping's own count."""
    found: dict[str, dict[Own, Amounts]] = defaultdict(dict)
    for step in figures.steps:
        if name := own_kind(month, step):
            here, which = found[key(step)], (step.kind, name)
            here[which] = here.get(which, NOTHING).plus(step.amounts)
    return found


def own_kind(month: Month, step: Step) -> str:
    """The kind of the mapping's own that a step is of: the one that its voucher names, else its rule's; or empty."""
    if step.kind in ("opening", "moved_in", "moved_out", "corrected"):
        return ""
    if step.movement in month.movements:
        return step.movement
    return next((name for name, kind in month.movements.items() if step.rule in kind.rules), "")


def _said(month: Month, step: Step) -> Cell:
    """What a step's kind is called."""
    return month.kind(own_kind(month, step)) or Said(f"moved_{step.kind}")


def _is_within(step: Step, kinds: Mapping[str, MovementKind]) -> bool:
    return any(kind.within and step.rule in kind.rules for kind in kinds.values())


def _named(month: Month, asset: str) -> str:
    value = month.figures.cards.get(asset, {}).get(month.fields.get("name", ""))
    return _NO_VALUE if value is None else str(value)
