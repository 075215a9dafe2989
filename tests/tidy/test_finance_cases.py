"""Every case that others reported is found by its name."""

import tests.finance_cases
from tests.tidy.tree import ROOT


def test_every_case_of_finance_is_named_where_it_is_held() -> None:
    """In a test, or in a golden case of the shipped mapping."""
    listed, here = (tests.finance_cases.__file__, __file__)
    held = [path for path in ROOT.glob("tests/**/*.py") if str(path) not in (listed, here)]
    held += ROOT.glob("mappings/demo.cases/*.yaml")
    said = "".join(path.read_text("utf-8") for path in held).casefold().replace("snipe-it", "snipeit").replace("_", "#")
    names = [f"{project}#{number}" for project, numbers in tests.finance_cases.CASES.items() for number in numbers]
    assert [name for name in names if name not in said] == []
