"""Messages that nobody understands among others of a topic, and the way out that is printed, followed to the letter."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from kafka import KafkaProducer

from tests.acceptance.envelopes import envelope, key
from tests.acceptance.test_fleet import CHANGED_ON, FLEET, Fleet, daemons
from tests.advice import advice, heard
from tests.servers import Kafka

BY: Final = ("--actor", "accountant", "--reason", "a test wrote into the topic")
GARBAGE: Final = b"\x00\x01 no message of Debezium's"
FLAT: Final = json.dumps({"id": 1, "status": "in use", "asset_code": "FA-1", "original_value": "150.00"}).encode()


def row(id: int, n: int, value: int) -> dict[str, Any]:
    return {
        "id": id,
        "asset_code": f"FA-{id}",
        "department_id": 1,
        "n": n,
        "original_value": f"{value}.00",
        "changed_on": CHANGED_ON,
    }


@pytest.fixture
def fleet(tmp_path: Path, kafka: Kafka, new_database: Any) -> Iterator[Fleet]:
    made = Fleet(tmp_path, kafka, new_database(), Random(), partitions=1)
    yield made
    made.db.close()


@advice("message_unreadable")
def test_it_parks_by_itself_and_the_printed_way_out_ends_well(fleet: Fleet) -> None:
    """Invariants 1, 2, 5 and 15: a foreign message, and a change whose old row a transform threw away."""

    def send(value: bytes, code: str = "FA-1", topic: str = fleet.topic) -> None:
        with closing(KafkaProducer(bootstrap_servers=fleet.kafka.bootstrap)) as producer:
            producer.send(topic, value, key(asset_code=code))
            producer.flush()

    send(envelope("department", 1, None, {"id": 1, "code": "D01"}, "r"), topic=fleet.departments)
    for n in (1, 2):
        send(envelope("asset", 10 + n, None, row(n, 1, 100)), f"FA-{n}")
    send(GARBAGE)
    send(FLAT)
    send(envelope("asset", 20, row(2, 1, 100), row(2, 2, 130)), "FA-2")
    with daemons(fleet, 1):
        fleet.until("what is behind it", lambda: fleet.vouchers() == 3)
        parked = json.loads(fleet.syncd("parked", "list", "--json"))
        assert [(p["subject"], p["state"], p["code"]) for p in parked] == [
            (f"{fleet.topic}/0@2", "failed", "message_unreadable"),
            (f"{fleet.topic}/0@3", "failed", "message_unreadable"),
        ]
    heard("message_unreadable", fleet.syncd("parked", "show", str(parked[1]["id"])))
    shown = json.loads(fleet.syncd("parked", "show", str(parked[1]["id"]), "--json"))
    assert shown["change"]["after"]["id"]["malformed"] == FLAT.decode()
    steps = re.findall("`([^`]+)`", shown["hint"])
    by = "--actor NAME --reason TEXT"
    assert steps == [f"syncd repair {by}", f"syncd parked discard {parked[1]['id']} {by}"]
    send(envelope("asset", 30, None, row(1, 2, 150), "r").replace(b'"snapshot":"true"', b'"snapshot":"first"'))
    send(envelope("asset", 30, None, row(2, 2, 130), "r").replace(b'"snapshot":"true"', b'"snapshot":"last"'), "FA-2")
    fleet.syncd("repair", "--yes", *BY)
    for parked_row in parked:
        fleet.syncd("parked", "discard", str(parked_row["id"]), *BY)
    with daemons(fleet, 1):
        fleet.until("nothing parked", lambda: not json.loads(fleet.syncd("parked", "list", "--json")))
        send(envelope("asset", 40, row(1, 2, 150), row(1, 3, 170)))
        fleet.until("what comes next", lambda: fleet.vouchers() == 5)
    assert dict(
        fleet.run("SELECT asset, sum(debit - credit)::int FROM fin.entry WHERE account = '1601' GROUP BY 1")
    ) == {
        "FA-1": 170,
        "FA-2": 130,
    }


@advice("malformed_type")
def test_a_column_of_a_type_that_nobody_reads_gives_way_to_another(fleet: Fleet, tmp_path: Path) -> None:
    """An array, of which no column of a mapping can be; the EAM keeps the first of it beside it."""
    mapping = tmp_path / "fleet.yaml"
    finance = FLEET.parent / "../../../bench/finance/bench.yaml"
    usual = FLEET.read_text("utf-8").replace("../../../bench/finance/bench.yaml", str(finance.resolve()))
    mapping.write_text(usual.replace("department_id", "departments"), "utf-8")
    fleet.config.write_text(fleet.config.read_text("utf-8").replace(str(FLEET), str(mapping)), "utf-8")
    fleet.syncd("mapping", "accept", *BY)
    images = [row(1, n, 100) | {"departments": [1, 2]} for n in (1, 2)]
    with daemons(fleet, 1), closing(KafkaProducer(bootstrap_servers=fleet.kafka.bootstrap)) as producer:
        producer.send(fleet.departments, envelope("department", 1, None, {"id": 1, "code": "D01"}, "r"))
        producer.send(fleet.topic, envelope("asset", 11, None, images[0]), key(asset_code="FA-1"))
        fleet.until("the parked row", lambda: json.loads(fleet.syncd("parked", "list", "--json")))
        heard("malformed_type", fleet.syncd("parked", "show", "1"))
        mapping.write_text(usual, "utf-8")
        fleet.syncd("mapping", "accept", *BY)
        fleet.until("the daemon has taken it up", lambda: "mapping_renewed" in fleet.log.read_text())
        producer.send(fleet.topic, envelope("asset", 12, *images), key(asset_code="FA-1"))
        fleet.until("the voucher", lambda: fleet.vouchers() == 1)
        fleet.until("nothing parked", lambda: not json.loads(fleet.syncd("parked", "list", "--json")))
