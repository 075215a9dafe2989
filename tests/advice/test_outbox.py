"""What is said of answers, deliveries and alerts is done, and then they go."""

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd import wiring
from tests.advice import advice, advised, heard
from tests.advice.company import BY, Company, built, waited
from tests.servers.receiver import Receiver, receiver

FOUND_SOMETHING, WRONG = 1, 2
MONTH = "2026-02"
RIGHT = "UPDATE asset SET finance_state = :state, voucher_no = :voucher WHERE id = :id"
WHERE_EAM_IS = '    answer: {kind: sqlite, path: "eam.db"}\n'


def block(statement: str, ask: str = "") -> str:
    asks = f"\n    ask: {json.dumps(ask)}" if ask else ""
    return f"\nanswers:\n  asset:\n    on: [posted, parked]\n    statement: {json.dumps(statement)}{asks}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company whose EAM is answered."""
    directory = tmp_path_factory.mktemp("outbox")
    path = str(directory / "finance.db")
    with built(directory, path, {"kind": "sqlite", "path": path}) as one:
        one.eam.execute("ALTER TABLE asset ADD COLUMN finance_state TEXT")
        one.eam.execute("ALTER TABLE asset ADD COLUMN voucher_no TEXT")
        with one.mapping.open("a", encoding="utf-8") as file:
            file.write(block(RIGHT))
        with one.config.open("a", encoding="utf-8") as file:
            file.write(WHERE_EAM_IS)
        one.syncd(f"mapping accept {BY}")
        yield one


@contextmanager
def instead(path: Path, was: str, is_now: str) -> Iterator[None]:
    """A file with something else in it, for the length of the block."""
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, is_now), "utf-8")
    try:
        yield
    finally:
        path.write_text(text, "utf-8")


@contextmanager
def telling(made: Company) -> Iterator[None]:
    """The daemon with its outbox."""
    outbox = wiring.pipeline(made.config, "demo").outbox()
    assert outbox is not None
    with made.running(), outbox:
        yield


def state(made: Company, code: str) -> Any:
    return asked(made, "SELECT finance_state FROM asset WHERE asset_code = ?", code)[0][0]


def asked(made: Company, sql: str, *params: object) -> list[Any]:
    """Rows of the EAM."""
    with closing(sqlite3.connect(made.directory / "eam.db")) as eam:
        return eam.execute(sql, params).fetchall()


def deliveries(made: Company, *of: str) -> list[int]:
    """The numbers of those that are in one of these states."""
    found = made.finance.rows("SELECT seq, state FROM syncd.delivery ORDER BY seq")
    return [int(seq) for seq, state in found if state in of]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        advised("answer_statement", block("DELETE FROM asset WHERE id = :id")),
        advised("answer_everywhere", block("UPDATE asset SET finance_state = :state")),
        advised("answer_parameter", block(RIGHT.replace(":voucher", ":vucher"))),
        advised("answer_ask", block(RIGHT, "UPDATE asset SET id = id")),
    ],
)
def test_an_answer_that_is_none_is_written_as_it_is_said(made: Company, code: str, wrong: str) -> None:
    with instead(made.mapping, block(RIGHT), wrong):
        heard(code, made.syncd("mapping check", FOUND_SOMETHING))
    made.syncd("mapping check")


@advice("answer_heard")
def test_an_answer_that_the_rules_would_hear_goes_into_columns_of_its_own(made: Company) -> None:
    with instead(made.mapping, block(RIGHT), block("UPDATE asset SET name = :state WHERE id = :id")):
        found = heard("answer_heard", made.syncd("mapping check"))
    assert found["column"] == "name"
    assert "declared column" not in made.syncd("mapping check")


@advice("config_no_answer")
def test_where_the_eam_is_answered_is_said_in_the_configuration(made: Company) -> None:
    with instead(made.config, WHERE_EAM_IS, ""):
        heard("config_no_answer", made.syncd("status", WRONG))
    made.syncd("check")


@advice("answer_wrong", "answer_no_connection")
def test_check_tries_the_answer_and_does_nothing(made: Company) -> None:
    made.eam.execute("ALTER TABLE asset DROP COLUMN voucher_no")
    heard("answer_wrong", made.syncd("check", FOUND_SOMETHING))
    made.eam.execute("ALTER TABLE asset ADD COLUMN voucher_no TEXT")
    with instead(made.config, WHERE_EAM_IS, WHERE_EAM_IS.replace("eam.db", "gone.db")):
        heard("answer_no_connection", made.syncd("check", FOUND_SOMETHING))
    assert not (made.directory / "gone.db").exists()
    made.syncd("check")
    assert asked(made, "SELECT DISTINCT finance_state FROM asset WHERE finance_state IS NOT NULL") == []


@advice("answer_refused", "answer_no_row", "outbox_no_delivery", "outbox_not_refused", "outbox_overtaken")
def test_a_refused_answer_is_mended_and_sent_again(made: Company) -> None:
    """And the command that a hint prints does it, with the number that the list shows."""
    made.eam.execute(
        "CREATE TRIGGER no BEFORE UPDATE OF finance_state ON asset WHEN new.asset_code = 'FA-SC-0001' "
        "BEGIN SELECT raise(ABORT, 'locked by the auditor'); END"
    )
    with telling(made):
        made.register("FA-SC-0001")
        made.register("FA-SC-0002")
        made.until(lambda: state(made, "FA-SC-0002") == "posted" and deliveries(made, "refused"))
        (number,) = deliveries(made, "refused")
        (done,) = deliveries(made, "done")
        assert "locked by the auditor" in heard("answer_refused", made.syncd(f"outbox show {number}"))["error"]
        made.syncd("status", FOUND_SOMETHING)
        made.eam.execute("DROP TRIGGER no")
        heard("outbox_not_refused", made.syncd(f"outbox retry {done} {BY}", WRONG))
        heard("outbox_no_delivery", made.syncd(f"outbox retry 999 {BY}", WRONG))
        assert str(number) in made.syncd("outbox list --done")
        made.syncd(f"outbox retry {number} {BY}")
        made.until(lambda: state(made, "FA-SC-0001") == "posted")
        made.until(lambda: not deliveries(made, "waiting", "unknown"))
        made.syncd("status")
        with instead(made.mapping, "WHERE id = :id", "WHERE id = -:id"):  # a slip: it finds no row
            made.syncd(f"mapping accept {BY}")
            made.register("FA-SC-0003")
            made.until(lambda: deliveries(made, "refused"))
            (later,) = deliveries(made, "refused")
            heard("answer_no_row", made.syncd(f"outbox show {later}"))
        made.syncd(f"mapping accept {BY}")
        made.syncd(f"outbox retry {later} {BY}")
        made.until(lambda: state(made, "FA-SC-0003") == "posted")
    made.finance.execute(f"UPDATE syncd_delivery SET state = 'refused' WHERE seq = {number}")
    same = f"(SELECT subject FROM syncd_delivery WHERE seq = {number})"
    made.finance.execute(f"UPDATE syncd_delivery SET subject = {same} WHERE seq = {later}")
    assert heard("outbox_overtaken", made.syncd(f"outbox retry {number} {BY}", WRONG))["later"]
    made.finance.execute(f"UPDATE syncd_delivery SET code = 'answer_no_row' WHERE seq = {number}")
    assert "outbox retry" in made.syncd(f"outbox show {number}")
    made.syncd(f"outbox discard {number} {BY}")
    assert deliveries(made, "refused", "waiting", "unknown") == []
    assert "given up" in (shown := made.syncd(f"outbox show {number}"))
    assert "→" not in shown, "what it would advise is refused"
    assert not made.json(f"outbox show {number}")["hint"]


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def people(**targets: str) -> str:
    return "alerts: " + json.dumps({"targets": {name: {"url": url} for name, url in targets.items()}}) + "\n"


@contextmanager
def alerting(made: Company, said: str) -> Iterator[None]:
    text = made.config.read_text("utf-8")
    made.config.write_text(text + said, "utf-8")
    try:
        yield
    finally:
        made.config.write_text(text, "utf-8")


@advice("alert_none", "alert_no_target", "alert_address", "alert_status", "alert_unreachable")
def test_those_who_are_alerted_can_be_reached_in_the_end(made: Company, server: Receiver) -> None:
    heard("alert_none", made.syncd("alert test", WRONG))
    with alerting(made, people(ops="server/without/a/service")):
        heard("alert_address", made.syncd("alert test", FOUND_SOMETHING))
    with alerting(made, people(ops="json://127.0.0.1:1/token")):
        found = heard("alert_unreachable", made.syncd("alert test", FOUND_SOMETHING))
        assert found["target"] == "ops"
    with alerting(made, people(ops=f"json://{server.address}/token", boss=f"json://{server.address}/boss")):
        heard("alert_no_target", made.syncd("alert test --target oops", WRONG))
        server.answers = [401]
        said = made.syncd("alert test --target ops", FOUND_SOMETHING)
        assert heard("alert_status", said)["status"].startswith("401")
        assert "token" not in said.replace("the token in its url", "")
        made.syncd("alert test --target ops")
        server.taken.clear()
        assert [one["result"] for one in made.json("alert test")] == ["done", "done"]
    assert sorted(taken.path for taken in server.taken) == ["/boss", "/token"]


@advice("alert_dropped")
def test_a_group_s_robot_takes_what_holds_its_keyword(
    made: Company, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apprise.plugins.dingtalk.NotifyDingTalk.notify_url", f"http://{server.address}/{{token}}")
    with alerting(made, people(group="dingtalk://0123456789abcdef")):
        monkeypatch.setattr(server, "body", b'{"errcode": 310000, "errmsg": "keywords not in content"}')
        said = made.syncd("alert test", FOUND_SOMETHING)
        assert heard("alert_dropped", said)["error"].startswith("310000")
        monkeypatch.setattr(server, "body", b'{"errcode": 0, "errmsg": "ok"}')
        made.syncd("alert test")
        assert b"syncd" in server.taken[-1].body


@advice("alert_login")
def test_a_mail_server_lets_the_right_password_in(made: Company) -> None:
    with mail_server() as port:
        url = f"mailto://user:wrong@127.0.0.1:{port}?mode=insecure&from=a@b.example&to=c@d.example"
        with alerting(made, people(mail=url)):
            said = made.syncd("alert test", FOUND_SOMETHING)
            heard("alert_login", said)
            assert "wrong" not in said
        with alerting(made, people(mail=url.replace("wrong", "right"))):
            made.syncd("alert test --target mail")


def test_a_daemon_that_halts_says_so_before_it_ends_and_once(made: Company, server: Receiver) -> None:
    """What it tells to do is what ends the halt."""
    with alerting(made, people(ops=f"json://{server.address}/")):
        with instead(made.mapping, "WHERE id = :id", "WHERE id = 0 + :id"):
            for _ in range(2):
                with telling(made):
                    waited(lambda: made.failures)
        assert [failure.code for failure in made.failures] == ["mapping_changed"]
        (taken,) = server.taken
        told = json.loads(taken.body)
        assert "syncd demo" in told["title"]
        assert "`syncd status`" in told["message"]
        heard("mapping_changed", made.syncd("status", FOUND_SOMETHING))
        with telling(made):
            made.register("FA-SC-0007")
            made.until(lambda: state(made, "FA-SC-0007") == "posted")
    assert len(server.taken) == 1


@advice("config_anchor_target")
def test_heads_are_sent_to_a_target_that_there_is(made: Company, server: Receiver) -> None:
    """When they are asked for, and at each close; what was cut off since is found with the text of the message."""
    audit = "audit: {anchor: {to: [auditor], key: k}}\n"
    with alerting(made, audit):
        heard("config_anchor_target", made.syncd("status", WRONG))
    with alerting(made, audit + people(auditor=f"json://{server.address}/")):
        made.syncd("audit anchor")
        made.syncd(f"close {MONTH} --anyway {BY}")
        with telling(made):
            waited(lambda: len(server.taken) >= 2)
        before, at_close = (json.loads(taken.body)["message"] for taken in server.taken[:2])
        message = made.directory / "message.txt"
        message.write_text(f"From: syncd\n\n{before}{at_close}", "utf-8")
        assert made.json(f"audit verify --anchor {message}")["anchored"] == 4
        head = "UPDATE syncd_chain SET (seq, hash) = (SELECT seq, hash FROM "
        made.finance.execute("CREATE TABLE kept AS SELECT * FROM syncd_action")
        made.finance.execute("DELETE FROM syncd_action WHERE seq = (SELECT max(seq) FROM syncd_action)")
        made.finance.execute(head + "syncd_action ORDER BY seq DESC)")
        found = made.json(f"audit verify --anchor {message}", FOUND_SOMETHING)["flaws"]
        assert "audit_anchor_cut" in [flaw["code"] for flaw in found]
        made.finance.execute("DELETE FROM syncd_action")
        made.finance.execute("INSERT INTO syncd_action SELECT * FROM kept")
        made.finance.execute(head + "kept ORDER BY seq DESC)")
        made.syncd(f"audit verify --anchor {message}")


@contextmanager
def mail_server() -> Iterator[int]:
    """It lets in whoever has the password `right`. https://www.rfc-editor.org/rfc/rfc4954"""
    listener = socket.create_server(("127.0.0.1", 0))
    right = "AHVzZXIAcmlnaHQ="  # \0user\0right

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as file:
                file.write(b"220 mail\r\n")
                in_data = False
                for line in file:
                    word = line.split()[0].upper() if line.split() else b""
                    if in_data:
                        in_data = line != b".\r\n"
                        answer = b"" if in_data else b"250 kept"
                    elif word == b"EHLO":
                        answer = b"250-mail\r\n250 AUTH PLAIN"
                    elif word == b"AUTH":
                        answer = b"235 in" if line.split()[-1].decode() == right else b"535 5.7.8 no"
                    elif word == b"DATA":
                        in_data, answer = True, b"354 go on"
                    else:
                        answer = b"221 bye" if word == b"QUIT" else b"250 ok"
                    if answer:
                        file.write(answer + b"\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    listener.close()
