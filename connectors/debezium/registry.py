"""Schemas by their numbers, from a registry with the interface of Confluent's: `GET /schemas/ids/7`.

Confluent's, Apicurio's (`/apis/ccompat/v7`), Karapace's and Redpanda's have it.
"""

import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import orjson

from syncd.errors import Halt, Transient

ANSWER_TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 16_000_000
_PASSING: Final = frozenset({408, 425, 429})
_ACCEPT: Final = "application/vnd.schemaregistry.v1+json, application/json"


@dataclass(frozen=True)
class Registry:
    """A registry at an address without credentials; `headers` carry them."""

    url: str
    headers: Mapping[str, str]
    context: ssl.SSLContext | None

    def schema(self, number: int) -> Any:
        """The Avro schema of a number. Raises Transient while the registry is away, Halt for everything else."""
        said = self._ask(f"/schemas/ids/{number}", number)
        try:
            if said.get("schemaType", "AVRO") != "AVRO" or said.get("references"):
                raise Halt("registry_not_avro", url=self.url, schema=number)
            return orjson.loads(said["schema"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Halt("registry_odd", url=self.url, error=repr(error)) from error

    def check(self) -> None:
        """Ask for what every such registry answers. Raises Transient or Halt."""
        if not isinstance(self._ask("/schemas/types", None), list):
            raise Halt("registry_odd", url=self.url, error="/schemas/types is no list")

    def _ask(self, path: str, number: int | None) -> Any:
        request = urllib.request.Request(self.url + path, headers={"Accept": _ACCEPT})
        for name, value in self.headers.items():
            request.add_unredirected_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S, context=self.context) as answer:
                return orjson.loads(answer.read(ANSWER_BYTES_MAX))
        except urllib.error.HTTPError as error:
            error.close()
            raise self._fault(error.code, number) from error
        except ValueError as error:
            raise Halt("registry_odd", url=self.url, error=error) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise Halt("registry_certificate", url=self.url, error=reason) from error
            raise Transient("registry_away", url=self.url, error=reason) from error

    def _fault(self, status: int, number: int | None) -> Halt | Transient:
        if status >= 500 or status in _PASSING:
            return Transient("registry_away", url=self.url, error=f"HTTP {status}")
        if status in (401, 403):
            return Halt("registry_refused", url=self.url, status=status)
        if status == 404 and number is not None:
            return Halt("registry_no_schema", url=self.url, schema=number)
        return Halt("registry_odd", url=self.url, error=f"HTTP {status}")


def of(url: str, cafile: str = "") -> Registry | None:
    """The registry at `https://user:password@host/path`. `cafile` are the authorities that its certificate is checked
    against, the system's by default. None without an address. Raises Halt for what is no such address."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:  # which may quote a part of the password
        raise Halt("registry_url", error=type(error).__name__) from None
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # behind the first / of a password
        raise Halt("registry_url", error="@")
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    address = f"{host}:{port}" if port else host
    if parts.scheme not in ("http", "https") or not host:
        raise Halt("registry_url", error=f"{parts.scheme}://{host or ''}")
    headers = {}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    try:
        context = ssl.create_default_context(cafile=cafile or None) if parts.scheme == "https" else None
    except OSError as error:
        raise Halt("registry_cafile", file=cafile, error=error) from error
    return Registry(urlunsplit((parts.scheme, address, parts.path.rstrip("/"), "", "")), headers, context)
