"""Another content of a decision table, tried before anything is kept: what is wrong with it, what differs, how the
cases go with it, and what it would make of the last changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from syncd import checks, wiring, workbench
from syncd.books import comparison
from syncd.desk import clock
from syncd.errors import MappingError, MappingErrors, WrongUsage
from syncd.mapping.language import load
from syncd.mapping.language.file.source import read_text
from syncd.mapping.tables import carried, changed, named, sheet
from syncd.mapping.tables.carried import ENCODINGS as ENCODINGS
from syncd.mapping.tables.carried import Encoding as Encoding
from syncd.mapping.tables.sheet import Cells
from syncd.mapping.tables.sheet import Sheet as Sheet
from syncd.ports import Finding, Ledger

BYTES_MAX: Final = 4_000_000
"""Of a table that people change by a form."""


class Opened(NamedTuple):
    """A table of the mapping with its content as it stands; `seen` tells it from what may stand there later."""

    table: named.NamedTable
    content: bytes
    sheet: sheet.Sheet

    @property
    def seen(self) -> str:
        return sheet.digest(self.content)


class Trial(NamedTuple):
    """`hash` is of the mapping with the content, empty where it cannot be loaded; then `errors` say why and nothing
    else was tried. `cases` is None where they were not asked for."""

    difference: changed.Difference
    errors: Sequence[MappingError] = ()
    hash: str = ""
    findings: Sequence[Finding] = ()
    cases: Sequence[tuple[str, str, MappingError | None]] | None = None
    compared: Sequence[tuple[str, comparison.Comparison]] = ()

    @property
    def bad_cases(self) -> Sequence[tuple[str, str, MappingError | None]]:
        """Those that come out otherwise than they expect, or are wrong themselves."""
        return [case for case in self.cases or () if case[1] or case[2] is not None]


def listed(mapping: load.Mapping) -> list[tuple[named.NamedTable, int]]:
    """The tables that a mapping names, and how many rows each has."""
    return [(one, len(_read(one).sheet.rows)) for one in named.tables(mapping)]


def opened(mapping: load.Mapping, name: str, seen: str = "") -> Opened:
    """A table as it stands. Raises WrongUsage for one that the mapping does not name, and where it is not the content
    that was `seen`."""
    found = _read(named.table(mapping, name))
    if seen and found.seen != seen:
        raise WrongUsage("table_moved_on", table=found.table.file)
    return found


def drafted(one: Opened, content: bytes) -> sheet.Sheet:
    """The cells of what is to stand there."""
    return sheet.read(one.table.path, content)


def filled(one: Opened, rows: Sequence[Cells]) -> bytes:
    """The table's file with other rows."""
    return sheet.write(one.sheet, rows)


def sent(one: Opened, encoding: Encoding) -> bytes:
    """The table for a spreadsheet."""
    return carried.sent(one.sheet, encoding)


def returned(mapping: load.Mapping, one: Opened, content: bytes, encoding: Encoding | None) -> tuple[bytes, Encoding]:
    """The table's file with what came back from a spreadsheet, and in which encoding it came. Raises MappingErrors with
    all that is wrong, by the lines of what came."""
    if len(content) > BYTES_MAX:
        raise WrongUsage("table_large")
    path = one.table.path.relative_to(one.table.path.parent)
    text, found = carried.text_of(path, content, encoding, read_text(one.table.path, one.content))
    text = carried.unmarked(path, text)
    if wrong := named.faults(mapping, one.table, text.encode()):
        raise MappingErrors(wrong)
    return filled(one, carried.rows_of(path, text, one.sheet)), found


def checked(mapping: load.Mapping, one: Opened, content: bytes) -> changed.Difference:
    """What another content of a table changes. Raises MappingErrors where the loader refuses it, WrongUsage where no
    cell differs."""
    difference = _difference(one, content)
    load.load(mapping.path, drafts={one.table.path: content})
    return difference


def tried(pipeline: wiring.Pipeline, ledger: Ledger, one: Opened, content: bytes, with_cases: bool) -> Trial:
    """All that is known beforehand of another content of a table; the cases take seconds. Raises WrongUsage where no
    cell differs."""
    mapping, difference = pipeline.mapping, _difference(one, content)
    try:
        draft = load.load(mapping.path, drafts={one.table.path: content})
    except MappingErrors as wrong:
        return Trial(difference, wrong.errors)
    except MappingError as wrong:
        return Trial(difference, (wrong,))
    known = {(warning.code, *warning.params.items()) for warning in mapping.warnings}
    new = [one for one in draft.warnings if (one.code, *one.params.items()) not in known]
    findings = [*checks.check_accounts(draft, ledger), *(Finding("warning", one.code, one.params) for one in new)]
    cases = workbench.run(draft) if with_cases else None
    return Trial(difference, (), draft.hash, findings, cases, compared(replace(pipeline, mapping=draft), ledger))


def compared(pipeline: wiring.Pipeline, ledger: Ledger) -> Sequence[tuple[str, comparison.Comparison]]:
    """What its mapping would make of the last changes of each part of a pipeline."""
    zone = pipeline.mapping.file.timezone
    return [(part.name, clock.local(part.compare(ledger), zone)) for part in pipeline.begun()]


def meanings(mapping: load.Mapping, ledger: Ledger) -> Mapping[str, str]:
    """What a cell stands for, where it is an account that rules post to or the role of one: its name."""
    chart = checks.account_names(mapping, ledger)
    own = {account.code: account.name for account in mapping.roles.values()}
    found = {code: chart.get(code) or own.get(code, "") for code in (*mapping.accounts, *own)}
    found |= {role: f"{one.code} {one.name}" for role, one in mapping.roles.items()}
    return {cell: name for cell, name in found.items() if name}


def _difference(one: Opened, content: bytes) -> changed.Difference:
    found = changed.difference(one.sheet, drafted(one, content), one.table.keys)
    if not found.changes:
        raise WrongUsage("table_unchanged", table=one.table.file)
    return found


def _read(table: named.NamedTable) -> Opened:
    try:
        content = table.path.read_bytes()
    except OSError as error:
        raise MappingError("file_unreadable", str(table.path), problem=error.strerror or str(error)) from None
    return Opened(table, content, sheet.read(table.path, content))
