"""The demonstration, as a user starts it."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

SECONDS_MAX = 120


def demo(cwd: Path, language: str, *options: str) -> str:
    command = [str(Path(sys.executable).with_name("syncd")), "--lang", language, "demo", *options]
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def test_once_writes_the_figures_of_the_month_and_leaves_nothing_else(tmp_path: Path) -> None:
    said = demo(tmp_path, "en", "--once", "--json", "figures.json")
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    counts = "devices cards vouchers entries debit credit parked approvals differences duplicates latency_ms elapsed_s"
    assert list(figures) == counts.split()
    assert figures["devices"] >= 1_200
    assert Decimal(figures["debit"]) == Decimal(figures["credit"]) > 0
    assert (figures["approvals"], figures["parked"], figures["differences"], figures["duplicates"]) == (1, 0, 0, 0)
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"] < 3_000
    for told in ("waits for finance", "is parked", "a red voucher takes it back", "Trial balance", "Reconciliation"):
        assert told in said


def test_databases_are_kept_to_look_around_in(tmp_path: Path) -> None:
    said = demo(tmp_path, "zh")
    for told in ("等待财务审批", "该行挂起", "红字冲销", "试算平衡表", "对账"):
        assert told in said
    kept = tmp_path / "demo-data" / "syncd.yaml"
    syncd = str(Path(sys.executable).with_name("syncd"))
    for command in (["reconcile"], ["audit", "verify"], ["trace", "FA-SC-2301"]):
        subprocess.run([syncd, *command, "--config", str(kept)], check=True, stdout=subprocess.DEVNULL, timeout=60)
