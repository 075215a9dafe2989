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
from tests.advice import advice, heard
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
    eam.correct(plant.eam, ids[0], Decimal("150000.00"), TODAY, Decimal("151578.95"))
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
    "department_follows_transfer": 1, "status_follows_disposal": 1, "disposal_result": 1, "disposal_closed": 1,
    "lifecycle": 1,
}  # fmt: skip


def books(plant: Plant) -> list[Any]:
    """What finance and syncd hold."""
    tables = ("fa_card", "gl_voucher", "gl_entry", "syncd.posting", "syncd.parked", "syncd.mirror", "syncd.action")
    counts = [plant.finance.value(f"SELECT count(*) FROM {table}") for table in tables]
    return [*counts, plant.finance.rows("SELECT position, source FROM syncd.pipeline")]


def halted(plant: Plant) -> dict[str, Any]:
    """Start the daemon and wait until it has given up; what `status` then says."""
    assert plant.start().wait(180) == NEEDS_A_PERSON
    report: dict[str, Any] = plant.json("status", expect=1)[0]["report"]
    return report


def sound(plant: Plant) -> None:
    """Both sides agree to the cent, and the record is whole."""
    assert plant.json("reconcile")["differing"] == 0
    plant.syncd("audit", "verify")


@advice("pg_slot_ahead")
def test_a_gap_is_shown_and_then_closed(plant: Plant, gap: Gap, request: pytest.FixtureRequest) -> None:
    """Invariants 1, 2 and 10: exactly what is missing, once, and the same in the preview."""
    with plant.running():
        ids = before_the_gap(plant)
    within_the_gap(plant, ids)
    gap.lose(plant)
    assert halted(plant)["error"] == gap.code
    heard(gap.code, plant.log_tail())
    gap.prepare(plant, request)
    before = books(plant)

    rehearsed = plant.json("repair", "--preview")
    assert rehearsed["lost"]["code"] == gap.code
    assert {rule: total["postings"] for rule, total in rehearsed["rules"].items()} == MISSING
    assert books(plant) == before

    repaired = plant.json("repair", "--yes", *BY)
    assert {**repaired, "preview": True} == rehearsed
    said = plant.json("status", expect=1)[0]["report"]
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


@advice("repair_unfinished")
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
    eam.correct(plant.eam, ids[0], Decimal("150000.00"), TODAY, Decimal("151578.95"))

    posted = "SELECT count(*) FROM syncd.posting WHERE position LIKE 'repair/%'"
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'gl_voucher'::regclass"
    with closing(plant.finance.connect()) as held, held.cursor() as cursor:
        held.autocommit = False
        cursor.execute("LOCK TABLE gl_voucher IN EXCLUSIVE MODE")  # finance may be read and not written
        process = plant.start("repair", "--yes", *BY)
        plant.until("the repair writes", lambda: plant.finance.value(waiting) > 0)
        process.kill()
        process.wait()
    assert plant.finance.value(posted) == 0  # what a gap holds is one transaction
    assert halted(plant)["error"] == "repair_unfinished"
    heard("repair_unfinished", plant.syncd("status", expect=1))
    left = plant.json("repair", "--yes", *BY)
    assert left["lost"]["code"] == "repair_unfinished"
    assert left["tables"]["asset"]["inserted"] == 400
    assert plant.finance.value("SELECT count(*) FROM fa_card") == 401
    assert plant.finance.value("SELECT count(*) FROM gl_voucher WHERE summary LIKE '购入固定资产%'") == 401
    assert plant.finance.value(posted) == 402
    sound(plant)


@advice("pg_no_identity", "pg_old_row_without_key")
def test_an_old_row_that_came_without_its_key_is_found_by_a_repair(plant_of_slots: Plant) -> None:
    """Invariants 14 and 15: the identity was changed under the daemon, and a row was deleted. It halts with the reason;
    the statement that `check` prints and the repair, as they are printed, post what is missing."""
    plant = plant_of_slots
    with plant.running():
        ids = eam.register(plant.eam, tools(3, 1))
        plant.settled()
    process = plant.start()
    eam.register(plant.eam, tools(1, 11))
    plant.settled()
    plant.eam.execute("CREATE UNIQUE INDEX odd ON asset (asset_code)")
    plant.eam.execute("ALTER TABLE asset ALTER asset_code SET NOT NULL")
    plant.eam.execute("ALTER TABLE asset REPLICA IDENTITY USING INDEX odd")
    eam.delete(plant.eam, ids[0])
    assert process.wait(60) == NEEDS_A_PERSON
    assert plant.json("status", expect=1)[0]["report"]["error"] == "pg_no_identity"
    statement = 'ALTER TABLE "public"."asset" REPLICA IDENTITY FULL;'
    assert statement in plant.syncd("check", expect=1)
    plant.eam.execute(statement)
    assert halted(plant)["error"] == "pg_old_row_without_key"
    repaired = plant.json("repair", "--yes", *BY)
    assert set(repaired["rules"]) == {"registration_taken_back", "registration_deleted"}
    with plant.running():
        eam.register(plant.eam, tools(1, 21))
        plant.settled()
    sound(plant)


class Lost(NamedTuple):
    """What is done to a MariaDB EAM's tables of which its log names no row: what the daemon then says, and the rules by
    which a repair posts what is missing. `mend` is what a person does before that, by the word of `syncd check`."""

    statements: tuple[str, ...]
    code: str
    rules: tuple[str, ...] = ()
    mend: str = ""


LOST = [
    Lost(
        (
            "UPDATE asset SET changed_on = approved_on, correction = 'invoice', paid = original_value",
            "ALTER TABLE asset MODIFY original_value DECIMAL(18, 0)",
        ),
        "mysql_altered",
        ("registration_cancelled", "registration_corrected"),
    ),
    Lost(
        (
            "CREATE TABLE _new LIKE asset",
            "INSERT INTO _new SELECT * FROM asset",
            "UPDATE _new SET name = '立式车床' WHERE id = 4",
            "RENAME TABLE asset TO _old, _new TO asset",
        ),
        "mysql_renamed",
        ("renamed",),
    ),
    Lost(
        (
            "ALTER TABLE upgrade PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100))",
            "CREATE TABLE later LIKE upgrade",
            "ALTER TABLE later REMOVE PARTITIONING",
            "INSERT INTO later (id, asset_id, amount, added_months, payment, status, approved_on)"
            " VALUES (1, 5, 6000, 0, 'bank', 'approved', '2026-02-10')",
            "ALTER TABLE upgrade EXCHANGE PARTITION p0 WITH TABLE later",
        ),
        "mysql_unlogged",
        ("upgrade",),
    ),
    Lost(
        ("ALTER TABLE asset ADD SYSTEM VERSIONING",),
        "mysql_altered",
        (),
        "ALTER TABLE `{}`.`asset` DROP SYSTEM VERSIONING;",
    ),
]


@advice("mysql_altered", "mysql_renamed", "mysql_unlogged")
def test_what_a_log_does_not_name_is_found_by_a_repair(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Invariants 1, 2, 14 and 15: the daemon stops with the statement; what it prints, followed to the letter, leaves
    both sides equal, and nothing is posted twice."""
    with plant_on(ROUTES["mariadb"](request), tmp_path) as plant:
        with plant.running():
            eam.register(plant.eam, tools(8, 1))
            plant.settled()
        for number, lost in enumerate(LOST, 21):
            process = plant.start()
            eam.register(plant.eam, tools(1, number))
            plant.settled()
            with closing(plant.eam.connect()) as session, session.cursor() as cursor:
                for statement in lost.statements:
                    cursor.execute(statement)
            assert process.wait(60) == NEEDS_A_PERSON
            report = plant.json("status", expect=1)[0]["report"]
            assert report["error"] == lost.code
            assert "run `syncd repair`" in plant.log_tail()
            if lost.mend:
                statement = lost.mend.format(plant.eam.name)
                assert statement in plant.syncd("check", expect=1)
                plant.eam.execute(statement)
            plant.syncd("check")
            repaired = plant.json("repair", "--yes", *BY)
            assert sorted(repaired["rules"]) == sorted(lost.rules), lost
            assert repaired["parked"] == {}, lost
        with plant.running():
            plant.settled()
        again = plant.json("repair", "--force", "--yes", *BY)
        assert (again["postings"], again["parked"]) == ({}, {})
        sound(plant)
