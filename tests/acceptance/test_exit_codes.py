"""What a person gives wrongly ends a command with exit code 2, what is wrong between the two sides with 3: by table."""

import io
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
import structlog

from syncd import language, logs, wiring
from syncd.cli import main
from syncd.cli.codes import FOUND_SOMETHING, NEEDS_A_PERSON, WRONG
from syncd.demo.stage import Stage, built

BY = "--actor accountant --reason looked"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    import_module("syncd.cli.app")
    with built(tmp_path_factory.mktemp("stage"), 2, date(2026, 11, 20)) as made:
        yield made


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    language.choose("en")
    yield
    language.choose(None)


@pytest.mark.parametrize(
    ("typed", "said", "expected"),
    [
        ("parked show 99", "no parked row 99", WRONG),
        (f"parked retry 99 {BY}", "no parked row 99", WRONG),
        (f"parked discard {BY}", "--subject", WRONG),
        (f"parked edit 99 --set amount=1 {BY}", "no parked row 99", WRONG),
        (f"parked edit 99 --set amount {BY}", "COLUMN=VALUE", WRONG),
        (f"approve 99 {BY} --role finance", "no parked row 99", WRONG),
        ("mapping accept --actor '' --reason x", "--actor", WRONG),
        ("mapping check nowhere.yaml", "cannot be read", WRONG),
        ("status --pipeline nowhere", "no pipeline nowhere", WRONG),
        ("trace NOTHING", "nothing is known", FOUND_SOMETHING),
        ("status", "", 0),
        ("snapshot", "", 0),
        ("snapshot", "--again", NEEDS_A_PERSON),
        ("repair --preview", "no gap", NEEDS_A_PERSON),
    ],
)
def test_the_exit_code_says_who_erred(
    stage: Stage, typed: str, said: str, expected: int,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert _syncd(f"{typed} --config {stage.directory / 'syncd.yaml'}", monkeypatch) == expected
    told = capsys.readouterr()
    assert said in told.out + told.err


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("{kind: changelog, dialect: sqlite, database: eam.db}", "triggers"),
        ("{kind: postgres, dsn: 'postgresql://eam'}", "slot"),
        ("{kind: engine, connector: postgresql}", "slot"),
        ("{kind: engine, connector: oracle}", ""),
        ("{kind: mysql, dsn: 'mysql://user@host/eam'}", ""),
    ],
)
def test_a_dry_run_speaks_only_of_what_its_source_leaves(stage: Stage, tmp_path: Path, source: str, kept: str) -> None:
    assert wiring.pipeline(_with(stage, tmp_path, f"source: {source}"), None).kept == kept


def test_a_log_in_a_file_has_no_colours(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stderr", heard)
    logs.configure("console")
    structlog.get_logger("colours").bind().info("posting")
    structlog.reset_defaults()
    assert "posting" in heard.getvalue()
    assert "\x1b" not in heard.getvalue()


@pytest.mark.parametrize(
    "ends",
    [
        "source: {kind: postgres, dsn: nonsense}",
        "source: {kind: changelog, dialect: postgres, database: nonsense}",
        "source: {kind: mysql, dsn: 'mysql://user@host'}",
        "source: {kind: engine, connector: access}",
        "ledger: {kind: postgres, dsn: nonsense}",
        "ledger: {kind: mysql, dsn: 'mysql://user@host'}",
        "ledger: {kind: sqlite, paht: finance.db}",
    ],
)
def test_a_setting_that_cannot_be_is_wrong_usage(
    stage: Stage, tmp_path: Path, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _syncd(f"dry-run --config {_with(stage, tmp_path, ends)}", monkeypatch) == WRONG


def test_the_daemon_says_so_too(stage: Stage, tmp_path: Path) -> None:
    config = _with(stage, tmp_path, "source: {kind: postgres, dsn: nonsense}")
    program = "from syncd.cli import main; main()"
    run = [sys.executable, "-c", program, "run", "--config", str(config)]
    assert subprocess.run(run, capture_output=True, timeout=180).returncode == WRONG


def _with(stage: Stage, tmp_path: Path, ends: str) -> Path:
    """The configuration with another source or ledger."""
    config, side = stage.directory / f"{tmp_path.name}.yaml", ends.partition(":")[0]
    lines = (stage.directory / "syncd.yaml").read_text("utf-8").splitlines()
    config.write_text("\n".join(f"    {ends}" if f" {side}:" in line else line for line in lines), "utf-8")
    return config


def _syncd(typed: str, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "argv", ["syncd", "--lang", "en", *shlex.split(typed)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0
