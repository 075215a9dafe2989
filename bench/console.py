"""`python -m bench.console [--postings N] [--parked N]`: how long each page of the console takes, and how much memory
it holds, with so many postings and parked rows in finance; then the parked rows are tried again, all at once.

Postings and parked rows are made by a snapshot as a user takes it, on real PostgreSQL servers. Every page is asked that
the overview leads to, by the links that stand on it. The peer of a page is the server's own counting of the postings.
"""

import argparse
import json
import re
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from html import unescape
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx2 as httpx
from rich.console import Console
from rich.table import Table

from bench.world import HERE, World, add_assets, command, connect, daemon, environment, number, syncd, wait, world

CHUNK_ASSETS: Final = 100_000
PASSWORD: Final = "a password of the benchmark"
NAME: Final = "bench"
LINK: Final = re.compile(r'href="(/[^"#]*)"')
NOT_ASKED: Final = ("/static", "/sign", "/healthz", "/readyz", "/api")
KINDS_OF_ONE: Final = 4
"""Addresses of a page that are asked, which differ in what is looked for."""
DEPTH: Final = 3
COUNT: Final = "SELECT count(*) FROM syncd.posting"


class Page(NamedTuple):
    """What one kind of page took, in milliseconds, and its largest answer in KB."""

    path: str
    asked: int
    median_ms: float
    p99_ms: float
    kilobytes: float


class Served(NamedTuple):
    """A console that answers, and its process."""

    client: httpx.Client
    pid: int

    @property
    def megabytes(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


@contextmanager
def filled(directory: Path, postings: int, parked: int) -> Iterator[World]:
    """Both servers, so many postings, so many parked rows of assets without a life, a mapping that was accepted since
    and takes them as they are, a person."""
    with world(directory) as made:
        strict, mapping = (HERE / "registration.yaml").read_text("utf-8"), directory / "registration.yaml"
        mapping.write_text(strict.replace("finance: ", f"finance: {HERE}/"), "utf-8")
        config = made.config.read_text("utf-8").replace(str(HERE / mapping.name), str(mapping))
        made.config.write_text(config.replace("    source:", "    parked_share_max: 1\n    source:"), "utf-8")
        syncd(made, "mapping", "accept", *_BY)
        total = postings + parked
        for first in range(1, total + 1, CHUNK_ASSETS):
            add_assets(made, first, min(first + CHUNK_ASSETS - 1, total), CHUNK_ASSETS)
        with connect(made.eam_dsn) as eam, eam.cursor() as cursor:
            cursor.execute("UPDATE eam.asset SET life_months = 0 WHERE id > %s", (postings,))
            cursor.execute("ANALYZE")
        eam.close()
        syncd(made, "snapshot")
        finance = connect(made.finance_dsn)
        finance.autocommit = True
        with closing(finance), finance.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        mapping.write_text(
            mapping.read_text("utf-8").replace("after.life_months > 0", "after.life_months >= 0"), "utf-8"
        )
        syncd(made, "mapping", "accept", *_BY)
        roles = ("--role", "controller", "--role", "finance", "--role", "support")
        subprocess.run(
            command(made, "people", "add", NAME, *roles, *_BY),
            input=f"{PASSWORD}\n", text=True, check=True, capture_output=True, env=environment(),
        )  # fmt: skip
        yield made


@contextmanager
def console(made: World) -> Iterator[Served]:
    """Served, and signed in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (made.config.parent / "console.log").open("ab")
    process = subprocess.Popen(command(made, "console", "--port", str(port)), stdout=log, stderr=log, env=environment())
    at = f"http://127.0.0.1:{port}"
    try:
        with log, httpx.Client(base_url=at, timeout=120, headers={"accept-language": "en"}) as client:
            wait("the console", lambda: _answers(client))
            form = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', client.get("/sign-in").text))
            told = client.post("/sign-in", data={**form, "name": NAME, "password": PASSWORD}, headers={"origin": at})
            assert told.status_code == 303, told.text
            yield Served(client, process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def pages(client: httpx.Client, times: int) -> list[Page]:
    """Every kind of page that the overview leads to, each of its addresses asked so often."""
    found, sizes = _found(client)
    taken: Mapping[str, list[float]] = defaultdict(list)
    for _ in range(times):
        for path, addresses in found.items():
            for address in addresses:
                started = perf_counter()
                answer = client.get(address)
                taken[path].append((perf_counter() - started) * 1000)
                assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return [
        Page(path, len(ms), median(ms), quantiles(ms, n=100, method="inclusive")[98], sizes[path])
        for path, ms in sorted(taken.items())
    ]


def _found(client: httpx.Client) -> tuple[Mapping[str, list[str]], Mapping[str, float]]:
    """Path → addresses, path → its largest answer in KB. What the mapping lacks is a refusal, and no page."""
    seen: dict[str, list[str]] = {"/": ["/"]}
    found: Mapping[str, list[str]] = defaultdict(list)
    sizes: dict[str, float] = {}
    coming = ["/"]
    for depth in range(DEPTH + 1):
        follow, coming = coming, []
        for address in follow:
            answer, path = client.get(address), urlsplit(address).path
            if answer.status_code != 200:
                continue
            found[path].append(address)
            sizes[path] = max(sizes.get(path, 0), len(answer.content) / 1024)
            for link in map(unescape, LINK.findall(answer.text)) if depth < DEPTH else ():
                to = urlsplit(link).path
                known = seen.setdefault(to, [])
                if not to.startswith(NOT_ASKED) and link not in known and len(known) < KINDS_OF_ONE:
                    known.append(link)
                    coming.append(link)
    return found, sizes


def retried(made: World, client: httpx.Client, parked: int) -> tuple[float, list[float]]:
    """Every row is tried again at one stroke: seconds until each is posted, and what the overview took meanwhile, in
    milliseconds."""
    token = _token(made)
    with daemon(made):
        group = client.get("/api/v1/parked/groups", params=_AT, headers=token).json()["items"][0]
        asked = {
            "reason": "a life is not asked for any more",
            "name": "lives",
            "rows": parked,
            "last": group["last_id"],
        }
        asked |= {name: group[name] for name in ("state", "rule", "code", "table")}
        started = perf_counter()
        headers = {**token, "idempotency-key": "all"}
        begun = client.post("/api/v1/bulk", params=_AT, json=asked, headers=headers)
        assert begun.status_code == 200, begun.text
        overview: list[float] = []
        while number(made.finance_dsn, "SELECT count(*) FROM syncd.parked WHERE settled_at IS NULL"):
            asked_at = perf_counter()
            assert client.get("/").status_code == 200
            overview.append((perf_counter() - asked_at) * 1000)
            assert perf_counter() - started < parked / 50 + 600, "the rows are not tried"
            time.sleep(0.5)  # as somebody looks, now and then
        return perf_counter() - started, overview


_AT: Final = {"pipeline": "bench"}
_BY: Final = ("--actor", NAME, "--reason", "benchmark")


def _token(made: World) -> Mapping[str, str]:
    made_one = subprocess.run(
        command(made, "people", "token", "add", NAME, "--scope", "look", "--scope", "mend", "--days", "1",
                *_BY),
        text=True, check=True, capture_output=True, env=environment(),
    )  # fmt: skip
    return {"authorization": f"Bearer {made_one.stdout.strip()}"}


def show(measured: Sequence[Page], counted_ms: float, title: str) -> None:
    """As a table; the last column is a page's median beside the server's counting of the postings."""
    table = Table("page", "asked", "median ms", "p99 ms", "KB", "of a count", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in measured:
        shown = (one.path, str(one.asked), f"{one.median_ms:,.0f}", f"{one.p99_ms:,.0f}", f"{one.kilobytes:,.0f}")
        table.add_row(*shown, f"{one.median_ms / counted_ms:.2f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--postings", type=int, default=200_000)
    parser.add_argument("--parked", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20, help="how often each address is asked")
    given = parser.parse_args()
    with (
        TemporaryDirectory(prefix="syncd-bench-") as directory,
        filled(Path(directory), given.postings, given.parked) as made,
        console(made) as served,
    ):
        before = served.megabytes
        started = perf_counter()
        assert number(made.finance_dsn, COUNT) == given.postings
        counted_ms = (perf_counter() - started) * 1000
        measured = pages(served.client, given.times)
        show(measured, counted_ms, f"{given.postings:,} postings, {given.parked:,} parked rows")
        print(f"memory of the console: {before:.0f} MB when signed in, {served.megabytes:.0f} MB after every page")
        seconds, overview = retried(made, served.client, given.parked)
        shown = json.dumps({"median": round(median(overview)), "most": round(max(overview))})
        print(
            f"{given.parked:,} rows tried again in {seconds:.0f} s, {given.parked / seconds:,.0f} a second;"
            f" the overview meanwhile, in ms: {shown}; memory {served.megabytes:.0f} MB"
        )


if __name__ == "__main__":
    main()
