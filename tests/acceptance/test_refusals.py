"""Bad settings and bad input: what the user is told, and that nothing is lost meanwhile."""

import re
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.demo import eam
from syncd.demo.eam import Device
from tests.acceptance.plant import MONTH, Plant, plant
from tests.advice import advice, heard
from tests.servers import postgres_server
from tests.shipped import copied

HALTED = 3


@pytest.fixture
def made(tmp_path: Path, new_database: Callable[[], str]) -> Iterator[Plant]:
    with plant(tmp_path, new_database(), new_database()) as one:
        yield one


def test_a_wrong_wal_level_is_named_with_the_statement_that_mends_it(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    with (
        postgres_server(wal_level="replica") as server,
        plant(tmp_path, server.create_database(), new_database()) as made,
    ):
        said = made.syncd("check", expect=1)
        assert "wal_level is replica" in said
        assert "ALTER SYSTEM SET wal_level = logical" in said
        assert "wal_level is replica" in made.syncd("run", expect=HALTED)


def test_missing_rights_are_named_with_the_grants(made: Plant, tmp_path: Path) -> None:
    name = f"reader_{tmp_path.name[-12:].replace('-', '_').lower()}"
    made.eam.execute(f"CREATE ROLE {name} LOGIN")
    _edit(made.config, r'(source: .*"dsn": "postgresql://)postgres@', rf"\g<1>{name}@")
    said = made.syncd("check", expect=1)
    assert f'ALTER ROLE "{name}" REPLICATION' in said
    assert re.search(rf"GRANT SELECT ON .*\basset\b.* TO \"?{name}\"?", said)
    made.eam.execute(f"DROP ROLE {name}")


def test_missing_rights_in_finance_are_named_with_the_grants(made: Plant, tmp_path: Path) -> None:
    name = f"poster_{tmp_path.name[-12:].replace('-', '_').lower()}"
    made.finance.execute(f"CREATE ROLE {name} LOGIN")
    made.finance.execute(f"GRANT USAGE ON SCHEMA syncd TO {name}")
    made.finance.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA syncd TO {name}")
    _edit(made.config, r'(ledger: .*"dsn": "postgresql://)postgres@', rf"\g<1>{name}@")
    said = made.syncd("check", expect=1)
    assert re.search(rf"GRANT SELECT, INSERT, UPDATE ON (?:public\.)?fa_card TO \"?{name}\"?", said)
    made.finance.execute(f"DROP OWNED BY {name}")
    made.finance.execute(f"DROP ROLE {name}")


def test_an_unknown_column_is_named_with_file_line_and_the_nearest_name(made: Plant, tmp_path: Path) -> None:
    mapping = _own_mapping(made, tmp_path)
    _edit(mapping, r"cost: after\.original_value", "cost: after.orignal_value")
    said = made.syncd("mapping", "check", expect=1)
    line = next(n for n, text in enumerate(mapping.read_text("utf-8").splitlines(), 1) if "orignal_value" in text)
    assert f"demo.yaml:{line}" in said
    assert "original_value" in said


def test_a_column_that_the_eam_does_not_have_is_named(made: Plant) -> None:
    made.eam.execute("ALTER TABLE asset RENAME COLUMN purchase_date TO bought_on")
    said = made.syncd("check", expect=1)
    assert "asset has no column purchase_date" in said
    assert "bought_on" in said


def test_an_unknown_account_parks_the_row_until_finance_adds_it(made: Plant) -> None:
    made.finance.execute("DELETE FROM gl_account WHERE code = '1002'")
    with made.running():
        eam.register(made.eam, [_device("FA-SC-9001")])
        made.settled()
        (row,) = made.json("parked", "list")
        assert "account 1002 is not in the chart of accounts" in str(row)
        missing = [d for d in made.json("reconcile", expect=1)["differences"] if d["asset_code"] == "FA-SC-9001"]
        assert {(d["finance"], *d["parked"]) for d in missing} == {(None, str(row["id"]))}
        made.finance.execute("INSERT INTO gl_account VALUES ('1002', '银行存款', 'debit', 1)")
        made.syncd("parked", "retry", str(row["id"]), "--actor", "accountant", "--reason", "account added")
        made.until("the voucher", lambda: _vouchers(made) == 1)


def test_an_unbalanced_voucher_is_parked_and_never_posted(made: Plant, tmp_path: Path) -> None:
    """Invariant 3, LedgerSMB#5180."""
    mapping = _own_mapping(made, tmp_path)
    _edit(mapping, r"credit: paid,", "credit: paid + abs(1),")
    made.syncd("mapping", "accept", "--actor", "accountant", "--reason", "a mistake")
    with made.running():
        eam.register(made.eam, [_device("FA-SC-9001")])
        made.settled()
        (row,) = made.json("parked", "list")
        assert "does not balance: debit 10000.00, credit 10001.00" in str(row)
    assert _vouchers(made) == 0


def test_a_finance_column_too_narrow_parks_only_the_row_at_fault(made: Plant) -> None:
    """Invariant 5: the others of the batch are posted."""
    made.finance.execute("ALTER TABLE fa_card ALTER COLUMN name TYPE varchar(6)")
    with made.running():
        names = ["车床", "一台名字特别长的数控加工中心", "铣床"]
        devices = [_device(f"FA-SC-90{n:02}")._replace(name=name) for n, name in enumerate(names)]
        eam.register(made.eam, devices)
        made.settled()
        (row,) = made.json("parked", "list")
        assert row["subject"] == "FA-SC-9001"
        assert "fa_card" in str(row)
        assert "too long" in str(row)
        assert _vouchers(made) == 2
        made.finance.execute("ALTER TABLE fa_card ALTER COLUMN name TYPE text")
        made.syncd("parked", "retry", str(row["id"]), "--actor", "accountant", "--reason", "column widened")
        made.until("the third voucher", lambda: _vouchers(made) == 3)
    assert made.finance.value("SELECT max(number) FROM gl_voucher WHERE period = '2026-02'") == 4  # one by hand


def test_no_open_period_parks_the_row(made: Plant) -> None:
    made.finance.execute("UPDATE gl_period SET status = 'closed'")
    assert "no open period" in made.syncd("check", expect=1)
    with made.running():
        eam.register(made.eam, [_device("FA-SC-9001")])
        made.settled()
        (row,) = made.json("parked", "list")
        assert "no later period is open" in str(row)


def test_finance_gone_for_a_while_loses_nothing(tmp_path: Path, new_database: Callable[[], str]) -> None:
    """Invariants 1 and 2, through a server that dies and comes back."""
    with (
        postgres_server() as server,
        plant(tmp_path, new_database(), server.create_database()) as made,
        made.running(),
    ):
        eam.register(made.eam, [_device("FA-SC-9001")])
        made.until("the first voucher", lambda: _vouchers(made) == 1)
        server.stop(kill=True)
        eam.register(made.eam, [_device(f"FA-SC-91{n:02}") for n in range(50)])
        made.until("the daemon to notice", lambda: "finance_gone" in made.log_tail())
        server.start()
        made.finance.open()
        made.until("the rest", lambda: _vouchers(made) == 51)
        assert made.finance.value("SELECT count(*) = max(number) FROM gl_voucher WHERE period = '2026-02'")


@advice("pg_slot_missing")
def test_a_slot_dropped_by_a_dba_stops_the_pipeline_with_the_reason(made: Plant) -> None:
    with made.running():
        eam.register(made.eam, [_device("FA-SC-9001")])
        made.settled()
    made.eam.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
    )
    eam.register(made.eam, [_device("FA-SC-9002")])
    heard("pg_slot_missing", made.syncd("run", "--log", "console", expect=HALTED))
    by = ("--actor", "accountant", "--reason", "the slot was dropped")
    assert made.json("repair", "--preview")["vouchers"] == made.json("repair", "--yes", *by)["vouchers"] == 1
    assert _vouchers(made) == 2
    with made.running():
        made.settled()


@advice("finance_disk_full")
def test_a_full_disk_in_finance_is_waited_out(made: Plant) -> None:
    """The server's own error 53100, raised where the voucher is written."""
    made.finance.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
    )
    made.finance.execute("CREATE TRIGGER full_disk BEFORE INSERT ON gl_voucher EXECUTE FUNCTION full_disk()")
    with made.running():
        eam.register(made.eam, [_device("FA-SC-9001")])
        made.until("the daemon to say so", lambda: "no disk space left" in made.log_tail())
        made.finance.execute("DROP TRIGGER full_disk ON gl_voucher")
        made.until("the voucher", lambda: _vouchers(made) == 1)
    assert made.json("parked", "list") == []


def test_invalid_utf_8_in_the_configuration_is_named_with_file_and_line(made: Plant) -> None:
    made.config.write_bytes(made.config.read_bytes() + "# 生产\n".encode("gbk"))
    said = made.syncd("status", expect=2)
    line = made.config.read_bytes().count(b"\n")
    assert f"syncd.yaml:{line}" in said
    assert "UTF-8" in said


def test_a_mapping_changed_after_acceptance_is_refused_until_accepted_again(made: Plant, tmp_path: Path) -> None:
    mapping = _own_mapping(made, tmp_path)
    made.syncd("mapping", "accept", "--actor", "accountant", "--reason", "our own copy")
    with made.running():
        eam.register(made.eam, [_device("FA-SC-9001")])
        made.settled()
    _edit(mapping, "approval_above: 5000000 ", "approval_above: 9000000 ")
    read_at = made.json("status", expect=1)[0]["report"]["at"]
    said = made.syncd("run", expect=HALTED)
    assert "syncd mapping accept" in said
    said_at = made.json("status", expect=1)[0]["report"]["at"]
    assert said_at == read_at, "it read nothing, and does not look as if it had"
    made.syncd("mapping", "accept", "--actor", "accountant", "--reason", "a higher limit")
    with made.running():
        made.settled()


def test_a_negative_and_a_text_amount_are_parked_with_words_a_clerk_understands(made: Plant) -> None:
    """`150000` typed as a negative, or as text where the EAM's column is text."""
    made.eam.execute("ALTER TABLE asset ALTER COLUMN original_value TYPE text")
    with made.running():
        eam.register(made.eam, [_device("FA-SC-9001", "-150000"), _device("FA-SC-9002", "15万")])
        made.settled()
        rows = {row["subject"]: str(row) for row in made.json("--lang", "zh", "parked", "list")}
        assert "原值必须大于零" in rows["FA-SC-9001"]
        assert "15万" in rows["FA-SC-9002"]
        made.eam.execute("UPDATE asset SET original_value = '150000.00'")
        made.until("both healed", lambda: _vouchers(made) == 2)
        made.settled()
        assert made.json("parked", "list") == []


@advice("truncate")
def test_a_truncate_is_parked_and_a_repair_posts_what_was_removed(made: Plant) -> None:
    """Invariants 1, 2 and 15: the rows are posted as deleted, and once."""
    with made.running():
        eam.register(made.eam, [_device(f"FA-SC-90{n:02}") for n in range(3)])
        made.settled()
        made.eam.execute("TRUNCATE asset")
        made.settled()
        (row,) = made.json("parked", "list")
        shown = made.syncd("parked", "show", str(row["id"]))
    heard("truncate", shown)
    look, repair, discard = (command.split()[1:] for command in re.findall("`([^`]+)`", shown))
    assert made.json(*look)["rules"]["registration_deleted"]["postings"] == 3
    made.syncd(*repair, "--yes")
    made.syncd(*discard)
    with made.running():
        made.until("nothing parked", lambda: not made.json("parked", "list"))
        made.settled()
    assert made.json("reconcile")["differing"] == 0
    assert made.json("repair", "--force", "--preview")["postings"] == {}


def test_a_second_daemon_stands_by_and_takes_over(made: Plant) -> None:
    """Invariant 9."""
    with made.running() as first:
        second = made.start()
        try:
            standby = "SELECT count(*) FROM syncd.daemon WHERE role = 'standby'"
            made.until("the standby", lambda: made.finance.value(standby) == 1)
            first.send_signal(signal.SIGKILL)
            first.wait(30)
            eam.register(made.eam, [_device("FA-SC-9001")])
            made.until("the second to post", lambda: _vouchers(made) == 1)
        finally:
            second.terminate()
            second.wait(180)


def _device(code: str, value: Decimal | str = Decimal("10000.00")) -> Device:
    return Device(code, "数控车床", "JQSB", 1, value, MONTH, Decimal("0.00"))


def _vouchers(made: Plant) -> int:
    return int(made.finance.value("SELECT count(*) FROM gl_voucher WHERE external_key IS NOT NULL"))


def _own_mapping(made: Plant, directory: Path) -> Path:
    """A copy of the shipped mapping that may be edited."""
    mapping = copied(directory / "mappings") / "demo.yaml"
    _edit(made.config, r"mapping: .*", f"mapping: {mapping}")
    return mapping


def _edit(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, path.read_text("utf-8"))
    assert count, f"{pattern} is not in {path.name}"
    path.write_text(text, "utf-8")
