"""The units for systemd: what they may do of the machine, and that systemd understands them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT

UNITS = sorted((ROOT / "systemd").glob("*.service"))
EXPOSURE_MAX = 1.5
PROGRAM = "/opt/syncd/bin/syncd"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_may_do_little_and_systemd_understands_it(unit: Path, tmp_path: Path) -> None:
    """Exposure as systemd counts it. Its program stands where it is installed, which is elsewhere here."""
    here = tmp_path / unit.name
    text = unit.read_text("utf-8")
    assert PROGRAM in text
    here.write_text(text.replace(PROGRAM, str(Path(sys.executable).with_name("syncd"))), "utf-8")
    assert _said("verify", str(here)) == ""
    exposure = re.search(r"exposure level for \S+ (\d+\.\d)", _said("security", "--offline=yes", str(here)))
    assert exposure is not None
    assert float(exposure[1]) <= EXPOSURE_MAX


def test_both_units_are_there() -> None:
    assert [unit.name for unit in UNITS] == ["syncd-console.service", "syncd.service"]


def _said(*arguments: str) -> str:
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr
