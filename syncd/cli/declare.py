"""How commands are declared, so that their help speaks the reader's language too."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import typer
from typer import core

from syncd.cli.usage import unknown
from syncd.errors import WrongUsage
from syncd.language import say

F = TypeVar("F", bound=Callable[..., Any])


class Command(core.TyperCommand):
    """A command that is described in the reader's language, switches without a type."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options."""
        return _described(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Its help."""
        _title_panels()
        super().format_help(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises WrongUsage for arguments too many."""
        ctx.allow_extra_args = True
        surplus = super().parse_args(ctx, args)
        if surplus:
            raise WrongUsage("usage_surplus", given=" ".join(surplus), command=ctx.command_path)
        return surplus


class Group(core.TyperGroup):
    """A group of commands that is described in the reader's language."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options."""
        return _described(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Its help."""
        _title_panels()
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Raises WrongUsage for a command that there is not."""
        if self.get_command(ctx, args[0]) is None:
            raise unknown("usage_command", args[0], self.list_commands(ctx), ctx.command_path)
        return super().resolve_command(ctx, args)


def group(code: str, alone: bool = False, completes: bool = False) -> typer.Typer:
    """A group of commands; `code` names its help. `alone`: it is a command itself, by its callback. `completes`: a
    shell can be taught its commands."""
    return typer.Typer(
        cls=Group,
        help=say(code),
        no_args_is_help=not alone,
        invoke_without_command=alone,
        add_completion=completes,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )


def command(app: typer.Typer, name: str, code: str = "") -> Callable[[F], F]:
    """Declare a function as the command `name`; its help is the message `help_NAME`, or `code`."""
    return app.command(name, cls=Command, help=say(code or "help_" + name.replace("-", "_")))


def _described(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
        if param.name in ("help", "install_completion", "show_completion"):
            param.help = say(f"help_{param.name}")
        param.process_value = partial(_value, param)
    return params


def _value(param: Any, ctx: Any, given: Any) -> Any:
    """typer reads values with pydantic, which takes longer to load than help may take, and `--lang` stands before all
    help. What is not given, or is one of the choices, needs no reading."""
    needs_none = given is None and not (param.required or param.multiple or param.nargs != 1)
    is_choice = isinstance(given, str) and given in (param.type_descriptor.choices or ())
    return given if needs_none or is_choice else type(param).process_value(param, ctx, given)


def _title_panels() -> None:
    """Imported here, as typer itself does: whoever asks for no help does not wait for what lays it out."""
    from typer import rich_utils

    rich_utils.OPTIONS_PANEL_TITLE = say("help_options")
    rich_utils.COMMANDS_PANEL_TITLE = say("help_commands")
    rich_utils.ARGUMENTS_PANEL_TITLE = say("help_arguments")
    rich_utils.ERRORS_PANEL_TITLE = say("help_error")
    rich_utils.REQUIRED_LONG_STRING = say("help_required")
    rich_utils.DEFAULT_STRING = say("help_default")
    rich_utils.ENVVAR_STRING = say("help_variable")
