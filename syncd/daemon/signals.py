"""What the process is told by signals: to end, and to look at its mappings."""

import os
import signal
import sys
import threading
from types import FrameType


def heed(stop: threading.Event, asked_to_look: threading.Event) -> None:
    """SIGTERM or SIGINT finish the batch in hand; a second one ends the process at once. SIGHUP asks to look; where it
    says that the terminal has gone it ends as SIGTERM does."""
    has_terminal = _is_terminal()

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    def look(number: int, frame: FrameType | None) -> None:
        if has_terminal and not _is_terminal():
            end(number, frame)
        else:
            asked_to_look.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    signal.signal(signal.SIGHUP, look)


def _is_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and os.isatty(sys.stdin.fileno())
