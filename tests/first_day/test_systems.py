"""From two databases that nobody has described to the first voucher: `syncd init`, its questions answered in the files
that it names, and five commands more. What it proposed is held against the mapping that was written by hand, and the
documentation claims no more than that."""

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from syncd import wiring
from syncd.mapping.language.load import load
from tests.advice.command import daemon, fine, syncd
from tests.first_day import score, systems
from tests.tidy.tree import ROOT

WAIT_S_MAX: Final = 60.0
TOLERANCE: Final = 0.05
"""Of the share of right facts."""
DOCUMENT: Final = ROOT / "docs" / "first-day.md"
ANSWERS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {}
"""By system and file what a person writes in place of what was proposed, by the key of the line; only where that is
wrong."""


@pytest.fixture
def new(request: pytest.FixtureRequest) -> Mapping[str, Callable[[], str]]:
    """Servers start when the first system asks for them."""
    return {
        "postgres": lambda: request.getfixturevalue("new_database")(),
        "mysql": lambda: request.getfixturevalue("new_mariadb")(),
    }


@pytest.mark.parametrize("name", systems.names())
def test_from_two_databases_to_the_first_voucher(name: str, tmp_path: Path, new: Any) -> None:
    """Invariant 10: the golden cases that it wrote of real rows run as the daemon does. Five commands, no code."""
    with systems.built(name, tmp_path, new) as trial:
        out = tmp_path / "pipeline"
        said = fine(f"init --out {out}")
        assert trial.eam.dsn not in said
        answered = _answer(name, out)
        config = out / "syncd.yaml"
        fine("mapping check", config)
        fine("mapping test --write" if answered else "mapping test", config)
        commands = re.findall(r"^  syncd (.+?) --config", said, re.MULTILINE)
        assert len(commands) == 5, said
        assert commands[-1] == "run"
        for command in commands[:-1]:
            fine(command.replace("NAME", "accountant"), config)
        proposed = load(out / "mapping.yaml")
        with daemon(config, next(iter(_pipelines(config)))):
            _until(lambda: trial.finance.value("SELECT position FROM syncd.pipeline"), config)
            trial.work()
            _until(lambda: trial.finance.value("SELECT count(*) FROM syncd.posting WHERE voucher <> ''"), config)
            if proposed.reconcile is not None:
                found = json.loads(syncd("reconcile --json", config).said)["differences"]
                assert [one for one in found if one["asset_code"]] == []  # what is leased has a card, and no account
        asked = re.search(r"^questions: (\d+)", said, re.MULTILINE)
        _claims(name, score.score(load(trial.truth), proposed), int(asked[1]) if asked else 0)


def _answer(name: str, out: Path) -> bool:
    """Edit the lines that a person would."""
    answers = ANSWERS.get(name, {})
    for file, lines in answers.items():
        path = out / file
        text = path.read_text("utf-8")
        for key, value in lines.items():
            text, count = re.subn(rf"^(\s*){re.escape(key)}: .*$", rf"\g<1>{key}: {value}", text, flags=re.MULTILINE)
            assert count, f"{name}: {file} has no {key}\n{text}"
        path.write_text(text, "utf-8")
    return bool(answers)


def _pipelines(config: Path) -> Mapping[str, object]:
    return wiring.pipelines(config)


def _until(condition: Callable[[], object], config: Path) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < deadline, syncd("parked list", config).said + syncd("status", config).said
        time.sleep(0.02)


def _claims(name: str, scored: score.Score, asked: int) -> None:
    """The row of the documentation's table. It may be a little behind, for examples grow; it may not be better."""
    row = (scored.facts, scored.right, scored.other, scored.missed, asked)
    measured = f"| {name} | {' | '.join(map(str, row))} | yes |\n" + "\n".join(scored.differing)
    found = re.search(rf"^\| {name} \|((?: \d+ \|)+)", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert found, measured
    facts, right, _, _, questions = map(int, re.findall(r"\d+", found[1]))
    assert right / facts <= scored.right / scored.facts + TOLERANCE, measured
    assert questions >= asked - 1, measured
