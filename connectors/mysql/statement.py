"""What a statement in the log does that its rows do not say: it begins and ends transactions, empties, alters and
renames tables. Pure.

Rows are logged as rows; all that is logged as a statement is what the session ran, spelt as it liked: comments, quotes,
the current database left out. What is not known here is `unread`: it may do anything to the tables that it names.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from connectors.mysql.sql.alter import Altered, altered
from connectors.mysql.sql.tokens import ANSI_QUOTES, Name, Token, closing, name_at, past, tokens

Does = Literal[
    "begin", "commit", "rollback", "rollback_to", "xa", "xa_end", "truncate", "rename", "create", "unlogged",
    "altered", "columns", "rows", "untied", "unread", "nothing",
]  # fmt: skip


class Effect(NamedTuple):
    """What a statement does, and to which tables. `rename` lists old and new names in turn; `unlogged` takes rows away
    of which the log says nothing more, `altered` may change them; `columns` gives columns other names or types, see
    `alter`; `rows` are changes that are logged as a statement, `words` being what else in it may carry them on.
    `untied` takes away what may have carried them on: what `words` name, all of it where there are none. `clause` is
    the part of an ALTER that does it."""

    does: Does
    tables: tuple[Name, ...] = ()
    words: frozenset[str] = frozenset()
    alter: Altered | None = None
    clause: str = ""


NOTHING: Final = Effect("nothing")
_ROWS: Final = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "DO", "SELECT", "WITH", "VALUES"})
_QUIET: Final = frozenset(
    {"SAVEPOINT", "RELEASE", "GRANT", "REVOKE", "SET", "FLUSH", "OPTIMIZE", "ANALYZE", "CHECK", "INSTALL"}
    | {"UNINSTALL", "USE", "COMMENT", "SHUTDOWN", "KILL", "PURGE", "RESET", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"}
    | {"SIGNAL"}
)
"""First words of what leaves all rows alone."""
_OBJECTS: Final = frozenset(
    {"VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "AGGREGATE", "EVENT", "USER", "ROLE", "SERVER", "TABLESPACE", "INDEX"}
    | {"UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "SEQUENCE", "PACKAGE", "DATABASE", "SCHEMA", "LOGFILE", "UNDO"}
    | {"RESOURCE", "SPATIAL", "INSTANCE", "DEFINER", "SQL", "ALGORITHM", "PREPARE", "LIBRARY", "CATALOG"}
)
"""What else is created, altered and dropped than tables."""
_CARRIERS: Final = frozenset({"VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "PACKAGE"})
"""What carries a change on to other tables."""
_SCHEMAS: Final = frozenset({"DATABASE", "SCHEMA"})
_TAKES_AWAY: Final = frozenset({"TRUNCATE", "DROP", "EXCHANGE", "CONVERT", "DISCARD", "IMPORT"})
_BEFORE_TABLE: Final = frozenset({"FROM", "JOIN", "STRAIGHT_JOIN", "USING"})
_BEHIND_TABLE: Final = frozenset({"WAIT", "NOWAIT", "CASCADE", "RESTRICT"})
_ENDS: Final = frozenset({"SET", "WHERE", "ORDER", "LIMIT", "RETURNING"})
_NO_CALL: Final = frozenset({"USING", "AS", "VALUES", "VALUE", "IN", "ON", "AND", "OR", "NOT", "WHERE", "FROM", "JOIN"})
_MODIFIERS: Final = frozenset({"LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "QUICK", "HISTORY", "ONLY"})
_XA: Final = re.compile(r"XA (END|COMMIT) (.+)", re.DOTALL)
SUMMARY_WORDS: Final = 8


def effect(schema: str, sql: str, mode: int = ANSI_QUOTES) -> Effect:
    """What a statement does that was run while `schema` was the current database, under a sql_mode."""
    found = _bare(tokens(sql, mode))
    first = found[0].word or found[0].text if found else ""
    second = found[1].word if len(found) > 1 else ""
    match first, second:
        case "BEGIN", _:
            return Effect("begin")
        case "START", "TRANSACTION":
            return Effect("begin")
        case "COMMIT", _:
            return Effect("commit")
        case "ROLLBACK", _:
            return Effect("rollback_to" if any(token.word == "TO" for token in found) else "rollback")
        case "XA", _:
            return Effect("xa_end" if second in ("COMMIT", "ROLLBACK") else "xa")
        case "TRUNCATE", _:
            return _of_tables("truncate", schema, past(found[1:], "TABLE", "IF", "EXISTS"))
        case "RENAME", "TABLE" | "TABLES":
            return _of_tables("rename", schema, past(found[2:], "IF", "EXISTS"))
        case "ALTER", _ if (alter := altered(schema, found[1:], mode)) is not None:
            return _altered(alter)
        case "DROP", "TABLE" | "TABLES":
            return _of_tables("unlogged", schema, past(found[2:], "IF", "EXISTS"))
        case "DROP", "DATABASE" | "SCHEMA":
            return _dropped(past(found[2:], "IF", "EXISTS"))
        case "CREATE", _ if (made := _created(schema, found[1:])) is not None:
            return made
        case "CREATE" | "DROP", _ if (untied := _untied(found)) is not None:
            return untied
        case "ALTER" | "CREATE" | "DROP", _ if _is_object(found[1:]):
            return NOTHING
        case "RENAME", "USER":
            return NOTHING
    if first in _ROWS or first == "(":
        return _rows(schema, found)
    if first in _QUIET or not found:
        return NOTHING
    return Effect("unread", tuple(_all_names(schema, found)))


def xa_step(sql: str) -> tuple[str, str] | None:
    """END or COMMIT and the name of the transaction, as the server logs a statement of XA; None for any other."""
    step = _XA.fullmatch(sql)
    return None if step is None else (step[1], step[2])


def summary(sql: str, mode: int = ANSI_QUOTES, clause: str = "") -> str:
    """The first words of a statement: enough to find it by, and no value of a row. Where a `clause` of it is meant,
    those up to there."""
    found = _bare(tokens(sql, mode))
    if clause:
        rest = past(found[1:], "ONLINE", "OFFLINE", "IGNORE", "TABLE", "IF", "EXISTS")
        named = name_at("", rest, 0)
        return f"{_spelt(found[: len(found) - len(rest) + (named[1] if named else 0)])} {clause}"
    return _spelt(found)


def _spelt(found: Sequence[Token]) -> str:
    words: list[str] = []
    for token in found:
        if token.is_text or not (token.name or token.text == ".") or len(words) == SUMMARY_WORDS:
            break
        words.append(token.text)
    spelt = re.sub(r" ?\. ", ".", " ".join(words))
    return spelt.encode("utf-8", "backslashreplace").decode()  # what is no text in its character set


def _bare(found: list[Token]) -> list[Token]:
    """Without MariaDB's `SET STATEMENT name = value FOR`, and its ANALYZE of a statement, which runs it."""
    if [token.word for token in found[:2]] == ["SET", "STATEMENT"]:
        place = next((i for i, token in enumerate(found) if token.word == "FOR"), len(found) - 1)
        return _bare(found[place + 1 :])
    if found and found[0].word == "ANALYZE":
        rest = found[4:] if found[1:2] and found[1].word == "FORMAT" else found[1:]
        return rest if rest and rest[0].word in _ROWS else found
    return found


def _of_tables(does: Does, schema: str, found: Sequence[Token]) -> Effect:
    """Of the tables of a list, joined by commas or by TO. Where one of them cannot be read, of all that are named."""
    names: list[Name] = []
    at = 0
    while (named := name_at(schema, found, at)) is not None:
        names.append(named[0])
        at = named[1]
        while at < len(found) and (found[at].word in _BEHIND_TABLE or found[at].text.isdigit()):
            at += 1
        if at == len(found) or found[at].text == ";":
            return Effect(does, tuple(names))
        if not (found[at].text == "," or found[at].word == "TO"):
            break
        at += 1
    return Effect("unread", tuple(_all_names(schema, found)))


def _altered(alter: Altered) -> Effect:
    tables = (alter.table, *alter.others, *((alter.moves,) if alter.moves else ()))
    if alter.harm:
        does: Does = "unlogged" if _takes_away([token.word for token in alter.harm]) else "altered"
        return Effect(does, tables, alter=alter, clause=_spelt(alter.harm))
    if alter.moves:
        return Effect("rename", (alter.table, alter.moves), alter=alter, clause=f"RENAME TO {'.'.join(alter.moves)}")
    return Effect("columns", tables, alter=alter) if alter.columns else NOTHING


def _takes_away(words: Sequence[str]) -> bool:
    return words[0] in _TAKES_AWAY and any(word in ("PARTITION", "TABLESPACE", "TABLE") for word in words[1:])


def _dropped(found: Sequence[Token]) -> Effect:
    return Effect("unlogged", tuple((token.text, "") for token in found[:1]))


def _created(schema: str, found: Sequence[Token]) -> Effect | None:
    replaces = [token.word for token in found[:2]] == ["OR", "REPLACE"]
    found = found[2:] if replaces else found
    first = found[0].word if found else ""
    if first in _SCHEMAS and replaces:
        return _dropped(found[1:])
    if first not in ("TABLE", "TEMPORARY"):
        return None
    tries = any(token.word == "IF" for token in found[1:3])
    named = name_at(schema, past(found[1:], "TABLE", "IF", "NOT", "EXISTS"), 0)
    if first == "TEMPORARY":
        # Only who logs statements logs it; what is then said of the name is said of this table.
        return NOTHING if named is None else Effect("rows", (named[0],), frozenset({named[0][1]}))
    if named is None:
        return Effect("unread", tuple(_all_names(schema, found)))
    return Effect("unlogged" if replaces else "nothing" if tries else "create", (named[0],))


def _untied(found: Sequence[Token]) -> Effect | None:
    """Of whose table a trigger was, nobody knows any more when it is dropped."""
    words = [token.word for token in found[1:]]
    replaces = words[:2] == ["OR", "REPLACE"]
    if found[0].word == "CREATE" and not replaces:
        return None
    kind = next((word for word in words if word in _CARRIERS), "")
    if not kind or (found[0].word == "DROP" and words[0] not in _CARRIERS):
        return None
    return Effect("untied", words=frozenset() if kind == "TRIGGER" else frozenset(t.text for t in found[1:] if t.name))


def _is_object(found: Sequence[Token]) -> bool:
    kind = past(found, "OR", "REPLACE", "ONLINE", "OFFLINE", "TEMPORARY")
    return bool(kind) and (kind[0].word in _OBJECTS or len(kind) < len(found))


def _rows(schema: str, found: Sequence[Token]) -> Effect:
    """What may be changed: the tables that stand where one does, and whatever is called."""
    at = _verb_at(found)
    verb = found[at].word if at < len(found) else ""
    names = _targets(schema, found[at:], verb)
    called = {
        token.text
        for token, then in pairwise(found)
        if token.name and token.word not in _NO_CALL and then.text == "(" and not then.is_text
    }
    if verb == "CALL" and (named := name_at(schema, found, at + 1)) is not None:
        called.add(named[0][1])
    return Effect("rows", tuple(names), frozenset({name for _, name in names} | called))


def _verb_at(found: Sequence[Token]) -> int:
    """Where the statement itself begins, behind what WITH names."""
    depth = 0
    for at, token in enumerate(found):
        if not token.is_text:
            depth += (token.text == "(") - (token.text == ")")
        if token.word in _ROWS and token.word != "WITH" and (depth == 0 or found[0].text == "("):
            return at
    return len(found)


def _targets(schema: str, found: Sequence[Token], verb: str) -> list[Name]:
    match verb:
        case "INSERT" | "REPLACE":
            named = name_at(schema, past(found[1:], *_MODIFIERS, "INTO"), 0)
            return _all_names(schema, found) if named is None else [named[0]]
        case "LOAD":
            into = next((i for i, pair in enumerate(pairwise(t.word for t in found)) if pair == ("INTO", "TABLE")), 0)
            named = name_at(schema, found, into + 2)
            return _all_names(schema, found) if named is None or not into else [named[0]]
        case "UPDATE" | "DELETE":
            return _joined(schema, found)
    return []


def _joined(schema: str, found: Sequence[Token]) -> list[Name]:
    """The tables of an UPDATE or DELETE up to its SET or WHERE."""
    names: list[Name] = []
    depth, at, can_begin = 0, 1, True
    while at < len(found):
        token = found[at]
        depth += (token.text == "(") - (token.text == ")") if not token.is_text else 0
        if token.word in _ENDS and not depth:
            break
        if token.word == "USING" and found[at + 1 : at + 2] and found[at + 1].text == "(":
            at, can_begin = closing(found, at + 1), False
            continue
        if token.word in _BEFORE_TABLE or (token.text in (",", "(") and not token.is_text):
            can_begin = True
        elif token.word not in _MODIFIERS:
            named = name_at(schema, found, at) if can_begin else None
            if named is not None:
                names.append(named[0])
                at = named[1] - 1
            can_begin = False
        at += 1
    return names


def _all_names(schema: str, found: Sequence[Token]) -> list[Name]:
    """Whatever may be the name of a table."""
    names = [name_at(schema, found, at) for at in range(len(found))]
    return list(dict.fromkeys(named[0] for named in names if named is not None))
