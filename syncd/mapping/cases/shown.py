"""What came of a case as its file says it: YAML that `source` reads back, and what differs."""

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import unified_diff
from typing import Any

import yaml


def difference(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> str:
    """What is expected against what came out; empty when they are the same."""
    aligned = _aligned(expected, actual)
    if aligned == actual:
        return ""
    lines = shown({"expect": aligned}).splitlines(), shown({"expect": actual}).splitlines()
    return "\n".join(unified_diff(*lines, "expected", "actual", lineterm="", n=2))


def _aligned(expected: Any, actual: Any) -> Any:
    """What is expected, with numbers written as the equal ones that came out: 5 is 5.00."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        known = {name: _aligned(expected[name], actual[name]) for name in actual if name in expected}
        return known | {name: value for name, value in expected.items() if name not in actual}
    if isinstance(expected, list) and isinstance(actual, list):
        return [_aligned(e, a) for e, a in zip(expected, actual, strict=False)] + expected[len(actual) :]
    numbers = isinstance(expected, int | Decimal) and isinstance(actual, int | Decimal)
    return actual if numbers and expected == actual else expected


class _Dumper(yaml.SafeDumper):
    """Writes what `source` reads: only numbers, true, false and null are not text."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+$"), list("-0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]*)$"), list("-0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)$"), list("tf"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(null|~|)$"), ["n", "~", ""])


def _number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    text = f"{value:f}"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _number)


def shown(data: Mapping[str, Any]) -> str:
    """As a case file has it."""
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=160)
