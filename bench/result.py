"""A figure beside a peer's, and how results are kept and shown."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Result(NamedTuple):
    """`ours` and `peer` in `unit`, measured in the same run."""

    name: str
    ours: float
    peer: float
    unit: str

    @property
    def ratio(self) -> float:
        return self.ours / self.peer


def save(results: Sequence[Result], path: Path) -> None:
    """A list of {name, ours, peer, ratio, unit}."""
    rows = [
        {"name": r.name, "ours": round(r.ours, 2), "peer": round(r.peer, 2), "ratio": round(r.ratio, 4), "unit": r.unit}
        for r in results
    ]
    path.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", "utf-8")


def show(results: Sequence[Result]) -> None:
    """The same as a table."""
    table = Table("name", "ours", "peer", "ratio", "unit")
    for column in table.columns[1:4]:
        column.justify = "right"
    for r in results:
        table.add_row(r.name, f"{r.ours:,.1f}", f"{r.peer:,.1f}", f"{r.ratio:.3f}", r.unit)
    Console().print(table)


def show_breakdown(spent: Mapping[str, float], of: str = "a change") -> None:
    """Where the time goes, in microseconds a change, or of what else there is."""
    table = Table("where the time goes", f"µs {of}")
    table.columns[1].justify = "right"
    for what, microseconds in spent.items():
        table.add_row(what, f"{microseconds:.1f}")
    Console().print(table)
