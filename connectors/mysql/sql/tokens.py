"""A statement in words, as the server itself took it apart. Pure.

What stands in a comment of a version, `/*!50100 … */` or `/*M!100700 … */`, was run: the server writes the mark of one
that it did not run without its `!`. How quotes are meant is the session's own setting.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

ANSI_QUOTES: Final = 1 << 2
MSSQL_QUOTES: Final = 1 << 10
NO_AUTO_VALUE_ON_ZERO: Final = 1 << 19
NO_BACKSLASH_ESCAPES: Final = 1 << 20
STRICT: Final = 1 << 21 | 1 << 22
"""Bits of sql_mode, on both servers; a table that can roll back is strict by either of the two."""

Name = tuple[str, str]
"""Schema and table."""


class Token(NamedTuple):
    """`word` is upper case for what may be a keyword, empty for names in quotes, texts and signs. A text's `text` is
    what stands between its quotes."""

    text: str
    word: str
    name: bool
    is_text: bool = False


_RUN: Final = re.compile(r"/\*M?!(?:\d{5,6})?")
_SPACES: Final = r"[ \t\n\v\f\r\0]"
_SPACE: Final = rf"(?P<space>{_SPACES}+|--(?={_SPACES}|\Z)[^\n]*|\#[^\n]*|{_RUN.pattern}|/\*.*?(?:\*/|\Z))"
_WORD: Final = r"(?P<word>[0-9A-Za-z_$\u0080-\U0010ffff]+)"
_QUOTED: Final = r"{0}(?P<{1}>(?:[^{0}\\]|{0}{0}|\\.)*){0}"
_BARE: Final = r"{0}(?P<{1}>(?:[^{0}]|{0}{0})*){0}"


def _pattern(mode: int) -> re.Pattern[str]:
    escapes = _BARE if mode & NO_BACKSLASH_ESCAPES else _QUOTED
    double = _BARE.format('"', "double") if mode & ANSI_QUOTES else escapes.format('"', "double_text")
    brackets = r"|\[(?P<bracket>[^\]]*)\]" if mode & MSSQL_QUOTES else ""
    quotes = f"`(?P<tick>(?:[^`]|``)*)`|{double}|{escapes.format(chr(39), 'text')}{brackets}"
    return re.compile(f"{_SPACE}|{quotes}|{_WORD}|(?P<sign>.)", re.DOTALL)


_MODES: Final = {
    mode: _pattern(mode)
    for ansi in (0, ANSI_QUOTES)
    for escapes in (0, NO_BACKSLASH_ESCAPES)
    for brackets in (0, MSSQL_QUOTES)
    for mode in (ansi | escapes | brackets,)
}


def tokens(sql: str, mode: int = ANSI_QUOTES) -> list[Token]:
    """The words of a statement that was run under a sql_mode."""
    found: list[Token] = []
    match_at = _MODES[mode & (ANSI_QUOTES | NO_BACKSLASH_ESCAPES | MSSQL_QUOTES)].match
    at = depth = 0
    while at < len(sql):
        if depth and sql.startswith("*/", at):
            depth, at = depth - 1, at + 2
            continue
        match = match_at(sql, at)
        assert match is not None, "any sign is a token"
        at, kind = match.end(), match.lastgroup or "sign"
        text = match[kind]
        if kind == "space":
            depth += bool(_RUN.match(text))
        elif kind == "word":
            found.append(Token(text, text.upper(), True))
        elif kind in ("sign", "text", "double_text"):
            found.append(Token(text, "", False, kind != "sign"))
        else:
            quote = sql[match.start()]
            found.append(Token(text.replace(quote * 2, quote), "", True))
    return found


def past(found: Sequence[Token], *words: str) -> Sequence[Token]:
    """What stands behind any of the words; one before a point is a name."""
    at = 0
    while at < len(found) and found[at].word in words and not (at + 1 < len(found) and found[at + 1].text == "."):
        at += 1
    return found[at:]


def name_at(schema: str, found: Sequence[Token], at: int) -> tuple[Name, int] | None:
    """The table's name that begins at a token, and the token after it; `.a` is one of the current database."""
    here = [token.name for token in found[at : at + 3]]
    points = [token.text == "." and not token.is_text for token in found[at : at + 3]]
    if len(here) == 3 and here[0] and points[1] and here[2]:
        return (found[at].text, found[at + 2].text), at + 3
    if len(here) > 1 and points[0] and here[1]:
        return (schema, found[at + 1].text), at + 2
    return ((schema, found[at].text), at + 1) if here and here[0] else None


def split(found: Sequence[Token]) -> list[Sequence[Token]]:
    """At the commas that stand in no parentheses."""
    parts, depth, start = [], 0, 0
    for at, token in enumerate(found):
        if not token.is_text:
            depth += (token.text == "(") - (token.text == ")")
            if token.text == "," and not depth:
                parts.append(found[start:at])
                start = at + 1
    return [*parts, found[start:]]


def closing(found: Sequence[Token], at: int) -> int:
    """Behind the parenthesis that closes the one at a token."""
    depth = 0
    for place in range(at, len(found)):
        if not found[place].is_text:
            depth += (found[place].text == "(") - (found[place].text == ")")
        if not depth:
            return place + 1
    return len(found)
