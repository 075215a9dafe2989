"""Commands for what is told outside: the outbox, and whether those who are alerted can be reached."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.text import Text

from syncd.cli.answering import answering, hidden
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import alerts, box, clock, delivery, masking, ports, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, emit, line, table
from syncd.errors import WrongUsage
from syncd.language import current, hint, say

LISTED_MAX = 10_000

Number = Annotated[int, typer.Argument(metavar="NUMBER", help=say("help_delivery"), show_default=False)]
States = Literal["waiting", "unknown", "refused", "done", "discarded"]
Kinds = Literal["answer", "alert", "anchor"]
State = Annotated[States | None, typer.Option("--state", metavar="STATE", help=say("help_outbox_state"))]
Kind = Annotated[Kinds | None, typer.Option("--kind", metavar="KIND", help=say("help_outbox_kind"))]
Done = Annotated[bool, typer.Option("--done", help=say("help_outbox_done"))]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=LISTED_MAX, help=say("help_limit"))]
Target = Annotated[str, typer.Option("--target", metavar="NAME", help=say("help_alert_target"), show_default=False)]


def show_list(
    config: Config = None, name: Name = None, state: State = None, kind: Kind = None, done: Done = False,
    limit: Limit = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """What is in the outbox."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        found = [
            one
            for part in pipeline.begun()
            for one in box.listed(ledger, part.name, state or "", kind or "", done, limit)
        ][:limit]
    if as_json:
        unseen = hidden(pipeline)
        emit([_plain(one._replace(body=masking.answered(one.body, unseen))) for one in found])
    elif not found:
        line("outbox_none", "green")
    else:
        zone = pipeline.mapping.file.timezone
        columns = ("col_id", "col_kind", "col_told", "col_subject", "col_state", "col_attempts", "col_decided")
        rows = [
            (d.seq, say(f"kind_{d.kind}"), d.target, subject(d), _state(d), d.attempts, d.decided_at)
            for d in clock.local(found, zone)
        ]
        table(columns, rows, right=(5,))


def show(number: Number, config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """One delivery, whole."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        one = box.show(ledger, _holding(pipeline, ledger, number), number)
    one = one._replace(body=masking.answered(one.body, hidden(pipeline)))
    if as_json:
        emit(_plain(one))
        return
    one = clock.local(one, pipeline.mapping.file.timezone)
    console.print(Text.assemble((f"{one.seq}  {subject(one)}  ", "bold"), (say(f"delivery_{one.state}"), "yellow")))
    if one.code:
        console.print(Text(say(one.code, one.params), style="red"))
        if advice := _hint(one):
            console.print(Text("→ " + advice, style="green"), soft_wrap=True)
    facts = {
        "col_kind": say(f"kind_{one.kind}"),
        "col_told": one.target,
        "col_key": one.key,
        "col_decided": one.decided_at,
        "col_attempts": one.attempts,
        "col_next": None if one.settled_at else one.next_at,
        "col_settled": one.settled_at,
    }
    told = {name: value for name, value in one.body.items() if name not in {"row", "heads"}} | one.body.get("row", {})
    said = [(f"  {name}", None if value is None else str(value)) for name, value in told.items()]
    rows = [(say(what), value) for what, value in facts.items() if value is not None]
    table(("status_what", "status_value"), [*rows, *said])


def retry(number: Number, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None) -> None:
    """Send a refused delivery again."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        box.retry(ledger, _holding(pipeline, ledger, number), number, answering(pipeline, "deliver", actor, reason))
    line("outbox_retry", id=number)


def discard(number: Number, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None) -> None:
    """Give a refused delivery up."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        box.discard(ledger, _holding(pipeline, ledger, number), number, answering(pipeline, "deliver", actor, reason))
    line("outbox_discard", id=number)


def try_alert(config: Config = None, name: Name = None, target: Target = "", as_json: Json = False) -> None:
    """Send a message, and say what came back."""
    outside = next(iter(wiring.pipelines(config_path(config)).values())).outside
    if outside.alerting is None:
        raise WrongUsage("alert_none")
    if target and target not in outside.targets:
        raise WrongUsage("alert_no_target", target=target, known=", ".join(outside.targets))
    relay, now = outside.notifications(), datetime.now(UTC)
    body = alerts.trial(outside.alerting.language)
    came = {}
    for one in [target] if target else outside.targets:
        said = delivery.Delivery("", 0, "alert/test", "alert", one, "", body, now, "waiting", 0, now, "", {}, None)
        came[one] = relay.send(said)
    if as_json:
        emit([{"target": one} | sent._asdict() | {"message": _came(sent)} for one, sent in came.items()])
    else:
        for one, sent in came.items():
            style = "green" if sent.result == "done" else "red"
            console.print(Text.assemble((one, "bold"), "  ", (_came(sent), style)))
            if advice := hint(sent.code, sent.params):
                console.print(Text("  → " + advice, style="green"), soft_wrap=True)
    if any(sent.result != "done" for sent in came.values()):
        raise typer.Exit(FOUND_SOMETHING)


def _holding(pipeline: wiring.Pipeline, ledger: ports.Ledger, number: int) -> str:
    """The pipeline that has the delivery: each partition counts its own."""
    names = [part.name for part in pipeline.begun()]
    holding = [name for name in names if box.has(ledger, name, number)] if len(names) > 1 else names
    if len(holding) > 1:
        raise WrongUsage("parked_which_part", id=number, names=", ".join(holding))
    return holding[0] if holding else names[0]


def _came(sent: delivery.Sent) -> str:
    return say("alert_went") if sent.result == "done" else say(sent.code, sent.params)


def subject(one: delivery.Delivery) -> str:
    """What it is about: of an alert or heads what it says first, not the record's name for it."""
    said = {"alert": "text", "anchor": "title"}.get(one.kind, "")
    return str(one.body.get(said, "")).partition("\n")[0] or one.subject


def _state(one: delivery.Delivery) -> str:
    why = f": {say(one.code, one.params, current())}" if one.code and one.state != "done" else ""
    return say(f"delivery_{one.state}") + why


def _hint(one: delivery.Delivery) -> str:
    """What to do about it, where anything is; commands in it name it."""
    return "" if one.state in ("done", "discarded") else hint(one.code, {**one.params, "id": one.seq})


def _plain(one: delivery.Delivery) -> dict[str, object]:
    words = {"message": say(one.code, one.params), "hint": _hint(one)} if one.code else {}
    return one._asdict() | words
