"""Commands for the auditor: whether the record is whole, and its heads, to be kept elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import anchors, outside, together, wiring
from syncd.cli.later import audit as chains
from syncd.cli.later import verify as auditing
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, named, table
from syncd.errors import MappingError, WrongUsage
from syncd.language import hint, say

AnchorFile = Annotated[
    Path | None, typer.Option("--anchor", metavar="FILE", help=say("help_verify_anchor"), show_default=False)
]
Heads = Annotated[
    list[str] | None,
    typer.Option("--head", metavar="[CHAIN/]SEQ:HASH", help=say("help_verify_head"), show_default=False),
]


def verify(
    config: Config = None, name: Name = None, anchor: AnchorFile = None, head: Heads = None, as_json: Json = False
) -> None:
    """Whether anything of the record, of finance's vouchers or of parked rows was changed."""
    path = config_path(config)
    pipeline = wiring.pipeline(path, name)
    parts = pipeline.begun()
    if head and len(parts) > 1:
        raise MappingError("pipeline_which", str(path), names=", ".join(part.name for part in parts))
    given = [anchors.given(parts[0].name, text) for text in head or ()]
    if anchor is not None and not anchor.is_file():
        raise WrongUsage("audit_no_anchor_file", file=anchor)
    kept, forged = _kept(pipeline, parts, anchor)
    together.seldom_collect()
    with closing(pipeline.open_ledger()) as ledger:
        verdict = auditing.joined(
            auditing.verify(
                ledger,
                part.name,
                pipeline.mapping.layout,
                [one for one in (*kept, *given) if one.pipeline == part.name],
                pipeline.audit.others,
                partial(wiring.again, path, pipeline.name),
                part.misfolded(ledger),
            )
            for part in parts
        )
    flaws = [auditing.Flaw("audit_anchor_forged", anchors.told(one)) for one in forged]
    verdict = verdict._replace(flaws=[*flaws, *verdict.flaws])
    if as_json:
        series = [one._asdict() | {"listed": [*map(list, one.listed)]} for one in verdict.series]
        edited = [one._asdict() | one.by._asdict() for one in verdict.edited]
        flaws_said = [_flaw(flaw) for flaw in verdict.flaws]
        more = {"series": series, "edited": edited, "flaws": flaws_said, "one_eye": named(verdict.one_eye)}
        emit(verdict._asdict() | more)
    else:
        _show(verdict)
    if verdict.flaws:
        raise typer.Exit(FOUND_SOMETHING)


def show_head(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """The heads of the chains as they stand, to be printed or mailed."""
    pipeline = wiring.pipeline(config_path(config), name)
    now, parts = datetime.now(UTC), pipeline.begun()
    with closing(pipeline.open_ledger()) as ledger:
        heads = [one for part in parts for one in anchors.heads(ledger, part.name, now)]
    if as_json:
        emit(named(heads))
        return
    rows = [(one.pipeline, f"{one.chain}/{one.seq}:{one.hash}") for one in heads]
    table(("col_pipeline", "col_head"), rows)
    line("audit_head_kept", "green")


def write_anchor(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Keep the heads as they stand in the anchor that the configuration names."""
    pipeline = wiring.pipeline(config_path(config), name)
    parts, anchor = pipeline.begun(), pipeline.anchor
    if anchor is None:
        raise WrongUsage("anchor_none")
    with closing(pipeline.open_ledger()) as ledger:
        written = [
            one
            for part in parts
            for one in anchors.write(ledger, part.name, anchor, pipeline.audit.key, datetime.now(UTC))
        ]
    if as_json:
        emit(named(written))
    else:
        line("anchor_written", "green", heads=len(written))


def _kept(
    pipeline: wiring.Pipeline, parts: Sequence[wiring.Pipeline], file: Path | None
) -> tuple[list[chains.Anchored], list[chains.Anchored]]:
    """The heads that were kept elsewhere, those that are signed as they should be and the others."""
    anchor = pipeline.audit.anchor if file is None else outside.anchor_file(file)
    if anchor is None:
        return [], []
    return anchors.trusted(anchor, [part.name for part in parts], pipeline.audit.key)


def _show(verdict: auditing.Verdict) -> None:
    for code, flaws in groupby(verdict.flaws, lambda flaw: flaw.code):
        _show_flaws(code, [*flaws])
    for one in verdict.edited:
        said = one._asdict() | one.by._asdict()
        line("audit_edited_row" if one.table else "audit_edited_card", "yellow", **said)
    _show_series(verdict)
    _show_one_eye(verdict)
    counts = {"postings": verdict.postings, "vouchers": verdict.vouchers, "actions": verdict.actions}
    counts |= {"parked": verdict.parked, "collected": verdict.collected, "anchored": verdict.anchored}
    line("audit_flawed" if verdict.flaws else "audit_whole", "bold red" if verdict.flaws else "bold green", **counts)
    if not verdict.anchored:
        line("audit_unanchored", "yellow")


def _show_series(verdict: auditing.Verdict) -> None:
    """Series that others write into as well, or in which numbers are missing; nothing of it is wrong by itself."""
    rows = []
    for one in verdict.series:
        if one.by_hand or one.missing:
            listed = [f"{number} ({key})" if key else number for number, key in one.listed]
            more = "" if one.by_hand <= len(listed) else " …"
            gaps = ", ".join(one.missing)
            rows.append(
                (one.table, f"{one.period} {one.type}", one.vouchers, one.by_hand, ", ".join(listed) + more, gaps)
            )
    if rows:
        columns = ("col_finance_table", "col_series", "col_vouchers", "col_by_hand", "col_numbers", "col_missing")
        table(columns, rows, right=(2, 3))


def _show_one_eye(verdict: auditing.Verdict) -> None:
    """Rows that one person asked for and agreed to; whoever looks at them with other eyes mends it."""
    if verdict.one_eye:
        line("audit_one_eye", "yellow", rows=len(verdict.one_eye))
        rows = [(one.id, one.pipeline, one.actor, say(f"deed_{one.did}")) for one in verdict.one_eye]
        table(("col_id", "col_pipeline", "col_who", "col_did_before"), rows)


def _show_flaws(code: str, flaws: Sequence[auditing.Flaw]) -> None:
    """Flaws of one kind; what to do is said once for all that it is the same for."""
    for advice, lot in groupby(flaws, lambda flaw: hint(code, flaw.params)):
        for flaw in lot:
            line(code, "red", **flaw.params)
        console.print(Text("  → " + advice, style="green"), soft_wrap=True)


def _flaw(flaw: auditing.Flaw) -> dict[str, object]:
    return flaw._asdict() | {"message": say(flaw.code, flaw.params), "hint": hint(flaw.code, flaw.params)}
