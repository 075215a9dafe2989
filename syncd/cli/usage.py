"""Wrong usage as a message of the catalogue, where the command line itself would complain in English alone."""

import os
import re
from errno import EACCES
from typing import Any, Final

from typer import TyperException

from syncd.cli.later import terms
from syncd.errors import Fault, MappingError, WrongUsage

_PATH: Final = re.compile("'(.+)'")


def complaint(error: TyperException) -> Fault | None:
    """What is wrong with the arguments; None where the help was shown instead."""
    said: Any = error
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "syncd"
    match type(error).__name__:
        case "NoArgsIsHelpError":
            return None
        case "NoSuchOption":
            return unknown("usage_option", said.option_name, said.possibilities or (), command)
        case "BadOptionUsage":
            needs_one = "requires" in error.message
            code = "usage_needs_value" if needs_one else "usage_takes_no_value"
            return WrongUsage(code, option=said.option_name, command=command)
        case "MissingParameter":
            return WrongUsage("usage_missing", name=_spelt(said.param), command=command)
        case "BadParameter" if error.__cause__ is not None and said.param is not None:
            return _bad_value(said.param, said.__cause__.errors()[0])
        case "BadParameter" if (path := _PATH.search(error.message)) is not None:  # a file that may not be read
            return MappingError("file_unreadable", path[1], problem=os.strerror(EACCES))
        case _:
            return WrongUsage("command_unexpected", error=error.format_message())


def unknown(code: str, given: str, known: Any, command: str) -> WrongUsage:
    """A command or an option that there is not, with the one that is probably meant."""
    return WrongUsage(code, given=given, nearest=terms.nearest(given, known), command=command)


def _bad_value(param: Any, problem: Any) -> WrongUsage:
    name, given, bounds = _spelt(param), problem["input"], problem.get("ctx", {})
    choices = param.type_descriptor.choices
    if choices is not None:
        known = ", ".join(str(getattr(choice, "value", choice)) for choice in choices)
        return WrongUsage("usage_choice", name=name, given=given, known=known)
    if "ge" in bounds:
        return WrongUsage("usage_low", name=name, given=given, bound=bounds["ge"])
    if "le" in bounds:
        return WrongUsage("usage_high", name=name, given=given, bound=bounds["le"])
    return WrongUsage("usage_number", name=name, given=given)


def _spelt(param: Any) -> str:
    """An option as it is typed, an argument as the help calls it."""
    return str(param.opts[0]) if param.param_type_name == "option" else str(param.metavar or param.name)
