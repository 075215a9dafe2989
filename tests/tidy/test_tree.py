"""The tree stays small and its own: no long file, no catch-all module, nothing unused, no trace of a machine."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.outside import ANSWERS
from syncd.registry import LEDGERS, SOURCES
from tests.tidy.tree import ROOT, module, python, tracked, tree

LINES_MAX = 600
CATCH_ALL = ("utils", "util", "common", "helpers", "helper", "manager", "misc", "base", "core")
FOREIGN = {
    "a path of somebody's machine": re.compile(r"/(?:home|Users|root|work)/\w"),
    "the address of a package registry": re.compile(
        r"https?://[^\s\"']*(?:/simple\b|/maven2\b|/packages/[0-9a-f]{2}/|/debian/)|(?:pypi|pythonhosted)\.org"
    ),
}
SITE = "zensical"  # of `make site` alone, in a lock and an environment of its own
ENTRY_POINTS = {"syncd.cli.main"}


def test_no_file_is_long() -> None:
    long = {
        module(p): n for p in python("syncd", "connectors", "tests", "bench", "docs") if (n := _lines(p)) > LINES_MAX
    }
    assert not long, f"split them, each part with one purpose: {long}"


def test_no_module_is_a_catch_all() -> None:
    vague = [str(p.relative_to(ROOT)) for p in tracked() if p.stem in CATCH_ALL]
    assert not vague, f"name them by what they do: {vague}"


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_foreign_stands_in_the_tree(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        for number, line in enumerate(_text(path).splitlines(), 1)
        if FOREIGN[what].search(line)
    ]
    assert not found, f"{what} stands in {found}"


def test_every_module_is_used() -> None:
    """A module is imported by another, registered as a connector, a command, or a connector that tests run on."""
    used = _imported("syncd", "connectors", "bench", "docs")
    used |= {*SOURCES.values(), *LEDGERS.values(), *ANSWERS.values()}
    used |= {script.partition(":")[0] for script in _project()["scripts"].values()}
    used |= {name for name in _imported("tests") if name.startswith("connectors.")}
    unused = [m for p in python("syncd", "connectors") if (m := module(p)) not in used and p.name != "__init__.py"]
    assert not unused, f"nobody imports {unused}"


def test_every_function_and_class_is_used() -> None:
    """A top-level name of the product occurs somewhere in it beside its own definition."""
    sources = python("syncd", "connectors", "bench", "docs")
    mentions = Counter(name for path in sources for name in _mentions(tree(path)))
    unused = [
        f"{module(path)}.{node.name}"
        for path in python("syncd", "connectors")
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not mentions[node.name] and not node.decorator_list
    ]
    assert not [name for name in unused if name not in ENTRY_POINTS], f"dead code: {unused}"


def test_every_dependency_is_explained() -> None:
    project = _project()
    listed = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {re.split(r"[\[<>=~ ]", dependency)[0] for dependency in listed}
    explained = set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/dependencies.md").read_text("utf-8"), re.MULTILINE))
    assert names | {SITE} == explained


def test_locks_pin_every_dependency_with_its_hash() -> None:
    for name in ("", "-dev", "-build", "-docs"):
        lock = f"requirements{name}.lock"
        text = (ROOT / lock).read_text("utf-8")
        pinned = re.findall(r"^([a-z0-9-]+)==.+?(?=^[a-z]|\Z)", text, re.MULTILINE | re.DOTALL)
        entries = re.split(r"\n(?=[a-z])", text.strip())
        assert pinned
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
        assert "://" not in text
    assert f"\n{SITE}==" in (ROOT / "requirements-docs.lock").read_text("utf-8")


def _project() -> dict[str, dict[str, str]]:
    project: dict[str, dict[str, str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def _lines(path: Path) -> int:
    return _text(path).count("\n")


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def _imported(*folders: str) -> set[str]:
    return {name for path in python(*folders) for name in _imports(tree(path)) if name != module(path)}


def _imports(parsed: ast.Module) -> Iterator[str]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _mentions(parsed: ast.Module) -> Iterator[str]:
    """Names as they are used: read, called, taken from a module, or named in a text (generated code, annotations)."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            yield from re.findall(r"\w+", node.value)
