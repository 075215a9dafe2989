"""People and webhooks over a real connection: five outcomes, and no secret in any of them."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from hmac import digest
from importlib import import_module
from typing import Any

import pytest

from connectors.answer import postgres
from connectors.notify.notifications import Notifications, failed
from connectors.notify.webhook import Webhook
from syncd.delivery import Answer as Statement
from syncd.delivery import Delivery, Result
from syncd.ports import Relay
from tests.servers.receiver import Answer, Receiver, receiver

TOKEN = "t0ken-that-nobody-sees"
KEY = "0123456789abcdef"
NOW = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def told(target: str, kind: str = "alert", **body: Any) -> Delivery:
    said = {"level": "failure", "title": "syncd 请处理", "text": "Connection refused, error=429\n看一看", **body}
    return Delivery("main", 7, "anchor/1", kind, target, "s", said, NOW, "waiting", 0, NOW, "", {}, None)


def relays(address: str) -> dict[str, Relay]:
    return {
        "people": Notifications({"people": f"json://user:{TOKEN}@{address}/{TOKEN}?+X-Token={TOKEN}"}),
        "webhook": Webhook(f"http://{address}/in?token={TOKEN}", TOKEN),
    }


OUTCOMES: list[tuple[Answer, Result, str]] = [
    (200, "done", ""),
    (401, "refused", "alert_status"),
    (404, "refused", "alert_status"),
    (429, "throttled", "alert_status"),
    (503, "throttled", "alert_status"),
    ("drop", "unknown", "alert_unanswered"),
]


@pytest.mark.parametrize("way", ["people", "webhook"])
@pytest.mark.parametrize(("answer", "result", "code"), OUTCOMES)
def test_what_comes_back_is_one_of_five(
    server: Receiver, way: str, answer: Answer, result: Result, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the message itself says is no answer, and nothing that comes out holds the token."""
    server.answers = [answer]
    sent = relays(server.address)[way].send(told(way))
    assert (sent.result, sent.code) == (result, code)
    assert sent.params.get("status", str(answer)) == str(answer)
    assert TOKEN not in f"{sent}{''.join(capfd.readouterr())}"
    assert server.address not in str(sent)


@pytest.mark.parametrize("way", ["people", "webhook"])
def test_where_nobody_listens_nothing_was_sent(way: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        sent = relays(f"127.0.0.1:{free.getsockname()[1]}")[way].send(told(way))
    assert (sent.result, sent.code) == ("lost", "alert_unreachable")


def test_a_webhook_is_signed_and_carries_the_key_of_the_delivery(server: Receiver) -> None:
    server.taken.clear()
    Webhook(f"http://{server.address}/in?a=1", TOKEN).send(told("audit.webhook", "anchor", heads=[{"seq": 1}]))
    ((path, headers, body),) = server.taken
    assert path == "/in?a=1"
    assert headers["Idempotency-Key"] == "main/anchor/1" == json.loads(body)["key"]
    assert headers["X-Syncd-Signature"] == f"sha256={digest(TOKEN.encode(), body, 'sha256').hex()}"
    assert json.loads(body)["heads"] == [{"seq": 1}]


@pytest.mark.parametrize(("said", "waits_s"), [("7", 7.0), ("999999", 3600.0), ("soon", 60.0)])
def test_a_server_that_asks_to_be_left_alone_is(server: Receiver, said: str, waits_s: float) -> None:
    server.answers, server.headers = [429], {"Retry-After": said}
    sent = Webhook(f"http://{server.address}/", "").send(told("audit.webhook"))
    server.headers = {}
    assert sent.wait_s == waits_s


def test_an_address_that_is_none_is_refused() -> None:
    assert Notifications({"a": "nothing at all"}).send(told("a")).code == "alert_address"
    assert Webhook("ftp://somewhere/", "").send(told("audit.webhook")).code == "alert_address"
    assert Notifications({}).send(told("gone")).code == "delivery_no_target"


def test_a_mail_server_that_refuses_the_login_is_not_asked_again() -> None:
    """As the library says it."""
    said = "Connection error while submitting email to \"mail\"\nSocket Exception: (535, b'5.7.8 no')"
    assert failed(said, "mail").code == "alert_login"
    assert failed("Socket Exception: [Errno 111] Connection refused", "mail").result == "lost"
    assert failed("Socket Exception: timed out", "mail").result == "unknown"


@pytest.mark.parametrize(
    ("dsn", "secret"),
    [
        ("postgresql://syncd:pa%ssw0rdX@127.0.0.1:1/eam", "ssw0rdX"),
        ("host=127.0.0.1 port=1 password=ab Top$ecret2 user=x", "Top$ecret2"),
        ("postgresql://syncd:Geheim/2@127.0.0.1:1/eam", "Geheim"),
    ],
)
def test_an_address_of_the_eam_that_cannot_be_read_is_not_repeated(dsn: str, secret: str) -> None:
    """The driver quotes the part of the password that it stumbles over; neither a check nor a delivery tells it."""
    settings = postgres.Settings(dsn)
    answers = {"asset": Statement("asset", frozenset({"posted"}), "UPDATE a SET b = :state WHERE id = :id", "", {})}
    (finding,) = postgres.check(settings, answers)
    sent = postgres.connect(settings, answers).send(told("asset", "answer", op="update", row={}))
    assert (finding.code, sent.code) == ("answer_no_connection", "answer_no_connection")
    assert secret not in f"{finding}{sent}"


DROPPED = [
    ({"errcode": 0, "errmsg": "ok"}, "done"),
    ({"errcode": 310000, "errmsg": "keywords not in content"}, "refused"),
    ({"errcode": 93000, "errmsg": f"invalid webhook url {KEY}"}, "refused"),
    ({"errcode": 45009, "errmsg": "api freq out of limit"}, "throttled"),
    ({"errcode": 130101, "errmsg": "send too fast"}, "throttled"),
    ({"code": 19024, "msg": "Key Words Not Found", "data": {}}, "refused"),
    ({"code": 0, "msg": "success"}, "done"),
]


@pytest.mark.parametrize(("body", "result"), DROPPED)
@pytest.mark.parametrize("robot", ["dingtalk", "wecombot", "feishu"])
def test_a_robot_that_drops_a_message_with_status_200_has_not_taken_it(
    server: Receiver, robot: str, body: dict[str, Any], result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing lost in silence: what the body says counts, and not the status; a token that it repeats is not told."""
    monkeypatch.setattr(server, "body", json.dumps(body).encode())
    to_receiver(monkeypatch, server)
    sent = Notifications({"group": f"{robot}://{KEY}"}).send(told("group"))
    assert sent.result == result
    if result != "done":
        assert sent.params["error"] == str(body.get("errcode", body.get("code")))
        assert KEY not in str(sent)


def to_receiver(monkeypatch: pytest.MonkeyPatch, server: Receiver) -> None:
    """The library's robots are asked here."""
    for name, robot, part in (
        ("dingtalk", "NotifyDingTalk", "token"),
        ("wecombot", "NotifyWeComBot", "key"),
        ("feishu", "NotifyFeishu", "token"),
    ):
        module = import_module(f"apprise.plugins.{name}")
        monkeypatch.setattr(getattr(module, robot), "notify_url", f"http://{server.address}/{{{part}}}")
        monkeypatch.setattr(getattr(module, robot), "request_rate_per_sec", 0)
