"""The demonstration, as a user starts it: a month of asset life, and its close."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from urllib.request import urlopen

from rich.cells import cell_len

from tests.integration.eam import until

SECONDS_MAX = 120
COLUMNS = 80
TYPED = ("  export ", "  cd ", "  syncd ")
SYNCD = str(Path(sys.executable).with_name("syncd"))


def demo(cwd: Path, language: str, *options: str) -> str:
    """What it said, without the line ends that the terminal's width brought in."""
    command = [SYNCD, "--lang", language, "demo", *options]
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "COLUMNS": str(COLUMNS)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert [line for line in done.stdout.splitlines() if cell_len(line) > COLUMNS] == []
    return ("" if language == "zh" else " ").join(done.stdout.split())


def test_once_writes_the_figures_of_the_month_and_leaves_nothing_else(tmp_path: Path) -> None:
    said = demo(tmp_path, "en", "--once", "--json", "figures.json")
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    counts = "devices cards vouchers entries debit credit parked approvals differences duplicates closed"
    assert list(figures) == [*counts.split(), "latency_ms", "elapsed_s"]
    assert figures["devices"] >= 1_200
    assert Decimal(figures["debit"]) == Decimal(figures["credit"]) > 0
    assert (figures["approvals"], figures["parked"], figures["differences"], figures["duplicates"]) == (1, 0, 0, 0)
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"] < 3_000
    assert figures["closed"] is True
    for told in ("waits for finance", "is parked", "a red voucher takes it back", "Trial balance", "Reconciliation"):
        assert told in said
    for told in ("; 0 differ", "not holding: 1", "✗ disposal clearing is zero for each asset 1", "items hold: "):
        assert told in said
    assert said.count("✗") == 1, "one thing to mend"


def test_databases_and_reports_are_kept_to_look_around_in(tmp_path: Path) -> None:
    said = demo(tmp_path, "zh")
    for told in ("等待财务审批", "该行挂起", "红字注销", "科目余额表", "对账"):
        assert told in said
    assert re.search(r"1602累计折旧[\d,.]+贷[\d,.]+", said), "opening, the month, and the balance on its own side"
    for told in ("0项不符", "1项未通过", "✗固定资产清理按资产均已结平1", "项全部通过"):
        assert told in said
    data = tmp_path / "demo-data"
    (folder,) = (data / "reports").iterdir()
    month = folder.name.removeprefix("demo-")
    assert {path.name for path in folder.iterdir()} == {f"{month}-zh", f"{month}-zh.html", f"{month}-zh.xlsx"}
    with closing(sqlite3.connect(data / "finance.db")) as finance:
        nameless = finance.execute("SELECT count(*) FROM gl_entry WHERE account LIKE '160_' AND asset IS NULL")
        assert nameless.fetchone() == (0,), "so 1601, 1602 and 1603 are held against the cards asset by asset"

    kept = ["--config", str(data / "syncd.yaml")]
    looks = ("reconcile", "audit verify", "trace FA-SC-2301", f"depreciate {month} --check")
    for command in map(str.split, looks):
        subprocess.run([SYNCD, *command, *kept], check=True, stdout=subprocess.DEVNULL, timeout=180)
    listed = subprocess.run(
        [SYNCD, "close", month, "--json", *kept], check=False, capture_output=True, text=True, timeout=180
    )
    failing = [item["code"] for item in json.loads(listed.stdout)["items"] if item["state"] != "holds"]
    assert failing == ["close_unread"], "the demonstration's daemon is gone"


def test_what_is_printed_last_leads_to_the_console(tmp_path: Path) -> None:
    """The lines as they stand, in a shell; but the password is read from a pipe."""
    done = subprocess.run(
        [SYNCD, "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS_MAX, check=True
    )
    *found, cd, people, console = (line.strip() for line in done.stdout.splitlines() if line.startswith(TYPED))
    address = re.findall(r"http://\S+/", done.stdout)[-1]
    script = " && ".join([*found, cd, f"echo 'correct horse battery' | {people}", f"exec {console}"])
    process = subprocess.Popen(["sh", "-c", script], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(f"{address}sign-in"))
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str) -> bool:
    with suppress(OSError), urlopen(address, timeout=5) as answer:
        return "<form" in answer.read().decode()
    return False
