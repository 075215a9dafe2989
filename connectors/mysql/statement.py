"""What a statement in the log does that its rows do not say: it begins and ends transactions, empties and renames
tables. Pure.

Rows are logged as rows; all that is logged as a statement is what the session ran, spelt as it liked: comments, quotes,
the current database left out.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

Name = tuple[str, str]
"""Schema and table."""
Does = Literal[
    "begin", "commit", "rollback", "rollback_to", "truncate", "rename", "create", "unlogged", "rows", "nothing"
]  # fmt: skip


class Effect(NamedTuple):
    """What a statement does, and to which tables. `rename` lists old and new names in turn; `unlogged` takes rows away
    of which the log says nothing more; `rows` are changes that are logged as a statement, `words` being all that is
    named in it."""

    does: Does
    tables: tuple[Name, ...] = ()
    words: frozenset[str] = frozenset()


NOTHING: Final = Effect("nothing")
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|--(?=\s|$)[^\n]*|\#[^\n]*|/\*M?!\d*|\*/|/\*.*?\*/)
      |`(?P<tick>(?:[^`]|``)*)`|"(?P<quote>(?:[^"\\]|""|\\.)*)"|(?P<text>'(?:[^'\\]|''|\\.)*')
      |(?P<word>[\w$]+)|(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
"""What stands in a comment of a version, `/*!50100 … */`, is run: only its marks are passed over."""
_ROWS: Final = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "DO", "SELECT", "WITH", "("})
_PARTS: Final = frozenset({"PARTITION", "TABLESPACE"})
_TAKES_AWAY: Final = frozenset({"TRUNCATE", "DROP", "EXCHANGE", "DISCARD", "IMPORT"})
SUMMARY_WORDS: Final = 6


class _Token(NamedTuple):
    """`word` is upper case for what may be a keyword, empty for names in quotes, texts and signs."""

    text: str
    word: str
    name: bool


def effect(schema: str, sql: str) -> Effect:
    """What a statement does that was run while `schema` was the current database."""
    tokens = _bare(_tokens(sql))
    first = tokens[0].word or tokens[0].text if tokens else ""
    second = tokens[1].word if len(tokens) > 1 else ""
    match first, second:
        case "BEGIN", _:
            return Effect("begin")
        case "START", "TRANSACTION":
            return Effect("begin")
        case "COMMIT", _:
            return Effect("commit")
        case "ROLLBACK", "TO":
            return Effect("rollback_to")
        case "ROLLBACK", _:
            return Effect("rollback_to" if any(t.word == "TO" for t in tokens) else "rollback")
        case "TRUNCATE", _:
            return Effect("truncate", tuple(_names(schema, _past(tokens[1:], "TABLE", "IF", "EXISTS"))))
        case "RENAME", "TABLE" | "TABLES":
            return Effect("rename", tuple(_names(schema, _past(tokens[2:], "IF", "EXISTS"))))
        case "ALTER", _:
            return _alter(schema, _past(tokens[1:], "ONLINE", "IGNORE"))
        case "DROP", "TABLE" | "TABLES":
            return Effect("unlogged", tuple(_names(schema, _past(tokens[2:], "IF", "EXISTS"))))
        case "DROP", "DATABASE" | "SCHEMA":
            dropped = _past(tokens[2:], "IF", "EXISTS")
            return Effect("unlogged", tuple((token.text, "") for token in dropped[:1]))
        case "CREATE", _:
            return _create(schema, tokens[1:])
    if first in _ROWS:
        return Effect("rows", words=frozenset(token.text for token in tokens if token.name))
    return NOTHING


def summary(sql: str) -> str:
    """The first words of a statement: enough to find it by, and no value of a row."""
    words = []
    for token in _tokens(sql):
        if not (token.name or token.text == "."):
            break
        words.append(token.text)
        if len(words) == SUMMARY_WORDS:
            break
    return re.sub(r" \. ", ".", " ".join(words))


def _tokens(sql: str) -> list[_Token]:
    tokens = []
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup
        text = match[kind] if kind else ""
        if kind == "word":
            tokens.append(_Token(text, text.upper(), True))
        elif kind == "tick":
            tokens.append(_Token(text.replace("``", "`"), "", True))
        elif kind == "quote":
            tokens.append(_Token(text.replace('""', '"'), "", True))
        elif kind != "space":
            tokens.append(_Token(text, "", False))
    return tokens


def _bare(tokens: list[_Token]) -> list[_Token]:
    """Without MariaDB's `SET STATEMENT name = value FOR`."""
    if [token.word for token in tokens[:2]] == ["SET", "STATEMENT"]:
        place = next((i for i, token in enumerate(tokens) if token.word == "FOR"), len(tokens) - 1)
        return tokens[place + 1 :]
    return tokens


def _past(tokens: Sequence[_Token], *words: str) -> Sequence[_Token]:
    at = 0
    while at < len(tokens) and tokens[at].word in words and not (at + 1 < len(tokens) and tokens[at + 1].text == "."):
        at += 1
    return tokens[at:]


def _name(schema: str, tokens: Sequence[_Token], at: int) -> tuple[Name, int]:
    """The name that begins at a token, and the token after it."""
    first = tokens[at].text
    if at + 2 < len(tokens) and tokens[at + 1].text == ".":
        return (first, tokens[at + 2].text), at + 3
    return (schema, first), at + 1


def _names(schema: str, tokens: Sequence[_Token]) -> list[Name]:
    """The names of a list, joined by commas or by TO."""
    found, at = [], 0
    while at < len(tokens) and tokens[at].name:
        name, at = _name(schema, tokens, at)
        found.append(name)
        while at < len(tokens) and (tokens[at].word in ("WAIT", "NOWAIT") or tokens[at].text.isdigit()):
            at += 1
        if at >= len(tokens) or not (tokens[at].text == "," or tokens[at].word == "TO"):
            break
        at += 1
    return found


def _alter(schema: str, tokens: Sequence[_Token]) -> Effect:
    if not tokens or tokens[0].word not in ("TABLE", "TABLES"):
        return NOTHING
    tokens = _past(tokens[1:], "IF", "EXISTS")
    if not tokens:
        return NOTHING
    old, at = _name(schema, tokens, 0)
    rest = tokens[at:]
    for this, after in pairwise(rest):
        if this.word in _TAKES_AWAY and after.word in _PARTS:
            return Effect("unlogged", (old,))
        if this.word == "RENAME" and after.word not in ("COLUMN", "INDEX", "KEY"):
            place = rest.index(this) + 1
            new, _ = _name(schema, _past(rest[place:], "TO", "AS"), 0)
            return Effect("rename", (old, new))
    return NOTHING


def _create(schema: str, tokens: Sequence[_Token]) -> Effect:
    replaces = [token.word for token in tokens[:2]] == ["OR", "REPLACE"]
    tokens = tokens[2:] if replaces else tokens
    if tokens and tokens[0].word == "TEMPORARY":
        # Only who logs statements logs it; what is then said of the name is said of this table.
        named = _past(tokens[1:], "TABLE", "IF", "NOT", "EXISTS")
        return Effect("rows", words=frozenset({_name(schema, named, 0)[0][1]})) if named else NOTHING
    if not tokens or tokens[0].word != "TABLE":
        return NOTHING
    tokens = _past(tokens[1:], "IF", "NOT", "EXISTS")
    if not tokens:
        return NOTHING
    name, _ = _name(schema, tokens, 0)
    return Effect("unlogged" if replaces else "create", (name,))
