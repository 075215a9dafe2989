"""The exit codes, as the command's own description gives them."""

from typing import Final

from syncd.errors import Fault, MappingError, Transient, WrongUsage

FOUND_SOMETHING: Final = 1
WRONG: Final = 2
NEEDS_A_PERSON: Final = 3
LATER: Final = 4


def exit_code(fault: Fault) -> int:
    """The exit code of a command that ended with this fault."""
    if isinstance(fault, MappingError | WrongUsage):
        return WRONG
    return LATER if isinstance(fault, Transient) else NEEDS_A_PERSON
