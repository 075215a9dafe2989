"""`python -m bench [--changes N] [--seconds N]`: measure everything, write bench/results.json, show a table."""

import argparse
from pathlib import Path

from bench import binlog, breakdown, kafka, latency, throughput
from bench.result import save, show, show_breakdown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--changes", type=int, default=200_000, help="changes in the backlog")
    parser.add_argument("--rate", type=int, default=200, help="changes a second for the latency")
    parser.add_argument("--seconds", type=int, default=20, help="how long the latency is measured")
    given = parser.parse_args()
    results = throughput.measure(given.changes) + latency.measure(given.rate, given.seconds)
    results += binlog.measure(given.changes // 4)
    results += kafka.measure(given.changes // 2)
    save(results, Path(__file__).parent / "results.json")
    show(results)
    show_breakdown(breakdown.measure(given.changes // 2))


if __name__ == "__main__":
    main()
