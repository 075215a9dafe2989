"""A log that was lost under the daemon: it halts and says so, a preview shows what is missing, a repair posts that."""

from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from connectors.kafka.position import parse
from syncd.demo import eam
from syncd.demo.eam import Device, Sale
from tests.acceptance.plant import MONTH, Plant, plant_on
from tests.acceptance.routes import ROUTES
from tests.servers import Connect

TODAY = MONTH.replace(day=10)
NEEDS_A_PERSON = 3
BY = ("--actor", "accountant", "--reason", "the slot was dropped")


class Gap(NamedTuple):
    """A way to lose a log: the route it is lost on, how, what the daemon then says, and what a person has to do before
    it can be repaired."""

    route: str
    lose: Callable[[Plant], object]
    code: str
    prepare: Callable[[Plant, pytest.FixtureRequest], None] = lambda plant, request: None


def drop_slot(plant: Plant) -> str:
    """What reads from it may still be leaving."""
    name = str(plant.eam.value("SELECT slot_name FROM pg_replication_slots WHERE database = ?", plant.eam.name))
    drop = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ? AND NOT active"
    plant.until("the slot is free", lambda: plant.eam.rows(drop, name))
    return name


def make_slot_anew(plant: Plant) -> None:
    plant.eam.execute("SELECT pg_create_logical_replication_slot(?, 'pgoutput')", (drop_slot(plant),))


def purge_log(plant: Plant) -> None:
    """What a reader still holds open is not purged; the server hears only by and by that one has left."""
    plant.eam.execute("FLUSH BINARY LOGS")
    log = plant.eam.rows("SHOW MASTER STATUS")[0][0]

    def is_purged() -> bool:
        for reader, _, _, _, command, *_ in plant.eam.rows("SHOW PROCESSLIST"):
            if command == "Binlog Dump":
                plant.eam.execute(f"KILL {reader}")
        plant.eam.execute(f"PURGE BINARY LOGS TO '{log}'")
        return len(plant.eam.rows("SHOW BINARY LOGS")) == 1

    plant.until("the purge", is_purged)


def pass_retention(plant: Plant) -> None:
    """As the broker does when time has passed: what the daemon would read next is not there any more."""
    source = yaml.safe_load(plant.config.read_text("utf-8"))["pipelines"]["demo"]["source"]
    part = TopicPartition(source["topics"][0], 0)
    (stand,) = parse(plant.finance.value("SELECT position FROM syncd.pipeline")).values()
    admin = KafkaAdminClient(bootstrap_servers=source["bootstrap"])
    with closing(admin), closing(KafkaConsumer(bootstrap_servers=source["bootstrap"])) as watching:
        plant.until("further messages", lambda: watching.end_offsets([part])[part] > stand.offset)
        admin.delete_records({part: watching.end_offsets([part])[part]})


def take_snapshot(plant: Plant, request: pytest.FixtureRequest) -> None:
    """What docs/repair.md says of Kafka Connect."""
    assert "no snapshot" in plant.syncd("repair", "--preview", expect=NEEDS_A_PERSON)
    connect: Connect = request.getfixturevalue("connect")
    connect.begin_anew(f"eam-{plant.eam.name}", lambda: drop_slot(plant))


GAPS = {
    "slot-made-anew": Gap("postgres", make_slot_anew, "pg_slot_ahead"),
    "binlog-purged": Gap("mariadb", purge_log, "mysql_log_gone"),
    "retention-passed": Gap("kafka-postgres", pass_retention, "kafka_retention_passed", take_snapshot),
    "engine-slot-dropped": Gap("engine-postgres", drop_slot, "engine_slot_missing"),
}


@pytest.fixture(params=GAPS)
def gap(request: pytest.FixtureRequest) -> Gap:
    return GAPS[request.param]


@pytest.fixture
def plant(gap: Gap, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plant]:
    with plant_on(ROUTES[gap.route](request), tmp_path) as made:
        yield made


@pytest.fixture
def plant_of_slots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plant]:
    with plant_on(ROUTES["postgres"](request), tmp_path) as made:
        yield made


def tools(count: int, first: int, vat: Decimal = Decimal(0)) -> list[Device]:
    return [
        Device(f"FA-SC-{first + i:03}", "数控车床", "JQSB", 1, Decimal("151578.95"), TODAY, vat) for i in range(count)
    ]


def before_the_gap(plant: Plant) -> list[int]:
    """Seven devices on the books and one that is parked for its VAT; their ids."""
    ids = eam.register(plant.eam, tools(7, 1)) + eam.register(plant.eam, tools(1, 8, Decimal(-1)))
    plant.settled()
    assert [row["subject"] for row in plant.json("parked", "list")] == ["FA-SC-008"]
    return ids


def within_the_gap(plant: Plant, ids: list[int]) -> None:
    """All that people may do, while nobody reads."""
    eam.register(plant.eam, tools(2, 11))
    eam.correct(plant.eam, ids[0], Decimal("150000.00"), TODAY)
    eam.upgrade(plant.eam, ids[1], Decimal("6000.00"), TODAY)
    eam.transfer(plant.eam, ids[2], 2, TODAY)
    eam.repair(plant.eam, ids[3], Decimal("800.00"), Decimal("104.00"), TODAY)
    eam.delete(plant.eam, ids[4])
    eam.dispose(plant.eam, ids[5], Sale("scrap", TODAY))
    plant.eam.execute("UPDATE asset SET name = '立式车床' WHERE id = ?", (ids[6],))
    plant.eam.execute("UPDATE asset SET input_vat = 0 WHERE id = ?", (ids[7],))


MISSING = {
    "registration": 3, "registration_cancelled": 1, "registration_corrected": 1, "upgrade": 1, "transfer": 1,
    "repair": 1, "registration_taken_back": 1, "registration_deleted": 1, "renamed": 1, "disposal": 1,
}  # fmt: skip


def books(plant: Plant) -> list[Any]:
    """What finance and syncd hold."""
    tables = ("fa_card", "gl_voucher", "gl_entry", "syncd.posting", "syncd.parked", "syncd.mirror", "syncd.action")
    counts = [plant.finance.value(f"SELECT count(*) FROM {table}") for table in tables]
    return [*counts, plant.finance.rows("SELECT position, source FROM syncd.pipeline")]


def halted(plant: Plant) -> dict[str, Any]:
    """Start the daemon and wait until it has given up; what `status` then says."""
    assert plant.start().wait(60) == NEEDS_A_PERSON
    report: dict[str, Any] = plant.json("status", expect=1)[0]["report"]
    return report


def sound(plant: Plant) -> None:
    """Both sides agree to the cent, and the record is whole."""
    assert plant.json("reconcile")["differing"] == 0
    plant.syncd("audit", "verify")


def test_a_gap_is_shown_and_then_closed(plant: Plant, gap: Gap, request: pytest.FixtureRequest) -> None:
    """Invariants 1, 2 and 10: exactly what is missing, once, and the same in the preview."""
    with plant.running():
        ids = before_the_gap(plant)
    within_the_gap(plant, ids)
    gap.lose(plant)
    assert halted(plant)["error"] == gap.code
    assert "syncd repair" in plant.log_tail()
    gap.prepare(plant, request)
    before = books(plant)

    rehearsed = plant.json("repair", "--preview")
    assert rehearsed["lost"]["code"] == gap.code
    assert {rule: total["postings"] for rule, total in rehearsed["rules"].items()} == MISSING
    assert books(plant) == before

    repaired = plant.json("repair", "--yes", *BY)
    assert {**repaired, "preview": True} == rehearsed
    said = plant.json("status")[0]["report"]
    assert (said["state"], said["error"]) == ("stopped", ""), "why it had halted is over"
    assert repaired["settled"] == 2
    actions = plant.finance.rows("SELECT action, actor, reason FROM syncd.action ORDER BY seq DESC LIMIT 2")
    assert actions == [(done, BY[1], BY[3]) for done in ("repaired", "repair")]

    posted = books(plant)
    assert "no gap" in plant.syncd("repair", "--preview", expect=NEEDS_A_PERSON)
    again = plant.json("repair", "--force", "--yes", *BY)
    assert (again["postings"], again["parked"]) == ({}, {})
    assert books(plant)[:6] == posted[:6]
    with plant.running():
        eam.charge_month(plant.eam, MONTH)
        eam.register(plant.eam, tools(1, 21))
        plant.settled()
    sound(plant)


def test_a_repair_that_was_killed_is_run_again(plant_of_slots: Plant) -> None:
    """Invariants 1 and 2: nothing is posted twice, and no daemon goes on from half of it."""
    plant = plant_of_slots
    config = yaml.safe_load(plant.config.read_text("utf-8"))
    config["pipelines"]["demo"]["batch_changes_max"] = 1
    plant.config.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    with plant.running():
        ids = eam.register(plant.eam, tools(1, 1))
        plant.settled()
    drop_slot(plant)
    eam.register(plant.eam, tools(400, 2))
    eam.correct(plant.eam, ids[0], Decimal("150000.00"), TODAY)

    posted = "SELECT count(*) FROM syncd.posting WHERE position LIKE 'repair/%'"
    process = plant.start("repair", "--yes", *BY)
    plant.until("some postings", lambda: plant.finance.value(posted) > 20)
    process.kill()
    process.wait()
    assert plant.finance.value(posted) < 400
    assert halted(plant)["error"] == "repair_unfinished"
    left = plant.json("repair", "--yes", *BY)
    assert left["lost"]["code"] == "repair_unfinished"
    assert 0 < left["tables"]["asset"]["inserted"] < 400
    assert plant.finance.value("SELECT count(*) FROM fa_card") == 401
    assert plant.finance.value("SELECT count(*) FROM gl_voucher WHERE summary LIKE '固定资产增加%'") == 401
    assert plant.finance.value(posted) == 402
    sound(plant)
