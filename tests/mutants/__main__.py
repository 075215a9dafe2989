"""Break chosen lines one at a time and show which test notices: `make mutants`.

Each mutant of `lines.py` replaces a text that stands once in its file, in a copy of the tree, and runs the tests that
it names. One that no test notices has survived: a test is missing. A text that is not there once has moved: its mutant
has to be told where the line stands now.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from queue import Queue
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import Final, Literal, NamedTuple

from tests.mutants.capture import CAPTURE
from tests.mutants.finance import FINANCE
from tests.mutants.lines import MUTANTS, Mutant

ROOT: Final = Path(__file__).resolve().parents[2]
TEST_SECONDS_MAX: Final = 1_200
_LEFT_OUT: Final = (".git", ".venv", "build", "dist", "demo-data", "__pycache__", ".*_cache")
_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_MOMENTS: Final = count(1_000_000_000)
"""Each time a file is written it is younger: the interpreter tells by that whether it must be compiled again."""


class Result(NamedTuple):
    """What became of a mutant; `by` is the test that failed first, or why none was run."""

    mutant: Mutant
    line: int
    fate: Literal["caught", "survived", "moved"]
    by: str
    seconds: float


def main(arguments: Sequence[str]) -> int:
    """Print a table of the mutants; 1 when one has survived or moved."""
    options = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    options.add_argument("--only", default="", help="those whose file or description holds this text")
    options.add_argument("--jobs", type=int, default=2, help="copies of the tree that are worked on at a time")
    asked = options.parse_args(arguments)
    chosen = [m for m in (*MUTANTS, *FINANCE, *CAPTURE) if asked.only in m.file or asked.only in m.what]
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    fates = []
    with TemporaryDirectory(prefix="mutants") as folder, ThreadPoolExecutor(asked.jobs) as pool:
        copies = _copies(Path(folder), asked.jobs)
        failing = [test for test in pool.map(lambda test: _tested(copies, (test,)), tests) if test]
        if failing:
            print(f"these fail without any mutant: {', '.join(failing)}", file=sys.stderr)
            return 1
        for result in pool.map(lambda mutant: _tried(copies, mutant), chosen):
            fates.append(result.fate)
            print(_said(result), flush=True)
    tally = ", ".join(f"{fates.count(fate)} {fate}" for fate in ("caught", "survived", "moved"))
    print(f"\n{len(fates)} lines broken: {tally}")
    return int(fates.count("caught") != len(fates))


def broken(text: str, mutant: Mutant) -> tuple[str, int] | None:
    """A file's text with the mutant in it, and the number of the line; None where its text does not stand once."""
    if text.count(mutant.old) != 1 or mutant.old == mutant.new:
        return None
    return text.replace(mutant.old, mutant.new), text[: text.index(mutant.old)].count("\n") + 1


def _tried(copies: "Queue[Path]", mutant: Mutant) -> Result:
    began = time.monotonic()
    with _borrowed(copies) as copy:
        path = copy / mutant.file
        text = path.read_text("utf-8") if path.exists() else ""
        made = broken(text, mutant)
        if made is None:
            return Result(mutant, 0, "moved", f"{_first_line(mutant)!r} is there {text.count(mutant.old)} times", 0)
        try:
            _write(path, made[0])
            by = _failure(copy, mutant.tests)
        finally:
            _write(path, text)
    return Result(mutant, made[1], "caught" if by else "survived", by, time.monotonic() - began)


def _tested(copies: "Queue[Path]", tests: Sequence[str]) -> str:
    with _borrowed(copies) as copy:
        return _failure(copy, tests)


def _failure(copy: Path, tests: Sequence[str]) -> str:
    """The first test that fails in a copy of the tree; empty when all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    try:
        run = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=TEST_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{tests[0]} does not end"
    if run.returncode == 0:
        return ""
    found = _FAILED.search(run.stdout)
    return found[1] if found else f"{tests[0]}: pytest ends with {run.returncode}"


def _copies(folder: Path, number: int) -> "Queue[Path]":
    copies: Queue[Path] = Queue()
    for n in range(number):
        copies.put(copytree(ROOT, folder / str(n), ignore=ignore_patterns(*_LEFT_OUT), symlinks=True))
    return copies


@contextmanager
def _borrowed(copies: "Queue[Path]") -> Iterator[Path]:
    copy = copies.get()
    try:
        yield copy
    finally:
        copies.put(copy)


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    moment = next(_MOMENTS)
    os.utime(path, (moment, moment))


def _first_line(mutant: Mutant) -> str:
    return mutant.old.strip().splitlines()[0]


def _said(result: Result) -> str:
    place = f"{result.mutant.file}:{result.line or '?'}"
    by = result.by or "NO TEST NOTICES"
    return f"{result.fate:8} {place:52} {result.mutant.what:64} {by} ({result.seconds:.0f} s)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
