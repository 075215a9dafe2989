"""What golden cases run on: the daemon's own path over a finance in memory."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from connectors.convert import row_converter
from connectors.ledger import sqlite as sqlite_ledger
from syncd.books.lifecycle import states
from syncd.books.lifecycle.deadlines import judge, of_case
from syncd.change import Table
from syncd.daemon import pipeline as data_path
from syncd.delivery import Answer
from syncd.desk.parked import approvals, operators
from syncd.errors import MappingError
from syncd.mapping.cases import cases
from syncd.mapping.cases.bench import PIPELINE, Bench, Feed
from syncd.mapping.language import load as meanings
from syncd.mapping.program.translator import Translator
from syncd.ports import Layout, Ledger


def run(mapping: meanings.Mapping) -> Sequence[tuple[str, str, MappingError | None]]:
    """The cases beside a mapping: what each is called, in what it came out otherwise, what is wrong with its file."""
    found, under = list[tuple[str, str, MappingError | None]](), loaded_once(mapping)
    for path in cases.case_files(mapping.path):
        try:
            result = cases.run_case(mapping, path, bench(), under)
            found.append((result.case, result.difference, None))
        except MappingError as error:
            found.append((path.stem, "", error))
    return found


def loaded_once(mapping: meanings.Mapping) -> Callable[[Mapping[str, meanings.Constant]], meanings.Mapping]:
    """Gives a mapping under other constants: to load it takes longer than most cases do."""
    known: dict[str, meanings.Mapping] = {}

    def under(constants: Mapping[str, meanings.Constant]) -> meanings.Mapping:
        said = repr(sorted(constants.items()))
        if said not in known:
            known[said] = mapping.under(constants)
        return known[said]

    return under


def bench() -> Bench:
    """What golden cases run on: the SQLite ledger over a database in memory, the daemon's turn, the desk's hand."""
    by = operators.Actor(PIPELINE, PIPELINE)

    def open_ledger(layout: Layout, tables: Mapping[str, Table], hash: str, answers: Mapping[str, Answer]) -> Ledger:
        settings = sqlite_ledger.Settings(sqlite_ledger.MEMORY)
        return sqlite_ledger.connect(settings, PIPELINE, layout, tables, hash, answers=answers)

    def turn(feed: Feed, translator: Translator, ledger: Ledger, mapping: meanings.Mapping) -> bool:
        ends = of_case(states.living(PIPELINE, mapping))
        return data_path.turn(feed, translator, ledger, lambda outcomes: None, deadlines=ends)

    def begin_day(ledger: Ledger, translator: Translator, mapping: meanings.Mapping, day: date) -> bool:
        return judge(ledger, translator, states.living(PIPELINE, mapping), day, lambda outcomes: None)

    def approve(ledger: Ledger, subject: str) -> int:
        rows = operators.parked(ledger, PIPELINE, operators.Selection(subject=subject, state="approval"))
        for row in rows:
            role = row.params.get("role", "")
            another = operators.Actor(f"{PIPELINE} {approvals.step_of(row)}", PIPELINE)  # each step is somebody else's
            operators.approve(ledger, PIPELINE, row.id, another, role)
        return len(rows)

    def reject(ledger: Ledger, subject: str) -> int:
        rows = operators.parked(ledger, PIPELINE, operators.Selection(subject=subject, state="approval"))
        for row in rows:
            operators.reject(ledger, PIPELINE, row.id, by, row.params.get("role", ""))
        return len(rows)

    return Bench(
        row_converter,
        open_ledger,
        turn,
        begin_day,
        lambda ledger, subject: operators.retry(ledger, PIPELINE, operators.Selection(subject=subject), by),
        approve,
        reject,
        lambda ledger, rule: ledger.fall_due(rule),
    )
