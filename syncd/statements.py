"""Named SQL: statements live in `.sql` files, each under a line `-- name: what it is for`.

The spelling is portable: `?` is a parameter, `IN (?*)` takes a list, state tables are `syncd.name`. Each database
connection spells it in its own way.
"""

import re
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Final

_HEAD: Final = re.compile(r"^-- (\w+): .+$", re.MULTILINE)
_COMMENT: Final = re.compile(r"--[^\n]*")
_STATE: Final = re.compile(r"\bsyncd\.(?=\w)")
_LITERAL: Final = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
_QUOTED: Final = re.compile(r'\b(FROM|JOIN)\s+"(?!information_schema")([^"]+)"\."([^"]+)"', re.IGNORECASE)
_SPECIAL: Final = re.compile(r"[%_\\]")
_QUALIFIED: Final = re.compile(r"(?<!DISTINCT )\b(FROM|JOIN|UPDATE)\s+(\w+)\.(\w+)", re.IGNORECASE)


def load(package: str, file: str) -> Mapping[str, str]:
    """The statements of a file by name."""
    text = resources.files(package).joinpath(file).read_text("utf-8")
    _, *parts = _HEAD.split(text)
    return {name: sql.strip().rstrip(";") for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def script(text: str) -> list[str]:
    """The statements of a script without their comments; no literal in it may hold `;` or `--`."""
    return [sql.strip() for sql in _COMMENT.sub("", text).split(";") if sql.strip()]


def without_schemas(sql: str) -> str:
    """The same for a database that has no schemas: `syncd.posting` is the table `syncd_posting`."""
    if '"."' in sql:
        sql = _QUOTED.sub(r'\1 "\2_\3"', sql)
    return outside_literals(sql, lambda text: _QUALIFIED.sub(r"\1 \2_\3", _STATE.sub("syncd_", text)))


def like(*parts: str) -> str:
    """A pattern for LIKE that holds these parts in this order. What LIKE or a server reads in its own way stands for
    any letter: the pattern finds too much, never too little."""
    return f"%{'%'.join(_SPECIAL.sub('_', part) for part in parts)}%"


def outside_literals(sql: str, change: Callable[[str], str]) -> str:
    """The same with everything changed but texts and quoted names."""
    pieces = _LITERAL.split(sql)
    pieces[::2] = map(change, pieces[::2])
    return "".join(pieces)
