"""The daemon's log: lines for people on a terminal, JSON for machines. What a row holds is never logged."""

import contextlib
import logging
import sys
import threading
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

from syncd.secrets import hidden

Format = Literal["console", "json"]


class Unbroken:
    """A stream whose reader may go: posting does not end because nobody reads its log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Say it, if anybody hears."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """The same."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def chosen(given: Format | None) -> Format:
    """The format: without a choice, for people on a terminal and JSON elsewhere."""
    return given or ("console" if sys.stderr.isatty() else "json")


def configure(given: Format | None) -> None:
    """Log to standard error; also what ends a thread that nobody watches."""
    import structlog  # 0.1 s that only a daemon spends

    shown = chosen(given)
    is_unicode = (getattr(sys.stderr, "encoding", None) or "").lower().startswith("utf")
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if shown == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=not is_unicode)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            _hide,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(Unbroken(sys.stderr)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    log = structlog.get_logger("syncd")
    _handed_on(log)
    threading.excepthook = lambda args: log.error("unexpected", exc_info=args.exc_value)
    sys.unraisablehook = lambda args: log.error("unexpected", exc_info=args.exc_value)
    sys.excepthook = lambda _, error, __: log.error("unexpected", exc_info=error)


def _handed_on(log: Any) -> None:
    """What those say who know no logger but Python's: ours as it is, a library's warnings under its name."""

    class Handed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name == "syncd":
                log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)
            else:
                said = {"library": record.name, "message": record.getMessage()}
                log.log(record.levelno, "library", exc_info=record.exc_info, **said)

    handler = Handed(logging.WARNING)
    for logger in (logging.getLogger(), logging.getLogger("syncd")):
        logger.handlers = [kept for kept in logger.handlers if type(kept).__name__ != Handed.__name__]
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)


def _hide(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = hidden(value)
    return event
