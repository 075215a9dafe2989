"""Errors of TLS that no waiting mends: the driver gives them no number, only the words of the library below it."""

from typing import Final

_WORDS: Final = (
    "certificate",
    "private key",
    "does not support ssl",
    "unknown ca",
    "x509",
    "pem lib",
    "证书",
    "私钥",
    "不支持 ssl",
)


def is_refused(said: str) -> bool:
    """Whether a connection failed for its certificates, ours or the server's, or because one side does not encrypt."""
    lowered = said.lower()
    return any(word in lowered for word in _WORDS)
