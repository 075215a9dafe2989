"""`syncd uninstall` says what it made at the source, takes away what is its own, and the record says who did it."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from syncd import language, wiring
from syncd.cli import main
from syncd.cli.codes import NEEDS_A_PERSON, WRONG
from syncd.daemon import drain
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


def test_the_state_goes_only_where_it_is_asked_for(stage: Stage, syncd: Syncd) -> None:
    """Finance's own tables stay as they are; a look takes nothing; afterwards nothing of syncd stands in either."""
    with running(stage):
        stage.wait(lambda: stage.rows("SELECT position FROM syncd_pipeline") not in ([], [(None,)]))
    vouchers = stage.rows("SELECT * FROM gl_voucher")
    code, said = syncd("uninstall --state")
    assert code == 0
    assert "syncd.posting" in said
    assert "a second time" in said
    assert _state(stage)
    code, said = syncd(f"uninstall {BY}")
    assert (code, "record for the auditor" in said) == (0, True)
    assert _state(stage)
    code, said = syncd(f"uninstall --state {BY}")
    assert code == 0, said
    assert not _state(stage)
    assert not _ours(stage)
    assert stage.rows("SELECT * FROM gl_voucher") == vouchers


@advice("uninstall_state_shared")
def test_the_state_of_others_is_not_taken_with_it(stage: Stage, syncd: Syncd) -> None:
    config = stage.directory / "syncd.yaml"
    other = config.read_text("utf-8").replace("pipelines:\n", "").replace("  demo:", "  other:")
    config.write_text(config.read_text("utf-8") + other, "utf-8")
    with closing(wiring.pipeline(config, "other").open_ledger()) as ledger:
        drain.snapshot(wiring.pipeline(config, "other").spec(), ledger, lambda *_: None)
    code, said = syncd(f"uninstall --pipeline demo --state {BY}")
    assert code == NEEDS_A_PERSON
    heard("uninstall_state_shared", said)
    assert _ours(stage)
    assert syncd(f"uninstall --pipeline other {BY}")[0] == 0
    assert syncd(f"uninstall --pipeline demo --state {BY}")[0] == 0
    assert not _state(stage)


def _state(stage: Stage) -> list[object]:
    return stage.finance.execute("SELECT name FROM sqlite_master WHERE name LIKE 'syncd%'").fetchall()


def _ours(stage: Stage) -> list[object]:
    return stage.eam.execute("SELECT name FROM sqlite_master WHERE name LIKE '%syncd%'").fetchall()
