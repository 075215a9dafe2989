"""What a connector's settings lose without a word, as far as the schema of its messages tells."""

from collections.abc import Callable, Iterator
from typing import Final

from connectors.debezium.values import Field

DECLARED: Final = "__debezium.source.column.type"
"""Where `column.propagate.source.type` puts how the column is declared in the database."""
DEFAULTS: Final = "kafka_defaults"
"""That a column has a default: it is lost only where the converter writes that for NULL."""
_MYSQL: Final = ("mysql/", "mariadb/")
_DAYS: Final = frozenset(
    (
        "io.debezium.time.Date",
        "io.debezium.time.IsoDate",
        "io.debezium.time.IsoTimestamp",
        "io.debezium.time.MicroTimestamp",
        "io.debezium.time.NanoTimestamp",
        "io.debezium.time.Timestamp",
        "io.debezium.time.ZonedTimestamp",
        "org.apache.kafka.connect.data.Date",
        "org.apache.kafka.connect.data.Timestamp",
    )
)


def _is_defaulted(field: Field) -> bool:
    """NULL may have been written as the column's default."""
    return bool(field.get("optional")) and field.get("default") is not None


def _is_cut(field: Field) -> bool:
    """64 bits without a sign, in a number with one."""
    return field.get("type") == "int64" and "UNSIGNED" in _declared(field)


def _is_dated(field: Field) -> bool:
    """A zero date is written as the first day of 1970, for NULL cannot be."""
    return field.get("name") in _DAYS and not field.get("optional")


def _is_untold(field: Field) -> bool:
    """What the number or the date was in the database, the message does not say."""
    return not _declared(field) and (field.get("name") in _DAYS or field.get("type") == "int64")


_ANY: Final[tuple[tuple[str, Callable[[Field], bool]], ...]] = ((DEFAULTS, _is_defaulted),)
_OF_MYSQL: Final = (
    ("kafka_unsigned", _is_cut),
    ("kafka_zero_dates", _is_dated),
    ("kafka_types_untold", _is_untold),
)


def losses(position: str, field: Field) -> Iterator[str]:
    """The codes of what may be lost in a column of a change of this position."""
    for code, is_lost in (*_ANY, *_OF_MYSQL) if position.startswith(_MYSQL) else _ANY:
        if is_lost(field):
            yield code


def _declared(field: Field) -> str:
    return str((field.get("parameters") or {}).get(DECLARED) or "").upper()
