"""Lines about what a source tells of its rows: what is unknown, and which row is which."""

from typing import Final

from tests.mutants.lines import Mutant

CAPTURE: Final = (
    Mutant(
        "a column that is gone is unchanged",
        "connectors/postgres/pgoutput.py",
        'f"  v{i} = ABSENT"',
        'f"  v{i} = UNCHANGED"',
        ("tests/unit/test_pgoutput.py",),
    ),
    Mutant(
        "what a column holds now is what it was last known to hold",
        "syncd/mapping/program/completion.py",
        "after = after and _filled(after, before)",
        "after = after and _recalled(after, before)",
        ("tests/unit/test_absent.py",),
    ),
    Mutant(
        "a row that leaves its key takes along what came there before it left",
        "syncd/mapping/program/moves.py",
        "        return self._rows[place] < 1 and",
        "        return True or",
        ("tests/unit/test_moves.py",),
    ),
    Mutant(
        "what came to a key in an earlier batch goes with what leaves it",
        "syncd/mapping/program/moves.py",
        "(key in written[alias] or kept is None or kept == before)",
        "True",
        ("tests/unit/test_moves.py",),
    ),
    Mutant(
        "a repair takes a row for gone whose key another has left",
        "syncd/daemon/differences.py",
        "if (alias, old) in self._shared:",
        "if False:",
        ("tests/unit/test_differences.py",),
    ),
)
