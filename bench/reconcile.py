"""How long `syncd reconcile` takes beside reladiff for the same two tables: the EAM's assets, finance's cards, in two
databases on two servers. Both are whole commands, and both must find every difference that was put in, and no other.

Both ask the servers for checksums and fetch the rows where these differ. reladiff halves ranges of keys, syncd parts
keys by their hash, evaluates the mapping on the way and says why each differs. `python -m bench.reconcile [ASSETS]`.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from bench.result import Result, show
from bench.world import World, add_assets, command, connect, environment, world

ASSETS: Final = 1_000_000
CHANGED: Final = 4
MISSING: Final = 3
SURPLUS: Final = 3
"""Ten differences: an amount by a cent, a card that is missing, one too many."""
ROUNDS: Final = "ABABBAABBA"
"""A warm-up of each, and then twice A B B A."""
CARDS_SQL: Final = """
    INSERT INTO fin.card SELECT 'FA-SC-' || lpad(n::text, 7, '0'), '数控车床 ' || n, 'SC', 'D' || 1 + n %% 20,
        10000 + n %% 90000 + 0.25 + CASE WHEN n = ANY(%s) THEN 0.01 ELSE 0 END, 120, DATE '2026-01-01'
    FROM generate_series(1, %s) AS n WHERE n <> ALL(%s)
"""


def measure(assets: int) -> list[Result]:
    """Seconds, and differences found, for `assets` assets; the medians of the order A B B A after a warm-up."""
    with TemporaryDirectory(prefix="syncd-bench-") as directory, world(Path(directory)) as made:
        add_assets(made, 1, assets, assets)
        _cards(made, assets)
        for server, dsn in ((made.eam, made.eam_dsn), (made.finance, made.finance_dsn)):
            with connect(dsn) as connection, connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            connection.close()
            server.run("CHECKPOINT")
        sides: dict[str, Callable[[World], int]] = {"A": _ours, "B": _theirs}
        taken: dict[str, list[float]] = {"A": [], "B": []}
        planted = CHANGED + MISSING + SURPLUS
        for n, side in enumerate(ROUNDS):
            started = perf_counter()
            found = sides[side](made)
            if n > 1:
                taken[side].append(perf_counter() - started)
            assert found == planted, f"{side} found {found} of {planted} differences"
    ours, theirs = median(taken["A"]), median(taken["B"])
    name = f"{assets:,} assets compared with their cards, {planted} differing"
    spread = {side: f"{min(times):.2f} to {max(times):.2f}" for side, times in taken.items()}
    return [
        Result(f"{name}, beside reladiff ({spread['A']}; {spread['B']})", ours, theirs, "s"),
        Result("assets that differ, found by both", planted, planted, "assets"),
    ]


def _cards(made: World, assets: int) -> None:
    """Finance's cards: an amount by a cent, a card that is missing, one too many, spread over all codes."""
    step = assets // (CHANGED + MISSING + 1)
    places = [step * n for n in range(1, CHANGED + MISSING + 1)]
    with connect(made.finance_dsn) as connection, connection.cursor() as cursor:
        cursor.execute(CARDS_SQL, (places[:CHANGED], assets + SURPLUS, places[CHANGED:]))
    connection.close()


def _ours(made: World) -> int:
    done = subprocess.run(command(made, "reconcile", "--json"), capture_output=True, text=True, env=environment())
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["way"] == "checksums", "the servers have computed them"
    return int(found["differing"])


def _theirs(made: World) -> int:
    columns = ("--key-columns", "asset_code", "--columns", "original_value", "--json", "--threads", "4")
    tables = (made.eam_dsn, "eam.asset", made.finance_dsn, "fin.card")
    done = subprocess.run([str(made.binaries / "reladiff"), *tables, *columns], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return len({json.loads(line)[1][0] for line in done.stdout.splitlines()})


if __name__ == "__main__":
    show(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ASSETS))
