"""The list of lines that `make mutants` breaks, and how it breaks one."""

from pathlib import Path

from tests.mutants.__main__ import broken
from tests.mutants.finance import FINANCE
from tests.mutants.lines import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
MUTANT = Mutant("more is less", "sums.py", "a + b", "a - b", ())


def test_a_text_that_stands_once_is_replaced_and_its_line_told() -> None:
    assert broken("def sum(a, b):\n    return a + b\n", MUTANT) == ("def sum(a, b):\n    return a - b\n", 2)


def test_a_text_that_is_gone_or_stands_twice_has_moved() -> None:
    """Otherwise a mutant that breaks nothing would count as one that no test notices, or the wrong line be blamed."""
    assert broken("return b + a", MUTANT) is None
    assert broken("x = a + b\ny = a + b", MUTANT) is None
    assert broken("x = a + b", MUTANT._replace(new="a + b")) is None


def test_every_mutant_names_files_that_are_there() -> None:
    every = (*MUTANTS, *FINANCE)
    named = {mutant.file for mutant in every} | {t.partition("::")[0] for mutant in every for t in mutant.tests}
    assert not [name for name in sorted(named) if not (ROOT / name).is_file()]
    assert all(mutant.tests for mutant in every)
