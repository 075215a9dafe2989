"""The `syncd` command.

Exit codes: 0 all is well · 1 the command looked and found something wrong (a check, a difference above the alert,
a broken chain, a golden case that fails, a pipeline that halted) · 2 wrong usage, or a mapping or configuration that
is wrong · 3 it stopped for a reason that needs a person · 4 it could not be done just now and may be tried again.
"""

import sys

from syncd import language
from syncd.cli.codes import WRONG, exit_code
from syncd.errors import Fault


def main() -> None:
    """Run the command line and end the process with its exit code."""
    language.choose(_chosen(sys.argv))
    from typer import Abort, TyperException

    from syncd.cli.app import app
    from syncd.cli.output import complain
    from syncd.cli.usage import complaint

    told: Fault | None
    try:
        sys.exit(app(standalone_mode=False))
    except Fault as fault:
        told = fault
    except TyperException as error:
        told = complaint(error)
    except (KeyboardInterrupt, Abort):
        sys.exit(130)
    if told is None:
        sys.exit(WRONG)
    complain(told, as_json="--json" in sys.argv)
    sys.exit(exit_code(told))


def _chosen(arguments: list[str]) -> language.Language | None:
    """`--lang` must be known before the commands are made, for their help is text too."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        choice = value if flag == "--lang" else flag.removeprefix("--lang=") if flag.startswith("--lang=") else ""
        if choice in ("en", "zh"):
            return "zh" if choice == "zh" else "en"
    return None
