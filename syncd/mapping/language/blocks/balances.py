"""The `balances` block, compiled: what the EAM says that accounts must hold by document, as one SELECT each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from syncd.change import Kind, Table
from syncd.dialects import Dialect
from syncd.errors import MappingError
from syncd.mapping.expression.parse import Scope
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.blocks.measures import FIELDS
from syncd.mapping.language.blocks.source_columns import Server
from syncd.mapping.language.blocks.source_sql import Given, Reach, SourceSql, Unreadable, header_of
from syncd.mapping.language.file import model
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.tables import HEADING
from syncd.ports import Period

SUBJECT: Final = "subject"
"""What tells the document where the record of the postings does."""
ANY_PERIOD: Final = Period("2026-01", date(2026, 1, 1), date(2026, 1, 31), True)
"""Any: whether entries can be read back is the same in every period."""


@dataclass(frozen=True)
class Balance:
    """One of them. Its rows are as those of `Measures`, with one amount that is not zero; `told_by` is the field of
    entries that tells the document, `sign` -1 where credit balances are positive."""

    name: str
    says: Mapping[str, str]
    on: str
    judged: str
    by: tuple[str, ...]
    accounts: Sequence[str]
    sign: int
    told_by: str
    alert_above: Decimal
    query: Callable[..., str]
    unreadable: Callable[..., Sequence[Unreadable]]
    reaches: Callable[..., Sequence[Reach]]
    refused: Callable[[Dialect], Sequence[MappingError]]


def compile_balances(
    file: model.MappingFile,
    tables: Mapping[str, Table],
    reader: ExpressionReader,
    constants: Scope,
    layout: FinanceLayout | None,
    roles: Mapping[str, str],
) -> list[Balance]:
    """The blocks compiled, those that are right; what is wrong goes to the reader. `roles` are the codes of the role
    table."""
    found = []
    for name, block in file.balances.items():
        before, trail = len(reader.errors), ("balances", name)
        if block.on not in tables:
            reader.fault("unknown_table", (*trail, "on"), table=block.on, nearest=nearest(block.on, [*tables]))
            continue
        told_by = _told_by(block, layout, reader, name)
        given = Given(file, tables, constants)
        _Select(given, name, block, reader, Server("postgres", file.timezone))
        if len(reader.errors) == before:
            found.append(_compiled(given, name, block, reader, told_by, roles))
    return found


def _compiled(
    given: Given,
    name: str,
    block: model.Balances,
    reader: ExpressionReader,
    told_by: str,
    roles: Mapping[str, str],
) -> Balance:
    def sound(*server: Any) -> _Select:
        select = _Select(given, name, block, reader.quiet(), Server(*server))
        if select.errors:
            raise select.errors[0]
        return select

    zone = given.file.timezone
    return Balance(
        name=name,
        says={} if block.says is None else block.says.model_dump(),
        on=header_of(given.file, block.on),
        judged=block.on,
        by=tuple(block.by),
        accounts=[roles.get(account, account) for account in block.accounts],
        sign=1 if block.side == "debit" else -1,
        told_by=told_by,
        alert_above=block.alert_above,
        query=lambda *asked: sound(*asked).sql,
        unreadable=lambda *asked: sound(*asked).unreadable(),
        reaches=lambda *asked: sound(*asked).reaches,
        refused=lambda dialect: _Select(given, name, block, reader.quiet(), Server(dialect, zone)).errors,
    )


def _told_by(block: model.Balances, layout: FinanceLayout | None, reader: ExpressionReader, name: str) -> str:
    """The field of entries that tells the document. It must be one that finance gives back."""
    if layout is None:
        return ""
    journals = layout.journals([ANY_PERIOD])
    if not journals:
        reader.fault("balances_unreadable", ("balances", name), layout=layout.name)
        return ""
    known = journals[0].columns
    dims, fields = [*layout.file.dims], [*HEADING, *layout.file.voucher_fields]
    for dim in block.by:
        if f"entry.{dim}".lower() not in known:
            near = nearest(dim, [one for one in dims if f"entry.{one}".lower() in known])
            reader.fault("balances_by", ("balances", name, "by", dim), field=dim, nearest=near)
    wanted = {**{one: f"voucher.{one}".lower() for one in fields}, **{one: f"entry.{one}".lower() for one in dims}}
    wanted |= {SUBJECT: "voucher.key" if "posting.subject" not in known else "posting.subject"}
    told_by = wanted.get(block.entries, "")
    if told_by not in known:
        near = nearest(block.entries, [one for one, column in wanted.items() if column in known])
        reader.fault("balances_entries", ("balances", name, "entries"), field=block.entries, nearest=near)
    return told_by


class _Select(SourceSql):
    """Builds the statement for one server, `sql`. What is wrong in the block is left with the reader."""

    def __init__(
        self, given: Given, name: str, block: model.Balances, reader: ExpressionReader, server: Server
    ) -> None:
        super().__init__(given, block.on, block.join, ("balances", name), reader, server)
        code = f"coalesce({self.read(block.key, ('key',), self.scope, Kind.TEXT)}, '')"
        kept = self.read(block.where, ("where",), self.scope, Kind.BOOLEAN) if block.where else ""
        terms = [self.term(("amount", i), term, f"s{i}") for i, term in enumerate(block.amount)]
        named = {"k": code, "a0": self.amount(terms, ("amount",), None)}
        named |= {f"a{i}": "0" for i in range(1, len(FIELDS))}
        texts = [self.read(text, ("by", dim), self.scope, Kind.TEXT) for dim, text in block.by.items()]
        self.sql = self.select(named, texts, kept)
