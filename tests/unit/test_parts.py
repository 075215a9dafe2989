"""A mapping in several files is the mapping that it would be in one, and what is wrong is told where it stands."""

import json
from pathlib import Path

import pytest

from syncd.errors import MappingErrors
from syncd.mapping.language.file.schemas import schema
from syncd.mapping.language.load import load
from tests.advice.mappings import edit, laid, mapping
from tests.unit.paper import EXAMPLE, loaded

RULES = EXAMPLE.read_text("utf-8").partition("\nrules:\n")[2]
REFERENCES = EXAMPLE.read_text("utf-8").partition("\nreferences:\n")[2].partition("\nrules:")[0]


def split(folder: Path) -> Path:
    """The example with its references and its later rules in a part each."""
    later = RULES[RULES.index("  transfer:\n") :]
    return laid(
        folder,
        [
            mapping("finance: finance.yaml\n", "finance: finance.yaml\nparts: [parts/places.yaml, parts/later.yaml]\n"),
            mapping(f"references:\n{REFERENCES}\n", ""),
            mapping(later, ""),
            ("parts/places.yaml", "", f"references:\n{REFERENCES}\n"),
            ("parts/later.yaml", "", f"# later rules\nrules:\n{later}"),
        ],
    )


def test_a_mapping_in_parts_is_the_mapping(tmp_path: Path) -> None:
    whole, parted = loaded(EXAMPLE), load(split(tmp_path))
    assert [rule.name for rule in parted.rules] == [rule.name for rule in whole.rules]
    assert parted.file.model_copy(update={"parts": ()}) == whole.file


def test_the_hash_covers_the_parts(tmp_path: Path) -> None:
    path = split(tmp_path)
    before = load(path).hash
    edit(tmp_path, [("parts/later.yaml", "# later rules", "# the later rules")])
    assert load(path).hash != before


def test_what_is_wrong_in_a_part_is_told_with_its_own_line(tmp_path: Path) -> None:
    path = split(tmp_path)
    edit(tmp_path, [("parts/later.yaml", "after.department_id}", "after.departmnt_id}")])
    with pytest.raises(MappingErrors) as caught:
        load(path)
    (error,) = caught.value.errors
    assert (error.code, error.where) == ("unknown_name", f"{tmp_path}/parts/later.yaml:6")


def test_a_name_in_two_files_names_both_places(tmp_path: Path) -> None:
    path = split(tmp_path)
    edit(tmp_path, [("parts/later.yaml", "  transfer:\n", "  registration:\n")])
    with pytest.raises(MappingErrors) as caught:
        load(path)
    (error,) = caught.value.errors
    line = path.read_text("utf-8")[: path.read_text("utf-8").index("  registration:\n")].count("\n") + 1
    assert (error.code, error.where) == ("name_in_two_files", f"{tmp_path}/parts/later.yaml:3")
    assert error.params["first"] == f"{path}:{line}"


def test_the_schema_of_a_part_asks_for_nothing_and_has_no_head() -> None:
    made = schema("part")
    assert json.loads(json.dumps(made)) == made
    assert "required" not in made
    assert not {"mapping", "finance", "parts", "timezone"} & set(made["properties"])
    assert {"rules", "tables", "decisions", "constants"} < set(made["properties"])
