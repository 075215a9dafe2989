"""The demonstration in the terminal: scene by scene as it happens, then the books as they stand."""

import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncd.books.reconciliation.reconcile import Report
from syncd.cli.closing import show as show_items
from syncd.demo import figures, month
from syncd.demo.close import Previewed
from syncd.demo.figures import Balance, Figures, Settled
from syncd.demo.stage import Parked, Voucher, built, running
from syncd.desk.parked import operators
from syncd.language import hint, say
from syncd.money import ZERO

DEVICES: Final = 1_200
ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Where the books are kept."""
ENTRIES_SHOWN_MAX: Final = 8
"""Of a voucher: a month's depreciation has an entry for every asset."""
KEPT_IN: Final = Path("demo-data")

console: Final = Console(highlight=False)


def run(once: bool = False, json_file: Path | None = None, directory: Path | None = None, console_at: str = "") -> None:
    """Play the month. `once` leaves nothing behind but the figures in `json_file`; `console_at` is where the console
    listens by default."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    started = time.monotonic()
    with TemporaryDirectory() if once and directory is None else nullcontext(directory or KEPT_IN) as folder:
        place = Path(folder).resolve()
        place.mkdir(parents=True, exist_ok=True)
        with built(place, DEVICES, datetime.now(ZONE).date()) as stage:
            console.print(Text(say("demo_intro", {"devices": DEVICES, "month": f"{stage.today:%Y-%m}"}), style="bold"))
            with running(stage):
                for scene in month.play(stage):
                    _tell(scene)
            report = stage.pipeline.reconcile()
            said = figures.read(stage, report, time.monotonic() - started)
            _trial_balance(figures.trial_balance(stage))
            _parked(figures.parked(stage))
            _reconciliation(report)
            _summary(said)
        if not once:
            program = "syncd" if which("syncd") else os.path.relpath(sys.argv[0])
            command = f"{program} trace FA-SC-2301 --config {os.path.relpath(place / 'syncd.yaml')}"
            console.print(Text(say("demo_kept", {"directory": place, "command": command}), style="dim"))
            _pages(place, console_at)
    if json_file is not None:
        json_file.write_text(json.dumps(said.plain(), ensure_ascii=False, indent=2) + "\n", "utf-8")


def _pages(place: Path, console_at: str) -> None:
    """How the same is looked at on pages: lines that are typed as they stand."""
    console.print(Text(say("demo_pages", {"address": console_at}), style="dim"))
    found = [] if which("syncd") else [f'export PATH="{Path(sys.argv[0]).absolute().parent}:$PATH"']
    people = "syncd people add demo --role finance --actor demo --reason demo"
    for typed in (*found, f"cd {os.path.relpath(place)}", people, "syncd console"):
        console.print(Text(f"  {typed}"), soft_wrap=True)


def _tell(scene: month.Scene) -> None:
    waits = scene.parked is not None or any(item.state == "fails" for item in scene.items)
    mark = ("● ", "bold yellow") if waits else ("✓ ", "bold green")
    took = f"  {say('demo_ms', {'ms': scene.elapsed_ms})}" if scene.elapsed_ms else ""
    console.print()
    console.print(Text.assemble(mark, say(scene.code, scene.params), (took, "dim")))
    for voucher in scene.vouchers:
        _show_voucher(voucher)
    if scene.parked is not None:
        _say_parked(scene.parked)
    if scene.previewed is not None:
        _show_preview(scene.previewed)
    show_items(scene.items, folds=True)
    for file in scene.files:
        console.print(f"  {file}")


def _show_voucher(voucher: Voucher) -> None:
    console.print(Text.assemble((f"  {voucher.ref}", "bold"), f"  {voucher.date}  {voucher.summary}"))
    shown = Table(box=None, padding=(0, 2), show_header=False)
    for index in range(5):
        shown.add_column(justify="right" if index > 2 else "left")
    for entry in voucher.entries[:ENTRIES_SHOWN_MAX]:
        amounts = (_amount(entry.debit), _amount(entry.credit))
        style = "red" if entry.debit + entry.credit < 0 else ""
        shown.add_row(entry.account, entry.name, entry.dept or "", *amounts, style=style)
    console.print(shown)
    if (more := len(voucher.entries) - ENTRIES_SHOWN_MAX) > 0:
        console.print(Text(f"  {say('demo_more_entries', {'count': more})}", style="dim"))


def _show_preview(previewed: Previewed) -> None:
    rows = [
        (f"{one.code} {one.name}", f"{one.assets:,}", *(f"{n:,.2f}" for n in (one.computed, one.sent)),
         f"{one.sent - one.computed:,.2f}")
        for one in previewed.departments
    ]  # fmt: skip
    headings = ("depreciation_department", "depreciation_count", "depreciation_computed", "demo_eam", "demo_difference")
    _table("demo_by_department", headings, rows, right=(1, 2, 3, 4))


def _say_parked(parked: Parked) -> None:
    console.print(Text("  " + say(parked.code, parked.params), style="yellow"))
    advice = hint(operators.advised(parked.code, parked.params), {**parked.params, "id": parked.id})
    if advice:
        console.print(Text(f"  → {advice}", style="dim"))


def _trial_balance(balances: Sequence[Balance]) -> None:
    rows = [(b.account, b.name, *_sided(b.opening, b.debit, b.credit, b.closing)) for b in balances]
    opening, debit, credit, closing = (
        sum((getattr(b, name) for b in balances), ZERO) for name in ("opening", "debit", "credit", "closing")
    )
    rows.append(("", say("demo_total"), *_sided(opening, debit, credit, closing)))
    headings = ("", "demo_account", "demo_opening", "demo_debit", "demo_credit", "", "demo_closing")
    _table("demo_trial_balance", headings, rows, right=(2, 3, 4, 6), gap=1, name_max=8)


def _sided(opening: Decimal, debit: Decimal, credit: Decimal, closing: Decimal) -> tuple[str, ...]:
    """Both balances on the side on which the account stands, 平 where it is even."""
    standing = closing or opening
    side, sign = ("credit", -1) if standing < 0 else ("debit", 1)
    said = say(f"demo_side_{side if closing else 'even'}")
    return _amount(sign * opening), _amount(debit), _amount(credit), said, _amount(sign * closing)


def _parked(rows: Sequence[Settled]) -> None:
    shown = [(r.subject, say(r.code, json.loads(r.params)), say(f"demo_state_{r.state}")) for r in rows]
    _table("demo_parked", ("demo_subject", "demo_reason", "demo_outcome"), shown)


def _reconciliation(report: Report) -> None:
    held = {control.field: control.balance for control in report.controls}
    rows = []
    for field in ("original_value", "accumulated_depreciation", "impairment", "carrying_amount"):
        eam, finance = (getattr(side, field) or ZERO for side in (report.eam, report.finance))
        balance = _amount(held[field]) or "0.00" if field in held else ""
        rows.append((say(field), f"{eam:,.2f}", f"{finance:,.2f}", balance, f"{finance - eam:,.2f}"))
    headings = ("demo_value", "demo_eam", "demo_finance", "demo_ledger", "demo_difference")
    _table("demo_reconciliation", headings, rows, right=(1, 2, 3, 4))


def _summary(said: Figures) -> None:
    params = said._asdict() | {"p50": said.latency_p50_ms, "p99": said.latency_p99_ms, "elapsed": said.elapsed_s}
    fine = said.differences == said.duplicates == 0 and said.debit == said.credit and said.closed
    console.print()
    console.print(Text(say("demo_summary", params), style="bold green" if fine else "bold red"))


def _table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = (), gap: int = 2,
    name_max: int | None = None,
) -> None:  # fmt: skip
    """`right` are columns of figures, none of which is cut; of names in the second no more is told than `name_max`."""
    console.print()
    console.print(Text(say(title), style="bold"))
    shown = Table(box=None, padding=(0, gap, 0, 0))
    for index, heading in enumerate(headings):
        is_figure = index in right
        width = max((cell_len(row[index]) for row in rows), default=0) if is_figure else None
        most = name_max if index == 1 and not is_figure else None
        shown.add_column(
            say(heading) if heading else "",
            justify="right" if is_figure else "left",
            min_width=width,
            max_width=most,
            no_wrap=bool(most),
        )
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount else ""
