"""Whom parked rows hold back, as a pass over a batch sees it: the ledger's rows, and those that the pass adds."""

from typing import Final

from syncd.ports import Head, Holds

_NEWEST: Final = 1 << 63


class Holding:
    """One pass. A subject that is `lifted` is being tried again: its rows hold nothing back until one of them is
    rejected anew. A row waits behind earlier ones alone, those with numbers below `up_to`: two that each waited behind
    the other would do so for ever. Where `heads` and `new_heads` are empty nothing is held, and where `awaited` and
    `new_awaited` are nothing is awaited: they are plain, for every change asks."""

    def __init__(self, holds: Holds) -> None:
        self.up_to = _NEWEST + 1
        self.heads, self._rows, self.awaited = holds.heads, holds.rows, holds.awaited
        self.new_heads: dict[str, Head] = {}
        self._new_rows: dict[str, str] = {}
        self.new_awaited: set[str] = set()
        self._lifted: set[str] = set()
        self._tables: dict[str, set[str]] | None = None

    def holds(self, subject: str) -> bool:
        """Whether the subject has a parked row."""
        return self._head(subject) is not None

    def holder_of(self, row: str) -> str | None:
        """The subject under which changes of a source row, given as `table:key`, are parked."""
        holder = self._new_rows.get(row) or self._rows.get(row)
        return holder if holder is not None and self.holds(holder) else None

    def tables_of(self, subject: str) -> set[str]:
        """The tables whose rows are parked under a subject. Looks at all parked rows when it is first asked."""
        if self._tables is None:
            self._tables = {}
            for row, holder in {**self._rows, **self._new_rows}.items():
                self._tables.setdefault(holder, set()).add(row.partition(":")[0])
        return self._tables.get(subject, set())

    def waits_for(self, subject: str) -> str:
        """What the first parked row of a subject waits for."""
        head = self._head(subject)
        return "" if head is None else head.waits_for

    def is_awaited(self, what: str) -> bool:
        """Whether a parked row waits for this."""
        return what in self.awaited or what in self.new_awaited

    def hold(self, subject: str, row: str, waits_for: str, id: int = _NEWEST) -> None:
        """One more parked row, behind those that are there."""
        if (head := self.new_heads.get(subject)) is None or id < head.id:
            self.new_heads[subject] = Head(id, waits_for)
        self._new_rows[row] = subject
        if self._tables is not None:
            self._tables.setdefault(subject, set()).add(row.partition(":")[0])
        if waits_for:
            self.new_awaited.add(waits_for)

    def lift(self, subject: str) -> None:
        """The subject's parked rows are tried again."""
        self._lifted.add(subject)

    def _head(self, subject: str) -> Head | None:
        head = None if subject in self._lifted else self.heads.get(subject)
        if head is None or head.id >= self.up_to:
            head = self.new_heads.get(subject)
        return None if head is None or head.id >= self.up_to else head
