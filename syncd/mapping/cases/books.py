"""The ledger's books as a case looks at them: a lookup that the case does not tell knows every code as itself."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from syncd.change import Value
from syncd.mapping.cases.finance import CaseLayout, Unlearnt
from syncd.ports import Book, Ledger, Statement
from syncd.posting import Batch, Outcome


class Asked(dict[Value, Value]):
    """A lookup that knows every code, and keeps which it was asked for."""

    def __contains__(self, code: object) -> bool:
        if code is not None:
            self[cast(Value, code)] = cast(Value, code)
        return code is not None

    def __missing__(self, code: Value) -> Value:
        self[code] = code
        return code

    def get(self, code: Value, default: Any = None) -> Any:
        """The code itself."""
        return default if code is None else self[code]


class CaseLedger:
    """A ledger whose books are `CaseBook`s. Everything else is the ledger's own."""

    def __init__(self, ledger: Ledger, layout: CaseLayout) -> None:
        self._ledger, self._layout = ledger, layout
        self.asked: dict[str, Asked] = {name: Asked() for name in layout.lookups if name not in layout.stated}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def unlearnt(self) -> list[tuple[str, Value]]:
        """The codes that finance was asked for and does not hold yet."""
        known = self._layout.codes
        return [(name, code) for name, asked in self.asked.items() for code in asked if code not in known[name]]

    @contextmanager
    def begin(self) -> Iterator[Book]:
        """As the ledger. Raises Unlearnt, with nothing written, when finance has to learn a code first."""
        with self._ledger.begin() as book:
            yield cast(Book, CaseBook(book, self))


class CaseBook:
    """A book that says of every lookup what the case does."""

    def __init__(self, book: Book, ledger: CaseLedger) -> None:
        self._book, self._ledger = book, ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)

    def lookup(self, name: str) -> Mapping[Value, Value]:
        """As the case has it."""
        return self._ledger.asked[name] if name in self._ledger.asked else self._book.lookup(name)

    def journal(self, asked: Statement) -> Sequence[Sequence[object]] | None:
        """A case does not say what finance's people have booked."""
        return None

    def write(self, batch: Batch) -> Sequence[Outcome]:
        """As the book, once finance knows all codes that were asked for."""
        if self._ledger.unlearnt():
            raise Unlearnt
        return self._book.write(batch)
