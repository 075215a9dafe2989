"""The systems on which `syncd init` is tried: the demonstration's, and each whole example of the documentation."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final, NamedTuple
from unittest.mock import patch

import tests.foreign
from syncd.demo import company, eam
from syncd.demo.stage import opened
from syncd.mapping.language.file.source import read
from tests.acceptance.databases import Database, connected
from tests.acceptance.test_repair import tools
from tests.foreign.system import EXAMPLES, script
from tests.tidy.tree import ROOT

DEMO: Final = "demo"
MONTH: Final = date(2026, 3, 1)
DEVICES: Final = 40


class Trial(NamedTuple):
    """A system with both databases as they are on the first day. `work` is something by which an asset or a document
    comes into the books; `truth` the mapping that was written by hand."""

    name: str
    eam: Database
    finance: Database
    truth: Path
    work: Callable[[], object]

    @property
    def environment(self) -> Mapping[str, str]:
        """Where its databases are, as a user's shell has it."""
        return {"EAM_DSN": self.eam.dsn, "FINANCE_DSN": self.finance.dsn}


New = Mapping[str, Callable[[], str]]
"""Kind of server → makes an empty database, and gives its address."""


def names() -> list[str]:
    """The systems that there are: an example with the scripts of both sides."""
    whole = [path.parent.name for path in sorted(EXAMPLES.glob("*/finance.sql"))]
    return [DEMO, *whole]


@contextmanager
def built(name: str, folder: Path, new: New) -> Iterator[Trial]:
    """A system in new databases."""
    with (
        _demo(folder) if name == DEMO else _example(name, folder, new) as trial,
        patch.dict(os.environ, trial.environment),
    ):
        yield trial


@contextmanager
def _demo(folder: Path) -> Iterator[Trial]:
    paths = {side: folder / f"{side}.db" for side in ("eam", "finance")}
    with closing(opened(paths["eam"])) as at_eam, closing(opened(paths["finance"])) as at_finance:
        company.create(at_eam, "eam", "sqlite")
        company.create(at_finance, "finance", "sqlite")
        company.settle_eam(at_eam, MONTH, DEVICES)
        company.settle_finance(at_finance, at_eam, MONTH)
    ends = [connected(str(paths[side])) for side in ("eam", "finance")]
    yield Trial(DEMO, *ends, ROOT / "mappings" / "demo.yaml", lambda: eam.register(ends[0], tools(1, 901)))


@contextmanager
def _example(name: str, folder: Path, new: New) -> Iterator[Trial]:
    example = EXAMPLES / name
    document, _ = read(example / "syncd.yaml")
    (pipeline,) = document.data["pipelines"].values()  # type: ignore[index]
    ends = []
    for side, block in (("eam", "source"), ("finance", "ledger")):
        said = pipeline[block]
        kind = said.get("dialect", said["kind"])
        dsn = str(folder / f"{side}.db") if kind == "sqlite" else new[kind]()
        if kind == "sqlite":
            opened(Path(dsn)).close()
        ends.append(connected(dsn))
        script(ends[-1], _scripted(example, side))
    yield Trial(name, *ends, example / "mapping.yaml", lambda: _do(ends[0], _work(name)))
    for end in ends:
        end.connection.close()


def _scripted(example: Path, side: str) -> Path:
    """The DDL of one side; an EAM that several examples share stands in the first of them."""
    own = example / f"{side}.sql"
    return own if own.is_file() else next(iter(sorted(EXAMPLES.glob(f"{example.name.partition('-')[0]}-*/{side}.sql"))))


def _work(example: str) -> Sequence[Sequence[str]]:
    """What the people of an example do first, as the tests of foreign systems tell it."""
    for module in iter_modules(tests.foreign.__path__):
        story = getattr(import_module(f"tests.foreign.{module.name}"), "STORY", None)
        if story is not None and story.example == example:
            work: Sequence[Sequence[str]] = story.before
            return work
    raise LookupError(f"no story of {example}")


def _do(database: Database, work: Sequence[Sequence[str]]) -> None:
    for transaction in work:
        with database.transaction():
            for statement in transaction:
                database.execute(statement)
