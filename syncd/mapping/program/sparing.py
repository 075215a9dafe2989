"""Which cards a snapshot leaves alone: those that lived before it. One that it has opened gets what other rows say."""


class Sparing:
    """Of one pass, across its batches. Remembers the exceptions only, for there may be millions of cards: in a snapshot
    of what is in the books already (`again`) the cards that it opens, in a first one those that it finds."""

    def __init__(self, again: bool) -> None:
        self._again = again
        self._exceptions: set[str] = set()

    def spare(self, code: str) -> None:
        """A card was there already."""
        if not self._again:
            self._exceptions.add(code)

    def opened(self, code: str) -> None:
        """A card was opened."""
        if self._again:
            self._exceptions.add(code)

    def spares(self, code: str) -> bool:
        """Whether the snapshot leaves the card alone."""
        return (code in self._exceptions) != self._again
