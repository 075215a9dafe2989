"""The sorts of what may be wrong with a row, and the report that counts them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.quality.store import Found, Store
from syncd.language import current, say

WEIGHTS: Final[Mapping[str, int]] = {
    "duplicate": 5, "alike": 4, "no_code": 5, "malformed": 4, "unmatched": 4, "no_class": 4, "no_department": 4,
    "no_life": 3, "no_amount": 4, "negative": 3, "early": 2, "future": 2, "disposed_early": 3, "tenfold": 3,
    "outlier": 1, "undecided": 4, "uncomputable": 4,
}  # fmt: skip
"""What is looked for under every mapping, and how much it weighs."""
REQUIRED: Final = 5
"""What a rule requires and a row is not would park it."""
EXAMPLES_MAX: Final = 3


class Sort(NamedTuple):
    """A rule that rows break. `zh` and `en` are its own words; one that every mapping has takes its words from the
    catalogue, `quality_NAME` for the rule and `quality_of_NAME` for a row."""

    name: str
    weight: int
    zh: str = ""
    en: str = ""


class Group(NamedTuple):
    """The rows that break a rule, and the first few of them."""

    sort: Sort
    rows: int
    examples: Sequence[Found]


class Default(NamedTuple):
    """What is usual in a class: months of life and residual rate, the medians of its assets. `class_` is `*` for what
    is usual in all."""

    class_: str
    life_months: int
    residual_rate: Decimal


class Suggested(NamedTuple):
    """An old code and the unified one that it might get."""

    old: str
    code: str


class Report(NamedTuple):
    """What was found. `rows` are those of every table that was looked through, `assets` those that a rule would open a
    card of; the heaviest group stands first."""

    rows: Mapping[str, int]
    assets: int
    groups: Sequence[Group]
    defaults: Sequence[Default]

    @property
    def is_clean(self) -> bool:
        """Whether nothing that weighs anything was found."""
        return not any(group.sort.weight for group in self.groups)


def grouped(store: Store, sorts: Mapping[str, Sort]) -> Sequence[Group]:
    """The sorts that have rows, the heaviest first, then the longest."""
    found = [Group(sorts[name], rows, list(store.found(name, EXAMPLES_MAX))) for name, rows in store.counts().items()]
    return sorted(found, key=lambda group: (-group.sort.weight, -group.rows, group.sort.name))


def title(sort: Sort) -> str:
    """What is wrong with the rows of a sort, in the language of the process."""
    return (sort.zh if current() == "zh" else sort.en) or say(f"quality_is_{sort.name}")


def words(sort: Sort, found: Found) -> str:
    """What is wrong with a row."""
    return title(sort) if sort.en else say(f"quality_row_{sort.name}", found.params)
