"""A sheet of a report: columns, rows, a total and a foot, in no language and in no file yet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from syncd.books.close.item import Said
from syncd.language import Language, say


class Listed(NamedTuple):
    """Several texts in a cell, or in a message's place; `more` stands behind them."""

    texts: Sequence[str]
    more: str = ""


SOME: Final = 6
"""Vouchers that are listed one by one."""


def listed(refs: Sequence[str]) -> Listed:
    """The first and the last where there are many."""
    return Listed(refs) if len(refs) <= SOME else Listed(refs[: SOME // 2], f" … {refs[-1]} ({len(refs)})")


Cell = str | Decimal | int | date | Said | Listed | None
Row = Sequence[Cell]
"""A cell for each column; a row of one cell stands across a table of several."""


class Column(NamedTuple):
    """`code` is the message that heads it; `says` the mapping's own words, by language, where no message has them."""

    code: str
    kind: Literal["text", "money", "count", "date"] = "text"
    says: Mapping[str, str] | None = None

    def title(self, language: Language) -> str:
        """Its heading."""
        return self.says[language] if self.says else say(self.code, language=language)


class Chart(NamedTuple):
    """A bar for each of the rows numbered from `first` to `last`: its name stands in one column, its length in
    another."""

    code: str
    names: int
    values: int
    first: int
    last: int


class Sheet(NamedTuple):
    """`code` is the message that names it, and its file. `total` has a cell for each column, or there is none; `foot`
    are lines below it, each a message and amounts with their messages. `pages` are the rows at which a printed page
    begins."""

    code: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    total: Row = ()
    foot: Sequence[Said] = ()
    chart: Chart | None = None
    pages: Sequence[int] = ()
    since: str = ""
    """The period with which its figures begin, where that is not the package's own."""


class Package(NamedTuple):
    """All sheets of a company and a month."""

    company: Mapping[str, str]
    period: str
    sheets: Sequence[Sheet]
    printed_by: str
    printed_at: datetime
    signed: Mapping[str, str]
    """Who prepared and reviewed it, and the chief accountant, by message; empty where it is signed by hand."""

    def head(self, language: Language, since: str = "") -> str:
        """The line below a title: whose books, which month, or which months where a sheet begins before, in what
        unit."""
        company, period = self.company[language], self.period
        if since and since != period:
            period = say("report_span", {"first": since, "last": period}, language)
        return say("report_head", {"company": company, "period": period}, language)

    def below(self, sheet: Sheet, language: Language) -> Sequence[str]:
        """The lines below a sheet: that it is empty, its foot, who answers for it, who printed it and when."""
        none = [] if sheet.rows else [say("report_none", language=language)]
        foot = (text(said, language) for said in sheet.foot)
        return [*none, *foot, self.signatures(language), self.printed(language)]

    def signatures(self, language: Language) -> str:
        """The line for those who answer for it."""
        blank = "________"
        signed = ({"what": say(code, language=language), "name": name or blank} for code, name in self.signed.items())
        return "    ".join(say("report_signed", one, language) for one in signed)

    def printed(self, language: Language) -> str:
        """Who printed it, and when."""
        at = f"{self.printed_at:%Y-%m-%d %H:%M:%S}"
        return say("report_printed", {"by": self.printed_by, "at": at}, language)


def text(cell: Cell, language: Language) -> str:
    """A cell for people, amounts with two places."""
    if cell is None:
        return ""
    if isinstance(cell, Said):
        params = {n: text(v, language) if isinstance(v, Listed | Said) else v for n, v in cell.params.items()}
        return say(cell.code, params, language)
    if isinstance(cell, Listed):
        return say("list_separator", language=language).join(cell.texts) + cell.more
    if isinstance(cell, Decimal):
        return f"{cell:,.2f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)
