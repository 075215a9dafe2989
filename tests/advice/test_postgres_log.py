"""What somebody does to the EAM's PostgreSQL under the daemon: it says why it stops, that is done to the letter, and
finance is equal to the EAM, nothing twice. Invariants 14 and 15."""

import re
from collections.abc import Iterator, Sequence
from itertools import count

import pytest

from connectors.postgres.pgoutput import Garbled
from tests.acceptance.test_repair import sound
from tests.advice import advice, advised, heard
from tests.advice.postgres_plant import BY, Here, built
from tests.servers import Postgres

REPAIR = ("repair", "--yes", *BY)
DEVICE = (
    "INSERT INTO {} (id, asset_code, name, class_code, department_id, status, purchase_date, approved_on,"
    " original_value, input_vat, payment, opening_depreciation) VALUES ({}, 'FA-SC-{}', '数控车床', 'JQSB', 1,"
    " 'in_use', '2026-02-10', '2026-02-10', 151578.95, 0, 'bank', 0)"
)
RENAMED = "UPDATE asset SET name = '立式车床' WHERE id = {id}"
HIGH = "CREATE TABLE asset_high PARTITION OF asset FOR VALUES FROM (1000) TO (2000)"
PARTED = (
    "ALTER TABLE asset RENAME TO unparted",
    "CREATE TABLE asset (LIKE unparted INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
    "CREATE TABLE asset_low PARTITION OF asset FOR VALUES FROM (0) TO (1000)",
    HIGH,
    "CREATE TYPE machine AS ENUM ('数控车床', '立式车床', '铣床')",
    "ALTER TABLE asset ALTER name TYPE machine USING name::machine",
    "ALTER TABLE unparted ALTER name TYPE machine USING '铣床'::machine",
    "CREATE TABLE asset_next (LIKE unparted INCLUDING ALL)",
    "ALTER TABLE asset REPLICA IDENTITY FULL",
    "ALTER TABLE upgrade ALTER amount TYPE float8",
)
OF_REPAIRS = re.compile(r"^  \w+:\n    (?:table|on): repair\n(?:    .*\n)+", re.MULTILINE)  # in the mapping


@pytest.fixture(scope="module")
def plant(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """A company whose devices are in partitions."""
    with built(postgres, tmp_path_factory.mktemp("plant")) as made:
        for statement in PARTED:
            made.eam.execute(statement)
        made.syncd("snapshot")
        yield made
        assert made.json("parked", "list") == []
        again = made.json("repair", "--force", "--yes", *BY)
        assert (again["postings"], again["parked"]) == ({}, {})
        sound(made)


NUMBERS = count(1)


@pytest.fixture
def number(plant: Here) -> int:
    """Of a device of the test's own in the lower partition; in the upper one it has a thousand more."""
    own = next(NUMBERS)
    for each in (own, own + 1000):
        plant.eam.execute(DEVICE.format("asset", each, each))
    return own


def goes_on(plant: Here, number: int) -> None:
    """Without a person. That nothing is missing or there twice is looked at when all is done."""
    plant.eam.execute(DEVICE.format("asset", number + 100, number + 100))
    with plant.carrying():
        plant.settled()


def vouchers(plant: Here, summary: str) -> object:
    return plant.finance.value("SELECT count(*) FROM gl_voucher WHERE summary LIKE ?", summary)


LOST = [
    advised(
        "pg_labels_renamed",
        ["UPDATE asset SET name = '铣床' WHERE id = {id}", "ALTER TYPE machine RENAME VALUE '铣床' TO '刨床'"],
        {"renamed"},
    ),
    advised(
        "pg_columns_anew",
        [
            "ALTER TABLE asset DROP opening_depreciation, ADD opening_depreciation numeric(18,2) NOT NULL DEFAULT 0",
            RENAMED,
        ],
        {"renamed"},
    ),
    advised(
        "pg_partition_attached",
        [
            DEVICE.format("asset_next", 2000, 2000),
            "ALTER TABLE asset ATTACH PARTITION asset_next FOR VALUES FROM (2000) TO (3000)",
        ],
        {"registration"},
    ),
]


@pytest.mark.parametrize(("code", "harm", "rules"), LOST)
def test_what_the_log_did_not_tell_is_posted_by_the_repair(
    plant: Here, number: int, code: str, harm: Sequence[str], rules: set[str]
) -> None:
    heard(code, plant.halted(*(statement.format(id=number) for statement in harm)))
    assert set(plant.json(*REPAIR)["rules"]) == rules
    goes_on(plant, number)


@pytest.mark.parametrize(
    ("code", "harm", "put_back"),
    [
        advised("pg_partition_emptied", "TRUNCATE asset_high", ""),
        advised("pg_partition_gone", "ALTER TABLE asset DETACH PARTITION asset_high", "DROP TABLE asset_high; " + HIGH),
    ],
)
def test_what_went_with_a_partition_is_shown_and_reversed_when_somebody_says_so(
    plant: Here, number: int, code: str, harm: str, put_back: str
) -> None:
    reversed_by = {"registration_deleted", "registration_taken_back"}
    heard(code, plant.halted(harm))
    assert set(plant.json("repair", "--preview")["rules"]) == reversed_by
    heard("repair_many_gone", plant.hear(*REPAIR))
    assert set(plant.json(*REPAIR, "--gone")["rules"]) == reversed_by
    if put_back:
        plant.eam.execute(put_back)
    goes_on(plant, number)


@advice("pg_publication_anew", "pg_publishes_partly")
def test_a_publication_that_stays_altered_is_mended_before_the_repair(plant: Here, number: int) -> None:
    publication = plant.source["slot"]
    said = plant.halted(f"ALTER PUBLICATION {publication} SET (publish = 'insert')", RENAMED.format(id=number))
    heard("pg_publication_anew", said)
    plant.eam.execute(heard("pg_publishes_partly", plant.hear(*REPAIR))["repair"])
    assert set(plant.json(*REPAIR)["rules"]) == {"renamed"}
    goes_on(plant, number)


@advice("pg_unlogged", "pg_rows_rewritten")
def test_what_is_unlogged_is_logged_again_and_repaired(plant: Here, number: int) -> None:
    """A partition that becomes so, and one that is made so."""
    heard("pg_rows_rewritten", plant.halted("ALTER TABLE asset_low SET UNLOGGED", RENAMED.format(id=number)))
    plant.eam.execute(heard("pg_unlogged", plant.hear(*REPAIR))["repair"])
    heard("repair_unfinished", plant.halted())
    assert set(plant.json(*REPAIR)["rules"]) == {"renamed"}
    made = "CREATE UNLOGGED TABLE asset_more PARTITION OF asset FOR VALUES FROM (3000) TO (4000)"
    said = plant.halted(made, DEVICE.format("asset", 3000, 3000))
    plant.eam.execute(heard("pg_unlogged", said)["repair"])
    heard("pg_rows_rewritten", plant.halted())
    assert set(plant.json(*REPAIR)["rules"]) == {"registration"}
    goes_on(plant, number)


@advice("pg_table_gone")
def test_a_table_gets_its_name_back(plant: Here, number: int) -> None:
    """What was written under the other name is in the log."""
    heard("pg_table_gone", plant.halted("ALTER TABLE repair RENAME TO repairs"))
    plant.eam.execute("INSERT INTO repairs VALUES (?, ?, 800, 104, 'bank', 'done', '2026-02-10')", (number, number))
    plant.eam.execute("ALTER TABLE repairs RENAME TO repair")
    goes_on(plant, number)
    assert (
        plant.finance.value("SELECT count(*) FROM gl_voucher WHERE summary LIKE ?", f"固定资产修理费—FA-SC-{number} %")
        == 1
    )


@advice("pg_table_gone", "pg_table_anew")
def test_a_table_that_was_dropped_and_made_anew_is_repaired(plant: Here, number: int) -> None:
    plant.eam.execute("CREATE TABLE copied AS SELECT * FROM upgrade")
    heard("pg_table_gone", plant.halted("DROP TABLE upgrade"))
    plant.eam.execute("ALTER TABLE copied ADD PRIMARY KEY (id), REPLICA IDENTITY FULL")
    plant.eam.execute("ALTER TABLE copied RENAME TO upgrade")
    plant.eam.execute(
        "INSERT INTO upgrade VALUES (?, ?, 6000, 0, 'bank', 'approved', '2026-02-10', 0)", (number, number)
    )
    assert set(plant.json(*REPAIR)["rules"]) == {"upgrade"}
    goes_on(plant, number)


@advice("pg_no_table", "pg_unread_table")
def test_the_new_name_of_a_table_is_written_in_the_mapping(plant: Here, number: int) -> None:
    """Nobody knows the table under it, so it is read again; what is posted already is not posted twice."""
    impaired = "INSERT INTO {} VALUES ({}, {}, 900, 'approved', '2026-02-10')"
    plant.eam.execute(impaired.format("impairment", number, number))
    with plant.carrying():
        plant.settled()
    plant.eam.execute("ALTER TABLE impairment RENAME TO impairments")
    plant.eam.execute(impaired.format("impairments", number + 100, number + 1000))
    heard("pg_no_table", plant.hear("check"))
    plant.rewrite("table: impairment\n", "table: impairments\n")
    plant.syncd("mapping", "accept", *BY)
    assert "public.impairments" in heard("pg_unread_table", plant.halted())["tables"]
    plant.syncd("snapshot", "--again", "--yes", *BY)
    goes_on(plant, number)
    assert vouchers(plant, "计提固定资产减值准备%") == 2


@advice("pg_no_column")
def test_the_new_name_of_a_column_is_written_in_the_mapping(plant: Here, number: int) -> None:
    heard("pg_no_column", plant.halted("ALTER TABLE repair RENAME done_on TO finished_on"))
    plant.eam.execute("INSERT INTO repair VALUES (?, ?, 800, 104, 'bank', 'done', '2026-02-10')", (number, number))
    for block in OF_REPAIRS.findall(plant.mapping.read_text("utf-8")):
        plant.rewrite(block, block.replace("done_on", "finished_on"))
    plant.rewrite("latest: done_on, of: repair", "latest: finished_on, of: repair")
    plant.syncd("mapping", "accept", *BY)
    goes_on(plant, number)
    assert (
        plant.finance.value("SELECT count(*) FROM gl_voucher WHERE summary LIKE ?", f"固定资产修理费—FA-SC-{number} %")
        == 1
    )


@advice("pg_float")
def test_a_float_that_was_read_is_made_numeric(plant: Here, number: int) -> None:
    """Until then it is compared as well, to the cent."""
    plant.eam.execute(
        "INSERT INTO upgrade VALUES (?, ?, 6000.1, 0, 'bank', 'approved', '2026-02-10', 0)", (number, number)
    )
    with plant.carrying():
        plant.settled()
    heard("pg_float", plant.syncd("check"))
    assert plant.json("reconcile")["differing"] == 0
    plant.eam.execute("ALTER TABLE upgrade ALTER amount TYPE numeric(18,2)")
    assert plant.json(*REPAIR)["postings"] == {}
    goes_on(plant, number)


@advice("pg_slot_foreign", "source_changed")
def test_a_slot_that_somebody_else_has_taken_is_left_to_him(plant: Here, number: int) -> None:
    slot = plant.source["slot"]
    plant.eam.execute("SELECT pg_drop_replication_slot(?)", (slot,))
    plant.eam.execute("SELECT pg_create_physical_replication_slot(?)", (slot,))
    try:
        heard("pg_slot_foreign", plant.halted())
        plant.set(slot=f"{slot}_own")
        heard("source_changed", plant.halted())
        assert plant.json(*REPAIR)["postings"].keys() <= {"registration"}
        goes_on(plant, number)
    finally:
        plant.eam.execute("SELECT pg_drop_replication_slot(?)", (slot,))


@advice("pg_garbled")
def test_what_cannot_be_understood_is_reported_and_then_read(
    plant: Here, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server of today sends it; a version that reads it goes on where this one stopped."""
    with monkeypatch.context() as broken:
        broken.setattr("connectors.postgres.pgoutput.commit", _not_understood)
        heard("pg_garbled", plant.halted())
    assert "PostgreSQL " in plant.syncd("check")
    goes_on(plant, number)


def _not_understood(data: bytes) -> None:
    raise Garbled("a message of an unknown kind")
