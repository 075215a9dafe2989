"""The tutorial of a mapping, in both languages, typed as it stands: its files, its commands, and what they say."""

import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from syncd import wiring
from syncd.daemon import drain
from tests.advice.command import fine
from tests.tidy.tree import ROOT

NAME: Final = "first"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_tutorial_can_be_typed(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows it ends with two postings and books that agree."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / language / "mapping.md").read_text("utf-8")
    said, runs = "", False
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if kind == "text":
            assert all(_bare(line) in _bare(said) for line in block.splitlines()), (block, said)
        elif kind == "sh":
            said = ""
            for line in block.splitlines():
                runs |= line == "syncd run"
                said += _typed(language, line)
                if runs:
                    _carry()
        else:
            _write(block)
    with closing(sqlite3.connect("finance.db")) as finance:
        assert finance.execute("SELECT period, number, source_key FROM voucher").fetchall() == [
            ("2026-02", 1, "registration/FA-001"), ("2026-02", 2, "registration/FA-002")
        ]  # fmt: skip
        assert finance.execute("SELECT sum(debit), sum(credit) FROM entry").fetchone() == (128000, 128000)


def _typed(language: str, line: str) -> str:
    """What a line says. `syncd run` goes on, so what it carries is carried behind each line that follows."""
    program, *words = shlex.split(line)
    if program == "syncd":
        return "" if words == ["run"] else fine(f"--lang {language} {shlex.join(words)}")
    assert program == "sqlite3"
    database, *rest = words
    script = Path(rest[1]).read_text("utf-8") if rest[0] == "<" else rest[0]
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(script)
    return ""


def _carry() -> None:
    wired = wiring.pipeline(Path("syncd.yaml"), NAME)
    with closing(wired.open_ledger()) as ledger:
        assert ledger.acquire()
        drain.to_the_end(wired.spec(), ledger, False, lambda *_: None)


def _write(block: str) -> None:
    """A file, named in its first line; what is behind a `+` is added to one that is there."""
    head, _, text = block.partition("\n")
    name, *added = head.lstrip("-# ").split()
    file = Path(name)
    file.parent.mkdir(exist_ok=True)
    file.write_text((file.read_text("utf-8") + "\n" if added else "") + text, "utf-8")


def _bare(text: str) -> str:
    """Without blanks: a table is as wide as its terminal."""
    return re.sub(r"\s", "", text)
