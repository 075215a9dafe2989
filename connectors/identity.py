"""Whether a log is the one that was read before."""

from typing import Final

from syncd.errors import Gap

_MARKED: Final = " ["
"""Where what was seen of a source begins, behind what it is."""


def require_same(known: str, now: str) -> None:
    """Raises Gap for another log than the one that a checkpoint belongs to."""
    if known != now:
        raise Gap("source_changed", was=known.partition(_MARKED)[0], now=now)
