"""Messages in Avro, and the registry that has their schemas: what is wrong with them, and the way back."""

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from fastavro import parse_schema, schemaless_writer

from tests.advice import advice, advised, heard
from tests.advice.doors import guarding, listening
from tests.advice.kafka_books import NEEDS_A_PERSON, Books, row
from tests.advice.kafka_odd import Mended, put_right
from tests.servers import Kafka, Registry
from tests.servers.process import free_port
from tests.unit.test_avro import as_avro, as_binary, whole_schema
from tests.unit.test_debezium import MY, schema
from tests.unit.test_debezium import envelope as described

Opened = Callable[..., Books]
LATER: Final = 4
FIELDS: Final = {
    "id": schema("int32"),
    "code": schema("string"),
    "value": schema("string"),
    "on_": schema("int32", "io.debezium.time.Date"),
}
AS_JSON: Final = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}
SHARED: Final = {"type": "record", "name": "Shared", "fields": []}
PARTS: Final = {"type": "record", "name": "Parts", "connect.name": "Parts", "fields": [{"name": "a", "type": "Shared"}]}
NAMELESS: Final = {"type": "record", "name": "Envelope", "fields": [{"name": "id", "type": "int"}]}


def register(registry: Registry, subject: str, said: Any, **more: object) -> int:
    """The number under which a schema is kept from now on."""
    body = json.dumps({"schema": json.dumps(said), **more}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{registry.url}/subjects/{subject}/versions", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(json.load(answer)["id"])


def shared(registry: Registry) -> dict[str, object]:
    """A schema for others to refer to."""
    register(registry, "shared", SHARED)
    return {"name": "Shared", "subject": "shared", "version": 1}


def parts(number: int) -> tuple[Any, Any, Any]:
    """What MySQL's connector says of a new asset: the schema of Kafka Connect, the same in Avro, and the payload."""
    said = {name: value for name, value in row(number, 100).items() if name in FIELDS}
    message = json.loads(described(MY | {"row": number}, said, fields=FIELDS))
    whole = whole_schema(message)
    return whole, as_avro(whole, set()), message["payload"]


def ahead(number: int) -> bytes:
    return b"\0" + number.to_bytes(4, "big")


def body(number: int) -> bytes:
    whole, schema_, payload = parts(number)
    written = BytesIO()
    schemaless_writer(written, parse_schema(schema_), as_binary(whole, payload))
    return written.getvalue()


def avro(registry: Registry, number: int) -> bytes:
    """The message as the Avro converter writes it."""
    return ahead(register(registry, "asset", parts(number)[1])) + body(number)


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, registry: Registry) -> Iterator[Mended]:
    known = avro(registry, 1)
    odd: Mapping[str, Callable[[int], bytes | None]] = {
        "avro_not_confluent": lambda number: b"\0\0\0\0" + known,
        "avro_unreadable": lambda number: known[:-3],
    }
    with closing(Books(tmp_path_factory.mktemp("odd"), kafka, registry=registry.url)) as books:
        yield put_right(books, odd)


@pytest.mark.parametrize("code", [advised("avro_not_confluent"), advised("avro_unreadable")])
def test_a_message_that_nobody_understands(mended: Mended, code: str) -> None:
    heard(code, mended.found)
    with pytest.raises(AssertionError):
        heard(code, mended.found_after)


@pytest.mark.parametrize(
    ("code", "wrong", "exit_code"),
    [
        advised("avro_no_registry", None, 1),
        advised("registry_url", "registry:8081", NEEDS_A_PERSON),
        advised("registry_odd", "http://127.0.0.1:{port}/apis/ccompat/v0", NEEDS_A_PERSON),
        advised("registry_odd", "http://127.0.0.1:{port}", NEEDS_A_PERSON, name="without the path of Apicurio's"),
    ],
)
def test_an_address_that_is_wrong(
    books: Opened, registry: Registry, code: str, wrong: str | None, exit_code: int
) -> None:
    made = books(registry=wrong and wrong.format(port=registry.port))
    made.send(avro(registry, 1))
    heard(code, made.check(exit_code))
    made.setting(registry=registry.url)
    assert code not in made.findings()
    made.carries({"FA-1": 100})


@advice("registry_away")
def test_a_registry_that_is_away(books: Opened, registry: Registry) -> None:
    """It is tried again, and goes on by itself; or its address is put right."""
    port = free_port()
    made = books(registry=registry.url.replace(str(registry.port), str(port)))
    made.send(avro(registry, 1))
    heard("registry_away", made.check(LATER))
    with made.running() as failures, listening(port, registry.port):
        made.shows({"FA-1": 100}, failures)
    made.setting(registry=registry.url)
    made.send(avro(registry, 2))
    made.carries({"FA-1": 100, "FA-2": 100})


@advice("registry_refused", "registry_url")
def test_a_registry_that_asks_who_comes(books: Opened, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    with guarding(registry.port, "user:p@ss/word") as port:
        path = f"@127.0.0.1:{port}/apis/ccompat/v7"
        made = books(registry=f"http://127.0.0.1:{port}/apis/ccompat/v7")
        made.send(avro(registry, 1))
        heard("registry_refused", made.check(NEEDS_A_PERSON))
        made.setting(registry="http://user:p#ss" + path)
        heard("registry_url", made.check(NEEDS_A_PERSON))
        monkeypatch.setenv("REGISTRY_PASSWORD", "p%40ss%2Fword")
        made.setting(registry="http://user:${REGISTRY_PASSWORD}" + path)
        made.check()
        made.carries({"FA-1": 100})


@advice("registry_certificate", "registry_cafile")
def test_a_registry_with_a_certificate_of_its_own(books: Opened, registry: Registry, tmp_path: Path) -> None:
    certificate, own = tmp_path / "authority.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-out", str(certificate), "-keyout", str(own)], check=True, capture_output=True)
    whole = tmp_path / "whole.pem"
    whole.write_text(certificate.read_text() + own.read_text())
    with guarding(registry.port, certificate=str(whole)) as port:
        made = books(registry=f"https://127.0.0.1:{port}/apis/ccompat/v7")
        made.send(avro(registry, 1))
        heard("registry_certificate", made.check(NEEDS_A_PERSON))
        for wrong in (tmp_path / "nowhere.pem", made.config):
            made.setting(registry_cafile=str(wrong))
            heard("registry_cafile", made.check(NEEDS_A_PERSON))
        made.setting(registry_cafile=str(certificate))
        made.check()
        made.carries({"FA-1": 100})


@advice("registry_no_schema")
def test_a_schema_that_is_not_there_yet(books: Opened, registry: Registry) -> None:
    """The converter wrote to another registry; here it is the one to come."""
    made = books(registry=registry.url)
    number = register(registry, "other", {"type": "record", "name": made.topic.replace("-", "_"), "fields": []}) + 1
    made.send(ahead(number) + body(1))
    heard("registry_no_schema", made.check(1))
    heard("registry_no_schema", made.halts())
    assert register(registry, "asset", parts(1)[1] | {"doc": made.topic}) == number
    made.carries({"FA-1": 100})


@pytest.mark.parametrize(
    ("code", "said"),
    [
        advised("avro_unnamed", lambda registry: ahead(register(registry, "nameless", NAMELESS)) + b"\x02"),
        advised("registry_no_schema", lambda registry: ahead(999_999) + body(1)),
        advised(
            "registry_not_avro",
            lambda registry: ahead(register(registry, "json", AS_JSON, schemaType="JSON")) + b"{}",
        ),
        advised(
            "registry_not_avro",
            lambda registry: ahead(register(registry, "parts", PARTS, references=[shared(registry)])) + b"\x02",
            name="a schema in parts",
        ),
    ],
)
def test_a_schema_that_does_not_tell(
    books: Opened, registry: Registry, code: str, said: Callable[[Registry], bytes]
) -> None:
    made = books(registry=registry.url)
    made.send(said(registry))
    heard(code, made.check(1))
    heard(code, made.halts())
    made.make_anew()
    made.send(avro(registry, 1))
    made.carries({"FA-1": 100})
    assert code not in made.findings()
