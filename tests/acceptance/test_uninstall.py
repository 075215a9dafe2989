"""`syncd uninstall` says what it made at the source, takes away what is its own, and the record says who did it."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from syncd import language
from syncd.cli import main
from syncd.cli.codes import NEEDS_A_PERSON, WRONG
from syncd.demo.stage import Stage, built, running
from tests.advice import advice, heard

BY = "--yes --actor accountant --reason 'the contract ended'"
Syncd = Callable[[str], tuple[object, str]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with built(tmp_path, 2, date(2026, 11, 20)) as made:
        yield made


@pytest.fixture
def syncd(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Syncd]:
    def run(typed: str) -> tuple[object, str]:
        words = ["syncd", *shlex.split(typed), "--config", str(stage.directory / "syncd.yaml")]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code or 0, told.out + told.err

    language.choose("en")
    yield run
    language.choose(None)


def test_it_says_takes_away_and_is_recorded(stage: Stage, syncd: Syncd) -> None:
    with running(stage):
        stage.wait(lambda: stage.rows("SELECT position FROM syncd_pipeline") not in ([], [(None,)]))
    cards = stage.rows("SELECT count(*) FROM fa_card")[0][0]
    code, said = syncd("uninstall")
    assert code == 0
    assert "DROP TRIGGER" in said
    assert "every card and voucher" in said
    assert _ours(stage), "a look takes nothing away"
    code, said = syncd(f"uninstall {BY}")
    assert code == 0, said
    assert not _ours(stage)
    stage.eam.execute("UPDATE asset SET name = name")
    assert stage.rows("SELECT count(*) FROM fa_card")[0][0] == cards
    acts = stage.rows("SELECT action, actor, reason FROM syncd_action ORDER BY seq DESC LIMIT 2")
    assert acts == [(done, "accountant", "the contract ended") for done in ("uninstalled", "uninstall")]
    code, said = syncd(f"uninstall {BY}")
    assert (code, "nothing of syncd stands in the EAM" in said) == (0, True)
    assert syncd("audit verify")[0] == 0
    assert json.loads(syncd("uninstall --json")[1])["holdings"] == []


@advice("uninstall_who_and_why")
def test_it_asks_who_and_why_and_for_the_daemon_to_stop(stage: Stage, syncd: Syncd) -> None:
    code, said = syncd("uninstall --yes")
    assert code == WRONG
    heard("uninstall_who_and_why", said)
    assert syncd("uninstall")[0] == 0
    with running(stage):
        stage.wait(lambda: stage.rows("SELECT position FROM syncd_pipeline") not in ([], [(None,)]))
        code, said = syncd(f"uninstall {BY}")
        assert (code, "stop the daemon first" in said) == (NEEDS_A_PERSON, True)
    assert _ours(stage)
    assert syncd(f"uninstall {BY}")[0] == 0
    assert not _ours(stage)


def _ours(stage: Stage) -> list[object]:
    return stage.eam.execute("SELECT name FROM sqlite_master WHERE name LIKE '%syncd%'").fetchall()
