"""What a trace has found as a sheet for whoever adds it up: a line for each entry and each row that went into it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syncd.books.close.item import Said
from syncd.books.reports import csv
from syncd.books.reports.sheet import Column, Row, Sheet
from syncd.cli.output import shown
from syncd.desk.trace import Line, Origin, Step, Traced
from syncd.language import current

COLUMNS: Final = (
    Column("voucher"),
    Column("report_date", "date"),
    Column("col_entry", "count"),
    Column("col_account"),
    Column("col_debit", "money"),
    Column("col_credit", "money"),
    Column("col_subject"),
    Column("col_rule"),
    Column("col_table"),
    Column("col_key"),
    Column("col_position"),
    Column("col_committed"),
    Column("col_whence"),
)


def write_entries(path: Path, found: Traced) -> None:
    """Of what was asked for its entries, of a group row by row; of an asset those of its life, with its shares."""
    rows = [row for origin in found.origins for row in _of_origin(origin)]
    if not found.origins:
        rows = [row for life in found.lives for step in life.steps for row in _of_step(step, life.subject)]
    csv.write_sheet(Sheet("page_trace", COLUMNS, rows), path, current())


def _of_origin(origin: Origin) -> Iterator[Row]:
    if origin.group is None:
        step = origin.step
        yield from _of_step(step._replace(lines=[x for x in step.lines if origin.line in (0, x.number)]), "")
        return
    entries = {one.number: one for one in origin.step.lines}
    told = Said(f"told_{origin.group.told}")
    for row in origin.shares:
        whose = row.subject, origin.step.rule, row.source, row.key, row.position, shown(row.committed_at), told
        for number, amount in row.amounts.items():
            yield (*_entry(origin.step, entries[number]._replace(share=amount)), *whose)
        if not row.amounts:
            yield (origin.voucher_ref, None, None, "", None, None, *whose)


def _of_step(step: Step, subject: str) -> Iterator[Row]:
    whose = subject, step.rule, "", step.key, step.position, shown(step.committed_at)
    for one in step.lines:
        yield (*_entry(step, one), *whose, Said(f"told_{step.told}") if step.told else "")


def _entry(step: Step, one: Line) -> Row:
    entry, share = one.entry, one.share
    debit, credit = (amount and (amount if share is None else share) for amount in (entry.debit, entry.credit))
    day = None if step.voucher is None else step.voucher.date
    return step.voucher_ref, day, one.number, entry.account, debit or None, credit or None
