"""The daemon's log: lines for people on a terminal, JSON for machines. What a row holds is never logged."""

import logging
import sys
from typing import Literal

import structlog

Format = Literal["console", "json"]


def configure(chosen: Format | None) -> None:
    """Log to standard error; without a choice, for people on a terminal and as JSON elsewhere."""
    shown = chosen or ("console" if sys.stderr.isatty() else "json")
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if shown == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structured = [structlog.processors.format_exc_info] if shown == "json" else []
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            *structured,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
