"""Where transactions end in what waits, and which checkpoint is true where a batch ends."""

from datetime import UTC, datetime

from syncd.change import Change, ChangeSet, Position
from syncd.mapping.program.transactions import Span, divided, spans

AT = datetime(2026, 2, 1, tzinfo=UTC)


def changes(first: int, count: int) -> list[Change]:
    return [Change("asset", "insert", None, (n,), Position(f"c{n:03}"), AT) for n in range(first, first + count)]


WHOLE = ChangeSet(changes(1, 3), Position("p003"), AT)
OPEN = ChangeSet(changes(4, 4), Position("p007"), AT, cuts=(1, 3))
REST = ChangeSet(changes(8, 2), Position("p009"), AT)


def test_transactions_are_found_across_sets() -> None:
    """One is a set; the next set ends two and begins a third, which the last set ends."""
    assert list(spans([WHOLE, OPEN, REST])) == [
        *(Span(0, 3, True), Span(3, 4, True), Span(4, 6, True), Span(6, 9, True))
    ]


def test_a_transaction_whose_end_does_not_wait_is_not_whole() -> None:
    assert list(spans([WHOLE, OPEN]))[-1] == Span(6, 7, False)
    assert list(spans([OPEN._replace(cuts=())])) == [Span(0, 4, False)]


def test_the_checkpoint_is_that_of_the_last_whole_set() -> None:
    """A change's position names the change and is never taken for a checkpoint: a source that is started there would
    leave out what it has not said, or lack what tells it where it stands."""
    position, rest = divided([WHOLE, OPEN, REST], 4)
    assert position == "p003"
    assert [len(s.changes) for s in rest] == [3, 2]
    assert rest[0].cuts == (2,)
    assert divided([WHOLE, OPEN, REST], 3)[0] == "p003"
    assert divided([WHOLE, OPEN, REST], 7)[0] == "p007"
    assert divided([WHOLE, OPEN, REST], 9) == ("p009", ())


def test_before_the_first_set_is_whole_there_is_no_checkpoint() -> None:
    """Also where the set repeats, as a topic does: an offset amid it would lose what is left of it."""
    position, rest = divided([OPEN._replace(repeats=True)], 1)
    assert position is None
    assert [change.position for s in rest for change in s.changes] == ["c005", "c006", "c007"]


def test_a_set_that_says_its_places_is_resumed_there() -> None:
    placed = OPEN._replace(places=(Position("q4"), Position("q6")))
    assert divided([WHOLE, placed], 4)[0] == "q4"
    assert divided([WHOLE, placed], 6)[0] == "q6"
