"""Whatever a user gives, and whatever the machine refuses: a line of what is wrong and what to do, no trace, no secret.

By table: a case is a file, a setting or the machine as it was found on somebody's desk."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
import structlog

from syncd.cli import main
from syncd.demo.stage import Stage, built
from syncd.errors import Halt
from syncd.secrets import hidden
from tests.advice import advice

SECRET = "Pa55wørd!9"
PROGRAM = "import sys; from syncd.cli import main; sys.argv[0] = 'syncd'; main()"
DSNS = (
    f"postgresql://syncd:{SECRET}@127.0.0.1:1/eam",
    f"postgresql://syncd:x@{SECRET}@127.0.0.1:1/eam",
    f"postgresql://syncd:x/{SECRET}@127.0.0.1:1/eam",
    f"syncd:{SECRET}@127.0.0.1:1/eam",
    f"host=127.0.0.1 port=1 user=syncd password={SECRET} dbname=eam",
    f"host=127.0.0.1 port=1 user=syncd pasword={SECRET} dbname=eam",
    f"host=127.0.0.1 port=1 user=syncd password=a {SECRET} dbname=eam",
    f"mysql://syncd:{SECRET}@127.0.0.1:1/eam",
    f"mysql://syncd:x@{SECRET}@127.0.0.1:1/eam",
    f"//syncd:{SECRET}@127.0.0.1:1/eam",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with built(tmp_path_factory.mktemp("stage"), 2, date(2026, 11, 20)) as made:
        yield made


@pytest.fixture
def syncd(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[Path, str], int]]:
    """The command within this process, which is quicker."""

    def run(config: Path, typed: str) -> int:
        monkeypatch.setattr(sys, "argv", ["syncd", *typed.split(), "--config", str(config)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        _is_clean((told.out + told.err).encode())
        assert told.err.strip()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    yield run
    structlog.reset_defaults()


def _run(config: Path, typed: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", PROGRAM, *typed.split(), "--config", str(config)]
    done = subprocess.run(
        command, capture_output=True, timeout=180, env={**os.environ, "SYNCD_LANG": "en", **environment}
    )
    _is_clean(done.stdout + done.stderr)
    return done


def _is_clean(said: bytes) -> None:
    text = said.decode("utf-8", "replace")
    assert "Traceback" not in text, text
    assert "Error:" not in text.replace("RuntimeError:", ""), text
    for part in (SECRET, SECRET[:6]):
        assert part not in text, text


@pytest.mark.parametrize("side", ["source", "ledger"])
@pytest.mark.parametrize("dsn", DSNS)
def test_no_secret_of_an_address_is_told(
    stage: Stage, tmp_path: Path, dsn: str, side: str, syncd: Callable[[Path, str], int]
) -> None:
    kind = "mysql" if dsn.startswith("mysql") else "postgres"
    config = _with(stage, tmp_path, side, f"{{kind: {kind}, dsn: {json.dumps(dsn)}}}")
    assert syncd(config, "check") in (2, 3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pipelines:\n",
        f"pipelines: postgresql://syncd:{SECRET}@host/eam\n",
        f"pipelines:\n  demo: postgresql://syncd:{SECRET}@host/eam\n",
        f"pipelines:\n  demo:\n    mapping: shipped:demo.yaml\n    source: {SECRET}\n    ledger: {SECRET}\n",
        f"pipelines:\n  demo:\n    mapping: shipped:demo.yaml\n    source: [{{dsn: {SECRET}}}]\n    ledger: {{}}\n",
        f"pipelines:\n  demo:\n    mapping: shipped:demo.yaml\n    source: {{kind: 'mysql://u:{SECRET}@h/d'}}\n"
        f"    ledger: {{kind: sqlite, path: {SECRET}}}\n",
        f"pipelines:\n\tdemo: {SECRET}\n",
        "pipelines: [\n",
        "\ufeff",
        "- 1\n- 2\n",
        "pipelines: {demo: {mapping: . , source: {kind: sqlite}, ledger: {kind: sqlite, path: .}}}\n",
        "pipelines: &a\n  demo: *a\n",
    ],
)  # fmt: skip
def test_a_configuration_of_any_shape_is_refused(tmp_path: Path, text: str, syncd: Callable[[Path, str], int]) -> None:
    config = tmp_path / "syncd.yaml"
    config.write_text(text, "utf-8")
    assert syncd(config, "status") == 2


def test_a_daemon_that_cannot_start_logs_json_to_the_last_line(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "syncd.yaml").write_text(f"pipelines:\n  demo: postgresql://syncd:{SECRET}@host/eam\n", "utf-8")
    lost = _with(stage, tmp_path / "lost", "ledger", "{kind: sqlite, path: nowhere.db}")
    for config, code, last in ((tmp_path / "syncd.yaml", 2, "wrong_shape"), (lost, 3, "finance_no_database")):
        done = _run(config, "run")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        events = [line["event"] for line in lines]
        assert (events[0], events[-2:]) == ("started", ["failed", "stopped"])
        assert (lines[-2]["code"], lines[-1]["exit_code"], done.returncode) == (last, code, code)
        assert all(event.replace("_", "").isalnum() for event in events)


@pytest.mark.parametrize(("encoding", "language"), [("gbk", "zh"), ("iso8859-1", "zh"), ("ascii", "en")])
def test_every_locale_is_written_to(stage: Stage, encoding: str, language: str) -> None:
    config = stage.directory / "syncd.yaml"
    environment = {"PYTHONIOENCODING": encoding, "SYNCD_LANG": language, "LC_ALL": "zh_CN.GBK"}
    for typed in ("check", "uninstall", "nonsense"):
        done = _run(config, typed, **environment)
        assert done.returncode in (0, 1, 2), done.stderr
    told = json.loads(_run(config, "uninstall --json", **environment).stdout.decode(encoding))
    assert told["holdings"][0]["kind"] == "triggers"


def test_a_reader_that_goes_ends_a_command_quietly(stage: Stage) -> None:
    config = str(stage.directory / "syncd.yaml")
    command = f'{sys.executable} -c "{PROGRAM}"'
    for closed in ("| true", ">&- 2>&-", ">/dev/full", ">/dev/full 2>&1"):
        for typed in ("check", "--help", "uninstall --json"):
            line = f"{command} {typed} {'' if typed == '--help' else '--config ' + config} {closed}"
            done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=120)
            _is_clean(done.stdout + done.stderr)
            assert b"Exception ignored" not in done.stderr


def test_a_daemon_whose_log_nobody_reads_goes_on(stage: Stage) -> None:
    config = stage.directory / "syncd.yaml"
    command = [sys.executable, "-c", PROGRAM, "run", "--config", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    assert (first["event"], bool(first["version"])) == ("started", True)
    process.stderr.close()
    stage.wait(lambda: stage.rows("SELECT position FROM syncd_pipeline") not in ([], [(None,)]))
    stage.eam.execute("UPDATE asset SET name = name || '.'")
    before = stage.rows("SELECT changes FROM syncd_pipeline")
    stage.wait(lambda: stage.rows("SELECT changes FROM syncd_pipeline") != before)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no rows"),
        ("old;new\n1;2\n", "semicolons"),
        ("old\tnew\n1\t2\n", "tabs"),
        ('old,new\n"1,2\n', ""),
        ("old,new\n1,2,3\n", ""),
        ("\x00", ""),
    ],
)
def test_a_table_of_any_shape_is_refused_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    from syncd.mapping.language.decisions import read_crosswalk

    path = tmp_path / "units.csv"
    path.write_text(content, "utf-8")
    _, errors = read_crosswalk("units", path, "old", "new")
    assert errors
    assert all("units.csv" in error.where for error in errors)
    from syncd.language import say

    assert said in say(errors[0].code, errors[0].params, "en")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p@ss@host/db", "postgresql://***@host/db"),
        ("to u:secret@host", "to ***@host"),
        ("password=hunter2 host=x", "password=*** host=x"),
        ("{'password': 'hunter 2', 'host': 'x'}", "{'password': ***, 'host': 'x'}"),
        ("Access denied for user 'u'@'host' (using password: YES)",) * 2,
        ("password authentication failed for user \"u\"",) * 2,
        ("0/16B3748 at 12:30:05 by a@b.c",) * 2,
        ("file mappings/main.yaml:12: no column",) * 2,
        ("write USER:PASSWORD@HOST:PORT",) * 2,
    ],
)  # fmt: skip
def test_what_looks_like_a_password_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert hidden(text) == shown
    assert Halt("unexpected", error=text).params["error"] == shown


def test_a_full_disk_is_told_as_one(tmp_path: Path) -> None:
    """SQLite says `unable to open database file` or `disk I/O error` of it."""
    if os.geteuid() != 0:
        pytest.skip("a full disk is mounted by root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        with built(tmp_path, 2, date(2026, 11, 20)) as small:
            small.eam.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            small.finance.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with (tmp_path / "filler").open("wb", buffering=0) as filler, suppress(OSError):
                while True:
                    filler.write(b"x" * 4096)
            done = _run(tmp_path / "syncd.yaml", "snapshot")
            assert done.returncode == 4, done.stderr
            assert b"disk" in done.stderr
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


@advice("finance_no_write")
def test_a_folder_that_may_not_be_written_is_named() -> None:
    if os.geteuid() != 0:
        pytest.skip("another user's eyes are lent by root")
    with tempfile.TemporaryDirectory() as name, built(Path(name), 2, date(2026, 11, 20)) as made:
        made.finance.close()
        made.eam.close()
        for path in (*made.directory.iterdir(), made.directory):
            path.chmod(0o755)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        command = [sys.executable, "-c", PROGRAM, "snapshot", "--config", str(made.directory / "syncd.yaml")]
        environment = {**os.environ, "SYNCD_LANG": "en", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([*nobody, *command], capture_output=True, env=environment, timeout=120)
        _is_clean(done.stdout + done.stderr)
        assert done.returncode == 3, done.stderr
        assert b"may not be written" in done.stderr, done.stderr
        for path in (*made.directory.iterdir(), made.directory):
            os.chown(path, 65534, 65534)
        done = subprocess.run([*nobody, *command], capture_output=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr


def _with(stage: Stage, tmp_path: Path, side: str, end: str) -> Path:
    lines = (stage.directory / "syncd.yaml").read_text("utf-8").splitlines()
    tmp_path.mkdir(exist_ok=True)
    config = tmp_path / "syncd.yaml"
    config.write_text("\n".join(f"    {side}: {end}" if f" {side}:" in line else line for line in lines), "utf-8")
    return config
