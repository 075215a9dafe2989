"""The role table: which account plays which role under which accounting standard, in CSV with the columns `standard`,
`role`, `code` and `name`. An expression asks for `account('fixed_assets')` and names no code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from unicodedata import normalize

from syncd.change import Kind
from syncd.dialects.mysql import by_bytes
from syncd.errors import MappingError
from syncd.mapping.expression.runtime import Missing
from syncd.mapping.expression.terms import Function, nearest
from syncd.mapping.expression.to_sql import quoted
from syncd.mapping.language.decisions import read_table, shown
from syncd.ports import Finding

FUNCTION: Final = "account"
"""What expressions call the table."""
COLUMNS: Final = ("standard", "role", "code", "name")

Errors = list[MappingError]


class Account(NamedTuple):
    """An account as the role table has it."""

    code: str
    name: str


class Play(NamedTuple):
    """A row of the role table: an account plays a role under a standard."""

    standard: str
    role: str
    account: Account


@dataclass(frozen=True, slots=True)
class RoleTable:
    """The role table under the standard that the mapping's constant names."""

    standard: str
    plays: Sequence[Play]

    @property
    def roles(self) -> Mapping[str, Account]:
        """Role → account under the standard."""
        return {play.role: play.account for play in self.plays if play.standard == self.standard}

    @property
    def answers(self) -> Mapping[str, str | None]:
        """Role → code under the standard; None for a role that only others have."""
        codes = {role: account.code for role, account in self.roles.items()}
        return {play.role: codes.get(play.role) for play in self.plays}

    @property
    def function(self) -> Function:
        """The table as a function of expressions."""
        answers = self.answers

        def sql(dialect: str, args: list[str]) -> str:
            role = by_bytes(args[0]) if dialect == "mysql" else args[0]
            known = [f"WHEN {quoted(r)} THEN {quoted(code)}" for r, code in answers.items() if code is not None]
            return f"CASE {role} {' '.join(known)} END" if known else "NULL"

        return Function(f"decide_{FUNCTION}", (Kind.TEXT,), Kind.TEXT, sql, answers)

    @property
    def look_up(self) -> Callable[[str | None], str | None]:
        """The code of a role that is computed; raises Missing where no standard has the role."""
        answers, standard = self.answers, self.standard

        def look_up(role: str | None) -> str | None:
            try:
                return answers[role or ""]
            except KeyError:
                raise Missing(FUNCTION, shown((standard, role))) from None

        return look_up


def read_accounts(path: Path, standard: str, content: bytes | None = None) -> tuple[RoleTable, Errors]:
    """The role table in a CSV file under a standard, and what is wrong with it; `content` is what is to stand there."""
    rows, errors = read_table(path, COLUMNS, content)
    plays: dict[tuple[str, str], tuple[Play, int]] = {}
    names: dict[tuple[str, str], tuple[str, int]] = {}
    for line, (of, role, code, name) in rows:
        where = f"{path}:{line}"
        empty = [c for c, cell in zip(COLUMNS, (of, role, code, name), strict=True) if not cell]
        if empty:
            errors += [MappingError("decision_empty_cell", where, column=column) for column in empty]
            continue
        _, first = plays.setdefault((of, role), (Play(of, role, Account(code, name)), line))
        if first != line:
            errors.append(MappingError("decision_key_twice", where, key=shown((of, role)), line=first))
        other, first = names.setdefault((of, code), (name, line))
        if other != name:
            params = {"account": code, "name": name, "other": other, "line": first}
            errors.append(MappingError("account_two_names", where, **params))
    found = [play for play, _ in plays.values()]
    if found and not errors and standard not in (standards := dict.fromkeys(play.standard for play in found)):
        params = {"standard": standard, "there": nearest(standard, standards) or ", ".join(standards)}
        errors.append(MappingError("unknown_standard", f"{path}:1", **params))
    return RoleTable(standard, found), errors


def misnamed(table: RoleTable, chart: Mapping[str, str]) -> list[Finding]:
    """What to say of accounts that finance calls otherwise (`chart` is its code → name): a warning; an error where it
    uses the code for something else, which is another role's name, or the code's under another standard."""
    findings: list[Finding] = []
    meant: dict[str, list[Play]] = {}
    for play in table.plays:
        meant.setdefault(_same(play.account.name), []).append(play)
    for account in dict.fromkeys(table.roles.values()):
        name = chart.get(account.code)
        if name is None or _same(name) == _same(account.name):
            continue
        params = {"account": account.code, "name": account.name, "finance": name, "standard": table.standard}
        others = meant.get(_same(name), ())
        if others:
            params |= {"role": others[0].role, "other": others[0].standard}
        findings.append(Finding("error", "account_other", params) if others
                        else Finding("warning", "account_name", params))  # fmt: skip
    return findings


def _same(name: str) -> str:
    """A name without what a keyboard decides: widths of letters and blanks."""
    return "".join(normalize("NFKC", name).split())
