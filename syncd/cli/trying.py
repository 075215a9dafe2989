"""A row tried on the rules: each one's steps, and what it would make. Nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.text import Text

from syncd.cli import previewing
from syncd.cli.answering import hidden
from syncd.cli.later import follow, steps, trying, wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, table
from syncd.cli.parked import assigned
from syncd.errors import WrongUsage
from syncd.language import current, say

Table = Annotated[str, typer.Argument(metavar="TABLE", help=say("help_try_table"), show_default=False)]
Key = Annotated[str, typer.Argument(metavar="KEY", help=say("help_try_key"), show_default=False)]
Row = Annotated[int, typer.Option("--parked", metavar="NUMBER", help=say("help_try_parked"), show_default=False)]
As = Annotated[Literal["new", "changed", "deleted", "read"], typer.Option("--as", help=say("help_try_as"))]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="COLUMN=VALUE", help=say("help_set"), show_default=False)
]
All = Annotated[bool, typer.Option("--all", help=say("help_try_all"))]


def try_row(
    source: Table = "", key: Key = "", parked: Row = 0, how: As = "new", assignments: Set = None, every: All = False,
    config: Config = None, name: Name = None, as_json: Json = False,
) -> None:  # fmt: skip
    """A row on the rules of the mapping as it stands."""
    if bool(source and key) == bool(parked) or (parked and source):
        raise WrongUsage("try_which")
    asked = trying.Asked(source, key, parked, 0, how, assigned(assignments or ()))
    pipeline, found = _tried(wiring.pipeline(config_path(config), name).begun(), asked)
    found = trying.shown(found, pipeline.mapping.tables, hidden(pipeline))
    told = [one for one in found.judgements if every or steps.is_told(one)]
    lines = [(one, steps.lines(one, pipeline.mapping.zone)) for one in told]
    if as_json:
        emit(
            {
                "table": found.change.table,
                "key": found.key,
                "subject": found.subject,
                "past": found.is_past,
                "behind": found.behind,
            }
            | {"rules": [_plain(one, own) for one, own in lines], **previewing.plain(found.preview)}
        )
        return
    console.print(Text.assemble((f"{found.change.table} {found.key}  {found.subject}", "bold")))
    line("try_past" if found.is_past else "try_present", "dim")
    line("try_agreed", "dim")
    if found.behind:
        line("try_behind", "yellow", rows=found.behind, subject=found.subject)
    for one, own in lines:
        _show(one, own)
    left = sum(not one.rule.of for one in found.judgements if one not in told)
    if left:
        line("console_try_others", "dim", rules=left)
    previewing.show(found.preview)


def _tried(parts: Sequence[wiring.Pipeline], asked: trying.Asked) -> tuple[wiring.Pipeline, trying.Tried]:
    """What came of a row, and the pipeline that has it: where one is partitioned the first that does."""
    *others, last = parts
    for part in others:
        with suppress(WrongUsage), closing(part.open_ledger()) as ledger:
            return part, trying.tried(part.bench(ledger), asked, datetime.now(UTC))
    with closing(last.open_ledger()) as ledger:
        return last, trying.tried(last.bench(ledger), asked, datetime.now(UTC))


def _show(judged: follow.Judgement, lines: Sequence[steps.Line]) -> None:
    line("")
    style = {"posted": "green", "refused": "red"}.get(judged.said, "dim")
    console.print(Text.assemble((f"{judged.rule.name}  ", "bold"), (say(f"try_said_{judged.said}"), style)))
    columns = ("console_try_step", "console_try_how", "console_try_value")
    if lines:
        table(columns, [(_label(one), _made_of(one), _value(one)) for one in lines])
    if reason := steps.why(judged):
        line(reason, "dim", rules=steps.cancelled(judged))
    if judged.failure is not None and not any(one.stops for one in lines):
        line("try_why_untold", "red")
        console.print(Text(say(judged.failure.code, judged.failure.params), style="red"))


def _label(one: steps.Line) -> str:
    name = say(one.part) if one.part else one.name
    return say(one.code, {"name": name, "entry": one.entry, "line": one.entry})


def _made_of(one: steps.Line) -> str:
    read = ", ".join(f"{name} = {value}" for name, value in one.read)
    return f"{one.text}  [{read}]" if read else one.text


def _value(one: steps.Line) -> Text:
    style = "red" if one.stops else ""
    if one.failure is not None:
        return Text(say(one.failure.code, one.failure.params), style="red")
    if one.is_left_out:
        return Text(say("step_left_out"))
    if one.holds is None:
        return Text(one.value)
    says = "" if one.holds else one.says.get(current(), "")
    return Text(f"{say(one.answer)} {says}".strip(), style=style)


def _plain(judged: follow.Judgement, lines: Sequence[steps.Line]) -> dict[str, object]:
    failure = judged.failure and {"code": judged.failure.code, "params": dict(judged.failure.params)}
    kept = ("section", "name", "entry", "text", "value", "holds", "stops")
    told = [
        {word: value for word, value in one._asdict().items() if word in kept}
        | {"read": dict(one.read), "failure": one.failure and say(one.failure.code, one.failure.params)}
        for one in lines
    ]
    return {"rule": judged.rule.name, "said": judged.said, "failure": failure, "steps": told}
