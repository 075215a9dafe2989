"""Invariant 15: whoever does what a hint says ends well. Every hint has a test that follows it."""

import ast
from functools import cache

from syncd.language import catalogue
from tests.tidy.tree import python, tree

SAID_BY = ("advice", "advised")


def test_every_hint_is_followed_by_a_test() -> None:
    left = sorted(code for code, entry in catalogue().items() if "hint" in entry and code not in _followed())
    assert not left, f"no test follows the hints of {left}"


def test_what_a_test_follows_is_a_hint() -> None:
    unknown = sorted(code for code in _followed() if "hint" not in catalogue().get(code, {}))
    assert not unknown, f"no hints: {unknown}"


@cache
def _followed() -> set[str]:
    """The codes that tests name with `advice(code, …)` or `advised(code, …)`."""
    return {
        code
        for path in python("tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAID_BY
        for code in _codes(node.func.id, node.args)
    }


def _codes(said_by: str, given: list[ast.expr]) -> list[str]:
    """All texts of a mark; of a case the first, for the rest are its values."""
    codes = given if said_by == "advice" else given[:1]
    return [code.value for code in codes if isinstance(code, ast.Constant) and isinstance(code.value, str)]
