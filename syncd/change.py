"""What a source says: rows that changed, in the order they were committed.

A row is a tuple of the columns that the mapping declares for the table, in the mapping's order, so a
compiled rule reads `after[3]` and never a name. Values are None, bool, int, Decimal, str, date or datetime
(always UTC-aware), or one of the two marks below, which say that there is no usable value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Final, Literal, NamedTuple, NewType, cast, final

from syncd.money import MONEY_PLACES

Position = NewType("Position", str)
"""Where a source's reading stands, as a set of changes gives it: the ledger's checkpoint. Plain string comparison is
the order of reading; what the characters mean is known to the connector alone. A change has a position too, which
names it: idempotency keys and records are made of it. In most logs the two are one; see `ChangeSet.repeats`."""

Op = Literal["insert", "update", "delete", "read", "truncate", "unreadable"]
"""`read` is a row seen by a snapshot: a state, not an event. `truncate` carries no rows. `unreadable` is a message that
nobody understands: `after` is what is known of its row, with one mark Malformed, which holds its text and says why. If
not even the key is known, that stands in a key column, and the change's position is all that names it."""


@final
class Unchanged:
    """The mark of a column that the log did not carry. It is not NULL: nothing may be invented from it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNCHANGED"


UNCHANGED: Final = Unchanged()


@final
@dataclass(frozen=True, slots=True)
class Malformed:
    """The mark of a value that cannot be what its column is declared to be. `raw` is what the source held."""

    raw: str
    reason: str


ABSENT: Final = Malformed("", "malformed_absent")
"""The mark of a declared column that the source's own description of its table does not have: renamed, dropped, or not
published. What it holds is not unchanged, it is unknown; so nothing is filled in for it."""

Value = None | bool | int | Decimal | str | date | datetime | Unchanged | Malformed
Row = tuple[Value, ...]


class Kind(StrEnum):
    """The kinds of value an expression or a column has. JSON and arrays are kinds within expressions alone: a row keeps
    both as text, an array as the JSON array of its elements."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    JSON = "jsonb"
    ARRAY = "array"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the mapping declares it. `form` says how a legacy column encodes its kind: a `strptime`
    pattern for a date or timestamp kept as text, `epoch` for seconds since 1970 kept as a number (of a date, the day
    it was in the source's zone), `money` for a decimal of at most two places, or empty for the database's own type.
    Decimals are rounded half up to `places` where that is said. With `is_zero_null` a day of zeros, or an empty text,
    is NULL. `elements` is the kind of what an array holds, whose own kind is text."""

    name: str
    kind: Kind
    form: str = ""
    places: int | None = None
    is_zero_null: bool = False
    elements: Kind | None = None
    of: "Table | None" = None
    """The table of the lines, where it holds those of a document; its kind is NULL then."""

    @property
    def is_money(self) -> bool:
        """Whether it holds two digits after the point at most, whatever the row."""
        return self.form == "money" or (self.places is not None and self.places <= MONEY_PLACES)


@dataclass(frozen=True, slots=True)
class Table:
    """A tracked source table: `alias` is its name in the mapping, `name` its name in the source (`schema.table`
    or `table`), `key` the indexes of its key columns within `columns`. `zone` is where the books are: a moment that is
    declared as a day since it was kept is the day that it was there."""

    alias: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[int, ...]
    zone: str = "Asia/Shanghai"
    _hash: int = field(init=False, repr=False, compare=False)
    """What is made for a table once is found by it for every row, and to hash all columns took 5 µs."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.alias, self.name, self.columns, self.key, self.zone)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        """Another process hashes otherwise."""
        return Table, (self.alias, self.name, self.columns, self.key, self.zone)


@final
class Lines(tuple[Row, ...]):
    """The lines of a document, in the order of their keys: the value of a column that is `of` their table."""

    __slots__ = ()


ROWLESS: Final[frozenset[Op]] = frozenset(("truncate", "unreadable"))
"""What no rule can judge."""


class Change(NamedTuple):
    """One row's change. `before` is None for inserts and reads, and for updates whose log carries no
    before-image; `after` is None for deletes and truncates. `flawed` is True when either row holds a mark,
    so that the unflawed, which are nearly all, are never searched for marks."""

    table: str
    op: Op
    before: Row | None
    after: Row | None
    position: Position
    committed_at: datetime
    flawed: bool = False


REPAIR: Final = "repair/"
"""How the position of a difference begins that a repair has found between the EAM's rows and what was known of them:
whatever happened to the row in between came as one change."""


def repaired(position: str) -> str:
    """The Python expression that tells whether the position in a variable is one of those."""
    return f"{position}.startswith({REPAIR!r})"


class ChangeSet(NamedTuple):
    """Changes of source transactions, in order. A long transaction comes as several sets, so that memory
    stays flat; `position` is the point up to which everything has been said once this set is taken. An empty
    set is a heartbeat: it moves the position and says nothing.

    `cuts` says where transactions end in it, as counts of its changes, ascending. None: it is one transaction, or
    the rest of one, and ends with it. Empty: none ends in it, the transaction goes on in the next set. A set is
    never cut elsewhere, and its position is a checkpoint for the whole of it alone; `places` are those at its cuts, one
    for each, or none: a set that is cut where there is no place is read again as a whole after a crash.

    `repeats` says that the set's position is the only checkpoint in it, as an offset in Kafka: the positions of its
    changes name them, the same whenever they are said, and any of them may have been said before."""

    changes: Sequence[Change]
    position: Position
    committed_at: datetime | None = None
    repeats: bool = False
    cuts: tuple[int, ...] | None = None
    places: tuple[Position, ...] = ()


def key_text(table: Table, row: Row) -> str:
    """The row's key as text: the key columns joined by `|`, with `\\` and `|` escaped, so keys never collide."""
    return bounded(str(row[table.key[0]])) if len(table.key) == 1 else join_key([row[i] for i in table.key])


KEY_BYTES_MAX: Final = 2_400
"""PostgreSQL's B-trees hold entries of 2,704 bytes, of which the rest is for what stands beside a key."""
LONG_KEY_CHARS: Final = KEY_BYTES_MAX // 4
"""What is shorter needs no measuring: a letter has four bytes at most."""
KEY_CHARS_SHOWN: Final = 200


@cache
def keyer(table: Table) -> Callable[[Row | None], str]:
    """`key_text` for one table: a function made for it once."""
    parts = [f"row[{i}]" for i in table.key]
    if len(parts) > 1:
        source = f"joined([{', '.join(f'str({part})' for part in parts)}])"
    elif table.columns[table.key[0]].kind is Kind.TEXT:
        source = bounded_source(f"str({parts[0]})")
    else:
        source = f"str({parts[0]})"
    return cast(Callable[[Row | None], str], eval(f"lambda row: {source}", {"joined": joined_key, "bounded": bounded}))


def join_key(values: Sequence[Value]) -> str:
    """Key values as one text, see `key_text`."""
    if len(values) == 1:
        return bounded(str(values[0]))
    return joined_key([str(v) for v in values])


def joined_key(texts: Sequence[str]) -> str:
    """Texts as one, see `key_text`: nearly none of them holds what is escaped."""
    joined = "|".join(texts)
    if "\\" not in joined and joined.count("|") == len(texts) - 1:
        return joined if len(joined) < LONG_KEY_CHARS else bounded(joined)
    return bounded("|".join([text.replace("\\", "\\\\").replace("|", "\\|") for text in texts]))


def bounded(key: str) -> str:
    """A key that an index of every database holds: of a longer one its beginning and a digest of the whole."""
    if len(key) < LONG_KEY_CHARS or len(key.encode("utf-8", "surrogatepass")) <= KEY_BYTES_MAX:
        return key
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key[:KEY_CHARS_SHOWN]}~{digest}"


def bounded_source(key: str, is_nullable: bool = False) -> str:
    """Python source of the same, for keys that hardly ever are long; `k` is assigned, None stays None."""
    if is_nullable:
        return f"(k if (k := {key}) is None or len(k) < {LONG_KEY_CHARS} else bounded(k))"
    return f"(k if len(k := {key}) < {LONG_KEY_CHARS} else bounded(k))"
