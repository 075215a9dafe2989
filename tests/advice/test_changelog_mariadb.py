"""What is advised about a change table on MariaDB, followed by a user who has just the rights that are printed."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from syncd.cli.codes import NEEDS_A_PERSON
from syncd.statements import script
from tests.acceptance.test_repair import TODAY
from tests.advice import advice, heard
from tests.advice.any_eam import BY, Company, founded
from tests.servers import MariaDb, mariadb_server
from tests.servers.process import free_port

PARTS = "PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (100), PARTITION high VALUES LESS THAN (200))"
OWNED = "ADD CONSTRAINT owned FOREIGN KEY (supplier_id) REFERENCES supplier (id) ON DELETE CASCADE"
REPAIR = "id, asset_id, amount, input_vat, payment, status, done_on"


@pytest.fixture(scope="module")
def made(mariadb: MariaDb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """All that was there has been read. The table of repairs has two partitions."""
    dsn = mariadb.create_database()
    name = dsn.rpartition("/")[2]
    mariadb.run("CREATE USER advised@'127.0.0.1' IDENTIFIED BY 'x'")
    reader = {"kind": "changelog", "dialect": "mysql", "database": mariadb.dsn(name, "advised", "x")}
    with founded(tmp_path_factory.mktemp("company"), dsn, reader) as made:
        made.eam.execute(f"ALTER TABLE repair {PARTS}")
        for statement in script(made.syncd("grants --side eam")):
            made.eam.execute(statement)
        made.syncd("changelog install")
        mariadb.run("SET GLOBAL log_bin_trust_function_creators = 0")
        made.syncd("snapshot")
        yield made
        made.is_green()
    mariadb.run("DROP USER advised@'127.0.0.1'")
    mariadb.drop_database(dsn)


def repairs(company: Company, *ids: int) -> None:
    """Repairs that are not done yet, and make nothing in finance."""
    for number in ids:
        company.eam.execute(f"INSERT INTO repair ({REPAIR}) VALUES (?, 1, 100, 13, 'bank', 'open', NULL)", (number,))


@advice("changelog_refused")
def test_a_right_is_missing(made: Company) -> None:
    made.eam.execute("REVOKE UPDATE, INSERT ON syncd_ack FROM advised@'127.0.0.1'")
    printed = heard("changelog_refused", made.halted())["repair"].partition(";")[0]
    assert printed.startswith("GRANT INSERT")
    checked = made.syncd("check", expect=1)
    grants = re.findall("GRANT [^;]+;", checked)
    assert printed + ";" in grants
    for statement in script("\n".join(grants)):
        made.eam.execute(statement)
    made.goes_on()


@advice("changelog_binary_log")
def test_nobody_but_administrators_makes_triggers(made: Company, mariadb: MariaDb) -> None:
    made.eam.execute("DROP TRIGGER syncd_asset_insert")
    said = made.syncd("changelog install", expect=NEEDS_A_PERSON)
    assert heard("changelog_binary_log", said)["command"] == "syncd changelog install --print"
    (statement,) = re.findall("`(SET GLOBAL [^`]*)`", said)
    mariadb.run(statement)
    made.syncd("changelog install")
    mariadb.run("SET GLOBAL log_bin_trust_function_creators = 0")
    made.syncd(f"repair --yes {BY}")
    made.goes_on()


@advice("changelog_lost")
def test_a_row_of_the_change_table_says_nothing(made: Company) -> None:
    made.register()
    made.eam.execute("INSERT INTO syncd_change (txid, table_name, op, occurred_at) VALUES (1, 'asset', 'update', '')")
    made.register()
    heard("changelog_lost", made.halted())
    assert made.json(f"repair --yes {BY}")["tables"]["asset"]["inserted"] == 2
    made.goes_on()


@advice("changelog_partition_gone")
def test_a_partition_is_dropped(made: Company) -> None:
    repairs(made, 1, 101)
    heard("changelog_partition_gone", made.halted(lambda: made.eam.execute("ALTER TABLE repair DROP PARTITION high")))
    heard("repair_many_gone", made.syncd(f"repair --yes {BY}", expect=NEEDS_A_PERSON))
    assert made.json(f"repair --yes --gone {BY}")["tables"]["repair"]["deleted"] == 1
    made.goes_on()


@advice("changelog_truncate")
def test_a_truncate_that_nobody_saw(made: Company) -> None:
    """The daemon was down, and by what it looks again there is nothing to tell; `check` warns of it."""
    with made.running():
        repairs(made, 2, 3)
        made.settled()
    heard("changelog_truncate", made.syncd("check"))
    held = made.eam.rows(f"SELECT {REPAIR} FROM repair WHERE id < 3")
    made.eam.execute("TRUNCATE repair")
    made.eam.executemany(f"INSERT INTO repair ({REPAIR}) VALUES (?, ?, ?, ?, ?, ?, ?)", held)
    assert made.json(f"repair --force --yes {BY}")["tables"]["repair"]["deleted"] == 1
    made.goes_on()


@advice("changelog_cascade")
def test_a_foreign_key_takes_rows_away(made: Company) -> None:
    """An upgrade goes with its supplier, and the repair cancels its voucher; the asset stays, and its card."""
    added = "id, asset_id, amount, added_months, payment, supplier_id, status, approved_on"
    made.eam.execute("INSERT INTO supplier VALUES (-1, 'gone', 'gone'), (-2, 'stays', 'stays')")
    with made.running():
        for asset, supplier in zip(made.register(2), (-1, -2), strict=True):
            made.eam.execute(
                f"INSERT INTO upgrade ({added}) VALUES (?, ?, 100, 0, 'bank', ?, 'approved', ?)",
                (asset, asset, supplier, str(TODAY)),
            )
        made.settled()
    made.eam.execute(f"ALTER TABLE upgrade {OWNED}")
    heard("changelog_cascade", made.syncd("check"))
    made.eam.execute("DELETE FROM supplier WHERE id = -1")
    repaired = made.json(f"repair --force --yes --gone {BY}")
    assert repaired["tables"]["upgrade"]["deleted"] == 1
    assert "upgrade_taken_back" in repaired["rules"]
    made.eam.execute("ALTER TABLE upgrade DROP FOREIGN KEY owned")
    made.goes_on()


@advice("changelog_engine")
def test_a_table_has_no_transactions(made: Company) -> None:
    made.eam.execute("ALTER TABLE transfer ENGINE = MyISAM")
    printed = heard("changelog_engine", made.halted())["repair"].partition(";")[0]
    assert printed + ";" in made.syncd("check", expect=1)
    made.eam.execute(printed)
    made.goes_on()


@advice("changelog_replica", "changelog_cluster")
def test_a_server_that_is_not_the_one_that_writes(made: Company, tmp_path: Path) -> None:
    """A member of a cluster, read-only as a replica is, which holds the change table as the primary does. The primary
    is named; the cluster is read by its log."""
    primary = str(made.source["database"])
    with cluster() as member:
        dsn = member.create_database()
        with founded(tmp_path, dsn, {"kind": "changelog", "dialect": "mysql", "database": dsn}) as clustered:
            clustered.syncd("changelog install")
            member.run("SET GLOBAL read_only = ON")
            made.set_source(database=dsn)
            heard("changelog_replica", made.syncd("check", expect=1))
            made.set_source(database=primary)
            made.goes_on()
            member.run("SET GLOBAL read_only = OFF")
            heard("changelog_cluster", clustered.halted())
            clustered.set_source(kind="mysql", dsn=dsn, database=None, dialect=None)
            clustered.syncd("snapshot")
            clustered.goes_on()


def cluster() -> AbstractContextManager[MariaDb]:
    """Galera, of one member."""
    return mariadb_server(
        wsrep_on="ON",
        wsrep_provider="/usr/lib/galera/libgalera_smm.so",
        wsrep_cluster_address="gcomm://",
        wsrep_node_address="127.0.0.1",
        wsrep_provider_options=f"gmcast.listen_addr=tcp://127.0.0.1:{free_port()};gcache.size=8M",
        innodb_autoinc_lock_mode="2",
        log_slave_updates="ON",
    )
