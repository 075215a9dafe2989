"""Brokers that are away, refuse or fail, and an EAM that only its own database can be asked of."""

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest
from kafka.admin import ACLOperation, ResourceType

from connectors.kafka import server
from tests.advice import advice, advised, heard
from tests.advice.doors import listening
from tests.advice.kafka_books import MAPPING, NEEDS_A_PERSON, Books
from tests.servers import Kafka
from tests.servers.process import free_port

Opened = Callable[..., Books]
LATER = 4
RECONCILED = """
reconcile:
  on: asset
  cards: status = 'in_use'
  asset_code: code
  original_value: value
  accumulated_depreciation: "0"
  alert_above: 0
"""


@advice("kafka_away")
def test_brokers_that_are_away(books: Opened, kafka: Kafka) -> None:
    """It is tried again, and goes on by itself; or what names them is put right."""
    port = free_port()
    made = books(bootstrap=f"127.0.0.1:{port}")
    made.say(1, None, 100)
    heard("kafka_away", made.syncd("check", expect=(LATER,)))
    with made.running() as failures, listening(port, kafka.port):
        made.shows({"FA-1": 100}, failures)
    made.setting(bootstrap=kafka.bootstrap)
    made.say(1, 100, 120)
    made.carries({"FA-1": 120})
    assert "!" not in made.check()


@advice("kafka_refused", "kafka_settings_unseen")
def test_a_user_who_may_not_read(books: Opened, kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_TIMEOUT_MS", 2_000)  # so long the client tries, whatever the broker answers
    made = books(
        bootstrap=f"127.0.0.1:{kafka.guarded_port}",
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username="syncd",
        sasl_plain_password="wrong",
    )
    made.say(1, None, 100)
    said = made.syncd("check", expect=(NEEDS_A_PERSON, LATER))  # a busy client hears that the connection ended, no more
    heard("kafka_refused" if "Kafka refuses" in said else "kafka_away", said)
    made.setting(security_protocol="SASL_SSL", ssl_cafile=str(made.directory / "nowhere.pem"))
    heard("kafka_refused", made.check(NEEDS_A_PERSON))
    made.setting(security_protocol="SASL_PLAINTEXT", sasl_plain_password="secret")
    heard("kafka_refused", made.check(NEEDS_A_PERSON))
    kafka.grant(ResourceType.TOPIC, made.topic, ACLOperation.READ, ACLOperation.DESCRIBE)
    heard("kafka_settings_unseen", made.check())
    kafka.grant(ResourceType.TOPIC, made.topic, ACLOperation.DESCRIBE_CONFIGS)
    assert "!" not in made.check()
    heard("kafka_refused", made.halts())
    kafka.grant(ResourceType.GROUP, "syncd-main", ACLOperation.READ)
    made.carries({"FA-1": 100})


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        advised("kafka_bootstrap", "kafka://{}", name="with a scheme"),
        advised("kafka_bootstrap", ":9092", name="without a host"),
        advised("kafka_bootstrap", "", name="empty"),
    ],
)
def test_what_names_no_broker(books: Opened, kafka: Kafka, code: str, wrong: str) -> None:
    made = books(bootstrap=wrong.format(kafka.bootstrap))
    heard(code, made.check(NEEDS_A_PERSON))
    made.setting(bootstrap=kafka.bootstrap)
    made.check()


@advice("kafka_error")
def test_a_broker_with_a_broken_disk(books: Opened, kafka: Kafka) -> None:
    made = books()
    made.say(1, None, 100)
    made.carries({"FA-1": 100})
    made.say(1, 100, 120)
    segment = kafka.segment(made.topic)
    whole = segment.read_bytes()
    with segment.open("r+b") as broken:
        broken.seek(len(whole) - 9)
        broken.write(b"#")
    heard("kafka_error", made.halts())
    with segment.open("r+b") as mended:
        mended.write(whole)
    made.carries({"FA-1": 120})
    assert "!" not in made.check()


@advice("kafka_no_eam")
def test_a_reconciliation_over_a_topic(books: Opened, new_database: Callable[[], str]) -> None:
    made, dsn = books(), new_database()
    mapping = MAPPING.replace("    voucher:", CARD, 1) + RECONCILED
    (made.directory / "mapping.yaml").write_text(mapping, "utf-8")
    made.accept()
    made.say(1, None, 100)
    made.carries({"FA-1": 100})
    heard("kafka_no_eam", made.syncd("reconcile", expect=(NEEDS_A_PERSON,)))
    made.setting(scan_dsn=dsn)
    with closing(psycopg2.connect(dsn)) as eam, eam, eam.cursor() as cursor:
        cursor.execute(
            "CREATE SCHEMA eam; CREATE TABLE eam.asset (id INT PRIMARY KEY, code TEXT, value NUMERIC(18, 2),"
            " seen TIMESTAMP, on_ DATE); INSERT INTO eam.asset VALUES (1, 'FA-1', 100, NULL, '2026-02-02')"
        )
    made.syncd("reconcile")


CARD = """    card: {asset_code: after.code, name: after.code, original_value: after.value,
           accumulated_depreciation: "0", status: "'in_use'"}
    voucher:"""
