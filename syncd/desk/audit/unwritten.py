"""Fields of a card that no posting gave it: of one that we opened, each holds what finance put there then."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from syncd.ports import Layout, Ledger

KEPT_ASIDE_MAX: Final = 1_000
_COMPUTED: Final = "\0"
"""Stands for what finance computes: no default is that."""


class Unwritten:
    """What is known of those fields: `blank` is what each holds where nobody gave it anything. Finance may fill some by
    triggers. Such a field of cards without a writer is finance's own where more than half of them hold something, so
    what is found of it is kept aside until all cards were seen."""

    def __init__(self, ledger: Ledger, layout: Layout) -> None:
        self._acting: set[str] = set()
        self._seen, self._filled = Counter[str](), Counter[str]()
        self._aside: list[tuple[str, Any]] = []
        self.blank: dict[str, str | None] = {}
        places = {field: [*layout.holds(f"card.{field}", ())] for field in layout.held - layout.finance_edits}
        known = {table: ledger.untouched(table) for table in {table for each in places.values() for table, _ in each}}
        for field, columns in places.items():
            given = {known[table][0].get(column, _COMPUTED) for table, column in columns}
            if len(given) == 1 and _COMPUTED not in given:
                self.blank[field] = given.pop()
                self._acting |= {field} if any(known[table][1] for table, _ in columns) else set()

    def suspects(self, values: Mapping[str, object], said: Mapping[str, Any]) -> list[str]:
        """The fields of a card that hold something, as the driver gave it, which nobody is known to have put there."""
        unsaid = self.blank.keys() - said.keys()
        if self._acting:
            self._seen.update(unsaid & self._acting)
        return [f for f in unsaid if (held := values[f]) is not None and str(held) != self.blank[f]]

    def take(self, field: str, one: Any) -> Iterator[Any]:
        """One that was found so: told at once where finance does nothing of its own."""
        if field not in self._acting:
            yield one
            return
        self._filled[field] += 1
        if len(self._aside) < KEPT_ASIDE_MAX:
            self._aside.append((field, one))

    def rest(self) -> Iterator[Any]:
        """Those that were kept aside and are not finance's own."""
        yield from (one for field, one in self._aside if 2 * self._filled[field] <= self._seen[field])
