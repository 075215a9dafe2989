"""`syncd depreciate`: a month's depreciation, from preview to posted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final

import typer
from rich.text import Text

from syncd.cli.answering import answering, deciding
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import (
    as_of,
    asking,
    due,
    operators,
    package,
    people,
    plan,
    ports,
    preview,
    recomputation,
    status,
    temporary,
    wiring,
)
from syncd.cli.later import progress as bars
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, emit, errors, fits, line, named, table
from syncd.errors import WrongUsage
from syncd.language import hint, say

SHOWN_MAX: Final = 50
POLL_S: Final = 0.2
POLL_SHARE_MAX: Final = 0.2
"""Of the time, that the server spends on telling how far a run is: of a million rows that takes a while."""
NONE: Final = Decimal("0.00")
CONVENTION: Final = "whole_months"
"""From the month after it was ready to that of its disposal, neither by days."""

Period = Annotated[str, typer.Argument(metavar="PERIOD", help=say("help_depreciate_period"), show_default=False)]
Preview = Annotated[bool, typer.Option("--preview", help=say("help_depreciate_preview"))]
Approve = Annotated[bool, typer.Option("--approve", help=say("help_depreciate_approve"))]
Reverse = Annotated[bool, typer.Option("--reverse", help=say("help_depreciate_reverse"))]
Check = Annotated[bool, typer.Option("--check", help=say("help_depreciate_check"))]
AsOf = Annotated[str, typer.Option("--as-of", metavar="DATE", help=say("help_depreciate_as_of"), show_default=False)]
Assets = Annotated[bool, typer.Option("--assets", help=say("help_depreciate_assets"))]
Asset = Annotated[str, typer.Option("--asset", metavar="CODE", help=say("help_depreciate_asset"), show_default=False)]
Book = Annotated[str, typer.Option("--book", metavar="NAME", help=say("help_depreciate_book"), show_default=False)]


def depreciate(
    period: Period = "", is_preview: Preview = False, approve: Approve = False, reverse: Reverse = False,
    check: Check = False, on: AsOf = "", assets: Assets = False, asset: Asset = "", book: Book = "",
    actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None, as_json: Json = False,
) -> None:  # fmt: skip
    """A month's depreciation."""
    asked = [word for word, is_said in (
        ("preview", is_preview), ("approve", approve), ("reverse", reverse), ("check", check), ("as-of", bool(on)),
        ("book", bool(book)),
    ) if is_said]  # fmt: skip
    if len(asked) > 1:
        raise WrongUsage("depreciation_one", given=", ".join(f"--{word}" for word in asked))
    if not on and not period:
        raise WrongUsage("depreciation_when")
    day = _day(on) if on else None
    whole = wiring.pipeline(config_path(config), name)
    if whole.depreciation is None:
        raise WrongUsage("depreciation_nothing", mapping=whole.mapping.name)
    if (approve or reverse) and whole.computing is None:
        raise WrongUsage("depreciation_by_eam", mapping=whole.mapping.name)
    if book and book not in whole.depreciation.meaning.books:
        known = ", ".join(whole.depreciation.meaning.books)
        raise WrongUsage("depreciation_book", book=book, known=known or "–")
    with closing(whole.open_ledger()) as ledger:
        whole.prepare(ledger)
        by = answering(whole, "depreciate", actor, reason, as_json=as_json) if approve or reverse else None
        waits = False
        for part in whole.begun():
            until = plan.month_of(day) if day else asking.month_of(period, part.periods(ledger))
            if by is not None:
                waits |= _ask(part, ledger, plan.month_text(until), asset, by, reverse, as_json) == "proposed"
            elif check:
                _check(part, ledger, until, as_json)
            elif day:
                _as_of(part, ledger, day, asset, as_json)
            elif book:
                _second_book(part, ledger, book, until, as_json)
            else:
                _preview(part, ledger, until, assets, as_json)
        if by is not None and waits:
            raise people.seconding(deciding(whole), by)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUsage("depreciation_day", value=text) from None


def _preview(part: wiring.Pipeline, ledger: ports.Ledger, until: int, lists_assets: bool, as_json: bool) -> None:
    assert part.depreciation is not None
    with _bar() as tell:
        found = preview.preview(ledger, part.depreciation, part.periods(ledger), until, tell, lists_assets)
    if as_json:
        emit({"convention": CONVENTION, "straight_line": part.depreciation.meaning.form, **_plain(found)})
        return
    names = package.code_names(ledger, part.mapping, [part.name])
    rows: list[tuple[object, ...]] = [
        (
            package.with_name(names, "department", group.department),
            group.workshop,
            package.with_name(names, "class", group.asset_class),
            *sums,
        )
        for group, sums in sorted(found.groups.items())
    ]
    rows.append((say("depreciation_total"), "", "", found.assets, found.total))
    columns = ("depreciation_department", "depreciation_workshop", "depreciation_class", "depreciation_count")
    table((*columns, "depreciation_amount"), rows, (3, 4))
    if found.lines:
        console.print()
        listed = [
            (one.asset, one.group.department, one.group.asset_class, one.amount, one.months) for one in found.lines
        ]
        columns = ("depreciation_asset", "depreciation_department", "depreciation_class", "depreciation_amount")
        table((*columns, "depreciation_months"), listed, (3,))
    console.print()
    line("depreciation_beside", before=f"{found.before:,.2f}", now=f"{found.total:,.2f}",
         difference=f"{found.total - found.before:,.2f}")  # fmt: skip
    _convention(part)
    if found.changes:
        console.print()
        explained = [(_why(reasons), count, difference) for reasons, count, difference in found.explained]
        table(("depreciation_why", "depreciation_count", "difference"), explained, (1, 2))
        console.print()
        changed = [(one.asset, one.before, one.now, _why(one.reasons)) for one in found.largest[:SHOWN_MAX]]
        columns = ("depreciation_asset", "depreciation_before", "depreciation_now", "depreciation_why")
        table(columns, changed, (1, 2))
        if found.changed > SHOWN_MAX:
            line("depreciation_more_changes", "yellow", shown=SHOWN_MAX, assets=found.changed)
    _warn({asset: (fault.code, fault.params) for asset, fault in found.faults.items()})
    for asset, difference in list(found.gaps.items())[:SHOWN_MAX]:
        line("depreciation_gap", "yellow", asset=asset, difference=f"{difference:,.2f}",
             form=say(f"depreciation_form_{part.depreciation.meaning.form}"))  # fmt: skip
    for unlisted in (found.faults, found.gaps):
        if len(unlisted) > SHOWN_MAX:
            line("depreciation_more", "yellow", shown=SHOWN_MAX, assets=len(unlisted))


def _why(reasons: Sequence[str]) -> str:
    return ", ".join(say(f"depreciation_why_{reason}") for reason in reasons)


def _convention(part: wiring.Pipeline) -> None:
    """By which rule the amounts are, so that nobody has to guess it from them."""
    assert part.depreciation is not None
    line("depreciation_convention", form=say(f"depreciation_form_{part.depreciation.meaning.form}"))


def _plain(found: preview.Preview) -> Mapping[str, object]:
    return {
        "period": found.period,
        "assets": found.assets,
        "total": found.total,
        "before": found.before,
        "groups": [g._asdict() | {"assets": n, "amount": a} for g, (n, a) in sorted(found.groups.items())],
        "reasons": dict(found.reasons),
        "explained": [{"reasons": why, "assets": n, "difference": d} for why, n, d in found.explained],
        "changes": named(found.largest),
        "lines": [one._asdict() | {"group": one.group._asdict()} for one in found.lines],
        "faults": {asset: fault._asdict() for asset, fault in found.faults.items()},
        "gaps": found.gaps,
    }


def _warn(faults: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
    """Assets that cannot be computed, with what to do."""
    for asset, (code, params) in list(faults.items())[:SHOWN_MAX]:
        errors.print(Text(f"{asset}: {say(code, params)}", style="yellow"))
        if advice := hint(code, params):
            errors.print(Text("  → " + advice, style="green"))


def _ask(
    part: wiring.Pipeline,
    ledger: ports.Ledger,
    period: str,
    asset: str,
    by: operators.Actor,
    reverse: bool,
    as_json: bool,
) -> str:
    """What became of the wish, as `asking.Answer` says it."""
    computing = part.computing
    assert computing is not None
    agreed = people.seconded(deciding(part))
    if reverse:
        answer = asking.reverse(ledger, part.name, period, asset, by, agreed)
    else:
        answer = asking.approve(ledger, computing, part.periods(ledger), period, by, agreed)
    state: str = answer.state
    if state == "proposed":
        return state
    vouchers = answer.vouchers
    if state != "posted" and not status.is_run(ledger, part.name, datetime.now(UTC)):
        errors.print(Text(say("rows_no_daemon"), style="yellow"))
    elif state != "posted":
        _wait(part, ledger, period, answer.run)
        state = "posted" if state == "on_its_way" else "made"
        vouchers = asking.vouchers(ledger, computing, period)
    (run_made,) = [one for one in asking.standings(ledger, part.name, period) if one.run == answer.run]
    if as_json:
        emit({"state": state, "vouchers": vouchers} | run_made._asdict())
        return state
    state = "taken_back" if reverse and state == "made" else state
    amount = f"{Decimal(run_made.cents).scaleb(-2):,.2f}"
    said = ", ".join(vouchers) or "–"
    line(f"depreciation_run_{state}", period=period, vouchers=said, assets=run_made.assets, amount=amount)
    _warn({code: (why, params) for code, (why, params) in json.loads(run_made.faults).items()})
    if failed := asking.failed(ledger, computing):
        line("depreciation_parked", "yellow", rows=failed)
    return state


def _wait(part: wiring.Pipeline, ledger: ports.Ledger, period: str, run: int) -> None:
    """Until the daemon has made the run, or is gone."""
    total = asking.assets(ledger, part.name)
    with _bar() as tell:
        while True:
            asked = time.monotonic()
            (one,) = [one for one in asking.standings(ledger, part.name, period) if one.run == run]
            tell(one.assets, total)
            is_settled = one.state == "made" and not due.is_any_due(ledger, part.name)
            if is_settled or not status.is_run(ledger, part.name, datetime.now(UTC)):
                return
            # What is waited for happens in another process.
            time.sleep(max(POLL_S, (time.monotonic() - asked) / POLL_SHARE_MAX))


def _check(part: wiring.Pipeline, ledger: ports.Ledger, until: int, as_json: bool) -> None:
    assert part.depreciation is not None
    agreed, found = 0, list[recomputation.Difference]()
    with _bar() as tell:
        for one in recomputation.check(ledger, part.depreciation, until, tell):
            agreed += one is None
            found += [] if one is None else [one]
    if as_json:
        emit({"agreed": agreed, "differences": named(found)})
    else:
        if found:
            columns = (
                "depreciation_asset",
                "depreciation_computed",
                f"depreciation_side_{part.depreciation.meaning.by}",
            )
            rows = [
                (one.asset, one.computed, one.found, one.found - one.computed, say(f"depreciation_rule_{one.rule}"))
                for one in found[:SHOWN_MAX]
            ]
            table((*columns, "difference", "depreciation_rule"), rows, (1, 2, 3))
        style = "bold red" if found else "bold green"
        line("depreciation_checked", style, period=plan.month_text(until), agreed=agreed, differing=len(found))
    if found:
        raise typer.Exit(FOUND_SOMETHING)


def _as_of(part: wiring.Pipeline, ledger: ports.Ledger, day: date, asset: str, as_json: bool) -> None:
    assert part.depreciation is not None
    with _bar() as tell:
        found = list(as_of.as_of(ledger, part.depreciation, part.cards, day, tell, asset))
    if as_json:
        emit([_standing(one) for one in found])
        return
    amounts: list[tuple[Decimal, ...]] = [
        (*one.booked, one.booked.carrying_amount, one.owed, one.expected) for one in found
    ]
    columns: tuple[str, ...] = (
        *("original_value", "accumulated_depreciation", "impairment", "carrying_amount"),
        *("depreciation_owed", "depreciation_then"),
    )
    empty = {"impairment"} - {"impairment" for one in found if one.booked.impairment}
    if not any(one.owed for one in found):  # then the last two say what the others do
        empty |= {"depreciation_owed", "depreciation_then"}
    told = [n for n, column in enumerate(columns) if column not in empty]
    columns, amounts = tuple(columns[n] for n in told), [tuple(figures[n] for n in told) for figures in amounts]
    shown = zip(found[:SHOWN_MAX], amounts, strict=False)
    rows: list[tuple[object, ...]] = [(one.asset, *figures, one.months_left) for one, figures in shown]
    total = [sum(column) for column in zip(*amounts, strict=True)] or [NONE for _ in columns]
    rows.append((say("depreciation_total"), *total, ""))
    _beside("depreciation_asset", (*columns, "depreciation_left"), rows, "depreciation_owed")
    _convention(part)
    if len(found) > SHOWN_MAX:
        line("depreciation_more", "yellow", shown=SHOWN_MAX, assets=len(found))
    unlike = [(one.asset, one.unlike) for one in found if one.unlike is not None]
    for code, one in unlike[:SHOWN_MAX]:
        line("depreciation_unlike", "yellow", asset=code, difference=f"{one.difference:,.2f}", months=one.months,
             rule=say(f"depreciation_rule_{one.rule}"))  # fmt: skip
    if len(unlike) > SHOWN_MAX:
        line("depreciation_more", "yellow", shown=SHOWN_MAX, assets=len(unlike))


def _beside(first: str, columns: Sequence[str], rows: Sequence[Sequence[object]], apart: str) -> None:
    """One table, or where the terminal is too narrow for its figures two below each other, the second from the column
    `apart` on: no figure is broken."""
    cut = columns.index(apart) if apart in columns else len(columns)
    if fits((first, *columns), rows) or cut == len(columns):
        table((first, *columns), rows, range(1, len(columns) + 1))
        return
    for place in (slice(0, cut), slice(cut, None)):
        told = [(row[0], *row[1:][place]) for row in rows]
        table((first, *columns[place]), told, range(1, len(columns[place]) + 1))
        console.print()


def _standing(one: as_of.Standing) -> Mapping[str, object]:
    """As data: what is booked by name, what is owed beside it."""
    booked = one.booked._asdict() | {"net_value": one.booked.net_value, "carrying_amount": one.booked.carrying_amount}
    ahead = {"owed": one.owed, "expected": one.expected, "month_amount": one.month_amount}
    unlike = None if one.unlike is None else one.unlike._asdict()
    left = {"months_left": one.months_left, "unlike": unlike}
    return {"asset": one.asset} | one.group._asdict() | booked | ahead | left


def _second_book(part: wiring.Pipeline, ledger: ports.Ledger, book: str, until: int, as_json: bool) -> None:
    assert part.depreciation is not None
    with _bar() as tell:
        found, faults = temporary.second_book(ledger, part.depreciation, part.cards, book, until, tell)
        lines = temporary.left_in(ledger, part.depreciation, part.cards, until)
        gone, _ = temporary.departed(ledger, part.depreciation, lines, book, until)
    if as_json:
        told = {"classes": named(found), "departed": named(gone)}
        emit({"book": book, **told, "faults": {a: f._asdict() for a, f in faults.items()}})
        return
    names = package.code_names(ledger, part.mapping, [part.name])
    rows: list[tuple[object, ...]] = [
        (package.with_name(names, "class", one.asset_class), one.assets, *_both(one), one.difference) for one in found
    ]
    rows += [  # it carries nothing at the month's end, and the month's charge is in the accounts
        (say("temporary_gone", {"of": one.asset_class}), one.assets, *_both(one), NONE) for one in gone
    ]
    rows.append((say("depreciation_total"), *_sums(rows)))
    columns = ("depreciation_class", "depreciation_count", "depreciation_accounting", "depreciation_other_book")
    table((*columns, "difference", "depreciation_temporary"), rows, (1, 2, 3, 4, 5))
    _warn({asset: (fault.code, fault.params) for asset, fault in faults.items()})


def _both(one: temporary.Temporary) -> tuple[Decimal, Decimal, Decimal]:
    """What both books charge, and the difference."""
    return one.accounting, one.tax, one.accounting - one.tax


def _sums(rows: Sequence[Sequence[object]]) -> Sequence[object]:
    return [sum((row[i] for row in rows), start=0) for i in range(1, 6)]  # type: ignore[misc]


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """How far it is, on standard error."""
    with bars.Progress(
        bars.TextColumn("{task.description}"), bars.BarColumn(), bars.TextColumn("{task.completed:,.0f}"),
        bars.TimeElapsedColumn(), console=errors, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task(say("depreciation_progress"), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
