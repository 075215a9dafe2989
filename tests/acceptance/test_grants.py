"""`syncd grants` as a DBA meets it: users who may nothing, the scripts run as they are printed, and everything works:
migrate, check, snapshot, run, a parked row tried again, reconcile, repair. Invariant 15."""

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.demo import company, eam
from syncd.demo.eam import Device
from syncd.statements import script
from tests.acceptance.databases import Database, connected
from tests.acceptance.plant import DEMO, MONTH, Plant
from tests.advice import advice, heard
from tests.advice.any_eam import founded
from tests.servers import MariaDb, Postgres

BY = ("--actor", "accountant", "--reason", "acceptance")
TODAY = MONTH.replace(day=10)
OTHERS = "REVOKE ALL ON SCHEMA public FROM PUBLIC"


@contextmanager
def bare(server: Postgres | MariaDb, names: tuple[str, ...]) -> Iterator[None]:
    """Users who may log in and do nothing else."""
    for name in names:
        if isinstance(server, Postgres):
            server.run(f"CREATE ROLE {name} LOGIN")
        else:
            server.run(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'x'")
    try:
        yield
    finally:
        for name in names:
            server.run(f"DROP ROLE {name}" if isinstance(server, Postgres) else f"DROP USER {name}@'127.0.0.1'")


def ends(eam_dsn: str, finance_dsn: str, server: Postgres | MariaDb, how: str) -> Mapping[str, Mapping[str, Any]]:
    def as_user(dsn: str, name: str) -> str:
        where = dsn.rpartition("/")[2]
        return server.dsn(where, name) if isinstance(server, Postgres) else server.dsn(where, name, "x")

    source: dict[str, Any] = {"kind": "postgres", "dsn": as_user(eam_dsn, "eam_reader")}
    if isinstance(server, MariaDb):
        source["kind"] = "mysql"
    if how == "changelog":
        source = {"kind": "changelog", "dialect": "postgres", "database": source["dsn"]}
    ledger = {"kind": "postgres" if isinstance(server, Postgres) else "mysql", "dsn": as_user(finance_dsn, "books")}
    return {"source": source, "ledger": ledger}


@contextmanager
def plant(server: Postgres | MariaDb, how: str, directory: Path) -> Iterator[Plant]:
    """Both databases on one server, made by their owners."""
    eam_dsn, finance_dsn = server.create_database(), server.create_database()
    with (
        bare(server, ("eam_reader", "books")),
        closing(connected(eam_dsn)) as its_eam,
        closing(connected(finance_dsn)) as finance,
    ):
        company.create(its_eam, "eam", its_eam.kind)
        company.create(finance, "finance", finance.kind)
        company.settle_eam(its_eam, MONTH, 5)
        company.settle_finance(finance, its_eam, MONTH)
        if its_eam.kind == "postgres":
            its_eam.execute(OTHERS)
            finance.execute(OTHERS)
            finance.execute("ALTER TABLE gl_entry ADD id SERIAL")
            for (table,) in its_eam.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
                its_eam.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
        config = directory / "syncd.yaml"
        made = {"mapping": str(DEMO), **ends(eam_dsn, finance_dsn, server, how)}
        lines = [f"    {name}: {json.dumps(end, ensure_ascii=False)}" for name, end in made.items()]
        config.write_text("\n".join(["pipelines:", "  demo:", *lines, ""]), "utf-8")
        try:
            yield Plant(its_eam, finance, config)
        finally:
            server.drop_database(eam_dsn)
            server.drop_database(finance_dsn)


def run_as_printed(printed: str, database: Database) -> None:
    """As `psql -f` or `mariadb <` would; every statement ends with a semicolon and names its schema."""
    assert printed.startswith("-- ")
    assert "secret" not in printed
    assert printed.rstrip().endswith(";")
    for statement in script(printed) if database.kind == "mysql" else [printed]:
        database.execute(statement)


@pytest.mark.parametrize("way", ["postgres", "changelog", "mariadb"])
def test_the_scripts_are_all_that_a_dba_has_to_run(
    way: str, postgres: Postgres, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("mariadb") if way == "mariadb" else postgres
    with plant(server, way, tmp_path) as made:
        for side, database in (("eam", made.eam), ("finance", made.finance)):
            printed = made.syncd("grants", "--side", side)
            run_as_printed(printed, database)
            if "CREATE PUBLICATION" not in printed and "CREATE TRIGGER" not in printed:
                run_as_printed(printed, database)  # a DBA may be unsure whether it was
        made.syncd("migrate")
        made.syncd("mapping", "accept", *BY)
        assert all(f["level"] != "error" for f in made.json("check")["demo"])
        made.syncd("snapshot")
        with made.running():
            eam.register(made.eam, [Device("FA-SC-901", "数控车床", "JQSB", 1, Decimal("1200.00"), TODAY)])
            broken = Device("FA-SC-902", "数控车床", "JQSB", 1, Decimal("1300.00"), TODAY)
            made.settled()
            made.finance.execute("DELETE FROM gl_account WHERE code = '1601'")
            eam.register(made.eam, [broken])
            made.settled()
            assert [row["subject"] for row in made.json("parked", "list")] == ["FA-SC-902"]
            _add_account(made.finance)
            made.syncd("parked", "retry", "--subject", "FA-SC-902", *BY)
            made.settled()
            assert made.json("parked", "list") == []
        made.json("reconcile")
        made.syncd("repair", "--force", "--yes", *BY)
        made.syncd("audit", "verify")


def _add_account(finance: Database) -> None:
    finance.execute("INSERT INTO gl_account VALUES ('1601', '固定资产', 'debit', 1)")


@advice("changelog_triggers_anew")
def test_triggers_on_mariadb_need_no_more_than_is_printed(mariadb: MariaDb, tmp_path: Path) -> None:
    """Its server makes triggers for others than administrators only when it is told so, and has a right of its own for
    the lock under which they are replaced."""
    dsn = mariadb.create_database()
    reader = mariadb.dsn(dsn.rpartition("/")[2], "eam_reader", "x")
    by = " ".join(map(shlex.quote, BY))
    with (
        bare(mariadb, ("eam_reader",)),
        founded(tmp_path, dsn, {"kind": "changelog", "dialect": "mysql", "database": reader}) as made,
    ):
        try:
            printed = made.syncd("grants --side eam")
            run_as_printed(printed, made.eam)
            run_as_printed(printed, made.eam)
            assert "SET GLOBAL" not in made.syncd("grants --side eam"), "what holds already is not asked for"
            made.syncd("changelog install")
            made.syncd("snapshot")
            with made.running():
                made.register()
                made.settled()
            made.syncd("dry-run")
            made.eam.execute("DROP TRIGGER syncd_asset_insert")
            made.register()
            heard("changelog_triggers_anew", made.halted())
            made.syncd("changelog install")  # what is left of them is replaced
            assert made.json(f"repair --yes {by}")["tables"]["asset"]["inserted"] == 1
            made.is_green()
            made.syncd("changelog prune")
            made.syncd("changelog remove")
            made.syncd("changelog install")
            made.syncd(f"uninstall --yes {by}")
            assert made.eam.rows("SHOW TRIGGERS") == made.eam.rows("SHOW TABLES LIKE 'syncd%'") == []
        finally:
            mariadb.run("SET GLOBAL log_bin_trust_function_creators = 0")
            mariadb.drop_database(dsn)
