"""The command that copies finance's database, in which syncd's state lies, or says how somebody else does."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from syncd.cli.later import connector, wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line
from syncd.errors import Halt
from syncd.language import say

To = Annotated[Path | None, typer.Option("--to", metavar="FILE", help=say("help_backup_to"), show_default=False)]


def backup(config: Config = None, name: Name = None, to: To = None, as_json: Json = False) -> None:
    """Say how finance is copied and put back; with a file, copy it."""
    pipeline = wiring.pipeline(config_path(config), name)
    named = pipeline.name.replace(wiring.PART, "-")
    file = Path(f"{named}-{datetime.now():%Y%m%d-%H%M}.backup") if to is None else to
    how = pipeline.ledger.copying(pipeline.ledger_settings, file.absolute())
    if to is not None:
        _take(how, file)
    if as_json:
        size = {"bytes": file.stat().st_size} if to is not None else {}
        emit({"pipeline": pipeline.name, "take": how.take, "put_back": how.put_back, "file": str(file), **size})
    elif to is not None:
        line("backup_taken", "green", file=file, bytes=f"{file.stat().st_size:,}")
        _show("backup_put_back", how.put_back)
    else:
        line("backup_what")
        _show("backup_take", how.take)
        _show("backup_put_back", how.put_back)
        if how.secrets:
            line("backup_secrets", "dim", names=", ".join(how.secrets))
        line("backup_after", "dim")


def _show(code: str, words: Sequence[str]) -> None:
    line(code)
    console.print(Text(f"  {shlex.join(words)}", style="cyan"), soft_wrap=True)


def _take(how: connector.Copying, file: Path) -> None:
    """A file that is there stays: it may be the only copy. What is half made is taken away."""
    try:
        file.touch(0o600, exist_ok=False)
    except FileExistsError:
        raise Halt("backup_is_there", file=file) from None
    try:
        done = subprocess.run(how.take, env={**os.environ, **how.secrets}, capture_output=True, text=True)
    except FileNotFoundError:
        file.unlink()
        raise Halt("backup_no_program", program=how.take[0]) from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    if done.returncode:
        file.unlink(missing_ok=True)
        said = done.stderr.strip().splitlines() or [str(done.returncode)]
        raise Halt("backup_failed", program=how.take[0], error=said[-1])
