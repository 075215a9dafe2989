"""What is wrong at an EAM's PostgreSQL, or in what was written about it, before anything is read: a command says it,
that is done to the letter, and the command finds nothing any more."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from psycopg2.extensions import make_dsn

from tests.advice import advice, advised, heard
from tests.advice.postgres_plant import BY, Here, built
from tests.servers import Postgres


@pytest.fixture(scope="module")
def plant(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """A company that nobody has read yet, with a replication slot of somebody else, and of each supplier a number
    that the mapping does not name."""
    with built(postgres, tmp_path_factory.mktemp("plant")) as made:
        taken = f"taken_{made.eam.name}"
        made.eam.execute("SELECT pg_create_physical_replication_slot(?)", (taken,))
        made.eam.execute("ALTER TABLE supplier ADD since integer")
        yield made
        made.eam.execute("SELECT pg_drop_replication_slot(?)", (taken,))


Settings = Callable[[Here], Mapping[str, object]]


def at(**parts: object) -> Settings:
    """The EAM's address with other parts."""
    return lambda plant: {"dsn": make_dsn(plant.eam.dsn, **parts)}


@pytest.mark.parametrize(
    ("code", "wrong", "command"),
    [
        advised("pg_login", at(user="nobody_of_that_name"), "check"),
        advised("pg_no_database", at(dbname="no_such_database"), "check"),
        advised("pg_dsn", lambda plant: {"dsn": "postgresql://["}, "check"),
        advised("pg_certificate", at(sslmode="require"), "check"),
        advised("pg_gone", at(port=1), "check"),
        advised("pg_no_failover", lambda plant: {"failover": True}, "check"),
        advised("pg_slot_foreign", lambda plant: {"slot": f"taken_{plant.eam.name}"}, "check"),
        advised("pg_no_heartbeat_table", lambda plant: {"heartbeat_table": "beats"}, "check"),
        advised("pg_error", lambda plant: {"slot": "Not-a-name"}, "dry-run"),
    ],
)
def test_a_setting_is_corrected(plant: Here, code: str, wrong: Settings, command: str) -> None:
    if code == "pg_no_failover" and int(plant.eam.value("SHOW server_version_num")) >= 170000:
        return  # a server that has them
    right = plant.source
    plant.set(**wrong(plant))
    try:
        heard(code, plant.hear(command))
    finally:
        plant.set(**dict.fromkeys(plant.source.keys() - right.keys()), **right)
    plant.syncd(command)


@pytest.mark.parametrize(
    ("code", "right", "wrong"),
    [
        advised("pg_no_table", "table: impairment\n", "table: impairments\n"),
        advised("pg_no_column", "code: text, name: text}", "code: text, name: text, title: text}"),
        advised("pg_wrong_type", "code: text, name: text}", "code: text, name: text, since: date}"),
    ],
)
def test_the_mapping_is_corrected(plant: Here, code: str, right: str, wrong: str) -> None:
    plant.rewrite(right, wrong)
    heard(code, plant.hear("check"))
    plant.rewrite(wrong, right)
    plant.syncd("check")


@advice("pg_float")
def test_a_float_is_made_numeric(plant: Here) -> None:
    plant.eam.execute("ALTER TABLE impairment ALTER amount TYPE float8")
    told = heard("pg_float", plant.syncd("check"))
    right = "{id: integer, asset_id: integer, amount: money, status: text, approved_on: date,"
    at_places = right.replace(f"{told['column']}: money", f"{told['column']}: {{decimal: 2}}")
    plant.rewrite(right, at_places)
    assert "binary fraction" not in plant.syncd("check")
    plant.rewrite(at_places, right)
    plant.eam.execute("ALTER TABLE impairment ALTER amount TYPE numeric(18,2)")
    assert "binary fraction" not in plant.syncd("check")


@advice("pg_heirs", "pg_no_identity")
def test_a_table_that_inherits_is_named_in_the_mapping(plant: Here) -> None:
    plant.eam.execute("CREATE TABLE former () INHERITS (repair)")
    said = plant.syncd("check")
    assert heard("pg_heirs", said)["heirs"] == "public.former"
    own = "  former:\n    table: former\n    key: id\n    columns: {id: integer, amount: money}\n  repair:\n"
    plant.rewrite("  repair:\n    table: repair\n", own + "    table: repair\n")
    plant.syncd("mapping", "accept", *BY)
    (wrong,) = [f for f in plant.json("check", expect=1)["demo"] if f["level"] == "error"]
    assert wrong["code"] == "pg_no_identity"
    plant.eam.execute(wrong["repair"])
    assert "inherit" not in plant.syncd("check")
