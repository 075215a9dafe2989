"""What Debezium makes in a PostgreSQL, looked at and taken away without Java: by the driver of the extra `postgres`."""

from collections.abc import Mapping, Sequence
from types import ModuleType

from syncd.change import Table
from syncd.connector import Holding
from syncd.errors import no_driver

_NAMES = {
    "database.hostname": "host",
    "database.port": "port",
    "database.user": "user",
    "database.password": "password",
    "database.dbname": "dbname",
    "database.sslmode": "sslmode",
    "database.sslrootcert": "sslrootcert",
    "database.sslcert": "sslcert",
    "database.sslkey": "sslkey",
}


def find(properties: Mapping[str, str], tables: Mapping[str, Table], pipeline: str) -> list[Holding]:
    """The slot and the publication. Raises Halt without the driver."""
    postgres = _postgres()
    makes = properties.get("publication.autocreate.mode") != "disabled"
    wanted = postgres.Wanted(properties["slot.name"], properties["publication.name"], tables, makes, False)
    found: list[Holding] = postgres.find(_dsn(properties), f"syncd {pipeline}", wanted)
    return found


def release(properties: Mapping[str, str], pipeline: str, holdings: Sequence[Holding]) -> None:
    """Take them away."""
    _postgres().release(_dsn(properties), f"syncd {pipeline}", holdings)


def _postgres() -> ModuleType:
    try:
        from connectors.postgres import holdings
    except ModuleNotFoundError:
        raise no_driver("psycopg2", "postgres") from None
    return holdings


def _dsn(properties: Mapping[str, str]) -> str:
    """As libpq reads it."""
    given = {ours: properties[name] for name, ours in _NAMES.items() if properties.get(name)}
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in given.items()}
    return " ".join(f"{name}='{value}'" for name, value in escaped.items())
