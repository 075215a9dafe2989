"""Invariant 12: the chain of records shows what was edited, taken away, added, moved or cut."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis.strategies import characters, integers, text

from syncd import audit

Record = tuple[int, Sequence[str], str]


def chain(*contents: str) -> list[Record]:
    """Records as they are written: each sealed over the one before."""
    records, head = list[Record](), audit.GENESIS
    for seq, content in enumerate(contents, 1):
        fields = (str(seq), content)
        head = audit.seal(head, fields)
        records.append((seq, fields, head))
    return records


WHOLE = chain("a", "b", "c", "d")


def test_a_whole_chain_is_not_broken() -> None:
    assert list(audit.breaks(WHOLE)) == []
    assert list(audit.breaks([])) == []


def test_an_edited_record_is_found() -> None:
    seq, (number, _), stored = WHOLE[1]
    assert list(audit.breaks([WHOLE[0], (seq, (number, "B"), stored), *WHOLE[2:]])) == [2]


def test_an_edit_that_seals_its_record_anew_breaks_the_next() -> None:
    """Whoever knows how a seal is made cannot hide an edit without writing all that follows anew."""
    fields = ("2", "B")
    forged = (2, fields, audit.seal(WHOLE[0][2], fields))
    assert list(audit.breaks([WHOLE[0], forged, *WHOLE[2:]])) == [3]


def test_a_removed_record_is_found() -> None:
    assert list(audit.breaks([WHOLE[0], *WHOLE[2:]])) == [3]
    assert list(audit.breaks(WHOLE[1:])) == [2]


def test_a_removed_record_is_missed_by_its_number_although_all_that_follows_is_sealed_anew() -> None:
    fields = ("3", "c")
    forged = (3, fields, audit.seal(WHOLE[0][2], fields))
    assert list(audit.breaks([WHOLE[0], forged])) == [3]


def test_records_that_changed_places_are_found() -> None:
    assert list(audit.breaks([WHOLE[0], WHOLE[2], WHOLE[1], WHOLE[3]])) == [3, 2, 4]


def test_an_added_record_is_found_although_it_is_sealed() -> None:
    fields = ("2", "new")
    added = (2, fields, audit.seal(WHOLE[0][2], fields))
    assert 2 in list(audit.breaks([WHOLE[0], added, *WHOLE[1:]]))


def test_a_stretch_is_checked_from_the_head_before_it() -> None:
    assert list(audit.breaks(WHOLE[2:], WHOLE[1][2], 3)) == []
    assert list(audit.breaks(WHOLE[2:], WHOLE[0][2], 3)) == [3]


@pytest.mark.parametrize(
    ("one", "other"), [(("ab", "c"), ("a", "bc")), (("a", ""), ("a",)), (('a","b',), ("a", "b")), (("1",), ("1", ""))]
)
def test_a_seal_tells_where_a_field_ends(one: Sequence[str], other: Sequence[str]) -> None:
    assert audit.seal(audit.GENESIS, one) != audit.seal(audit.GENESIS, other)


def test_a_seal_covers_what_came_before() -> None:
    assert audit.seal(audit.GENESIS, ("a",)) != audit.seal("1" * 64, ("a",))
    assert len(audit.seal(audit.GENESIS, ("a",))) == 64


def test_what_makes_a_posting_what_it_is_is_sealed() -> None:
    """Whose key, from which row, by which rule, under which mapping, and what was written."""
    assert {"key", "rule", "subject", "voucher", "reverses", "mapping_hash", "position", "content"} < {*audit.POSTING}
    assert {"actor", "action", "target", "reason", "detail", "at"} < {*audit.ACTION}


@given(text(characters(codec="utf-8"), max_size=40), integers(1, 9))
def test_a_long_text_is_hashed_in_parts_as_if_it_were_one(content: str, chars: int) -> None:
    """Invariant 12: the record of a large group, which is never in memory as a whole JSON text, has the hash that every
    version gives it."""
    with pytest.MonkeyPatch.context() as patch:
        whole = audit.seal("0", ("1", content))
        patch.setattr(audit, "LONG_CHARS", chars)
        assert audit.seal("0", ("1", content)) == whole
