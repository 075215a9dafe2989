"""Every error's kind, and what is done about it.

    Fault
    ├── Transient   the whole batch is tried again with backoff     finance is restarting, deadlock, disk full
    ├── RowRefused  bisect to the posting at fault, park it          a value too long, a second unique key
    └── Halt        stop the pipeline and say what to do             wrong credentials, schema gone
        ├── Gap     the same; `syncd repair` closes the gap          slot dropped, log purged, another server
        └── WrongUsage  the same; what a person gave is wrong        an argument, an edited value, a setting

Bad data is never an exception here but a value, `Rejection`. What is not known is a Halt: the unknown is never
tried again by itself. `code` names the message and its hint in `syncd/messages`, in both languages; params fill
them in and never carry a row's values beyond the one that is at fault.
"""

import sys
from collections.abc import Sequence
from typing import Final

from syncd.secrets import hidden

_STATEMENTS: Final = ("repair",)
"""Parameters that are to be executed as they stand. They are ours, and hold no password."""


class Fault(Exception):
    """An error that a user may meet: `code` names its message and hint, `params` fill them in. What looks like a
    password is hidden in them, for they go into logs, tables and terminals."""

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = {
            name: str(value) if name in _STATEMENTS else hidden(str(value)) for name, value in params.items()
        }
        super().__init__(code, self.params)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code} ({details})" if details else self.code


class Transient(Fault):
    """It may pass by itself: try the whole batch again with backoff."""


class RowRefused(Fault):
    """The database refused a row for what it holds."""


class Halt(Fault):
    """Nothing that the daemon may do by itself will help."""


class Gap(Halt):
    """The source no longer holds its log from the checkpoint on: what happened since can be had by comparing alone."""


class RowsGone(Gap):
    """A gap in which rows were taken away all at once, as by dropping a partition: whether they were meant to be gone
    from the books too, somebody has to say."""


class WrongUsage(Halt):
    """A person gave what cannot be taken: an argument, an edited value, a setting."""


class MappingError(Fault):
    """A mapping, layout, decision table or configuration is wrong; `where` is `file:line`."""

    def __init__(self, code: str, where: str, **params: object) -> None:
        super().__init__(code, where=where, **params)
        self.where = where


class MappingErrors(MappingError):
    """All that is wrong with a mapping, in one report."""

    def __init__(self, errors: Sequence[MappingError]) -> None:
        super().__init__("mapping_errors", errors[0].where, count=len(errors))
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def no_driver(driver: str | None, extra: str) -> Halt:
    """A driver that is not installed, with the command that installs it beside this syncd."""
    return Halt("driver_missing", driver=driver, install=f"{sys.executable} -m pip install 'syncd[{extra}]'")
