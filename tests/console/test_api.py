"""The JSON API: the same rights as the pages, each write once however often it is sent, every error in one shape."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from syncd.console import app
from syncd.desk.access import accounts, rights, tokens
from tests.advice import advice
from tests.console.site import BY, NAME, PASSWORD, Site

NOW: Final = datetime.now(UTC)
AT: Final = {"pipeline": NAME}


class Api:
    """The API as one account calls it."""

    def __init__(self, client: TestClient, token: str) -> None:
        self._client, self._token = client, token
        self._sent = 0

    def get(self, path: str, **params: object) -> httpx.Response:
        return self.send("GET", path, params=AT | params)

    def post(self, path: str, key: str = "", **body: object) -> httpx.Response:
        self._sent += 1
        headers = {"idempotency-key": key or f"key-{self._sent}"}
        return self.send("POST", path, params=AT, json={"reason": "asked"} | body, headers=headers)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        more["headers"] = {"authorization": f"Bearer {self._token}"} | more.get("headers", {})
        return self._client.request(method, f"/api/v1{path}", **more)


def token(site: Site, name: str, role: str, *scope: rights.Action) -> str:
    """Of an account that is opened for it where there is none."""
    with closing(site.pipeline.open_accounts()) as ledger:
        if accounts.find(ledger, name) is None:
            ledger.execute([(accounts.SQL["open"], (name, "", f'["{role}"]', NOW.isoformat()))])
        return tokens.add(ledger, name, scope or rights.ACTIONS, datetime.now(UTC) + timedelta(days=1), BY, NOW)


@pytest.fixture
def api(client: TestClient, site: Site) -> Api:
    return Api(client, token(site, "小王", "support"))


def code(answer: httpx.Response) -> tuple[int, str]:
    """What was refused; every refusal has a message and a hint in both languages."""
    said = answer.json()
    assert {*said} == {"code", "message", "hint"}
    assert all(said[part][language] for part in ("message", "hint") for language in ("zh", "en")), said
    return answer.status_code, said["code"]


def deeds(site: Site) -> list[tuple[object, ...]]:
    return site.ask("SELECT actor, action, reason FROM syncd.action WHERE target = 'parked/1' ORDER BY seq")


def test_a_machine_finds_a_parked_row_corrects_it_and_it_is_posted(api: Api, site: Site) -> None:
    """Invariant 10: what the preview shows is what is made; who and why stands in the chain."""
    (standing,) = api.send("GET", "/pipelines").json()["items"]
    assert (standing["pipeline"], standing["parked"]) == (NAME, {"failed": 1})
    (group,) = api.get("/parked/groups").json()["items"]
    (row,) = api.get("/parked", code=group["code"]).json()["items"]
    assert row["reason"]["hint"]["zh"]
    preview = api.post("/parked/1/preview", values={"dept": "SC"}).json()["preview"]
    assert (preview["debit"], preview["rejection"]) == ("120000.00", None)
    edited = api.post("/parked/1/edit", values={"dept": "SC"}, version=row["version"])
    assert edited.json()["request"] == "retry"
    assert code(api.post("/parked/1/retry", version=row["version"])) == (409, "parked_changed")
    site.carry()
    assert api.get("/parked/1").json()["state"] == "posted"
    assert api.get("/trace", of="FA-1").json()["lives"]
    (posting,) = api.get("/postings", subject="FA-1", amount="120000.00").json()["items"]
    assert (posting["rule"], posting["debit"]) == ("registration", "120000.00")
    assert deeds(site) == [("小王", "edit", "asked")]


@advice("api_key_reused", "api_in_hand")
def test_what_is_sent_twice_is_done_once_and_answered_alike(api: Api, site: Site) -> None:
    first, again = (api.post("/parked/1/retry", key="one") for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert len(deeds(site)) == 1
    assert code(api.post("/parked/1/retry", key="one", reason="another")) == (422, "api_key_reused")
    with closing(site.pipeline.open_accounts()) as ledger:
        ledger.execute([("UPDATE syncd.answered SET status = 0", ())])
    assert code(api.post("/parked/1/retry", key="one")) == (409, "api_in_hand")
    assert api.post("/parked/1/retry", key="two").status_code == 200, "as the hint says"


def test_a_refusal_is_not_kept(api: Api, site: Site) -> None:
    assert code(api.post("/parked/1/edit", key="k", values={"dept": "SC"}, reason=" ")) == (400, "desk_who_and_why")
    assert api.post("/parked/1/edit", key="k", values={"dept": "SC"}).status_code == 200


@advice("edit_key", "api_invalid", "api_nowhere")
def test_what_is_wrong_is_said_in_one_shape(api: Api) -> None:
    assert code(api.post("/parked/1/edit", values={"code": "FA-9", "dept": "SC"})) == (400, "edit_key")
    assert api.post("/parked/1/edit", values={"dept": "SC"}).status_code == 200
    assert code(api.get("/parked", limit=0)) == (422, "api_invalid")
    assert code(api.send("POST", "/parked/1/retry", params=AT, json={"reason": "x"})) == (422, "api_invalid")
    for torn in (b"{", b'{"reason": "\xff"}'):
        assert code(api.send("POST", "/parked/1/preview", params=AT, content=torn)) == (422, "api_invalid")
    assert code(api.get("/nothing")) == (404, "api_nowhere")
    assert code(api.send("DELETE", "/parked")) == (405, "api_nowhere")
    assert code(api.send("GET", "/parked", params={"pipeline": "other"})) == (404, "page_no_pipeline")
    assert code(api.get("/parked/99")) == (404, "parked_no_row")
    described = api.send("GET", "/openapi.json").json()["paths"]
    assert "/parked" in described


def test_pages_go_on_by_a_cursor(api: Api, site: Site) -> None:
    for number in range(2, 6):
        site.asset(f"FA-{number}", dept="NONE")
    site.carry()
    found, after = list[int](), 0
    while after is not None:
        page = api.get("/parked", after=after, limit=2).json()
        found += [row["id"] for row in page["items"]]
        after = page["next"]
    assert found == [1, 2, 3, 4, 5]


def test_a_retry_of_many_is_counted_and_its_progress_told(api: Api, site: Site) -> None:
    site.asset("FA-2", dept="NONE")
    site.carry()
    (group,) = api.get("/parked/groups").json()["items"]
    many = {"name": "departments", "rows": group["rows"], "last": group["last_id"], "code": group["code"]}
    begun = api.post("/bulk", **many).json()
    assert begun["rows"] == 2
    far = api.get(f"/bulk/{begun['number']}").json()
    assert (far["asked"], far["bulk"]["actor"]) == (2, "小王")
    assert code(api.post("/bulk", **many | {"code": ""})) == (400, "parked_which")


def test_who_may_what_is_the_table_of_rights(client: TestClient, site: Site) -> None:
    """Role × call: a call is refused exactly where the table says so."""
    calls: dict[rights.Action, tuple[str, dict[str, object]]] = {
        "mend": ("/parked/1/retry", {}),
        "discard": ("/parked/1/discard", {}),
        "approve": ("/parked/1/approve", {"role": "finance"}),
        "reconcile": ("/reconciliation/runs", {}),
        "accept_difference": ("/reconciliation/accept", {"difference": "1/1"}),
    }
    for role in rights.ROLES:
        caller = Api(client, token(site, role, role))
        assert caller.get("/parked").status_code == 200
        for action, (path, body) in calls.items():
            given = rights.giving(action, ("finance",) if action == "approve" else ())
            answer = caller.post(path, **body)
            is_refused = answer.status_code == 403
            assert is_refused is not (role in given and role != "auditor"), (role, path, answer.text)


def test_a_token_is_good_within_its_scope_and_an_account_where_it_is_let(client: TestClient, site: Site) -> None:
    looking = Api(client, token(site, "小王", "support", "look"))
    assert looking.get("/parked").status_code == 200
    assert code(looking.post("/parked/1/retry")) == (403, "right_scope")
    everything = Api(client, token(site, "小王", "support"))
    with closing(site.pipeline.open_accounts()) as ledger:
        accounts.limit(ledger, "小王", ["other"], [], BY)
    assert everything.send("GET", "/pipelines").json() == {"items": []}
    for answer in (everything.get("/parked"), everything.get("/parked/1"), everything.post("/parked/1/retry")):
        assert code(answer) == (403, "right_elsewhere")
    assert deeds(site) == []


@advice("api_signed_out")
def test_nobody_and_whoever_sends_a_wrong_token_sees_nothing(client: TestClient, site: Site) -> None:
    assert code(client.get("/api/v1/parked", params=AT)) == (401, "api_signed_out")
    for wrong in ("", "syncd_00000000_x", "syncd_", "a" * 5_000):
        answer = Api(client, wrong).get("/parked")
        assert answer.status_code == 401
        assert code(answer)[1] in ("token_refused", "api_signed_out")
    assert Api(client, token(site, "bot", "viewer", "look")).get("/parked").status_code == 200


def test_a_session_writes_from_its_own_pages_alone(client: TestClient, site: Site) -> None:
    """A page of another site can send the cookie and cannot know the form; a browser says where a request is from."""
    client.post("/sign-in", data={"name": "小王", "password": PASSWORD})
    send: dict[str, Any] = {"params": AT, "json": {"reason": "x"}, "headers": {"idempotency-key": "k"}}
    assert code(client.post("/api/v1/parked/1/retry", **send)) == (403, "page_form_stale")
    send["headers"]["x-form-token"] = client.get("/api/v1/me").json()["form"]
    foreign = send | {"headers": send["headers"] | {"sec-fetch-site": "cross-site"}}
    assert client.post("/api/v1/parked/1/retry", **foreign).status_code == 403
    assert deeds(site) == []
    assert client.post("/api/v1/parked/1/retry", **send).status_code == 200
    with closing(site.pipeline.open_accounts()) as ledger:
        ledger.execute([("UPDATE syncd.session SET seen_at = '2026-01-01T00:00:00.000000+00:00'", ())])
    assert code(client.get("/api/v1/me")) == (401, "api_signed_out")


def test_health_is_told_apart_from_readiness(client: TestClient, site: Site) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    (site.folder / "finance.db").rename(site.folder / "away.db")
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    (site.folder / "away.db").rename(site.folder / "finance.db")


@pytest.fixture
def everything(site: Site) -> Iterator[Api]:
    with TestClient(app.create(site.config), raise_server_exceptions=False) as client:
        yield Api(client, token(site, "root", '","'.join(rights.ROLES[:5])))


@settings(
    max_examples=40, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_nothing_that_is_sent_is_an_error_of_ours(everything: Api, data: st.DataObject) -> None:
    """Whatever the description allows, and much that it does not: an answer, or a refusal in the one shape."""
    described = everything.send("GET", "/openapi.json").json()
    calls = [(path, method) for path, methods in described["paths"].items() for method in methods]
    path, method = data.draw(st.sampled_from(sorted(calls)))
    call = described["paths"][path][method]
    params, headers = dict[str, str](), {"idempotency-key": data.draw(st.uuids().map(str))}
    for one in call.get("parameters", ()):
        value = data.draw(_value(one["schema"], described), label=one["name"])
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", quote(str(value), safe=""))
        elif one["in"] == "query":
            params[one["name"]] = NAME if one["name"] == "pipeline" and data.draw(st.booleans()) else str(value)
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    sent = {} if body is None else {"json": data.draw(_value(body, described), label="body")}
    answer = everything.send(method.upper(), path, params=params, headers=headers, **sent)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        code(answer)


_ODD: Final = st.one_of(
    st.text(max_size=8), st.integers(), st.none(), st.just("x\x00y"), st.sampled_from(["1/1", NAME])
)


def _value(schema: dict[str, Any], described: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a schema asks for, and now and then something else."""
    return st.one_of(_meant(schema, described), _meant(schema, described), _ODD)


def _meant(schema: dict[str, Any], described: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _meant(described["components"]["schemas"][schema["$ref"].rpartition("/")[2]], described)
    if "anyOf" in schema:
        return st.one_of(*(_meant(one, described) for one in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "integer":
            return st.one_of(st.sampled_from([1, 2, 99, (1 << 63) - 1]), st.integers())
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "object" if "properties" in schema:
            fields = {name: _value(one, described) for name, one in schema["properties"].items()}
            needed = {name: fields[name] for name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional={n: f for n, f in fields.items() if n not in needed})
        case "object":
            return st.dictionaries(st.sampled_from(["dept", "name", "value", "code", "x"]), _ODD, max_size=3)
        case _:
            return st.sampled_from(["", "2026-02", "2026-13", "FA-1", "finance", "failed", "记", "1/1", "'; --"])
