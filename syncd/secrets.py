"""What must stand in no log, error or table: passwords of addresses and settings, which other people's words quote."""

import re
from typing import Final

_MASK: Final = "***"
_PATTERNS: Final = (
    re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]{0,40}://)[^\s\"']{0,500}@"),
    re.compile(r"()(?<![\w/:@])(?!USER:PASSWORD@)[^\s:/\"'@=]{1,100}:(?!//)[^\s\"']{1,300}@(?=[^\s\"'])"),
    re.compile(
        r"((?:pass(?:word|wd|phrase)?|pwd|secret)['\"]?\s{0,3}[=:]\s{0,3})(?!YES\b|NO\b)(?:'[^']*'|\"[^\"]*\"|[^\s,;)}&'\"]+)",
        re.I,
    ),
)
"""`scheme://user:password@`, up to the last `@`; `user:password@host`, without a scheme; `password=…`, as a key too."""


def unquoted(text: str) -> str:
    """The same without what stands in quotes: a driver repeats there what it could not read."""
    return re.sub(r'"[^"]*"', f'"{_MASK}"', text)


def hidden(text: str) -> str:
    """The same without what looks like a password."""
    lowered = text.lower()
    if "@" not in text and "pass" not in lowered and "pwd" not in lowered and "secret" not in lowered:
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{_MASK}" + ("@" if pattern is not _PATTERNS[2] else ""), text)
    return text
