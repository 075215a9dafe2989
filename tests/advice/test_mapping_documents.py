"""Where a hint points into a document, what it promises stands there, and it is what the language does."""

import re
from collections.abc import Iterator
from pathlib import Path

from syncd import config
from syncd.errors import Fault, MappingError
from syncd.language import catalogue
from syncd.mapping.cases.model import CaseFile, PeriodRow, Step
from syncd.mapping.expression import functions
from syncd.mapping.expression.parse import parse
from syncd.mapping.language.file.faults import parse as shaped
from syncd.mapping.language.file.layout_file import LayoutFile
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.file.source import read
from tests.advice import advice
from tests.tidy.tree import ROOT

MAPPING = (ROOT / "docs" / "mapping.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
ARGUMENTS_MAX = 5


def section(title: str) -> str:
    return MAPPING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def listed() -> dict[str, set[int]]:
    """The functions in the document, and with how many arguments each is called."""
    found: dict[str, set[int]] = {}
    for name, arguments in re.findall(r"`([a-z_]+)\(([^`]*)\)`", section("expressions").partition("\n- ")[0]):
        needed, _, optional = arguments.partition("[")
        least = needed.count(",") + 1
        most = ARGUMENTS_MAX if "…" in arguments else least + optional.count(",")
        found[name] = set(range(least - ("…" in arguments), most + 1))
    return found


@advice("wrong_count", "unsupported", "expression_syntax")
def test_the_list_of_functions_is_the_languages_own() -> None:
    """Each with as many arguments as it takes."""
    assert listed().keys() == set(functions.NAMES)
    for name, counts in listed().items():
        taken = {n for n in range(ARGUMENTS_MAX + 1) if not refused(f"{name}({', '.join(['NULL'] * n)})")}
        assert name == "extract" or taken == counts, name
    assert all(operator in section("expressions") for operator in ("LIKE", "BETWEEN", "CASE", "`||`", "AT TIME ZONE"))


def refused(text: str) -> bool:
    """Whether a call has too many or too few arguments."""
    try:
        parse(text, {})
    except Fault as fault:
        return fault.code not in ("unknown_word", "lines_unclear", "wrong_argument")
    return False


@advice("unknown_word")
def test_the_units_and_formats_are_the_languages_own() -> None:
    said = r"knows the units `(.*)`, `extract` these and `(.*)`; both know `(.*)` and\n +`(.*)` of a timestamp"
    units, fields, *times = re.findall(said, MAPPING)[0]
    assert {*units.split(), *times} == set(functions.UNITS)
    assert {*units.split(), *times, *fields.split()} == set(functions.FIELDS)
    assert set(times) == set(functions.CLOCK)
    formats = re.findall(r"knows `([A-Z ]+)`, of a timestamp `([A-Z0-9 ]+)` too", MAPPING)[0]
    assert set(" ".join(formats).split()) == set(functions._PARTS)


@advice("unknown_key")
def test_every_key_of_a_case_is_described() -> None:
    """Those of a mapping and a layout are in another test."""
    keys = [*CaseFile.model_fields, *Step.model_fields, *PeriodRow.model_fields]
    assert not [key for key in keys if not re.search(rf"\b{key}\b", section("golden cases"))]


@advice("missing_key", "wrong_shape")
def test_what_is_shown_is_a_mapping_a_layout_and_a_configuration(tmp_path: Path) -> None:
    """Each piece can be typed as it stands, but for what `…` stands for."""
    for n, (model, block) in enumerate(shown()):
        path = tmp_path / f"{n}.yaml"
        path.write_text(block, "utf-8")
        document, errors = read(path)
        shaped(model, document, errors)
        assert not [str(error) for error in errors if is_wrong(error)], block
    path.write_text(REFERENCE.partition("```yaml\n")[2].partition("```")[0], "utf-8")
    assert list(config.load(path).config.pipelines) == ["main"]


def shown() -> Iterator[tuple[type[MappingFile | LayoutFile | CaseFile], str]]:
    """The pieces of YAML in the document, and what each is of."""
    for part in re.split(r"^## ", MAPPING, flags=re.MULTILINE):
        model = {"finance layouts": LayoutFile, "golden cases": CaseFile}.get(part.partition("\n")[0], MappingFile)
        for block in re.findall(r"^```yaml\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
            yield model, f"rules:\n{block}" if block.startswith("  ") else block


def is_wrong(error: MappingError) -> bool:
    """A piece lacks what stands in the others, and what it leaves out."""
    return error.code != "missing_key" and "…" not in str(error)


def test_every_document_that_a_hint_names_is_there() -> None:
    named = {name for entry in catalogue().values() for name in re.findall(r"docs/[\w/.-]+\w", str(entry.get("hint")))}
    assert {"docs/mapping.md", "docs/reference.md"} <= named
    assert not [name for name in named if not (ROOT / name).is_file()]
