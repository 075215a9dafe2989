"""How messages are keyed, and what the connector does not keep: what `syncd check` warns of, and how it gets green."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from connectors.debezium.losses import DECLARED
from tests.acceptance.envelopes import envelope, key
from tests.advice import advised, heard
from tests.advice.kafka_books import DAY, Books, row
from tests.unit.test_debezium import DECIMAL, MY, schema
from tests.unit.test_debezium import envelope as described

Opened = Callable[..., Books]
Fields = Mapping[str, Mapping[str, Any]]
FIELDS: Final[Fields] = {
    "id": schema("int32", **{DECLARED: "INT"}),
    "code": schema("string", **{DECLARED: "VARCHAR"}),
    "value": schema("string", **{DECLARED: "DECIMAL"}),
    "on_": schema("int32", "io.debezium.time.Date", **{DECLARED: "DATE"}),
}
UNSIGNED: Final = {DECLARED: "BIGINT UNSIGNED"}
ONE: Final = b64encode(b"\x01").decode()


def of_mysql(place: int, fields: Fields, **columns: object) -> bytes:
    """What MySQL's connector says of a new asset, the fields of its schema and some columns changed."""
    said = {name: value for name, value in row(1, 100).items() if name in FIELDS} | columns
    return described(MY | {"row": place}, said, fields={**FIELDS, **fields})


@pytest.mark.parametrize(
    ("code", "lossy", "right"),
    [
        advised("kafka_defaults", {"on_": FIELDS["on_"] | {"default": DAY}}, {"on_": None}),
        advised("kafka_unsigned", {"id": schema("int64", **UNSIGNED)}, {"id": ONE}),
        advised("kafka_zero_dates", {"on_": FIELDS["on_"] | {"optional": False}}, {}),
        advised("kafka_types_untold", {"id": schema("int64")}, {}),
    ],
)
def test_what_the_connector_loses(books: Opened, code: str, lossy: Fields, right: dict[str, object]) -> None:
    """Invariant 7. What is written from then on keeps it, and that is seen."""
    made = books()
    made.send(of_mysql(0, lossy), own=key(code="FA-1"))
    heard(code, made.check())
    fields = {"id": schema("bytes", DECIMAL, scale="0", **UNSIGNED)} if code == "kafka_unsigned" else {}
    made.send(of_mysql(1, lossy if code == "kafka_defaults" else fields, **right), own=key(code="FA-1"))
    assert "!" not in made.check()


def order(number: int) -> bytes:
    return envelope("work_order", number, None, {"id": number, "code": f"FA-{number}"})


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        advised("kafka_keys_differ", ({"code": "FA-1"}, {"code_of_asset": "FA-1"})),
        advised("kafka_no_key", (None, None)),
    ],
)
def test_keys_by_which_an_asset_lies_in_several_partitions(
    books: Opened, code: str, keys: tuple[dict[str, str] | None, dict[str, str] | None]
) -> None:
    """Invariant 4."""
    made, own = books(2), [None if one is None else json.dumps(one).encode() for one in keys]
    made.say(1, None, 100)
    made.send(envelope("asset", 7, row(1, 100), row(1, 110)), own=own[0])
    made.send(order(8), own=own[1], partition=1)
    heard(code, made.check())
    made.make_anew(2)
    made.say(1, None, 100)
    made.send(order(8), own=key(code="FA-1"))
    assert "!" not in made.check()
    made.carries({"FA-1": 100})
