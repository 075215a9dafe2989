"""Lines about what finance holds, and whether it still holds what was posted."""

from typing import Final

from tests.mutants.lines import Mutant

_AUDIT: Final = "tests/conformance/test_audit.py::"
TAMPERED: Final = (f"{_AUDIT}test_tampering_with_finance_is_found",)
EMPTIED: Final = (f"{_AUDIT}test_what_was_emptied_is_found",)
BEFORE: Final = (f"{_AUDIT}test_of_a_voucher_of_before_what_both_know_is_compared",)
RECORD: Final = (f"{_AUDIT}test_tampering_with_the_record_is_found",)
CLAIMS: Final = (f"{_AUDIT}test_a_voucher_that_claims_to_be_ours_is_found",)

FINANCE: Final = (
    Mutant(
        "a row that was added to a voucher goes unnoticed",
        "syncd/desk/audit/held.py",
        "return Counter(one) == Counter(other)",
        "return not Counter(one) - Counter(other)",
        TAMPERED,
    ),
    Mutant(
        "a voucher of before is accused by a column that was added later",
        "syncd/desk/audit/held.py",
        "if is_told or any(row[i] is not None for row in found)",
        "if True",
        BEFORE,
    ),
    Mutant(
        "a column that the record tells is compared only where finance has something in it",
        "syncd/desk/audit/held.py",
        "if is_told or any(row[i] is not None for row in found)",
        "if any(row[i] is not None for row in found)",
        EMPTIED,
    ),
    Mutant(
        "an account that left the chart accuses the vouchers of before",
        "syncd/desk/audit/held.py",
        "self.has_missed |= self._spec.code != self._spec.gives",
        "self.has_missed |= False",
        BEFORE,
    ),
    Mutant(
        "a shape that was edited is believed",
        "syncd/desk/audit/held.py",
        "for name, text in shapes.items() if journal.hash_of(text) == name}",
        "for name, text in shapes.items()}",
        RECORD,
    ),
    Mutant(
        "a copy of a voucher of ours is one of ours",
        "syncd/desk/audit/claims.py",
        "HAVING count(*) > 1",
        "HAVING count(*) > 2",
        CLAIMS,
    ),
    Mutant(
        "a voucher that no posting made is one of ours",
        "syncd/desk/audit/claims.py",
        "for one in lot if one not in found)",
        "for one in lot if not one)",
        CLAIMS,
    ),
    Mutant(
        "every posting of a lot keeps the values of the first",
        "syncd/journal.py",
        "rows = {table: iter(written) for",
        "rows = {table: iter([written[0]] * 99) for",
        ("tests/unit/test_journal.py",),
    ),
    Mutant(
        "what a lookup gave is not kept",
        "syncd/mapping/layout/tables.py",
        'return next(iter(e.names)) if term.op == "name" else ""',
        'return next(iter(e.names)) if len(e.names) == 1 else ""',
        ("tests/unit/test_journal.py", "tests/unit/test_layout.py"),
    ),
    Mutant(
        "an amount with zeros at its end is another",
        "syncd/journal.py",
        'return f"{found.normalize() if found else ZERO:f}"',
        'return f"{found:f}"',
        ("tests/unit/test_journal.py",),
    ),
    Mutant(
        "a card's number keeps more places than finance has",
        "syncd/money.py",
        "    rounded = round_half_up(value, places)\n",
        "    rounded = value\n",
        ("tests/unit/test_money.py",),
    ),
    Mutant(
        "a case's finance knows a code that nobody asked it for again",
        "syncd/mapping/cases/books.py",
        "if self._ledger.unlearnt():",
        "if False:",
        ("tests/golden/test_cases_are_real.py",),
    ),
    Mutant(
        "a closed period is open in a case",
        "syncd/mapping/cases/play.py",
        "Period(row.code, first, last, row.code not in closed)",
        "Period(row.code, first, last, True)",
        ("tests/golden/test_cases_are_real.py",),
    ),
)
