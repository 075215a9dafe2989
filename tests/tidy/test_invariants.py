"""Every invariant of the design has tests that name it, so that who breaks one learns which."""

import re

from tests.tidy.tree import python

INVARIANTS = {
    1: "nothing lost",
    2: "nothing twice",
    3: "balanced",
    4: "order per subject",
    5: "no hostage",
    6: "gapless numbers",
    7: "nothing invented",
    8: "traceable",
    9: "one writer per pipeline",
    10: "dry run = real run",
    11: "bounded",
    12: "tamper-evident",
    13: "the log decides",
    14: "never silent",
    15: "advice is safe",
    16: "an upgrade is quiet",
}


def test_every_invariant_is_named_by_a_test() -> None:
    text = "\n".join(path.read_text("utf-8") for path in python("tests") if path.name.startswith("test_"))
    named = {
        int(number)
        for listed in re.findall(r"[Ii]nvariants?[ _]([\d, and]+)", text)
        for number in re.findall(r"\d+", listed)
    }
    missing = {number: what for number, what in INVARIANTS.items() if number not in named}
    assert not missing
