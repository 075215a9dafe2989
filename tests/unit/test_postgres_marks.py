"""Invariant 14: what is kept of the marks between two runs, and what two looks at one table mean."""

from connectors.postgres.marks import TEXT_CHARACTERS_MAX, Marks, TableMarks, parse

COLUMNS = {"id": [1, "700"], "资产编码": [2, "700"]}


def marks(partitions: int) -> Marks:
    files = {str(n): (n, f"/{n}") for n in range(partitions)}
    return Marks("16402.f,t,t,t,t,t.10.743", {"eam.asset": TableMarks(16500, (16600,), COLUMNS, files)}, 4711)


def test_marks_are_read_as_they_were_written() -> None:
    assert parse(marks(3).text()) == marks(3)


def test_of_thousands_of_partitions_the_rest_is_kept() -> None:
    """A text that the state cannot hold would stop the pipeline."""
    text = marks(10_000).text()
    assert len(text) <= TEXT_CHARACTERS_MAX
    assert parse(text) == marks(0)
