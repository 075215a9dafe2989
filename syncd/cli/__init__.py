"""The `syncd` command.

Exit codes: 0 all is well · 1 the command looked and found something wrong (a check, a difference above the alert,
a broken chain, a golden case that fails, a pipeline that is stopped, halted or late) · 2 wrong usage, or a mapping or
configuration that is wrong · 3 it stopped for a reason that needs a person · 4 it could not be done just now and may be
tried again.
"""

import os
import sys
import traceback
from contextlib import suppress
from typing import Final

from syncd import language
from syncd.cli.codes import WRONG, exit_code
from syncd.errors import Fault, Halt, Transient, WrongUsage

TRACE: Final = "SYNCD_TRACE"
"""The environment variable with which a person who reports an error sees where it came from."""
CLOSED: Final = 141
"""As the shell says of a command whose reader has gone: 128 and the number of SIGPIPE."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    language.choose(_chosen(sys.argv))
    _open_streams()
    code = _flushed(_run())
    sys.exit(code)


def _run() -> int:
    from typer import Abort, TyperException

    told: Fault | None
    try:
        _refuse_garbled(sys.argv)
        from syncd.cli.app import app

        ended = app(standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except BrokenPipeError:
        return CLOSED
    except (KeyboardInterrupt, Abort):
        return 130
    except Fault as fault:
        told = fault
    except TyperException as error:
        from syncd.cli.usage import complaint

        told = complaint(error)
    except Exception as error:
        told = _named(error)
    if told is None:
        return WRONG
    from syncd.cli.output import complain

    with suppress(OSError):  # whoever should read it may have gone
        complain(told, as_json="--json" in sys.argv)
    return exit_code(told)


def _named(error: Exception) -> Fault:
    """What nobody foresaw, in a line: a trace says nothing to whom the command was made for."""
    if os.environ.get(TRACE):
        traceback.print_exception(error)
    if isinstance(error, OSError):
        path = f" {error.filename}" if error.filename else ""
        kind = Transient if error.errno == 28 else Halt
        return kind("machine_refused", path=path, error=error.strerror or error)
    return Halt("command_unexpected", error=f"{type(error).__name__}: {error}")


def _open_streams() -> None:
    """What is closed swallows what is said; what the terminal cannot show is shown as `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _flushed(code: int) -> int:
    """Say the rest while an error can still be told: at the interpreter's end it would be a trace."""
    try:
        sys.stdout.flush()
        return code
    except (OSError, ValueError) as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):
            return code or CLOSED
        from syncd.cli.output import complain

        told = _named(error)
        complain(told)
        return code or exit_code(told)


def _refuse_garbled(arguments: list[str]) -> None:
    for given in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in given):
            raise WrongUsage("usage_encoding", given=given.encode("utf-8", "replace").decode())


def _chosen(arguments: list[str]) -> language.Language | None:
    """`--lang` must be known before the commands are made, for their help is text too."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        choice = value if flag == "--lang" else flag.removeprefix("--lang=") if flag.startswith("--lang=") else ""
        if choice in ("en", "zh"):
            return "zh" if choice == "zh" else "en"
    return None
