"""The PostgreSQL reader's questions to the catalogue, over the engine's own connection: what publishes a table, by
which marks, and whether a check would refuse it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.postgres import check
from connectors.postgres.check import Wanted
from connectors.postgres.server import Server, literal
from connectors.postgres.watch import Watch
from syncd.change import Table
from syncd.ports import Finding

_AS_JSON: Final = "SELECT to_json(q)::text FROM ({asked}) q"
Run = Callable[[str], list[str]]
"""Runs a statement; the first value of each row."""


class Catalogue(Server):
    """Rows come as JSON, in whose types the values are what the other driver makes of them."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def query(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        asked = sql % tuple(map(_spelled, params)) if params else sql
        asked = asked.strip().removesuffix(";")
        return [_values(json.loads(row, object_pairs_hook=list)) for row in self._run(_AS_JSON.format(asked=asked))]


def _values(row: list[tuple[str, Any]]) -> tuple[Any, ...]:
    """Columns may have one name, and those that are objects themselves come as pairs, whatever they lie in."""
    return tuple(_plain(value) for _, value in row)


def _plain(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if value and isinstance(value[0], tuple):
        return {name: _plain(inner) for name, inner in value}
    return [_plain(inner) for inner in value]


def _spelled(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"ARRAY[{', '.join(map(_spelled, value))}]::text[]"
    return str(value) if isinstance(value, int) else literal(str(value))


def watch(run: Run, slot: str, publication: str, tables: Mapping[str, Table], known: str = "") -> Watch:
    """What keeps watch over the publication. `known` are the marks of an earlier run. Raises Gap when the log has kept
    something to itself since."""
    catalogue = Catalogue(run)
    return Watch(catalogue, catalogue.facts(), Wanted(slot, publication, tables, True, False), known)


def findings(run: Run, slot: str, publication: str, tables: Mapping[str, Table]) -> list[Finding]:
    """What the PostgreSQL reader's check finds."""
    catalogue = Catalogue(run)
    return check.findings(catalogue, catalogue.facts(), Wanted(slot, publication, tables, True, False))
