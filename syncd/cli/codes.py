"""The exit codes, as the command's own description gives them."""

from typing import Final

from syncd.errors import Fault

FOUND_SOMETHING: Final = 1
WRONG: Final = 2
NEEDS_A_PERSON: Final = 3
LATER: Final = 4


class WrongUsage(Fault):
    """The command was given what it cannot take."""
