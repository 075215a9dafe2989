"""Finance's tables as a layout describes them: what their columns are given, and what may be asked of that.

Nothing is asked of an expression's text. Which name it is, which names it reads and which lookups it calls stands in
its term.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression, Function, Name
from syncd.mapping.expression.terms import walk

ASSET_CODE: Final = "asset_code"
_LOOK: Final = "look_"

PERIOD_SCOPE: Final = {
    "voucher.period": Name("period", Kind.TEXT),
    "voucher.year": Name("int(period[:4])", Kind.INTEGER),
    "voucher.month": Name("int(month_in(period))", Kind.INTEGER),
}
REF_SCOPE: Final = PERIOD_SCOPE | {
    "voucher.type": Name("type", Kind.TEXT),
    "voucher.number": Name("number", Kind.INTEGER),
    "voucher.key": Name("key", Kind.TEXT),
}
VOUCHER_LABEL: Final = "voucher.label"
LABEL_SCOPE: Final = {VOUCHER_LABEL: Name("label(period, type, number)", Kind.TEXT)}
"""The number as it is written, where the layout says how."""
VOUCHER_ID: Final = "voucher.id"
"""The id that finance gave the voucher's row; in the scope only of what is written behind it."""
CARD_ID: Final = "card.id"
ID_OF_ROW: Final = "row.id"
"""What it is called among the names of an expression: it is no field of the card, which may have one called so."""
CARD_ID_SCOPE: Final = {CARD_ID: Name("ids[code]", Kind.INTEGER)}
"""The id that finance gave the card's row, likewise."""
ID_SCOPE: Final = {VOUCHER_ID: Name("id", Kind.INTEGER)}
VOUCHER_SCOPE: Final = REF_SCOPE | {
    "voucher.year": Name("year_of(period, day)", Kind.INTEGER),
    "voucher.month": Name("month_of(period, day)", Kind.INTEGER),
    "voucher.date": Name("day", Kind.DATE),
    "voucher.event_date": Name("event_date", Kind.DATE),
    "voucher.summary": Name("summary", Kind.TEXT),
    "voucher.ref": Name("ref(period, type, number, key)", Kind.TEXT),
    "voucher.debit": Name("debits(entries)", Kind.DECIMAL),
    "voucher.credit": Name("credits(entries)", Kind.DECIMAL),
    "voucher.reverses": Name("(reverses and reverses.voucher)", Kind.TEXT),
    "posting.key": Name("key", Kind.TEXT),
    "posting.subject": Name("subject", Kind.TEXT),
    "posting.rule": Name("rule", Kind.TEXT),
}
ENTRY_SCOPE: Final = VOUCHER_SCOPE | {
    "entry.line": Name("line", Kind.INTEGER),
    "entry.account": Name("account", Kind.TEXT),
    "entry.debit": Name("debit", Kind.DECIMAL),
    "entry.credit": Name("credit", Kind.DECIMAL),
    "entry.summary": Name("said", Kind.TEXT),
}
"""What layouts may read of a voucher and of an entry, as the generated functions name it."""
HEADING: Final[Mapping[str, Kind]] = {
    "attachments": Kind.INTEGER,
    **dict.fromkeys(("prepared_by", "reviewed_by", "posted_by", "document", "contract", "movement"), Kind.TEXT),
}
"""What any voucher's header may say besides; a layout may declare more. `movement` is the kind of change (变动方式)
that reports count it as."""


_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED: Final = frozenset((
    "all", "and", "any", "array", "as", "asc", "between", "both", "by", "case", "cast", "check", "collate",
    "column", "condition", "constraint", "create", "cross", "current", "default", "delete", "desc", "distinct",
    "do", "else", "end", "except", "exists", "false", "for", "foreign", "from", "full", "grant", "group",
    "having", "in", "index", "inner", "insert", "intersect", "into", "is", "join", "key", "keys", "leading",
    "left", "like", "limit", "lock", "natural", "not", "null", "offset", "on", "only", "or", "order", "outer",
    "primary", "range", "rank", "references", "right", "row", "rows", "select", "some", "table", "then", "to",
    "trailing", "true", "union", "unique", "update", "usage", "use", "user", "using", "values", "when", "where",
    "window", "with",
))  # fmt: skip
"""Words that some database takes for its own, where a name may stand."""


def spelled(name: str) -> str:
    """A finance table or column in SQL: quoted where a database would read it otherwise, by its letters' case or as a
    word of its own."""
    parts = name.split(".")
    if all(_PLAIN.fullmatch(part) and part not in _RESERVED for part in parts):
        return name
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """A finance table and what its columns are given. `named` is the name as an expression of the period, for a
    table a year. `generated` is the column that finance fills with an id, the first of `columns`, and `sequence` where
    the ids come from if the layout says it; both may be empty."""

    name: str
    named: Expression | None
    key: tuple[str, ...]
    columns: Mapping[str, Expression]
    generated: str = ""
    sequence: str = ""
    where: str = ""
    """SQL condition over its columns: which rows of a card's table are cards, and which entries are the company's."""
    when: Expression | None = None
    """Of a card's table that holds some kinds of cards: which. The last of those has none."""
    reads: Mapping[str, str] = field(default_factory=dict)
    """Of a table that holds cards whole beside others that do: field → SQL over its columns as `c0`."""

    @property
    def called(self) -> str:
        """Its name as a Python expression of `period`."""
        return self.named.python() if self.named else repr(self.name)

    def kinds(self) -> dict[str, Kind]:
        """The kind of value each column is given."""
        return {c: given_kind(e) for c, e in self.columns.items()}

    @property
    def source(self) -> str:
        """What stands behind FROM and JOIN, where rows of it are read."""
        return self.source_of(self.name)

    def source_of(self, table: str) -> str:
        """The same where the table is called so in a period."""
        name = spelled(table)
        return f"(SELECT * FROM {name} WHERE {self.where})" if self.where else name

    def without_id(self) -> "PhysicalTable":
        """The same without the column that finance fills."""
        return replace(self, columns={c: e for c, e in self.columns.items() if c != self.generated})

    def given(self, wanted: Expression) -> str | None:
        """The column that is given the same expression, however either is spelled."""
        return next((c for c, e in self.columns.items() if e.term == wanted.term), None)


def card_scope(kinds: Mapping[str, Kind]) -> dict[str, Name]:
    """What layouts may read of a card, as the generated functions name it."""
    return {"card.asset_code": Name("code", Kind.TEXT)} | {
        f"card.{f}": Name(f"get({f!r})", k) for f, k in kinds.items()
    }


def dims_scope(names: Mapping[str, Kind]) -> dict[str, Name]:
    """The auxiliaries of an entry, as the generated functions name them. A red-letter entry has them from the record,
    which keeps times as text."""
    return {f"entry.{name}".lower(): _kept(f"dims.get({name!r})", kind) for name, kind in names.items()}


def fields_scope(names: Mapping[str, Kind]) -> dict[str, Name]:
    """What a voucher's header says besides, as the generated functions name it."""
    return {f"voucher.{name}".lower(): _kept(f"fields.get({name!r})", kind) for name, kind in names.items()}


def _kept(source: str, kind: Kind) -> Name:
    return Name(f"recorded({source})" if kind is Kind.TIMESTAMP else source, kind)


def lookup_function(name: str) -> Function:
    """A lookup as a function of expressions."""
    return Function(f"{_LOOK}{name}", (Kind.TEXT,), Kind.TEXT)


def lookups_called(e: Expression) -> frozenset[str]:
    """The lookups that an expression calls."""
    functions = (t.detail for t in walk(e.term) if t.op == "function")
    return frozenset(f.python.removeprefix(_LOOK) for f in functions if isinstance(f, Function))


def given_kind(e: Expression) -> Kind:
    """The kind of value that a column is given. What a lookup gives is text to the language, and to finance whatever it
    has in its own table, an id or a code: it has no kind, NULL."""
    return Kind.NULL if e.kind is Kind.TEXT and lookups_called(e) else e.kind


def plain_name(e: Expression) -> str:
    """The name that the expression is, `card.name`; empty when it is more than that."""
    term = e.term.args[0] if e.term.op == "wall" else e.term
    return next(iter(e.names)) if term.op == "name" else ""


def card_names(e: Expression) -> set[str]:
    """The card fields that an expression reads, `asset_code` aside."""
    return {n.partition(".")[2] for n in e.names if n != ID_OF_ROW} - {ASSET_CODE}


def coded(table: PhysicalTable) -> str | None:
    """The column that holds a card's code as it is."""
    return next((c for c, e in table.columns.items() if plain_name(e) == f"card.{ASSET_CODE}"), None)


def choosing(cards: Sequence[PhysicalTable]) -> set[str]:
    """The card fields by which a card's table is chosen; none where all cards lie in the same tables."""
    return {field for table in cards if table.when is not None for field in card_names(table.when)}
