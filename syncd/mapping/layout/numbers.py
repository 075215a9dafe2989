"""How vouchers are numbered: which of them run on together, and how a number is written.

Those of a period and type run on together unless the layout says otherwise. Any other series goes by the period, the
year and the type as far as the layout names them, and is kept under a name that no period has.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from syncd.journal import month_in
from syncd.ports import Series

_PIECE: Final = re.compile(r"\{(number|year|yy|month|period|type)(?::0(\d))?\}")
_FOUND: Final = {"number": r"(?P<number>\d+)", "year": r"\d{4}", "yy": r"\d\d", "month": r"\d{1,2}"}
OTHERWISE: Final = "*"
"""How the name of a series begins that is not one of a period and type."""


class Pattern(NamedTuple):
    """How a number is written, as a layout says it: `{number:03}/{year}`."""

    text: str

    @property
    def pieces(self) -> set[str]:
        """The names that stand in it."""
        return {name for name, _ in _PIECE.findall(self.text)}

    @property
    def is_sound(self) -> bool:
        """Whether it holds the number, once, and no brace of another meaning."""
        rest = _PIECE.sub("", self.text)
        return [name for name, _ in _PIECE.findall(self.text)].count("number") == 1 and not set(rest) & set("{}")

    def written(self, period: str, type: str, number: int) -> str:
        """A voucher's number in words."""
        year, month = period[:4], month_in(period)
        values = {"number": number, "year": year, "yy": year[2:], "month": month, "period": period, "type": type}

        def said(piece: re.Match[str]) -> str:
            value, width = values[piece[1]], piece[2]
            return str(value).zfill(int(width)) if width else str(value)

        return _PIECE.sub(said, self.text)

    def number(self, written: str) -> int:
        """The number in what is written; 0 where people wrote something else."""
        texts, names = _PIECE.split(self.text)[::3], [name for name, _ in _PIECE.findall(self.text)]
        regex = re.escape(texts[0])
        for name, text in zip(names, texts[1:], strict=True):
            regex += _FOUND.get(name, ".*?") + re.escape(text)
        found = re.fullmatch(regex, written.strip())
        return int(found["number"]) if found else 0


class Numbers(NamedTuple):
    """`by` are the fields by which series differ; `pattern` how a number is written, None for a plain one; `is_none`
    where vouchers have no numbers at all; `book` whose they are, where others have theirs in the same database."""

    by: Sequence[str]
    pattern: Pattern | None = None
    is_none: bool = False
    book: str = ""

    @property
    def owner(self) -> str:
        """How the names begin under which syncd keeps the book's periods and series."""
        return f"{self.book}:" if self.book else ""

    def series(self, period: str, type: str) -> Series | None:
        """The series of a voucher; None where it has no number."""
        if self.is_none:
            return None
        which = period if "period" in self.by else period[:4] if "year" in self.by else ""
        return f"{OTHERWISE}{self.owner}{which}", type if "type" in self.by else ""

    def read(self, written: str) -> int:
        """The number in what finance holds as one; 0 for what is none of ours."""
        if self.is_none:
            return 0
        if self.pattern is not None:
            return self.pattern.number(written)
        return int(written) if written.isdecimal() else 0

    @property
    def are_usual(self) -> bool:
        """Whether they go by period and type, and are all that there are."""
        return not self.is_none and not self.book and set(self.by) == {"period", "type"}

    @property
    def ref(self) -> str:
        """What people call a voucher, as an expression: what tells its series, and its number."""
        if self.is_none:
            return "voucher.key"
        said = set() if self.pattern is None else self.pattern.pieces
        tells = {"type": {"type"}, "year": {"year", "yy", "period"}, "period": {"period", "month"}}
        marks = {"period": " ", "year": " ", "type": "-"}
        named = [f"voucher.{f} || '{mark}'" for f, mark in marks.items() if f in self.by and not said & tells[f]]
        last = "voucher.number" if self.pattern is None else "voucher.label"
        return " || ".join([*named, last]) if named or self.pattern is not None else f"{last}::text"
