"""Every mapping that has golden cases keeps to them: the shipped ones, the example, and one for each legacy shape."""

from pathlib import Path
from shutil import copytree

import pytest

from connectors.convert import row_converter
from syncd.files import shipped
from syncd.mapping import load
from syncd.mapping.cases import case_files, run_case

HERE = Path(__file__).parent
MAPPINGS = [path for root in (shipped("mappings"), HERE) for path in sorted(root.rglob("*.yaml"))]
CASES = [(mapping, case) for mapping in MAPPINGS for case in case_files(mapping)]


@pytest.mark.parametrize(("mapping", "case"), CASES, ids=[f"{mapping.stem}-{case.stem}" for mapping, case in CASES])
def test_case(mapping: Path, case: Path) -> None:
    result = run_case(load(mapping), case, row_converter)
    assert not result.difference, f"{result.case}\n{result.difference}"


def test_every_rule_of_the_shipped_mapping_has_a_case() -> None:
    for mapping in shipped("mappings").glob("*.yaml"):
        said = "".join(case.read_text("utf-8") for case in case_files(mapping))
        posting = [rule.name for rule in load(mapping).rules if rule.voucher or rule.reverse]
        assert [name for name in posting if f"rule: {name}\n" not in said] == []


def test_small_business_standard_takes_every_disposal_to_non_operating_accounts(tmp_path: Path) -> None:
    """The policy is a constant of the mapping: under SBE gains go to 6301 and losses to 6711, sales too."""
    mapping = copytree(shipped("mappings"), tmp_path / "mappings") / "demo.yaml"
    mapping.write_text(mapping.read_text("utf-8").replace("standard: ASBE", "standard: SBE"), "utf-8")
    for name, was, now in (("sale_with_gain", "6115", "6301"), ("sale_with_loss", "6115", "6711")):
        case = mapping.with_suffix(".cases") / f"{name}.yaml"
        expected = case.read_text("utf-8")
        assert f"'{was}'" in expected
        case.write_text(expected.replace(f"'{was}'", f"'{now}'"), "utf-8")
        assert not run_case(load(mapping), case, row_converter).difference
