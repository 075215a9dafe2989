"""ALTER TABLE, clause by clause: which are known to leave every row and value as it is, which give columns another
name or type, and which other tables they touch. Pure.

The lists hold what is harmless. Whatever is not in them may take rows away or change values without a row in the log.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from connectors.mysql.sql.column import ColumnType, parse
from connectors.mysql.sql.tokens import NO_AUTO_VALUE_ON_ZERO, STRICT, Name, Token, name_at, past, split


class Redefined(NamedTuple):
    """A column's old and new name, empty where there is none. `type` is the new one; None where it stays, or where
    `is_read` is false: what then becomes of its values is not known. `clause` is how it was spelt."""

    old: str
    new: str
    type: ColumnType | None = None
    is_read: bool = True
    clause: Sequence[Token] = ()


class Altered(NamedTuple):
    """What an ALTER TABLE does. `moves` is the table's new name; `others` are tables that give or take rows; `harm` is
    the first clause that is not known to be harmless, empty for none. `is_strict`: the server refused what does not
    fit into a column's new type."""

    table: Name
    columns: tuple[Redefined, ...] = ()
    harm: Sequence[Token] = ()
    moves: Name | None = None
    others: tuple[Name, ...] = ()
    is_strict: bool = False


_INDEXES: Final = frozenset(
    {"INDEX", "KEY", "FULLTEXT", "SPATIAL", "UNIQUE", "CONSTRAINT", "FOREIGN", "CHECK", "VECTOR"}
)
_OPTIONS: Final = frozenset(
    {"COMMENT", "AUTO_INCREMENT", "ROW_FORMAT", "KEY_BLOCK_SIZE", "AVG_ROW_LENGTH", "MAX_ROWS", "MIN_ROWS", "CHECKSUM"}
    | {"PACK_KEYS", "DELAY_KEY_WRITE", "STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "COMPRESSION"}
    | {"ENCRYPTION", "ENCRYPTED", "ENCRYPTION_KEY_ID", "PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "PAGE_CHECKSUM"}
    | {"TRANSACTIONAL", "ALGORITHM", "LOCK", "COLLATE", "CHARSET", "ENGINE_ATTRIBUTE", "AUTOEXTEND_SIZE"}
)
_PARTS: Final = frozenset({"REBUILD", "ANALYZE", "CHECK", "OPTIMIZE", "COALESCE", "REORGANIZE"})


def altered(schema: str, found: Sequence[Token], mode: int) -> Altered | None:
    """What stands behind ALTER; None for what is no table."""
    ignores = any(token.word == "IGNORE" for token in found[:2])
    found = past(found, "ONLINE", "OFFLINE", "IGNORE")
    if not found or found[0].word not in ("TABLE", "TABLES"):
        return None
    named = name_at(schema, past(found[1:], "IF", "EXISTS"), 0)
    if named is None:
        return Altered((schema, ""), harm=found)
    table, at = named
    rest = past(found[1:], "IF", "EXISTS")[at:]
    if rest and rest[0].word == "WAIT":
        rest = rest[2:]
    rest = past(rest, "NOWAIT")
    made = Altered(table, is_strict=bool(mode & STRICT) and not ignores)
    for clause in _clauses(rest):
        made = _taken(schema, made, clause, mode)
    if ignores and not made.harm and not all(_are_options(clause) for clause in _clauses(rest)):
        made = made._replace(harm=rest)  # rows that do not fit are dropped
    return made


def _clauses(found: Sequence[Token]) -> list[Sequence[Token]]:
    """The clauses; one about partitions lists their names with commas too and is always the last."""
    second = found[1].word if len(found) > 1 else ""
    return [found] if second == "PARTITION" and found[0].word != "ADD" else split(found)


def _taken(schema: str, made: Altered, clause: Sequence[Token], mode: int) -> Altered:
    words = [token.word for token in clause]
    first, second = [*words, "", ""][:2]
    harmful = made._replace(harm=made.harm or clause)
    if _cascades(words):
        return harmful
    if first == "ADD":
        return _added(made, clause[1:], clause)
    if first in ("MODIFY", "CHANGE"):
        return made._replace(columns=(*made.columns, _redefined(clause, mode)))
    if first == "RENAME":
        if second == "COLUMN":
            columns = [token.text for token in past(clause[2:], "IF", "EXISTS") if token.word != "TO"]
            if len(columns) != 2:
                return harmful
            return made._replace(columns=(*made.columns, Redefined(columns[0], columns[1], clause=clause)))
        if second in ("INDEX", "KEY"):
            return made
        named = name_at(schema, _past_sign(past(clause[1:], "TO", "AS")), 0)
        return harmful if named is None else made._replace(moves=named[0])
    if first == "DROP":
        return _dropped(made, clause)
    if first == "CONVERT" and second in ("TO", "CHARACTER", "CHARSET"):
        letters = {token.text.lower() for token in clause}
        return made if made.is_strict and "utf8mb4" in letters else harmful
    if first in ("EXCHANGE", "CONVERT"):
        return harmful._replace(others=(*made.others, *_exchanged(schema, clause)))
    return made if _is_quiet(clause) else harmful


def _added(made: Altered, item: Sequence[Token], clause: Sequence[Token]) -> Altered:
    """A column, several in parentheses, an index, a constraint or a partition."""
    words = [token.word for token in item]
    first, second = [*words, "", ""][:2]
    harmful = made._replace(harm=made.harm or clause)
    if first == "PARTITION":
        return harmful if "SYSTEM_TIME" in words else made
    if first in _INDEXES or (first, second) == ("PRIMARY", "KEY"):
        if "PRIMARY" in words:
            return made if made.is_strict else harmful  # a NULL in the key becomes a zero
        return made
    if (first, second) in (("SYSTEM", "VERSIONING"), ("PERIOD", "FOR")) or _is_versioned(words):
        return harmful
    item = past(item, "COLUMN")
    item = past(item, "IF", "NOT", "EXISTS")
    if item and item[0].text == "(" and not item[0].is_text:
        for part in split(item[1:-1]):
            made = _added(made, part, clause)
        return made
    if not item or not item[0].name:
        return harmful
    return made._replace(columns=(*made.columns, Redefined("", item[0].text, clause=clause)))


def _dropped(made: Altered, clause: Sequence[Token]) -> Altered:
    words = [token.word for token in clause]
    second, third = [*words, "", ""][1:3]
    if second in ("INDEX", "KEY", "FOREIGN", "CONSTRAINT", "CHECK") or (second, third) == ("PRIMARY", "KEY"):
        return made
    column = past(past(clause[1:], "COLUMN"), "IF", "EXISTS")
    is_one = column and column[0].name and all(token.word in ("RESTRICT", "CASCADE") for token in column[1:])
    if second in ("PARTITION", "SYSTEM", "PERIOD") or not is_one:
        return made._replace(harm=made.harm or clause)
    return made._replace(columns=(*made.columns, Redefined(column[0].text, "", clause=clause)))


def _redefined(clause: Sequence[Token], mode: int) -> Redefined:
    """MODIFY or CHANGE."""
    found = past(past(clause[1:], "COLUMN"), "IF", "EXISTS")
    count = 2 if clause[0].word == "CHANGE" else 1
    if len(found) <= count or not all(token.name for token in found[:count]):
        return Redefined("", "", None, False, clause)
    kind = parse(found[count:])
    if kind is not None and mode & NO_AUTO_VALUE_ON_ZERO:
        kind = kind._replace(counts=False)
    return Redefined(found[0].text, found[count - 1].text, kind, kind is not None, clause)


def _exchanged(schema: str, clause: Sequence[Token]) -> list[Name]:
    """The tables of EXCHANGE PARTITION p WITH TABLE t, CONVERT TABLE t TO …, CONVERT PARTITION p TO TABLE t."""
    places = [at + 1 for at, token in enumerate(clause) if token.word == "TABLE"]
    named = [name_at(schema, clause, at) for at in places]
    return [found[0] for found in named if found is not None]


def _is_quiet(clause: Sequence[Token]) -> bool:
    """Whether a clause leaves rows and columns alone."""
    words = [token.word for token in clause]
    first, second = [*words, "", ""][:2]
    if first in _PARTS:
        return second == "PARTITION"
    if (first, second) in (("PARTITION", "BY"), ("REMOVE", "PARTITIONING")):
        return "SYSTEM_TIME" not in words
    if first in ("ORDER", "FORCE") or (first in ("ENABLE", "DISABLE") and second == "KEYS"):
        return True
    if first in ("WITH", "WITHOUT") and second == "VALIDATION":
        return True
    if first == "ALTER":
        return second in ("INDEX", "KEY", "CHECK", "CONSTRAINT") or "SET" in words or "DROP" in words
    return _are_options(clause)


def _are_options(clause: Sequence[Token]) -> bool:
    """Table options, which may stand in a row without commas: name, `=` or not, value."""
    found = [token for token in clause if token.text != "=" or token.is_text]
    at = 0
    while at < len(found):
        if found[at].word == "DEFAULT":
            at += 1
            continue
        word, value = found[at].word, found[at + 1] if at + 1 < len(found) else None
        if word == "CHARACTER" and value is not None and value.word == "SET":
            at += 3
        elif value is not None and (word in _OPTIONS or (word == "ENGINE" and value.text.upper() == "INNODB")):
            at += 2
        else:
            return False
    return at == len(found)


def _cascades(words: Sequence[str]) -> bool:
    """Whether a foreign key will change rows by itself, which no log holds."""
    places = [at for at, word in enumerate(words) if word == "ON"]
    rules = [words[at + 1 : at + 4] for at in places]
    return any(rule[0] in ("DELETE", "UPDATE") and rule[1] in ("CASCADE", "SET") for rule in rules if len(rule) > 1)


def _is_versioned(words: Sequence[str]) -> bool:
    pairs = set(pairwise(words))
    return bool({("WITH", "SYSTEM"), ("AS", "ROW"), ("ROW", "START"), ("ROW", "END")} & pairs)


def _past_sign(found: Sequence[Token]) -> Sequence[Token]:
    return found[1:] if found and found[0].text == "=" else found
