"""The command that says how the pipelines stand, also while no daemon runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer
from rich.text import Text

from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import anchors, box, change, clock, due, kept, samples, wiring
from syncd.cli.later import status as reports
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, described, emit, table
from syncd.cli.output import shown as shown_at
from syncd.errors import Fault
from syncd.language import hint, say

SILENCE_SHOWN_S = 3.0
HOURS_SHOWN = 24
DUE_SHOWN_MAX = 5
UNCOMPUTED_SHOWN_MAX = 5
STYLES = {"posting": "green", "halted": "bold red", "down": "bold red", "error": "red", "warning": "yellow"}

History = Annotated[bool, typer.Option("--history", help=say("help_status_history"))]


class Looked(NamedTuple):
    """A pipeline with how its parts stand and what the EAM keeps for it; `blind` is why that could not be seen;
    `outbox` what is to be told outside and is not done."""

    pipeline: wiring.Pipeline
    parts: Sequence[reports.PipelineStatus]
    sizes: Mapping[str, str]
    blind: Fault | None
    outbox: Sequence[box.Open] = ()


def status(config: Config = None, name: Name = None, as_json: Json = False, history: History = False) -> None:
    """How the pipelines stand."""
    path = config_path(config)
    chosen = [wiring.pipeline(path, name)] if name else list(wiring.pipelines(path).values())
    looked = [_look(pipeline) for pipeline in chosen]
    went = {each.pipeline.name: _went(each) if history else {} for each in looked}
    if as_json:
        more = {name: [samples.told(*span) for span in spans] for all_ in went.values() for name, spans in all_.items()}
        given = [(_plain(one, each), one.pipeline) for each in looked for one in each.parts]
        emit([said | ({"history": more[name]} if name in more else {}) for said, name in given])
    else:
        for each in looked:
            _show(each._replace(parts=clock.local(each.parts, each.pipeline.mapping.file.timezone)))
            for part, spans in went[each.pipeline.name].items():
                _show_history(part, clock.local(spans, each.pipeline.mapping.file.timezone))
    is_well = all(reports.is_well(one, each.pipeline.config.late_after_s) for each in looked for one in each.parts)
    if not is_well or any(one.state == "refused" for each in looked for one in each.outbox):
        raise typer.Exit(FOUND_SOMETHING)


def _went(looked: Looked) -> Mapping[str, samples.Spans]:
    """The last day of each part, hour by hour."""
    now = datetime.now(UTC)
    with closing(looked.pipeline.open_ledger()) as ledger:
        return {one.pipeline: samples.hourly(ledger, one.pipeline, now, HOURS_SHOWN) for one in looked.parts}


def _show_history(part: str, spans: samples.Spans) -> None:
    console.print(Text.assemble((f"{part}  {say('history_day')}", "bold"), f"  –: {say('history_nobody')}"))
    counts = ("history_parked", "history_changes", "history_posted", "history_ignored")
    columns = ("col_when", "overview_unread", "history_unposted", "history_oldest", *counts)
    table(columns, [_told(at, span) for at, span in spans], right=(*range(1, len(columns)),))


def _told(at: datetime, span: samples.Span | None) -> tuple[object, ...]:
    if span is None:
        return (f"{at:%H:%M}", *("–" for _ in range(7)))
    unread = span.unread_rows if span.unread_bytes is None else kept.shown(span.unread_bytes)
    counted = (span.parked, span.changes, span.posted, span.ignored)
    return (f"{at:%H:%M}", unread, _lasted(span.lag_s), _lasted(span.parked_s), *counted)


def _lasted(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:,.1f} s" if seconds < 6_000 else f"{seconds / 3600:,.1f} h"


def _look(pipeline: wiring.Pipeline) -> Looked:
    """The daemon that posts says what the EAM keeps; where none does, the EAM is asked."""
    parts = pipeline.begun()
    with closing(pipeline.open_ledger()) as ledger:
        standings = [reports.pipeline_status(ledger, part.name, datetime.now(UTC)) for part in parts]
        if pipeline.is_partitioned and parts[0].name != pipeline.name:
            whole = reports.pipeline_status(ledger, pipeline.name, datetime.now(UTC))
            standings += [whole] if reports.standing(whole) == "halted" else []
        outbox = [one for part in parts for one in box.open_deliveries(ledger, part.name)]
    if any(reports.standing(one) == "posting" for one in standings):
        notes = [one.report.note for one in standings if one.report is not None]
        return Looked(pipeline, standings, kept.of_note(notes[0]) if notes else {}, None, outbox)
    try:
        sizes = [holding.sizes for holding in pipeline.holdings()]
        sizes += [kept.of_note(pipeline.keeps(change.Position(one.position))) for one in standings if one.position]
    except Fault as fault:
        return Looked(pipeline, standings, {}, fault, outbox)
    kept_there = {name: value for size in sizes for name, value in size.items() if value}
    return Looked(pipeline, standings, kept_there, None, outbox)


def _show(looked: Looked) -> None:
    if len(looked.parts) == 1:
        _show_one(looked.parts[0], looked)
    else:
        _show_parts(looked.pipeline, looked.parts)
        if looked.outbox:
            console.print(Text(f"  {say('status_outbox')}: {_outbox(looked.outbox)}"))
    for finding in kept.warnings(looked.sizes):
        _show_reason(finding.code, finding.params, "  ", STYLES[finding.level])
    if looked.blind is not None:
        _show_reason("status_blind", {"why": say(looked.blind.code, looked.blind.params)}, "  ", "yellow")


def _state(one: reports.PipelineStatus, late_after_s: float) -> Text:
    """How it stands, and since when nothing was heard of it."""
    state = reports.standing(one)
    text = Text(say(f"state_{state}"), STYLES.get(state, "yellow"))
    if reports.is_late(one, late_after_s):
        text.append(", " + say("status_late"), "bold red")
    if state not in ("never", "down", "halted") and one.silent_s is not None and one.silent_s > SILENCE_SHOWN_S:
        text.append(", " + say("status_silent", {"seconds": f"{one.silent_s:.0f}"}), "yellow")
    return text


def _show_reasons(one: reports.PipelineStatus, before: str) -> None:
    if one.report is not None and one.report.error:
        _show_reason(one.report.error, one.report.params, before, "red")
    if one.unseen is not None:
        _show_reason(one.unseen.code, one.unseen.params, before, "red")
    if one.anchor is not None and one.anchor.code:
        _show_reason(one.anchor.code, one.anchor.params, before, "red")
    for left in one.uncomputed[:UNCOMPUTED_SHOWN_MAX]:
        said = {"asset": left.asset, "period": left.period, "why": say(left.code, left.params)}
        console.print(Text(before + say("status_uncomputed", said), style="yellow"))
        if advice := hint(left.code, left.params):
            console.print(Text("  → " + advice, style="green"))
    if more := max(0, len(one.uncomputed) - UNCOMPUTED_SHOWN_MAX):
        console.print(Text(before + say("status_uncomputed_more", {"count": more}), style="yellow"))


def _show_reason(code: str, params: Mapping[str, str], before: str, style: str) -> None:
    console.print(Text(before + say(code, params), style=style))
    if advice := hint(code, params):
        console.print(Text("  → " + advice, style="green"))


def _show_parts(pipeline: wiring.Pipeline, parts: Sequence[reports.PipelineStatus]) -> None:
    """A partitioned pipeline: a line a partition, and in all."""
    console.print(Text(pipeline.name, style="bold"))
    for part in parts:
        _show_reasons(part, f"  {part.pipeline}: ")
    rows: list[tuple[object, ...]] = [
        (
            part.pipeline,
            _state(part, pipeline.config.late_after_s),
            "–" if part.lag_s is None else f"{part.lag_s:.1f} s",
            part.report and part.report.rows_behind,
            part.posted,
            sum(part.parked.values()),
            ", ".join(part.daemons),
        )
        for part in parts
    ]
    worst = max((part.lag_s for part in parts if part.lag_s is not None), default=None)
    behind = sum((part.report and part.report.rows_behind) or 0 for part in parts)
    posted, parked = sum(part.posted for part in parts), sum(sum(part.parked.values()) for part in parts)
    daemons = len({daemon for part in parts for daemon in part.daemons})
    rows.append((pipeline.name, "", "–" if worst is None else f"{worst:.1f} s", behind, posted, parked, daemons))
    columns = ("col_pipeline", "col_state", "status_lag", "status_rows", "status_posted", "status_parked")
    table((*columns, "status_daemons"), rows, right=(2, 3, 4, 5))


def _show_one(one: reports.PipelineStatus, looked: Looked) -> None:
    report, sizes, limits = one.report, looked.sizes, looked.pipeline.config
    console.print(Text.assemble((one.pipeline, "bold"), "  ", _state(one, limits.late_after_s)))
    _show_reasons(one, "  ")
    behind = report and report.bytes_behind
    limit = {"batch": f"{limits.batch_changes_max:,}", "queue": f"{limits.queue_changes_max:,}"}
    limit |= {"share": f"{limits.parked_share_max:.0%}", "late": f"{limits.late_after_s:g}"}
    rows = [
        ("status_lag", f"{one.lag_s:.1f} s" if one.lag_s is not None else None),
        ("status_bytes", None if behind is None else kept.shown(behind)),
        ("status_rows", report and report.rows_behind),
        ("status_retained", _size(sizes, "retained_bytes")),
        ("status_safe", _size(sizes, "safe_bytes")),
        ("status_wal", sizes.get("wal_status")),
        ("status_expires", _hours(sizes.get("expires_s"))),
        ("status_kept_rows", f"{int(sizes['rows']):,}" if "rows" in sizes else None),
        ("status_oldest", report and report.oldest),
        ("status_committed", one.committed_at),
        ("status_changes", one.changes),
        ("status_posted", one.posted),
        ("status_repeated", one.repeated),
        ("status_parked", ", ".join(f"{say('row_' + s)} {n:,}" for s, n in one.parked.items()) or 0),
        ("status_overdue", ", ".join(_held(held) for held in one.held)),
        ("status_collected", one.collected or None),
        ("status_due", "; ".join(_due(group) for group in one.due[:DUE_SHOWN_MAX])),
        ("status_due_more", max(0, len(one.due) - DUE_SHOWN_MAX) or None),
        ("status_daemons", ", ".join(f"{who} ({say('state_' + role)})" for who, role in one.daemons.items())),
        ("status_outbox", _outbox(looked.outbox)),
        ("status_anchor", one.anchor and _anchor(one.anchor)),
        ("status_limits", say("status_limits_set", limit)),
    ]
    shown = [(say(code), value, say("means_" + code)) for code, value in rows if value not in (None, "")]
    table(("status_what", "status_value", "status_means"), shown)


def _size(sizes: Mapping[str, str], name: str) -> str | None:
    return kept.shown(int(sizes[name])) if sizes.get(name) else None


def _hours(seconds: str | None) -> str | None:
    return None if seconds is None else f"{max(float(seconds), 0) / 3600:.1f} h"


def _anchor(said: anchors.Said) -> str:
    at = say("anchor_never") if said.at is None else shown_at(said.at)
    return say("status_anchor_set", {"at": at, "seq": f"{said.seq:,}"})


def _held(held: reports.Held) -> str:
    return say("status_held", held._asdict() | {"overdue": held.overdue or ""})


def _outbox(outbox: Sequence[box.Open]) -> str:
    return ", ".join(f"{say('kind_' + one.kind)} {say('delivery_' + one.state)} {one.deliveries:,}" for one in outbox)


def _due(group: due.DueGroup) -> str:
    return say("status_due_group", group._asdict() | {"since": f"{group.since:%Y-%m-%d %H:%M:%S}"})


def _plain(one: reports.PipelineStatus, looked: Looked) -> dict[str, object]:
    report, limits = one.report, looked.pipeline.config
    return one._asdict() | {
        "report": report and report._asdict(),
        "due": [group._asdict() for group in one.due],
        "held": [held._asdict() for held in one.held],
        "uncomputed": [left._asdict() for left in one.uncomputed],
        "state": reports.standing(one),
        "late": reports.is_late(one, limits.late_after_s),
        "well": reports.is_well(one, limits.late_after_s),
        "unseen": one.unseen and described(one.unseen),
        "anchor": one.anchor and one.anchor._asdict(),
        "outbox": [o._asdict() for o in looked.outbox],
        "kept": looked.sizes,
        "kept_unknown": looked.blind and described(looked.blind),
        "warnings": [f._asdict() | {"message": say(f.code, f.params)} for f in kept.warnings(looked.sizes)],
        "limits": {
            "batch_changes_max": limits.batch_changes_max,
            "queue_changes_max": limits.queue_changes_max,
            "parked_share_max": limits.parked_share_max,
            "late_after_s": limits.late_after_s,
        },
    }
