"""The names under which a ledger keeps what is a pipeline's: its own, and those of its partitions."""

from typing import Final

from syncd.ports import Desk, Ledger

PART: Final = "/"
"""Stands between the name of a partitioned pipeline and the number of a partition."""


def names(ledger: Ledger | Desk, pipeline: str) -> list[str]:
    """Of a pipeline and its partitions those that have begun; a partition's own where one is named."""
    known = [str(name) for (name,) in ledger.query("SELECT name FROM syncd.pipeline ORDER BY name")]
    return [name for name in known if name == pipeline or name.startswith(f"{pipeline}{PART}")]
