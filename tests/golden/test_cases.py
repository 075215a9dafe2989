"""Every golden case of every mapping in the tree comes out as it is written down."""

from functools import cache
from pathlib import Path

import pytest

from syncd.mapping import load
from syncd.mapping.cases import case_files, run_case
from syncd.wiring import convert

ROOT = Path(__file__).parent.parent.parent
MAPPINGS = sorted(p.with_suffix(".yaml") for p in ROOT.glob("*/**/*.cases") if p.parent.name != ".venv")
CASES = [(mapping, case) for mapping in MAPPINGS for case in case_files(mapping)]
loaded = cache(load)


@pytest.mark.parametrize(("mapping", "case"), CASES, ids=lambda path: path.stem)
def test_a_case_comes_out_as_written(mapping: Path, case: Path) -> None:
    result = run_case(loaded(mapping), case, convert)
    assert not result.difference, f"{result.case}\n{result.difference}"


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda path: path.stem)
def test_every_mapping_has_cases(mapping: Path) -> None:
    assert case_files(mapping)
