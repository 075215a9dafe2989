"""What the audit finds is put back as it says, from a backup or by hand; then the record is whole. Invariant 12."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from syncd import audit
from tests.advice import advice, advised, heard
from tests.advice.company import BY, Company, built
from tests.rewriting import rehash

FOUND_SOMETHING, WRONG_USAGE, TRY_LATER = 1, 2, 4
ANCHOR = 'audit: {anchor: {file: anchor.jsonl, key: "${SYNCD_AUDIT_KEY}"}}\n'
ASSETS = ("FA-SC-0001", "FA-SC-0002", "FA-SC-0003")
OURS = "SELECT number FROM gl_voucher WHERE external_key = 'registration/FA-SC-0002'"
LAST = "SELECT max(seq) FROM syncd_parked_event"
COLUMNS = "period, type, number, voucher_date, event_date, summary, debit, credit, external_key"
TYPED = (
    f"INSERT INTO gl_voucher ({COLUMNS}) SELECT period, type, 99, voucher_date, event_date, summary, debit, credit, "
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Three postings, actions and a collected row, a backup of them, and a finance that does not insist on keys."""
    directory = tmp_path_factory.mktemp("audit")
    path = str(directory / "finance.db")

    def without_keys(made: Company) -> None:
        made.finance.execute("ALTER TABLE gl_voucher RENAME TO old")
        made.finance.execute("CREATE TABLE gl_voucher AS SELECT * FROM old")
        made.finance.execute("DROP TABLE old")

    with built(directory, path, {"kind": "sqlite", "path": path}, without_keys) as one:
        with one.running():
            for asset in ASSETS:
                one.register(asset)
            one.register("FA-SC-0009", value=Decimal("-5.00"))
            one.until(lambda: all(map(one.posted, ASSETS)) and one.parked())
        one.syncd(f"mapping accept {BY}")
        collect(one)
        with closing(sqlite3.connect(directory / "backup.db")) as backup:
            one.finance.connection.backup(backup)
        yield one


def collect(made: Company) -> None:
    """A row that waits for its group, and a group that was released, as the daemon keeps them."""
    row = ("monthly", "2026-02", "", "FA-SC-0001", "{}", "s9", "9")
    content = json.dumps(["monthly/9", audit.digest(*row)])
    rows, events = "rule, grp, card, subject, change, position, number", "seq, at, event, posting, content, hash"
    connection = made.finance.connection
    connection.execute(
        f"INSERT INTO syncd_collected (pipeline, key, {rows}, due, posted)"
        " VALUES ('demo', 'monthly/9', ?, ?, ?, ?, ?, ?, ?, 0, '')", row
    )  # fmt: skip
    connection.execute("INSERT INTO syncd_released VALUES ('demo', 'monthly', '2026-01')")
    connection.executemany(
        f"INSERT INTO syncd_collected_event (pipeline, {events}) VALUES ('demo', ?, '', ?, '', ?, '')",
        [(1, "collected", content), (2, "released", json.dumps(["monthly", "2026-01"]))],
    )
    rehash(lambda sql, params: connection.execute(sql, params).fetchall(), "demo", "syncd_")


COLLECTED, WAITS = "syncd_collected", "WHERE key = 'monthly/9'"
# what somebody has done to the record or to finance, and the tables that are put back
FROM_A_BACKUP = [
    advised("audit_posting", "UPDATE syncd_posting SET subject = 'FA-9' WHERE seq = 2", ["syncd_posting"]),
    advised("audit_end", "DELETE FROM syncd_posting WHERE seq = 3", ["syncd_posting"]),
    advised("audit_action", "UPDATE syncd_action SET reason = 'other' WHERE seq = 1", ["syncd_action"]),
    advised("audit_action_end", "DELETE FROM syncd_action WHERE seq = 2", ["syncd_action"]),
    advised("audit_parked", "UPDATE syncd_parked SET change = replace(change, '-5.00', '5.00')", ["syncd_parked"]),
    advised("audit_parked_gone", "DELETE FROM syncd_parked", ["syncd_parked"]),
    advised("audit_parked_event", "UPDATE syncd_parked_event SET code = 'other' WHERE seq = 1", ["syncd_parked_event"]),
    advised("audit_parked_end", f"DELETE FROM syncd_parked_event WHERE seq = ({LAST})", ["syncd_parked_event"]),
    advised("audit_collected", f"UPDATE {COLLECTED} SET change = '{{ }}' {WAITS}", [COLLECTED]),
    advised("audit_collected_taken", f"UPDATE {COLLECTED} SET posted = 'monthly/1' {WAITS}", [COLLECTED]),
    advised("audit_collected_gone", f"DELETE FROM {COLLECTED} {WAITS}", [COLLECTED]),
    advised("audit_released", "INSERT INTO syncd_released VALUES ('demo', 'monthly', '2026-02')", ["syncd_released"]),
    advised("audit_collected_event", f"UPDATE {COLLECTED}_event SET posting = 'x'", [f"{COLLECTED}_event"]),
    advised("audit_collected_end", f"DELETE FROM {COLLECTED}_event", [f"{COLLECTED}_event"]),
    advised(
        "audit_difference",
        "INSERT INTO syncd_difference (pipeline, run, id, asset, field, cause, params, proposal, change, request)"
        " SELECT name, 1, 1, 'FA-SC-0002', 'impairment', '', '{}', 'p', '{}', '7' FROM syncd_pipeline",
        ["syncd_difference"],
    ),
    advised("audit_closing", "INSERT INTO syncd_closing VALUES ('2026-01', '2999')", ["syncd_closing"]),
    advised("audit_acceptance", "UPDATE syncd_acceptance SET actor = 'other'", ["syncd_acceptance", "syncd_action"]),
    advised("audit_shape", "DELETE FROM syncd_shape", ["syncd_shape"]),
    advised("audit_card_gone", "DELETE FROM fa_card WHERE asset_code = 'FA-SC-0002'", ["fa_card"]),
    advised("audit_voucher_gone", f"DELETE FROM gl_voucher WHERE number = ({OURS})", ["gl_voucher"]),
]


@pytest.mark.parametrize(("code", "done", "tables"), FROM_A_BACKUP)
def test_what_is_put_back_from_a_backup_is_whole(made: Company, code: str, done: str, tables: list[str]) -> None:
    made.finance.execute(done)
    found = heard(code, made.syncd("audit verify", FOUND_SOMETHING))
    if code in ("audit_voucher_gone", "audit_card_gone"):
        assert "2,000.00" in traced(made, found["subject"])
    put_back(made, tables)
    assert made.json("audit verify")["flaws"] == []


# what somebody has done to finance, and how it is put right; trace tells of the first and the last what was posted
BY_HAND = [
    advised(
        "audit_voucher",
        f"UPDATE gl_entry SET debit = '7.00' WHERE number = ({OURS}) AND line = 1",
        "UPDATE gl_entry SET debit = '2000.00' WHERE debit = '7.00'",
    ),
    advised(
        "audit_card",
        "UPDATE fa_card SET life_months = life_months + 1000 WHERE asset_code = 'FA-SC-0002'",
        "UPDATE fa_card SET life_months = life_months - 1000 WHERE asset_code = 'FA-SC-0002'",
    ),
    advised(
        "audit_foreign",
        TYPED + f"'registration/FA-9' FROM gl_voucher WHERE number = ({OURS})",
        "UPDATE gl_voucher SET external_key = NULL WHERE external_key = 'registration/FA-9'",
    ),
    advised(
        "audit_twice",
        TYPED + f"external_key FROM gl_voucher WHERE number = ({OURS})",
        "UPDATE gl_voucher SET external_key = NULL WHERE number = 99",
    ),
]


@pytest.mark.parametrize(("code", "done", "mended"), BY_HAND)
def test_what_is_put_right_by_hand_is_whole(made: Company, code: str, done: str, mended: str) -> None:
    """A voucher is as it was posted, and what finance's people typed carries no key of ours."""
    ((number,),) = made.finance.rows(OURS)
    made.finance.execute(done)
    found = heard(code, made.syncd("audit verify", FOUND_SOMETHING))
    if code != "audit_foreign":
        told = traced(made, found["subject"])
        assert f"记-{number}" in told
        assert "2,000.00" in told
    made.finance.execute(mended)
    assert made.json("audit verify")["flaws"] == []


@advice("audit_parked_added")
def test_a_row_that_somebody_put_there_is_deleted(made: Company) -> None:
    ((columns,),) = made.finance.rows("SELECT group_concat(name) FROM pragma_table_info('syncd_parked')")
    copied = ", ".join("99" if name == "id" else name for name in str(columns).split(","))
    made.finance.execute(f"INSERT INTO syncd_parked SELECT {copied} FROM syncd_parked LIMIT 1")
    assert heard("audit_parked_added", made.syncd("audit verify", FOUND_SOMETHING))["id"] == "99"
    made.finance.execute("DELETE FROM syncd_parked WHERE id = 99")
    assert made.json("audit verify")["flaws"] == []


@advice("audit_collected_added")
def test_a_collected_row_that_somebody_put_there_is_deleted(made: Company) -> None:
    ((columns,),) = made.finance.rows(f"SELECT group_concat(name) FROM pragma_table_info('{COLLECTED}')")
    copied = ", ".join("'monthly/8'" if name == "key" else name for name in str(columns).split(","))
    made.finance.execute(f"INSERT INTO {COLLECTED} ({columns}) SELECT {copied} FROM {COLLECTED} {WAITS}")
    assert heard("audit_collected_added", made.syncd("audit verify", FOUND_SOMETHING))["key"] == "monthly/8"
    made.finance.execute(f"DELETE FROM {COLLECTED} WHERE key = 'monthly/8'")
    assert made.json("audit verify")["flaws"] == []


@pytest.fixture
def anchored(made: Company) -> Iterator[Path]:
    """The anchor's file, with the heads as they stand."""
    file, was = made.directory / "anchor.jsonl", made.config.read_text("utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SYNCD_AUDIT_KEY", "secret")
        made.config.write_text(was + ANCHOR, "utf-8")
        made.syncd("audit anchor")
        yield file
    made.config.write_text(was, "utf-8")
    file.unlink()


@advice("audit_anchor", "audit_anchor_cut")
def test_what_was_written_anew_is_put_back_from_a_backup(made: Company, anchored: Path) -> None:
    tables = ["syncd_posting", "syncd_pipeline", "syncd_parked_event", "syncd_action", "syncd_chain"]
    for code, done in (
        ("audit_anchor", "UPDATE syncd_posting SET mapping_hash = 'other' WHERE seq = 2"),
        ("audit_anchor_cut", "DELETE FROM syncd_action WHERE seq = (SELECT max(seq) FROM syncd_action)"),
    ):
        made.finance.execute(done)
        rehash(lambda sql, params=(): made.finance.connection.execute(sql, params).fetchall(), "demo", "syncd_")
        heard(code, made.syncd("audit verify", FOUND_SOMETHING))
        put_back(made, tables)
        assert made.json("audit verify")["flaws"] == []


@advice("audit_anchor_forged")
def test_a_head_that_the_key_did_not_sign_is_taken_out(made: Company, anchored: Path) -> None:
    """One from before there was a key is compared as a file of its own."""
    before = anchored.read_text("utf-8")
    signed = json.loads(before.splitlines()[0])
    anchored.write_text(before + json.dumps(signed | {"mac": ""}) + "\n", "utf-8")
    heard("audit_anchor_forged", made.syncd("audit verify", FOUND_SOMETHING))
    anchored.write_text(before, "utf-8")
    assert made.json("audit verify")["flaws"] == []


@advice("audit_head", "audit_no_anchor_file")
def test_heads_are_given_as_they_were_printed(made: Company, anchored: Path) -> None:
    heard("audit_head", made.syncd("audit verify --head 3:abc", WRONG_USAGE))
    (head, *_) = [one for one in made.json("audit head") if one["chain"] == "posting"]
    made.syncd(f"audit verify --head {head['seq']}:{head['hash']}")
    heard("audit_no_anchor_file", made.syncd("audit verify --anchor nowhere.jsonl", WRONG_USAGE))
    made.syncd(f"audit verify --anchor {anchored}")


@advice("anchor_none", "config_anchor_place", "anchor_kind")
def test_an_anchor_is_configured(made: Company) -> None:
    was = made.config.read_text("utf-8")
    (made.directory / "anchor.db").touch()
    for code, wrong, right in (
        ("anchor_none", "", "audit: {anchor: {file: a.jsonl}}"),
        ("config_anchor_place", "audit: {anchor: {}}", "audit: {anchor: {file: a.jsonl}}"),
        ("anchor_kind", 'audit: {anchor: {dsn: "db2://x"}}', 'audit: {anchor: {dsn: "sqlite:///anchor.db"}}'),
    ):
        made.config.write_text(f"{was}{wrong}\n", "utf-8")
        heard(code, made.syncd("audit anchor", WRONG_USAGE))
        made.config.write_text(f"{was}{right}\n", "utf-8")
        made.syncd("audit anchor")
        assert made.json("audit verify")["anchored"] % 4 == 0
    made.config.write_text(was, "utf-8")


@advice("anchor_failed")
def test_an_anchor_out_of_reach_is_said_and_posting_goes_on(made: Company) -> None:
    """By `status` too, until it can be written again."""
    was = made.config.read_text("utf-8")
    made.config.write_text(was + "audit: {anchor: {file: away/a.jsonl}}\n", "utf-8")
    heard("anchor_failed", made.syncd("audit anchor", TRY_LATER))
    with made.running():
        made.register("FA-SC-0010")
        made.until(lambda: made.posted("FA-SC-0010"))
        heard("anchor_failed", made.syncd("status", FOUND_SOMETHING))
        (made.directory / "away").mkdir()
        made.syncd("audit anchor")
        assert "anchored" in made.syncd("status")
    made.config.write_text(was, "utf-8")


def put_back(made: Company, tables: Sequence[str]) -> None:
    """From the backup."""
    made.finance.execute(f"ATTACH '{made.directory / 'backup.db'}' AS backup")
    for table in tables:
        made.finance.execute(f"DELETE FROM {table}")
        made.finance.execute(f"INSERT INTO {table} SELECT * FROM backup.{table}")
    made.finance.execute("DETACH backup")


def traced(made: Company, subject: str) -> str:
    """What the printed command says."""
    return made.syncd(f"trace {subject}")
