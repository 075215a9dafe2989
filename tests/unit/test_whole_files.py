"""Files that people open are whole, or as they were: whoever writes them, and however that ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from syncd.books.quality import files
from syncd.books.quality.findings import Suggested
from syncd.books.reports import csv, folders, html, xlsx
from syncd.books.reports.sheet import Column, Package, Sheet
from syncd.whole_files import replacing
from tests.unit.test_reports import PRINTED

_KILLED: Final = """
import os, signal, sys
from pathlib import Path
from syncd.whole_files import replacing
with replacing(Path(sys.argv[1])) as part, part.open("w") as file:
    file.write("half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_in_the_midst_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing that anybody takes for the file."""
    path = tmp_path / "month.csv"
    path.write_text("whole")
    done = subprocess.run([sys.executable, "-c", _KILLED, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "whole"
    assert [one.name for one in tmp_path.iterdir() if not one.name.startswith(".")] == ["month.csv"]


def test_a_file_keeps_who_may_read_it_and_a_link_what_it_leads_to(tmp_path: Path) -> None:
    """A folder that is not there is named by the file that was asked for."""
    path, link = tmp_path / "month.csv", tmp_path / "link.csv"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    with replacing(link) as part:
        part.write_text("new")
    assert (path.read_text(), path.stat().st_mode & 0o777, link.is_symlink()) == ("new", 0o640, True)
    gone = tmp_path / "gone" / "month.csv"
    with pytest.raises(OSError, match="No such file") as raised, replacing(gone) as part:
        part.write_text("new")
    assert raised.value.filename == str(gone)


def test_what_is_no_plain_file_is_written_as_it_is(tmp_path: Path) -> None:
    """A pipe to another program, say."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with replacing(pipe) as part:
        part.write_text("told")
    assert os.read(reading, 10) == b"told"
    os.close(reading)


class _Stopped(BaseException):
    """Whatever ends the writing."""


def test_a_package_that_is_stopped_leaves_each_of_its_files_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook, a page and CSV that were there are whole, and nothing lies beside them."""
    sheet = Sheet("report_changes", [Column("page_trace")], [("A",)])
    package = Package({"zh": "公司", "en": "Company"}, "2026-03", [sheet], PRINTED.by, PRINTED.at, {})
    folders.write(package, tmp_path, "en")
    before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    assert len(before) == 3

    def stopped(*_: object) -> list[str]:
        raise _Stopped

    monkeypatch.setattr(Package, "below", stopped)
    written = {"2026-03-en": csv.write, "2026-03-en.xlsx": xlsx.write, "2026-03-en.html": html.write}
    for name, write in written.items():
        with pytest.raises(_Stopped):
            write(package, tmp_path / name, "en")
    assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before


def test_a_crosswalk_that_is_stopped_is_the_one_that_was_there(tmp_path: Path) -> None:
    """The mapping reads it: half of it would be a mapping of its own."""
    path = tmp_path / "codes.csv"
    assert files.write_crosswalk(path, [Suggested("a", "b")]) == 1
    before = path.read_bytes()

    def rows() -> Iterator[Suggested]:
        yield Suggested("c", "d")
        raise _Stopped

    with pytest.raises(_Stopped):
        files.write_crosswalk(path, rows())
    assert ([*tmp_path.iterdir()], path.read_bytes()) == ([path], before)
