"""How commands are declared, so that their help speaks the reader's language too."""

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer import core, rich_utils

from syncd.language import say

F = TypeVar("F", bound=Callable[..., Any])

rich_utils.OPTIONS_PANEL_TITLE = say("help_options")
rich_utils.COMMANDS_PANEL_TITLE = say("help_commands")
rich_utils.ARGUMENTS_PANEL_TITLE = say("help_arguments")
rich_utils.ERRORS_PANEL_TITLE = say("help_error")


class Command(core.TyperCommand):
    """A command whose `--help` is described in the reader's language."""

    def get_help_option(self, ctx: Any) -> core.TyperOption | None:
        """The `--help` option, with our text."""
        return _described(super().get_help_option(ctx))


class Group(core.TyperGroup):
    """A group of commands whose `--help` is described in the reader's language."""

    def get_help_option(self, ctx: Any) -> core.TyperOption | None:
        """The `--help` option, with our text."""
        return _described(super().get_help_option(ctx))


def group(code: str) -> typer.Typer:
    """A group of commands; `code` names its help."""
    return typer.Typer(
        cls=Group,
        help=say(code),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )


def command(app: typer.Typer, name: str, code: str = "") -> Callable[[F], F]:
    """Declare a function as the command `name`; its help is the message `help_NAME`, or `code`."""
    return app.command(name, cls=Command, help=say(code or "help_" + name.replace("-", "_")))


def _described(option: core.TyperOption | None) -> core.TyperOption | None:
    if option is not None:
        option.help = say("help_help")
    return option
