"""The brokers: connections, what they know of topics, and their errors as ours."""

import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, NamedTuple

import kafka
from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType

from syncd.errors import Fault, Gap, Halt, Transient

REQUEST_TIMEOUT_MS: Final = 10_000
KNOCK_TIMEOUT_S: Final = 5.0
PORT: Final = 9092
_PORT: Final = re.compile(r":\d+$")
_NONE: Final = (errors.UnknownTopicOrPartitionError.errno, errors.InvalidTopicError.errno)
"""There is no such topic, or none can have such a name."""
_UNTRUSTED: Final = "CERTIFICATE_VERIFY_FAILED"
"""How a certificate that is not trusted is told, in a connection that failed."""
_REFUSED: Final = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.KafkaConfigurationError,
    errors.UnsupportedVersionError,
    errors.UnsupportedCodecError,
)


@dataclass(frozen=True)
class Access:
    """How the brokers are reached; most names are kafka-python's."""

    bootstrap: str
    """Brokers to ask first, `kafka-1:9092,kafka-2:9092`."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    sasl_mechanism: str = ""
    """PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or GSSAPI."""
    sasl_plain_username: str = ""
    """User of PLAIN and SCRAM."""
    sasl_plain_password: str = ""
    """Password of PLAIN and SCRAM."""
    ssl_cafile: str = ""
    """File of the authorities that the brokers' certificates are checked against."""
    ssl_certfile: str = ""
    """File of the client's certificate."""
    ssl_keyfile: str = ""
    """File of the client's private key."""
    ssl_password: str = ""
    """Password of that key."""


class Topic(NamedTuple):
    """A topic: its id and how many partitions it has."""

    name: str
    id: str
    partitions: int


class Server:
    """The brokers, asked about topics. It connects when it is first used."""

    def __init__(self, access: Access, client: str) -> None:
        self._options = options(access, client)
        self._admin: Any = None

    def cluster_id(self) -> str:
        """The id of the cluster."""
        with guarded():
            return str(self._open().describe_cluster()["cluster_id"])

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """Those of the topics that there are."""
        with guarded():
            described = self._open().describe_topics(list(names))
        found = {}
        for topic in described:
            if topic["error_code"] == 0:
                found[topic["name"]] = Topic(topic["name"], str(topic["topic_id"]), len(topic["partitions"]))
            elif topic["error_code"] not in _NONE:
                with guarded():
                    raise errors.for_code(topic["error_code"])(topic["name"])
        return found

    def settings(self, topics: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
        """The settings of the topics, by topic; without those of which the brokers do not tell them."""
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
        with guarded():
            described = self._open().describe_configs(asked, config_filter="all").get("topic", {}) if asked else {}
        return {
            topic: {name: str(entry["value"]) for name, entry in entries.items()}
            for topic, entries in described.items()
            if entries
        }

    def close(self) -> None:
        """Let go of the connection."""
        if self._admin is not None:
            self._admin.close()
        self._admin = None

    def _open(self) -> Any:
        if self._admin is None:
            knock(self._options)
            with _hearing(self._options):
                self._admin = kafka.KafkaAdminClient(**self._options)
        return self._admin


def consumer(access: Access, client: str, **settings: object) -> Any:
    """A consumer that reads what is committed, and skips nothing by itself."""
    own = options(access, client)
    with guarded(), _hearing(own):
        knock(own)
        return kafka.KafkaConsumer(
            **own,
            metrics_enabled=False,
            auto_offset_reset="none",
            enable_auto_commit=False,
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            **settings,
        )


def options(access: Access, client: str) -> dict[str, object]:
    """kafka-python's settings; what is not given is left to it."""
    given = {field.name: getattr(access, field.name) for field in fields(Access) if field.name != "bootstrap"}
    given["bootstrap_servers"] = access.bootstrap.replace(" ", "").split(",")
    return {name: value for name, value in given.items() if value} | {
        "client_id": client,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "bootstrap_timeout_ms": REQUEST_TIMEOUT_MS,
        "reconnect_backoff_max_ms": 1_000,
    }


def knock(own: Mapping[str, Any]) -> None:
    """Whether any broker takes connections. The client leaves a thread behind wherever it finds none."""
    refusal: OSError | None = None
    for address in own["bootstrap_servers"]:
        host, _, port = address.rpartition(":") if _PORT.search(address) else (address, "", PORT)
        if not host or "/" in host:
            raise Halt("kafka_bootstrap", address=address)
        try:
            socket.create_connection((host.strip("[]"), int(port)), KNOCK_TIMEOUT_S).close()
            return
        except OSError as error:
            refusal = error
    raise Transient("kafka_away", error=refusal)


@contextmanager
def _hearing(own: Mapping[str, Any]) -> Iterator[None]:
    """Why a client could not begin. It tries again until its time is over, whatever the brokers answer, and tells the
    answer to its log alone: the log of all clients, told apart by the threads that they do it in."""
    reasons: list[Exception] = []
    threads = threading.current_thread().name, f"kafka-io-{own['client_id']}"

    def hear(record: logging.LogRecord) -> bool:
        said = record.args if isinstance(record.args, tuple) and record.threadName in threads else ()
        reasons.extend(one for one in said if isinstance(one, Exception))
        return True

    log = logging.getLogger("kafka.net.manager")
    log.addFilter(hear)
    try:
        yield
    except errors.KafkaTimeoutError:
        reasons = [reason for reason in reasons if not isinstance(reason, errors.KafkaTimeoutError)]
        for reason in filter(_is_refusal, reasons):
            raise Halt("kafka_refused", error=_said(reason)) from reason
        if reasons:
            raise Transient("kafka_away", error=_said(reasons[-1])) from reasons[-1]
        raise
    finally:
        log.removeFilter(hear)


def _is_refusal(reason: Exception) -> bool:
    """What does not pass by itself: brokers that refuse, certificates that are not trusted, files that are not read."""
    own = (*_REFUSED, ssl.SSLError, FileNotFoundError, PermissionError)
    return isinstance(reason, own) or _UNTRUSTED in str(reason)


@contextmanager
def guarded() -> Iterator[None]:
    """The client's errors as faults."""
    try:
        yield
    except errors.KafkaError as error:
        raise fault(error) from error
    except OSError as error:
        raise Transient("kafka_away", error=error) from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def fault(error: Exception) -> Fault:
    """What an error of the client means. What may pass by itself is what the client calls retriable."""
    said = _said(error)
    if isinstance(error, errors.OffsetOutOfRangeError | errors.LogTruncationError):
        return Gap("kafka_out_of_range", error=said)
    if isinstance(error, _REFUSED):
        return Halt("kafka_refused", error=said)
    if isinstance(error, errors.RetriableError | errors.BrokerNotAvailableError):
        return Transient("kafka_away", error=said)
    return Halt("kafka_error", error=said)
