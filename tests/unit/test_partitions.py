"""What is a pipeline's own in a ledger, where several keep what they know: a name says it, letter by letter."""

import json

import pytest

from syncd.books.reconciliation.as_read import rows_of
from syncd.desk import partitions
from tests.unit.lab import BILLS, Lab

OURS = ("eam_b", "eam_b/0", "eam_b/1")
OTHERS = ("eam", "eamxb/0", "EAM_B/0", "eam_b2", "other/eam_b/0")
NEW = "INSERT INTO syncd_pipeline (name, posting_seq, posting_hash, parked_seq, changes, posted, repeated)"


@pytest.fixture(scope="module")
def lab() -> Lab:
    """Each has read one row, which tells whose it is."""
    lab = Lab(BILLS)
    for number, name in enumerate((*OURS, *OTHERS)):
        lab.database.execute(f"{NEW} VALUES (?, 0, '', 0, 0, 0, 0)", (name,))
        image = json.dumps({"id": number, "amount": "1.00", "on_": "2026-02-03"})
        lab.database.execute("INSERT INTO syncd_mirror VALUES (?, 'bill', ?, ?)", (name, str(number), image))
    return lab


def test_a_pipeline_s_names_are_its_own_and_those_of_its_partitions(lab: Lab) -> None:
    """Be there an underscore in it, which a pattern takes for any letter, or another that differs in case."""
    assert tuple(partitions.names(lab.ledger, "eam_b")) == OURS
    assert partitions.names(lab.ledger, "eam_b/1") == ["eam_b/1"]


def test_a_comparison_takes_no_row_of_another_pipeline(lab: Lab) -> None:
    keys = [str(number) for number in range(len(OURS) + len(OTHERS))]
    assert sorted(rows_of(lab.ledger, "eam_b", lab.mapping.tables["bill"], keys)) == ["0", "1", "2"]
    assert rows_of(lab.ledger, "unknown", lab.mapping.tables["bill"], keys) == {}
