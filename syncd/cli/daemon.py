"""Commands that carry changes: the daemon, the demonstration, a dry run, a snapshot."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from syncd import __version__, logs
from syncd.cli.codes import exit_code
from syncd.cli.later import demo as demonstration
from syncd.cli.later import jobs, metrics, otlp, reconcile, schedule, signals, structlog, supervisor, wiring
from syncd.cli.options import CONSOLE_HOST, CONSOLE_PORT, Config, Log, config_path
from syncd.cli.output import complain, described
from syncd.errors import Fault, Halt, no_driver
from syncd.language import say

Only = Annotated[
    list[str] | None, typer.Option("--pipeline", "-p", metavar="NAME", help=say("help_only"), show_default=False)
]


def run(
    config: Config = None,
    only: Only = None,
    log: Log = None,
) -> None:
    """The daemon. Its log says when it begins and ends; in JSON to the last line, whatever ends it."""
    logs.configure(log)
    said = structlog.get_logger("syncd")
    said.info("started", version=__version__, pid=os.getpid())
    try:
        failures = _carry(config, only)
    except Fault as fault:
        failures = [fault]
    except Exception as error:
        said.exception("unexpected")
        failures = [Halt("unexpected", error=f"{type(error).__name__}: {error}")]
    code = max(map(exit_code, failures), default=0)
    for failure in failures:
        if logs.chosen(log) == "console":
            complain(failure)
        else:
            said.error("failed", **described(failure))
    said.info("stopped", version=__version__, exit_code=code)
    if failures:
        raise typer.Exit(code)


def _carry(config: Config, only: Only) -> list[Fault]:
    path = config_path(config)
    chosen = [wiring.pipeline(path, name) for name in only] if only else list(wiring.pipelines(path).values())
    stop, asked_to_look = threading.Event(), threading.Event()
    signals.heed(stop, asked_to_look)
    runners = [pipeline.runner(stop) for pipeline in chosen]
    wanted = wiring.metrics(path)
    figures = (
        None
        if wanted is None
        else metrics.Figures(__version__, lambda: [m for runner in runners for m in runner.meters])
    )

    def told(pipeline: str, report: reconcile.Report) -> None:
        if figures is not None:
            at = datetime.now(UTC)
            figures.reconciled[pipeline] = metrics.Reconciled(at, report.assets, report.differing, report.alerting)

    with ExitStack() as kept:
        if wanted is not None and figures is not None:
            kept.enter_context(metrics.serving(wanted.host, wanted.port, figures))
            if wanted.otlp is not None:
                kept.enter_context(_pusher()(wanted.otlp, wanted.otlp_interval_s, figures))
        for outbox in filter(None, [pipeline.outbox() for pipeline in chosen]):
            kept.enter_context(outbox)
            if figures is not None:
                figures.outboxes.append(outbox)
        kept.enter_context(schedule.Jobs(job for pipeline in chosen for job in jobs.jobs(pipeline, told)))
        return supervisor.supervise(runners, stop, asked_to_look)


def _pusher() -> Callable[[str, float, metrics.Figures], AbstractContextManager[None]]:
    try:
        return otlp.pushing
    except ModuleNotFoundError:
        raise no_driver("opentelemetry", "otlp") from None


def demo(
    once: Annotated[bool, typer.Option("--once", help=say("help_once"))] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help=say("help_json_file"), show_default=False)
    ] = None,
) -> None:
    """The demonstration."""
    demonstration.run(once, json, console_at=f"http://{CONSOLE_HOST}:{CONSOLE_PORT}/")
