"""Help loads the commands' signatures and nothing that carries them out, so it is there at once."""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from syncd.cli import later

HELPS = (
    [], ["run"], ["status"], ["snapshot"], ["repair"], ["reconcile"], ["trace"], ["migrate"], ["parked"],
    ["parked", "list"], ["mapping", "check"], ["mapping", "schema"], ["changelog", "prune"],
)  # fmt: skip
FOR_A_COMMAND_THAT_RUNS = (
    "sqlglot", "pydantic", "structlog", "tenacity", "apscheduler", "asyncio", "rich.progress",
    "psycopg2", "pymysql", "pymysqlreplication", "kafka", "fastavro", "jpype",
    "connectors", "syncd.wiring", "syncd.demo", "syncd.daemon", "syncd.books", "syncd.desk",
    "syncd.mapping", "syncd.ports", "syncd.change",
)  # fmt: skip
SCRIPT = """
import contextlib, io, json, sys
from syncd.cli import main
for help in json.loads(sys.argv[1]):
    sys.argv[1:] = help
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        main()
    assert "--help" in told.getvalue(), help
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("language", [[], ["--lang", "zh"]], ids=["en", "zh"])
def test_help_loads_nothing_that_only_a_command_needs(language: list[str]) -> None:
    helps = json.dumps([[*language, *command, "--help"] for command in HELPS])
    done = subprocess.run([sys.executable, "-c", SCRIPT, helps], capture_output=True, text=True, check=True)
    heavy = [name for name in json.loads(done.stdout) for kept in FOR_A_COMMAND_THAT_RUNS
             if name == kept or name.startswith(f"{kept}.")]  # fmt: skip
    assert not heavy


def test_what_is_imported_later_is_what_the_types_say() -> None:
    parsed = ast.parse(Path(later.__file__).read_text("utf-8"))
    typed = {
        str(alias.asname): f"{node.module}.{alias.name}"
        for block in parsed.body if isinstance(block, ast.If)
        for node in block.body if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }  # fmt: skip
    assert typed
    assert {name: vars(getattr(later, name))["_name"] for name in typed} == typed
    for module in typed.values():
        import_module(module)
