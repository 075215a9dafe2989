"""Commands that carry changes: the daemon, the demonstration, a dry run, a snapshot."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from syncd import logs, schedule, supervisor, wiring
from syncd.cli.codes import exit_code
from syncd.cli.options import Config, config_path
from syncd.cli.output import complain
from syncd.language import say

Only = Annotated[
    list[str] | None, typer.Option("--pipeline", "-p", metavar="NAME", help=say("help_only"), show_default=False)
]
Log = Annotated[
    logs.Format | None, typer.Option("--log", metavar="console|json", help=say("help_log"), show_default=False)
]


def run(
    config: Config = None,
    only: Annotated[
        list[str] | None, typer.Option("--pipeline", "-p", metavar="NAME", help=say("help_only"), show_default=False)
    ] = None,
    log: Annotated[
        logs.Format | None, typer.Option("--log", metavar="console|json", help=say("help_log"), show_default=False)
    ] = None,
) -> None:
    """The daemon."""
    logs.configure(log)
    path = config_path(config)
    chosen = [wiring.pipeline(path, name) for name in only] if only else list(wiring.pipelines(path).values())
    stop = threading.Event()
    supervisor.stop_on_signals(stop)
    scheduler = schedule.start(job for pipeline in chosen for job in pipeline.jobs())
    try:
        failures = supervisor.supervise([pipeline.runner(stop) for pipeline in chosen], stop)
    finally:
        scheduler.shutdown()
    for fault in failures:
        complain(fault)
    if failures:
        raise typer.Exit(max(map(exit_code, failures)))


def demo(
    once: Annotated[bool, typer.Option("--once", help=say("help_once"))] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help=say("help_json_file"), show_default=False)
    ] = None,
) -> None:
    """The demonstration."""
    from syncd import demo as demonstration

    demonstration.run(once, json)
