"""Wrong usage: what was typed is typed again as the hint says, and the command does its work."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.demo.stage import PIPELINE
from tests.advice import advice, advised, heard
from tests.advice.command import BY, config_of, daemon, fine, refused
from tests.advice.purchases import buy, company

RETRY = f"parked retry {{}} {BY}"
AGREE = f"approve {{}} --role finance --dry-run {BY}"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a company that has a parked row, number 1."""
    with company(tmp_path_factory.mktemp("stage")) as stage:
        fine("snapshot", config_of(stage))
        subject = buy(stage, {"price": "many"})
        with daemon(config_of(stage), PIPELINE):
            assert stage.parked(subject).id == 1
        yield config_of(stage)


@pytest.mark.parametrize(
    ("code", "typed", "again"),
    [
        advised("usage_command", "parked lst", "parked {nearest}"),
        advised("usage_option", "parked list --subjct FA-1", "parked list {nearest} FA-1"),
        advised("usage_missing", "parked show", "parked show 1"),
        advised("usage_needs_value", "parked list --subject", "parked list {option} FA-1"),
        advised("usage_takes_no_value", "parked list --json=3", "parked list {option}"),
        advised("usage_surplus", "parked show 1 2", "parked show 1"),
        advised("usage_choice", "parked list --state lost", "parked list --state {known}"),
        advised("usage_low", "parked list --limit 0", "parked list --limit {bound}"),
        advised("usage_high", "parked list --limit 10001", "parked list --limit {bound}"),
        advised("usage_number", "parked show no.1", "parked show 1"),
        advised("parked_which", RETRY.format(""), RETRY.format(1)),
        advised("parked_which", RETRY.format(""), RETRY.format("--code malformed"), name="by code"),
        advised("parked_which_both", RETRY.format("1 --code malformed"), RETRY.format("--code malformed")),
        advised("approve_which", AGREE.format(""), AGREE.format("--subject FA-1")),
        advised("approve_which", AGREE.format(""), AGREE.format("--rule bought"), name="by rule"),
        advised("approve_which_both", AGREE.format("1 --subject FA-1"), AGREE.format("--subject FA-1")),
        advised("no_such_rule", AGREE.format("--rule bougt"), AGREE.format("--rule {nearest}")),
        advised(
            "no_such_rule", "approvals automatic 2026-11 --rule bougt", "approvals automatic 2026-11 --rule {nearest}"
        ),
        advised("period_unknown", "approvals automatic 2026-13", "approvals automatic {nearest}"),
        advised("desk_who_and_why", "parked retry 1", f"parked retry 1 {BY}"),
        advised("usage_missing", f"parked edit 1 {BY}", f"parked edit 1 --set price=10 {BY}", name="an option"),
        advised("edit_no_value", f"parked edit 1 --set 150000 {BY}", f"parked edit 1 --set {{form}} {BY}"),
    ],
)
def test_what_was_typed_wrong_is_typed_again_as_the_hint_says(config: Path, code: str, typed: str, again: str) -> None:
    told = refused(typed, config)
    said = heard(code, told)
    for command in re.findall("`syncd ([^`]+)`", told):
        assert said.get("name", "--help").removeprefix("✗ ") in fine(command), "the help says what it is"
    said["known"] = said.get("known", "").split(", ")[0]
    said["form"] = told.split()[-1].replace("original_value", "price")
    fine(again.format(**said), config)


def test_at_a_terminal_a_command_without_who_and_why_asks(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 15: hints print `syncd mapping accept` and others bare."""
    answers = io.StringIO("accountant\nread\n")
    answers.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", answers)
    assert "Who does this" in fine("mapping accept", config)


@advice("usage_encoding")
def test_an_argument_in_another_encoding_is_read_with_the_locale_named(config: Path) -> None:
    """The terminal speaks UTF-8, the locale ASCII."""
    program = "import sys; from syncd.cli import main; sys.argv[0] = 'syncd'; main()"
    typed = [sys.executable, "-c", program, "parked", "list", "--subject", "资产", "--config", str(config)]
    ascii_only = {**os.environ, "SYNCD_LANG": "en", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(typed, capture_output=True, text=True, env=ascii_only)
    assert done.returncode == 2
    heard("usage_encoding", done.stderr)
    locale = re.search(r"such as (\S+)", done.stderr)
    assert locale
    done = subprocess.run(typed, capture_output=True, text=True, env=ascii_only | {"LC_ALL": locale[1]})
    assert done.returncode == 0, done.stderr
