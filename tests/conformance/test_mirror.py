"""syncd's last image of each source row, over every ledger."""

import pytest

from syncd.errors import Transient
from syncd.ports import Ledger
from syncd.posting import Batch, Outcome, Refused
from tests.conformance.finance import Finance, asset, batch, posted, write


def numbers(finance: Finance) -> list[object]:
    """The voucher numbers that finance holds."""
    return [row[0] for row in finance.run("SELECT number FROM fin.voucher ORDER BY number")]


def test_the_mirror_holds_the_last_image(ledger: Ledger) -> None:
    """Invariant 7: inserted, changed and deleted, also within one batch."""
    row, other = asset(1).after, asset(1, "7.00").after

    for rows in ({"1": row, "2": row}, {"1": other, "2": None, "3": row}):
        write(ledger, Batch((), {"asset": rows}, frozenset(), None))
    with ledger.begin() as book:
        assert book.mirror("asset", ["1", "2", "3"]) == {"1": other, "3": row}


@pytest.mark.parametrize("count", [3, 150])
@pytest.mark.parametrize("makes", ["postings", "nothing"])
def test_a_row_that_is_inserted_again_is_found_in_the_mirror_though_nobody_asked(
    finance: Finance, ledger: Ledger, makes: str, count: int
) -> None:
    """Invariants 2, 6 and 13: the mirror is not asked for rows that the log inserts; where it refuses one that it has,
    the batch is made again, whole, and it has the last image. Afterwards it is not asked again."""
    write(ledger, batch(posted(asset(1))))
    again = batch(*(posted(asset(n)) for n in range(2, count + 2)))
    if makes == "nothing":
        again = again._replace(outcomes=[Outcome(o.change, o.subject, ignored="") for o in again.outcomes])
    row = asset(1, "7.00").after
    again = again._replace(mirror={"asset": {**again.mirror["asset"], "1": row}})
    with pytest.raises(Refused) as refused, ledger.begin() as book:
        book.write(again)
    assert refused.value.rejections == {}
    write(ledger, again)
    with ledger.begin() as book:
        assert book.mirror("asset", ["1", "2"]) == {"1": row, "2": asset(2).after}
    assert numbers(finance) == [*range(1, count + 2 if makes == "postings" else 2)]


def test_a_writer_that_was_overtaken_does_not_take_the_rows_of_the_other_for_its_own(
    finance: Finance, ledger: Ledger
) -> None:
    """Invariant 9: what the mirror refuses may be what the one that has overtaken has written."""
    write(ledger, batch(posted(asset(1))))
    ledger.execute(
        [
            ("UPDATE syncd.pipeline SET position = '00000002'", ()),
            ("INSERT INTO syncd.mirror (pipeline, source_table, key, image) VALUES (?, 'asset', '2', '{}')", ("main",)),
        ]
    )
    with pytest.raises(Transient) as noticed:
        write(ledger, batch(posted(asset(2))))
    assert (noticed.value.code, numbers(finance)) == ("not_the_writer", [1])
