"""`python -m bench [--changes N] [--seconds N]`: measure everything, write bench/results.json, show a table.

`--against PATH` measures syncd beside an earlier checkout that is installed in its `.venv`, and nothing else; every run
is kept in bench/against.json.
"""

import argparse
from pathlib import Path

from bench import against, binlog, breakdown, depreciation, ids, kafka, latency, reconcile, throughput, verify
from bench.result import save, show, show_breakdown

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--changes", type=int, default=200_000, help="changes in the backlog")
    parser.add_argument("--rate", type=int, default=200, help="changes a second for the latency")
    parser.add_argument("--seconds", type=int, default=20, help="how long the latency is measured")
    parser.add_argument("--against", type=Path, help="an earlier checkout to compare with")
    parser.add_argument("--rounds", type=int, default=2, help="how often A B B A is run against it")
    given = parser.parse_args()
    if given.against:
        earlier = given.against.resolve()
        runs = against.measure(earlier, HERE.parent, given.rounds, given.changes, given.rate, given.seconds)
        against.save(runs, HERE / "against.json")
        against.show(runs)
        return
    run, spent = depreciation.measure(
        given.changes * 5
    )  # first, for it looks at the most memory that this process held
    results = throughput.measure(given.changes) + latency.measure(given.rate, given.seconds)
    results += binlog.measure(given.changes // 4)
    results += kafka.measure(given.changes // 2)
    results += ids.measure(given.changes // 4)
    results += reconcile.measure(given.changes * 5)
    results += [*run, *verify.measure(given.changes * 5)]
    save(results, HERE / "results.json")
    show(results)
    show_breakdown(depreciation.parts(spent), "an asset of a run of depreciation")
    show_breakdown(breakdown.measure(given.changes // 2))


if __name__ == "__main__":
    main()
