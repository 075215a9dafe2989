"""The shipped life cycle, a part of the shipped mapping: the steps of the demonstration's EAM are allowed, a
jump is parked, and deadlines pass in a golden case."""

from pathlib import Path
from shutil import copytree

import pytest
import yaml

from syncd import workbench
from syncd.files import shipped
from syncd.mapping.cases.cases import run_case
from syncd.mapping.language.load import Mapping, load

CASE = """
case: c
given:
  dept: [{id: 1, code: IT, name: 信息部, workshop: null, kind: management}]
  class: [{code: DZ, name: 电子设备, method: straight_line, life_months: 60, residual_rate: "0.05"}]
changes:
  - {insert: asset, at: 2026-01-10, row: {id: 1, asset_code: FA-IT-1, name: 磁盘阵列, class_code: DZ, department_id: 1,
     status: in_use, approved_on: 2026-01-10, original_value: "24000.00", input_vat: "0.00", payment: bank,
     opening_depreciation: "0.00"}}
"""
ESCALATION = """
rules:
  escalation:
    on: overdue
    when: op = 'insert'
    write:
      - {table: fa_task, key: [asset, step], values: {asset: after.asset_code, step: after.step, role: after.role}}
"""
STEPS = ("to_dispose", "isolated", "awaiting_approval", "awaiting_writeoff")


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    """The shipped mapping with a rule on the rows that its life cycle makes."""
    folder = tmp_path_factory.mktemp("mappings")
    copytree(shipped("mappings"), folder, dirs_exist_ok=True)
    path = folder / "demo.yaml"
    listed = path.read_text("utf-8").replace("demo/lifecycle.yaml]", "demo/lifecycle.yaml, own.yaml]")
    path.write_text(listed, "utf-8")
    (folder / "own.yaml").write_text(ESCALATION, "utf-8")
    return load(path)


def played(mapping: Mapping, folder: Path, *changes: str) -> dict[str, list[dict[str, str]]]:
    """What comes of the case."""
    path = folder / "case.yaml"
    path.write_text(CASE + "\n".join(f"  - {change}" for change in changes), "utf-8")
    result = run_case(mapping, path, workbench.bench())
    found: dict[str, list[dict[str, str]]] = yaml.safe_load(result.actual)["expect"]
    return found


def step(state: str, day: str) -> str:
    return f"{{update: asset, row: {{id: 1, status: {state}}}, at: {day}}}"


def test_the_part_is_right_and_warns_of_nothing(mapping: Mapping) -> None:
    assert mapping.warnings == []
    assert mapping.lifecycle is not None
    assert mapping.lifecycle.final == {"scrapped", "sold"}


def test_each_step_is_allowed_and_a_jump_is_parked(mapping: Mapping, tmp_path: Path) -> None:
    steps = [step(state, f"2026-02-0{n}") for n, state in enumerate(STEPS, 1)]
    assert "parked" not in played(mapping, tmp_path, *steps)
    (parked,) = played(mapping, tmp_path, steps[0], step("awaiting_writeoff", "2026-02-03"))["parked"]
    assert "待处置" in parked["says"]
    assert "isolated（已隔离）、in_use（在用）" in parked["says"]


def test_invariant_10_deadlines_pass_in_a_case_as_they_do_in_the_daemon(mapping: Mapping, tmp_path: Path) -> None:
    """With a rule of one's own on the rows, between two changes as with a day that begins."""
    steps = [step("to_dispose", "2026-02-15"), "{day: 2026-02-23}", step("isolated", "2026-02-27")]
    found = played(mapping, tmp_path, *steps)
    assert [(row["step"], row["role"]) for row in found["rows"]] == [(1, "资产管理员"), (2, "部门负责人")]
