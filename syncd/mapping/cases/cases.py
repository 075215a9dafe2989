"""Golden cases: source rows in, cards and vouchers out. They stand in NAME.cases/*.yaml beside NAME.yaml, and run
as the daemon would: the real translator, the daemon's own turn, the real ledger over a finance database in memory that
is made of the layout.

case: Ten machine tools are approved          # what it shows
constants: {standard: SBE}                    # constants of the mapping that are otherwise here
given: {dept: [{id: 7, code: SC, …}]}         # EAM rows that are there already
cards: {FA-SC-001: {original_value: 1.00}}    # finance cards that are there already
lookups: {account: {"1601": 117}}             # what finance knows; without it, every code as itself
periods: [{code: 2026-01, first: 2026-01-01, last: 2026-01-31}]   # without it, every month from 2000 to 2099
closed: ["2026-01"]                           # closed periods; every other is open
changes:                                      # what happens, in order; `at` is when it was committed
  - {insert: asset, row: {id: 1, …}, at: 2026-02-05}
  - {update: asset, row: {id: 1, status: in_use}}      # the columns that change
  - {delete: asset, row: {id: 1}}
  - {read: asset, row: {…}}                   # a snapshot row
  - {truncate: asset}
  - {transaction: [{insert: asset, row: {…}}, {update: …}]}   # several that are committed as one
  - {approve: FA-SC-001} | {reject: FA-SC-001} | {retry: FA-SC-001} # a person and the parked rows of a subject
  - {collect: monthly_depreciation}           # its schedule: every group is due
  - {day: 2026-02-23}                         # a day begins on which nothing has happened yet: deadlines pass
expect:                                       # written by `syncd mapping test --write`
  cards: … vouchers: … rows: … parked: …
  answers: …                                  # what the EAM is told; only where the case asks by `answers: true`
  finance: …                                  # the physical rows; only where the case asks by `physical: true`
"""

from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syncd import whole_files
from syncd.errors import Fault, MappingError, MappingErrors
from syncd.language import say
from syncd.mapping.cases.bench import Bench
from syncd.mapping.cases.model import CaseFile
from syncd.mapping.cases.play import Play
from syncd.mapping.cases.shown import difference, shown
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.faults import parse
from syncd.mapping.language.file.source import read, read_text
from syncd.mapping.language.load import Constant
from syncd.mapping.language.load import Mapping as Loaded

_EXPECT: Final = "expect:"


@dataclass(frozen=True)
class Result:
    """How a case went: `difference` is empty when it is as expected."""

    path: Path
    case: str
    difference: str
    actual: str

    def write(self) -> None:
        """Make what came out what is expected, and leave the rest of the file as it is."""
        head, _, _ = read_text(self.path).partition(f"\n{_EXPECT}")
        whole_files.write(self.path, f"{head.rstrip()}\n{self.actual}")


def case_files(mapping: Path) -> list[Path]:
    """The cases beside a mapping file."""
    return sorted(mapping.with_suffix(".cases").glob("*.yaml"))


def run_case(
    mapping: Loaded, path: Path, bench: Bench, under: Callable[[Map[str, Constant]], Loaded] | None = None
) -> Result:
    """Run one case; `under` gives the mapping where constants are otherwise. Raises MappingErrors, each with file and
    line, when the case itself is wrong."""
    document, errors = read(path)
    file = parse(CaseFile, document, errors)
    if errors or file is None:
        raise MappingErrors(errors)
    for name in file.constants.keys() - mapping.file.constants.keys():
        near = nearest(name, [*mapping.file.constants])
        raise MappingErrors(
            [MappingError("unknown_name", document.where(("constants", name)), name=name, nearest=near)]
        )
    if file.constants:
        mapping = (under or mapping.under)(file.constants)
    play = Play(mapping, document, file, bench)
    try:
        play.begin()
        for n, step in enumerate(file.changes):
            play.step(n, step)
        actual = play.outcome()
    except MappingError:
        raise
    except Fault as fault:
        where, problem = document.where(play.trail), say(fault.code, fault.params)
        raise MappingErrors([MappingError("case_halted", where, case=file.case, problem=problem)]) from None
    finally:
        play.end()
    return Result(path, file.case, difference(file.expect, actual), shown({"expect": actual}))
