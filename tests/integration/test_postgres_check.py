"""What is wrong with an EAM's PostgreSQL is said before anything runs, with the statement that repairs it."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from connectors.postgres import source as postgres
from connectors.postgres.position import in_stream
from syncd.change import Column, Kind, Table
from syncd.errors import Halt
from syncd.language import say
from syncd.ports import Finding
from tests.advice import advice
from tests.integration.eam import ASSET, SCHEMA, Eam
from tests.servers import Postgres

FULL = "ALTER TABLE eam.asset REPLICA IDENTITY FULL;"


def eam_with(dsn: str, schema: str = "", **columns: Column) -> Eam:
    declared = [columns.get(column.name, column) for column in ASSET.columns]
    table = Table("asset", "eam.asset", (*declared, *(c for n, c in columns.items() if n.startswith("new"))), (0,))
    return Eam(dsn, SCHEMA + FULL + schema, [table])


@pytest.fixture
def eam(new_database: Callable[[], str]) -> Iterator[Eam]:
    with closing(eam_with(new_database())) as eam:
        yield eam


@pytest.fixture
def user(postgres: Postgres, eam: Eam) -> Iterator[str]:
    """A role that may log in and nothing else."""
    name = f"reader_{eam.name}"
    eam.run(f"CREATE ROLE {name} LOGIN")
    yield name
    eam.run(f"DROP OWNED BY {name}")
    eam.run(f"DROP ROLE {name}")


def findings(eam: Eam, level: str = "error", **settings: object) -> list[Finding]:
    with closing(eam.connect(**settings)) as source:
        return [finding for finding in source.check() if finding.level == level]


def mended(eam: Eam, **settings: object) -> list[str]:
    """Run the repairs as a DBA would, until nothing is left to repair; the codes of what was."""
    codes: list[str] = []
    while wrong := findings(eam, **settings):
        codes += [finding.code for finding in wrong]
        assert len(codes) < 10, codes
        for finding in wrong:
            eam.run(finding.repair)
    return codes


def test_what_is_in_order_is_said_to_be(eam: Eam) -> None:
    assert [f.code for f in findings(eam, "ok")] == ["pg_server", "pg_will_publish", "pg_table"]
    assert findings(eam) == findings(eam, "warning") == []
    source, _ = eam.streaming()
    source.close()
    assert [f.code for f in findings(eam, "ok")] == ["pg_server", "pg_table"]


@advice("pg_no_replication", "pg_not_published", "pg_no_select")
def test_a_role_without_rights_is_told_what_to_ask_for(eam: Eam, user: str, postgres: Postgres) -> None:
    """Each repair is a statement that a DBA can run as it stands, and together they are enough."""
    dsn = postgres.dsn(eam.name, user)
    with pytest.raises(Halt) as halt:
        eam.start(dsn=dsn)
    assert halt.value.code == "pg_no_replication"
    assert halt.value.params["repair"] == f'ALTER ROLE "{user}" REPLICATION;'
    assert mended(eam, dsn=dsn) == ["pg_no_replication", "pg_not_published", "pg_no_select"]
    eam.run("INSERT INTO eam.asset VALUES (1)")
    with closing(eam.start(dsn=dsn)) as source:
        said = source.read(5)
    assert said is not None
    assert len(said.changes) == 1


@advice("pg_slot_wanted", "pg_not_published")
def test_a_dba_may_keep_everything_to_himself(eam: Eam) -> None:
    """A slot that is made before the publication has a log that cannot be read: the statements are in their order."""
    assert mended(eam, create=False) == ["pg_not_published", "pg_slot_wanted"]
    eam.start(create=False).close()


def test_a_table_or_column_that_is_not_there(new_database: Callable[[], str]) -> None:
    with closing(eam_with(new_database(), code=Column("cod", Kind.TEXT))) as eam:
        (wrong,) = findings(eam)
        assert (wrong.code, wrong.params["columns"]) == ("pg_no_column", "cod")
        eam.run("DROP TABLE eam.asset")
        assert [f.code for f in findings(eam)] == ["pg_no_table"]
        with pytest.raises(Halt) as halt:
            eam.start()
    assert halt.value.code == "pg_no_table"


@pytest.mark.parametrize(
    ("type", "column", "level", "code"),
    [
        ("date", Column("new", Kind.INTEGER), "error", "pg_wrong_type"),
        ("bool", Column("new", Kind.DECIMAL, "money"), "error", "pg_wrong_type"),
        ("int", Column("new", Kind.DATE), "error", "pg_wrong_type"),
        ("timestamp", Column("new", Kind.TIMESTAMP, "epoch"), "error", "pg_wrong_type"),
        ("float8", Column("new", Kind.DECIMAL, "money"), "warning", "pg_float"),
        ("int", Column("new", Kind.DATE, "%Y%m%d"), "ok", ""),
        ("text", Column("new", Kind.DECIMAL, "money"), "ok", ""),
        ("smallint", Column("new", Kind.BOOLEAN), "ok", ""),
        ("timestamptz", Column("new", Kind.DATE), "ok", ""),
        ("uuid", Column("new", Kind.TEXT), "ok", ""),
        ("eam.yuan", Column("new", Kind.DECIMAL, "money"), "ok", ""),
    ],
)
def test_a_column_must_be_able_to_be_what_it_is_declared(
    new_database: Callable[[], str], type: str, column: Column, level: str, code: str
) -> None:
    """Invariant 7: a lossy or impossible reading is found at start. A domain is what it is made of."""
    schema = f"CREATE DOMAIN eam.yuan AS numeric(18,2); ALTER TABLE eam.asset ADD COLUMN new {type}"
    with closing(eam_with(new_database(), schema, new=column)) as eam:
        assert [f.code for f in findings(eam)] == ([code] if level == "error" else [])
        assert [f.code for f in findings(eam, "warning")] == ([code] if level == "warning" else [])


@advice("pg_identity")
def test_tables_that_are_alike_are_one_finding_with_all_statements(new_database: Callable[[], str]) -> None:
    schema = SCHEMA + "CREATE TABLE eam.part (id bigint PRIMARY KEY)"
    part = Table("part", "eam.part", (Column("id", Kind.INTEGER),), (0,))
    with closing(Eam(new_database(), schema, [ASSET, part])) as eam:
        (weak,) = findings(eam, "warning")
        assert (weak.code, weak.params) == ("pg_identity", {"table": "eam.asset, eam.part"})
        eam.run(weak.repair)
        assert findings(eam, "warning") == []
        assert findings(eam, "ok")[-1] == Finding("ok", "pg_table", {"table": "eam.asset, eam.part"})


@advice("pg_no_identity")
def test_old_rows_must_be_known_by_their_key(eam: Eam) -> None:
    eam.run("ALTER TABLE eam.asset REPLICA IDENTITY DEFAULT")
    (weak,) = findings(eam, "warning")
    assert (weak.code, weak.repair) == ("pg_identity", 'ALTER TABLE "eam"."asset" REPLICA IDENTITY FULL;')
    eam.run("ALTER TABLE eam.asset DROP CONSTRAINT asset_pkey")
    assert mended(eam) == ["pg_no_identity"]
    assert [f.code for f in findings(eam, "warning")] == ["pg_key_loose"], "nor is it unique by any constraint"


@advice("pg_publishes_partly", "pg_publishes_columns", "pg_publishes_rows")
def test_a_publication_must_say_everything(eam: Eam) -> None:
    eam.run(
        f"CREATE PUBLICATION {eam.slot} FOR TABLE eam.asset (id, code) WHERE (id > 5)"
        " WITH (publish = 'insert, update, delete')"
    )
    assert mended(eam) == ["pg_publishes_partly", "pg_publishes_columns", "pg_publishes_rows"]
    assert findings(eam, "warning") == []


@advice("pg_no_free_slot")
def test_the_slots_and_senders_of_a_server_come_to_an_end(eam: Eam, postgres: Postgres) -> None:
    slots = int(
        str(eam.run("SELECT current_setting('max_replication_slots')::int - count(*) FROM pg_replication_slots")[0][0])
    )
    taken = [f"taken_{n}" for n in range(slots)]
    try:
        for name in taken:
            eam.run(f"SELECT pg_create_physical_replication_slot('{name}')")
        (full,) = findings(eam)
        assert full.code == "pg_no_free_slot"
        assert "max_replication_slots" in full.repair
        eam.run(f"SELECT pg_drop_replication_slot('{taken.pop()}')")
        assert findings(eam) == []
    finally:
        for name in taken:
            eam.run(f"SELECT pg_drop_replication_slot('{name}')")


def test_a_slot_of_another_database_is_not_touched(eam: Eam, new_database: Callable[[], str]) -> None:
    source, _ = eam.streaming()
    source.close()
    with closing(eam_with(new_database())) as other:
        assert [f.code for f in findings(other, slot=eam.slot)] == ["pg_slot_foreign"]
        with closing(other.connect(slot=eam.slot)) as repaired:
            repaired.find_whole(in_stream(1 << 62, 0))  # what a repair does to a slot of its own that has a hole
            with pytest.raises(Halt, match="pg_slot_foreign"):
                repaired.start(None)
    assert eam.confirmed() > 0, "it is still there"


def test_failover_slots_need_a_server_that_has_them(eam: Eam, postgres: Postgres) -> None:
    expected = [] if int(str(eam.run("SHOW server_version_num")[0][0])) >= 170000 else ["pg_no_failover"]
    assert [f.code for f in findings(eam, failover=True)] == expected


def test_findings_are_said_in_both_languages(eam: Eam) -> None:
    for finding in findings(eam, "ok"):
        for language in ("en", "zh"):
            said = say(finding.code, finding.params, language)  # type: ignore[arg-type]
            assert finding.code not in said
            assert "{" not in said


def test_settings_have_a_default_for_all_but_the_database() -> None:
    settings = postgres.Settings("postgresql://x")
    assert (settings.create, settings.zone, settings.failover) == (True, "Asia/Shanghai", False)


@advice("pg_key_twice", "pg_key_loose")
def test_a_key_that_two_rows_have_is_none(eam: Eam) -> None:
    """Invariant 1: of two rows with one key the mirror would hold one, and nobody would hear of the other."""
    eam.run("ALTER TABLE eam.asset DROP CONSTRAINT asset_pkey; ALTER TABLE eam.asset REPLICA IDENTITY FULL")
    eam.run("INSERT INTO eam.asset (id, code) VALUES (1, 'A'), (1, 'B')")
    (twice,) = findings(eam)
    assert (twice.code, twice.params["value"]) == ("pg_key_twice", "1")
    eam.run("UPDATE eam.asset SET id = 2 WHERE code = 'B'")
    (loose,) = findings(eam, "warning")
    assert loose.code == "pg_key_loose"
    eam.run(loose.repair.rstrip(";"))
    assert findings(eam, "warning") == []
