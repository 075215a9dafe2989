"""What the daemon tells systemd: ready, alive, stopping. The protocol is sd_notify(3): a datagram on a socket.

It is called alive while every posting thread moves: that of a hung one is not told, and systemd starts the daemon anew.
"""

import os
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Final

import structlog

STUCK_AFTER_S: Final = 300.0
Moves = Mapping[str, tuple[int | None, float]]
"""Threads by name: each one's number, and when it moved last by the monotonic clock."""
log = structlog.get_logger("syncd")


class Watch:
    """Remembers which threads it has called stuck: each is said once, with what it was doing."""

    def __init__(self) -> None:
        self._stuck: set[str] = set()

    def look(self, said: str, threads: Moves) -> None:
        """Tell systemd how the daemon stands."""
        now = time.monotonic()
        stuck = {name for name, (_, alive_at) in threads.items() if now - alive_at > STUCK_AFTER_S}
        for name in sorted(stuck - self._stuck):
            number, alive_at = threads[name]
            log.error("stuck", thread=name, seconds=round(now - alive_at), at=_doing(number))
        for name in sorted(self._stuck - stuck):
            log.info("moves_again", thread=name)
        self._stuck = stuck
        if stuck:
            notify(f"STATUS={said}; stuck: {', '.join(sorted(stuck))}")
        else:
            notify(f"STATUS={said}", "WATCHDOG=1")


def notify(*lines: str) -> None:
    """Send `READY=1`, `WATCHDOG=1`, `STATUS=…`; does nothing where there is no systemd to hear it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(address)
        channel.sendall("\n".join(lines).encode())


def _doing(number: int | None) -> str:
    """Where a thread is, the innermost call last; places only, never values."""
    frame = sys._current_frames().get(number or 0)
    return "" if frame is None else "".join(traceback.format_stack(frame))
