"""`python -m bench.verify [--postings N]`: how long `syncd audit verify` takes for so many postings, each with a
voucher, and how much memory, beside the server's own reading of the same rows.

The postings are made by a snapshot as a user takes it, on real PostgreSQL servers; verify is the whole command. The
peer reads the postings, vouchers and entries in order and compares nothing: `COPY … TO STDOUT` into nowhere.
"""

import argparse
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, NamedTuple

from bench.result import Result, show
from bench.world import World, add_assets, command, connect, environment, syncd, world

READ: Final = (
    "SELECT * FROM syncd.posting ORDER BY seq",
    "SELECT * FROM fin.voucher ORDER BY period, type, number",
    "SELECT * FROM fin.entry ORDER BY period, type, number, line",
)
CHUNK_ASSETS: Final = 100_000


class Took(NamedTuple):
    """Seconds, and the most memory that one of its processes held, in MB."""

    seconds: float
    megabytes: float


def measure(postings: int) -> list[Result]:
    """Of `postings` postings, and of a tenth of them, for the memory must not grow with their number."""
    few, _ = _measured(postings // 10)
    many, read = _measured(postings)
    name = f"audit verify of {postings:,} postings"
    return [
        Result(f"{name}, beside the server's reading them", many.seconds, read, "s"),
        Result(
            f"memory of its largest process, beside that for {postings // 10:,}", many.megabytes, few.megabytes, "MB"
        ),
    ]


def _measured(postings: int) -> tuple[Took, float]:
    """What verify took, and the seconds of the peer."""
    with TemporaryDirectory(prefix="syncd-bench-") as directory, world(Path(directory)) as made:
        for first in range(1, postings + 1, CHUNK_ASSETS):
            add_assets(made, first, min(first + CHUNK_ASSETS - 1, postings), CHUNK_ASSETS)
        syncd(made, "snapshot")
        return _verified(made, postings), _timed(lambda: _read(made))


def _verified(made: World, postings: int) -> Took:
    with connect(made.finance_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()
    started = perf_counter()
    process = subprocess.Popen(command(made, "audit", "verify"), stdout=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - started
    assert status == 0, said
    assert f"{postings} postings, {postings} vouchers" in " ".join(said.split()), said
    return Took(seconds, usage.ru_maxrss / 1024)


def _read(made: World) -> None:
    connection = connect(made.finance_dsn)
    with connection.cursor() as cursor, Path(os.devnull).open("w") as nowhere:
        for sql in READ:
            cursor.copy_expert(f"COPY ({sql}) TO STDOUT", nowhere)
    connection.close()


def _timed(run: Callable[[], None]) -> float:
    started = perf_counter()
    run()
    return perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.verify", description=__doc__)
    parser.add_argument("--postings", type=int, default=1_000_000, help="postings, each with a voucher of two entries")
    show(measure(parser.parse_args().postings))


if __name__ == "__main__":
    main()
