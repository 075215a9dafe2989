"""A decision table, put into its file: whole or not at all, over the content that somebody has seen, with who and why
in the chain of actions."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from syncd.desk import actions
from syncd.desk.parked.operators import Actor, act
from syncd.errors import Fault, Halt, WrongUsage
from syncd.ports import Ledger
from syncd.record import timestamp
from syncd.whole_files import replacing

ACTION: Final = "change_table"
LATER_MAX: Final = 20
"""Actions among which one is looked for that may be the last."""


def is_writable(path: Path) -> bool:
    """Whether this process may put another file in the place of one."""
    real = path.resolve()
    return os.access(real.parent, os.W_OK) and os.access(real, os.W_OK)


def put(
    ledger: Ledger,
    mapping: str,
    table: str,
    path: Path,
    content: bytes,
    seen: str,
    counts: Mapping[str, int],
    by: Actor,
) -> None:
    """Another content for a table's file. Raises WrongUsage where it is not that which was `seen`, Halt where it may
    not be written."""
    real = path.resolve()
    with _alone(real.parent):
        was = real.read_bytes()
        if sha256(was).hexdigest() != seen:
            raise WrongUsage("table_moved_on", table=table)
        detail = {"table": table, "before": seen, "after": sha256(content).hexdigest(), **counts}
        target, at = f"mapping/{mapping}", ""
        try:
            with ledger.desk() as desk:
                at = act(desk, by, ACTION, "", target, detail)
                _replace(real, content)
        except Exception:
            if real.read_bytes() == was:
                raise
            if not _is_kept(ledger, target, by, at):
                _replace(real, was)
                raise


def _is_kept(ledger: Ledger, target: str, by: Actor, at: str) -> bool:
    """Whether finance has kept an action though the connection was lost at its commit; False where nobody can be
    asked."""
    try:
        return any(
            (one.action, one.actor, timestamp(one.at)) == (ACTION, by.name, at)
            for one in actions.on(ledger, target, LATER_MAX)
        )
    except Fault:
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process that comes here puts a file into the folder meanwhile."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _replace(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise Halt("table_not_written", file=str(path), problem=error.strerror or str(error)) from None
