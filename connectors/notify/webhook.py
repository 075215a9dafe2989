"""A webhook of one's own: JSON by POST, with the delivery's key, and signed where there is a secret.

    Idempotency-Key: main/anchor/…
    X-Syncd-Signature: sha256=HEX        HMAC-SHA256 of the body as it was sent

Whoever receives it answers 2xx once it is kept, and does no more with a key that it has seen.
"""

import http.client
import json
import ssl
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hmac import digest
from typing import Final
from urllib.parse import urlsplit

from connectors.notify.status import by_status
from syncd.delivery import DONE, Asked, Delivery, Sent

SECONDS_MAX: Final = 20.0
RETRY_SECONDS_MAX: Final = 3600.0
ANSWER_BYTES_MAX: Final = 65_536


class Webhook:
    """A `ports.Relay` to one address, which may be a secret as a whole. `key` signs."""

    def __init__(self, address: str, key: str) -> None:
        self._address, self._key = address, key

    def send(self, delivery: Delivery) -> Sent:
        target = {"target": delivery.target}
        told = {"key": f"{delivery.pipeline}/{delivery.key}", "pipeline": delivery.pipeline, **delivery.body}
        body = json.dumps(told, ensure_ascii=False).encode()
        url = urlsplit(self._address)
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": _ascii(told["key"])}
        if self._key:
            headers["X-Syncd-Signature"] = f"sha256={digest(self._key.encode(), body, 'sha256').hex()}"
        try:
            connection = _connection(url.scheme, url.hostname or "", url.port)
        except ValueError:
            return Sent("refused", "alert_address", target)
        with closing(connection):
            try:
                connection.connect()
            except OSError:
                return Sent("lost", "alert_unreachable", target)
            try:
                path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                answer.read(ANSWER_BYTES_MAX)
            except (OSError, http.client.HTTPException):
                return Sent("unknown", "alert_unanswered", target)
        if 200 <= answer.status < 300:
            return DONE
        return by_status(answer.status, delivery.target, _wait_s(answer.headers.get("Retry-After")))

    def ask(self, delivery: Delivery) -> Asked:
        return "unasked"

    def close(self) -> None:
        pass


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if not host or scheme not in ("http", "https"):
        raise ValueError(scheme)
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=SECONDS_MAX)
    return http.client.HTTPSConnection(host, port, timeout=SECONDS_MAX, context=ssl.create_default_context())


def _ascii(key: str) -> str:
    """A header holds no other letters."""
    return key.encode("ascii", "backslashreplace").decode()


def _wait_s(said: str | None) -> float:
    """What a server asks for, https://www.rfc-editor.org/rfc/rfc9110#field.retry-after; 0 where it asks nothing."""
    if said is None:
        return 0.0
    if said.isdecimal():
        return min(float(said), RETRY_SECONDS_MAX)
    try:
        return min(max((parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds(), 0.0), RETRY_SECONDS_MAX)
    except (ValueError, TypeError):
        return 0.0
