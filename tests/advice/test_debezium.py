"""Messages that nobody understands or that are read by wrong settings, and the way back."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, Final

import pytest

from tests.acceptance.envelopes import envelope
from tests.advice import advice, advised, heard
from tests.advice.kafka_books import MAPPING, Books, row
from tests.advice.kafka_odd import Mended, put_right
from tests.servers import Kafka
from tests.unit.test_debezium import MY, schema
from tests.unit.test_debezium import envelope as described


def damaged(number: int, **fields: Any) -> bytes:
    """What the connector says of an asset that is worth 120 now, its fields or those of its source block changed; as
    a transform does that loses them."""
    message = json.loads(envelope("asset", 1000 + number, row(number, 100), row(number, 120)))
    for name, value in fields.items():
        (message if name in message else message["source"])[name] = value
    return json.dumps(message).encode()


ODD: Final[Mapping[str, Callable[[int], bytes | None]]] = {
    "debezium_not_json": lambda number: b"no message of Debezium's",
    "debezium_flattened": lambda number: json.dumps(row(number, 120)).encode(),
    "debezium_connector": lambda number: damaged(number, connector="mongodb"),
    "debezium_op": lambda number: damaged(number, op="x"),
    "debezium_no_row": lambda number: damaged(number, after=None),
    "debezium_no_key": lambda number: damaged(number, before=None, after=row(number, 120) | {"id": None}),
    "debezium_no_position": lambda number: damaged(number, lsn=None),
    "debezium_no_table": lambda number: damaged(number, table=None),
    "debezium_tombstone": lambda number: None,
}


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka) -> Iterator[Mended]:
    with closing(Books(tmp_path_factory.mktemp("odd"), kafka)) as books:
        yield put_right(books, ODD)


@pytest.mark.parametrize(
    "code",
    [
        advised("debezium_not_json"),
        advised("debezium_flattened"),
        advised("debezium_connector"),
        advised("debezium_op"),
        advised("debezium_no_row"),
        advised("debezium_no_key"),
        advised("debezium_no_position"),
        advised("debezium_no_table"),
        advised("debezium_tombstone"),
    ],
)
def test_a_message_that_nobody_understands(mended: Mended, code: str) -> None:
    """Invariants 1, 2 and 5."""
    heard(code, mended.found)
    with pytest.raises(AssertionError):
        heard(code, mended.found_after)


Opened = Callable[..., Books]
TYPES: Final = {
    "id": schema("int64"),
    "code": schema("string"),
    "value": schema("string"),
    "seen": schema("int64", "io.debezium.time.MicroTimestamp"),
    "on_": schema("int32", "io.debezium.time.Date"),
}


def telling(value: bytes) -> bytes:
    """A message as the JSON converter writes it with schemas."""
    fields = [{"field": name, **kind} for name, kind in TYPES.items()]
    described = {"type": "struct", "fields": [{"type": "struct", "field": "after", "fields": fields}]}
    return json.dumps({"schema": described, "payload": json.loads(value)}, separators=(",", ":")).encode()


def bought(number: int, **columns: object) -> bytes:
    """What the connector says of a new asset."""
    return envelope("asset", number, None, row(number, 100) | columns)


MORNING: Final = 1_769_904_000_000_000


@pytest.mark.parametrize(
    ("code", "columns", "settings"),
    [
        advised("debezium_double", {"value": 100.0}, {"doubles": True}),
        advised("debezium_base64", {"value": "1000"}, {"decimals": "string"}),
        advised("debezium_temporal", {"seen": MORNING}, {"temporal": "microseconds"}),
    ],
)
def test_what_a_setting_tells(books: Opened, code: str, columns: dict[str, Any], settings: dict[str, Any]) -> None:
    """Invariant 7: until then nothing is made of it, and it is what it was."""
    made = books(decimals=None)
    made.send(bought(1, **columns))
    heard(code, made.check(1))
    heard(code, made.halts())
    made.setting(**settings)
    made.carries({"FA-1": 1000 if code == "debezium_base64" else 100})
    assert code not in made.findings()


@pytest.mark.parametrize(
    ("code", "columns", "settings", "right"),
    [
        advised("debezium_double", {"value": 120.0}, {"decimals": "string"}, lambda value: value),
        advised("debezium_base64", {"value": "Lw=="}, {"decimals": "string"}, lambda value: value),
        advised("debezium_base64", {"value": "Lw=="}, {}, telling, name="debezium_base64, with schemas"),
        advised("debezium_temporal", {"seen": MORNING}, {}, telling),
    ],
)
def test_what_only_another_message_tells(
    books: Opened, code: str, columns: dict[str, Any], settings: dict[str, Any], right: Callable[[bytes], bytes]
) -> None:
    """The topic is made anew, for pipelines that have read it and those that have not."""
    made = books(decimals=None)
    made.send(bought(1, **columns))
    heard(code, made.halts())
    made.make_anew()
    made.setting(**settings)
    made.send(right(bought(1)))
    made.carries({"FA-1": 100})
    made.setting(**dict.fromkeys(settings))
    made.send(envelope("asset", 2, row(1, 100), row(1, 120) | columns))
    heard(code, made.halts())
    made.make_anew()
    made.setting(**settings)
    made.send(
        *[
            right(envelope("asset", 3, None, row(n, 130), "r")).replace(b'"snapshot":"true"', mark)
            for n, mark in ((1, b'"snapshot":"first"'), (2, b'"snapshot":"last"'))
        ]
    )
    made.repair()
    made.carries({"FA-1": 130, "FA-2": 130})
    assert code not in made.findings()


@advice("debezium_two_tables")
def test_two_tables_of_one_name(books: Opened) -> None:
    made = books()
    mapping = made.directory / "mapping.yaml"
    mapping.write_text(MAPPING.replace("eam.asset", "asset"), "utf-8")
    made.accept()
    made.send(described(MY, row(1, 100)))
    made.carries({"FA-1": 100})
    made.send(described(MY | {"db": "other", "row": 1}, row(2, 7)), described(MY | {"row": 2}, row(3, 50)))
    heard("debezium_two_tables", made.check(1))
    heard("debezium_two_tables", made.halts())
    mapping.write_text(MAPPING, "utf-8")
    made.accept()
    made.carries({"FA-1": 100, "FA-3": 50})
    assert "debezium_two_tables" not in made.findings()
