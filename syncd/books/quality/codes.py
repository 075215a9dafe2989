"""Asset codes: which are the same but for how they were typed, and what one that is not right might become."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final
from unicodedata import normalize

from syncd.books.quality.findings import Suggested
from syncd.books.quality.store import Store

DIGITS_USUAL: Final = 4
TRIED_MAX: Final = 10
"""Next numbers, of which an earlier code may have got one under its own."""
LEARNT_MAX: Final = 100_000
"""Beginnings of codes that are counted."""
_DASHES: Final = str.maketrans("‐‑‒–—―−_", "--------")
_NUMBERED: Final = re.compile(r"(.*?)([0-9]+)\Z", re.DOTALL)


def alike(code: str) -> str:
    """A code as it was meant: half-width, in capitals, without blanks, every dash a hyphen."""
    return "".join(normalize("NFKC", code).translate(_DASHES).upper().split())


class Learnt:
    """What the right codes of each department begin with."""

    def __init__(self) -> None:
        self._beginnings: Counter[tuple[str | None, str]] = Counter()

    def add(self, code: str, department: str | None) -> None:
        """A code that is right."""
        found = _NUMBERED.fullmatch(code)
        if found and len(self._beginnings) < LEARNT_MAX:
            self._beginnings[department, found[1]] += 1

    def beginnings(self) -> dict[str | None, str]:
        """Department → the beginning that most of its codes have."""
        found: dict[str | None, str] = {}
        for (department, beginning), _ in self._beginnings.most_common():
            found.setdefault(department, beginning)
        return found


def suggested(store: Store, fits: Callable[[str], bool] | None, learnt: Learnt) -> Iterator[Suggested]:
    """A unified code for each code that is not right or is like another's, as far as one can be made. One that several
    assets have is left out: a table of codes could not tell them apart. No code is suggested twice, nor one that an
    asset has. `fits` says whether a code is right, None where that cannot be asked."""
    if fits is None:
        return
    store.write("INSERT OR IGNORE INTO taken SELECT bare(code) FROM asset WHERE fits = 1", ())
    known = learnt.beginnings()
    numbers: dict[str, int] = {}
    told: str | None = None
    for code, meant, department, prefix in store.rows(
        "SELECT bare(code), alike, department, prefix FROM asset AS a WHERE code IS NOT NULL AND bare(code) <> ''"
        " AND (fits = 0 OR alike IN (SELECT alike FROM asset GROUP BY alike HAVING count(DISTINCT code) > 1))"
        " AND (SELECT count(*) FROM asset AS b WHERE b.code = a.code) = 1 ORDER BY bare(code), n"
    ):
        if code == told or code == "*" or (fits(code) and code == meant):
            continue
        told = code
        for candidate in _candidates(meant, prefix or known.get(department), numbers, store):
            if fits(candidate) and store.write("INSERT OR IGNORE INTO taken VALUES (?)", (candidate,)):
                yield Suggested(code, candidate)
                break


def _candidates(meant: str, beginning: str | None, numbers: dict[str, int], store: Store) -> Iterator[str]:
    """What it was meant to be; its own number under the right beginning; the next free number there."""
    yield meant
    if not beginning:
        return
    width, highest = DIGITS_USUAL, numbers.get(beginning)
    own = _NUMBERED.fullmatch(meant)
    if own:
        yield f"{beginning}{int(own[2]):0{width}}"
    if highest is None:
        highest = _highest(beginning, store)
    for number in range(highest + 1, highest + 1 + TRIED_MAX):
        numbers[beginning] = number
        yield f"{beginning}{number:0{width}}"


def _highest(beginning: str, store: Store) -> int:
    """The highest number that a code with this beginning has."""
    after = beginning[:-1] + chr(ord(beginning[-1]) + 1)
    codes = store.rows("SELECT code FROM taken WHERE code >= ? AND code < ?", (beginning, after))
    return max((int(rest) for (code,) in codes if (rest := code[len(beginning) :]).isdecimal()), default=0)
