"""What syncd advises, done to the letter: a message is provoked, read where a user reads it, and its hint is followed;
afterwards everything is green and nothing is lost.

A test says with `advice` or `advised` whose hints it follows. It may stand here or beside the tests of what it is
about; `tests/tidy/test_advice.py` fails for a hint that no test follows."""

import re

import pytest
from _pytest.mark import ParameterSet

from syncd.language import catalogue

advice = pytest.mark.advice
_PARTS = re.compile(r"\{(?P<name>\w+)(?P<said>!?)~?\}|(?P<optional>\[(?P<within>[^][]*\{\w+~?\}[^][]*)\])")


def advised(code: str, *values: object, name: str = "") -> ParameterSet:
    """A case of a table whose hint is that of `code`; the code is its first value."""
    return pytest.param(code, *values, id=name or code, marks=advice(code))


def heard(code: str, output: str) -> dict[str, str]:
    """What stands in the places of the message and the hint of `code` as `output` shows them, in English; fails where
    they are not there. How lines were broken makes no difference."""
    entry = catalogue()[code]
    hint = entry.get("hint")
    texts = [entry["en"], *([hint["en"]] if isinstance(hint, dict) else [])]
    spoken = " ".join(output.split())
    found: dict[str, str] = {}
    for text in texts:
        match = re.search(_pattern(" ".join(str(text).split())), spoken)
        assert match, f"{code} is not said, or its hint is not: {text}\n{output}"
        found |= {name: value for name, value in match.groupdict().items() if value is not None}
    return found


def _pattern(text: str, seen: set[str] | None = None) -> str:
    """A regular expression for a text of the catalogue: places match anything, what stands in brackets with a place may
    be absent. A place at the end takes the rest."""
    pieces, at, seen = [], 0, set() if seen is None else seen
    for part in _PARTS.finditer(text):
        pieces.append(re.escape(text[at : part.start()]))
        at = part.end()
        if part["optional"]:
            pieces.append(f"(?:{_pattern(part['within'], seen)})?")
        elif part["name"] in seen or part["said"]:
            pieces.append(".+?")
        else:
            seen.add(part["name"])
            pieces.append(f"(?P<{part['name']}>.+{'' if at == len(text) else '?'})")
    return "".join([*pieces, re.escape(text[at:])])
