"""The decoder: recorded bytes of a real server, rows there and back, and never a value from bytes that lie."""

import struct
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.postgres import pgoutput
from connectors.postgres.pgoutput import Garbled, Relation, RowReader, WireColumn
from syncd.change import ABSENT, UNCHANGED, Change, Column, Kind, Malformed, Position, Row, Table, Value

RECORDED = sorted((Path(__file__).parent.parent / "golden" / "pgoutput").glob("*.hex"))
ASSET = Table(
    "asset",
    "eam.asset",
    (
        Column("id", Kind.INTEGER),
        Column("name", Kind.TEXT),
        Column("value", Kind.DECIMAL, "money"),
        Column("bought", Kind.DATE),
        Column("seen", Kind.TIMESTAMP),
        Column("changed", Kind.TIMESTAMP),
        Column("status", Kind.TEXT),
        Column("ok", Kind.BOOLEAN),
        Column("remark", Kind.TEXT),
    ),
    (0,),
)
COST = Table(
    "cost",
    "eam.cost",
    (
        Column("no", Kind.INTEGER),
        Column("kind", Kind.TEXT),
        Column("amount", Kind.DECIMAL, "money"),
        Column("entered", Kind.TIMESTAMP, "epoch"),
        Column("paid", Kind.DATE, "%Y%m%d"),
        Column("remark", Kind.TEXT),
    ),
    (1, 0),
)
MONEY = Column("c", Kind.DECIMAL, "money")
AT = Position("1/0.1")
NOW = datetime(2026, 2, 1, tzinfo=UTC)
MIDNIGHT_UTC = datetime(2026, 1, 31, tzinfo=UTC)
LONG = "long" * 600
SB_001 = (1, "数控车床 “1号”", Decimal("150000.00"), date(2026, 1, 31), MIDNIGHT_UTC, MIDNIGHT_UTC, "use", True, LONG)
NAN, PLACES = Malformed("NaN", "malformed_unending"), Malformed("1.005", "malformed_places")
NO_DATE = Malformed("2026111", "malformed_date")
SECOND = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)


def bare(id: int) -> Row:
    return (id, *[None] * 8)


def only_key(kind: str, no: int) -> Row:
    return (no, kind, *[UNCHANGED] * 4)


SAID: list[tuple[str, Row | None, Row | None, bool]] = [
    ("insert", None, SB_001, False),
    ("insert", None, bare(2), False),
    ("update", SB_001, (*SB_001[:2], Decimal("150000.50"), *SB_001[3:]), False),
    ("update", bare(2), bare(3), False),
    ("delete", bare(3), None, False),
    ("insert", None, (1, "A", NAN, SECOND, date(2026, 1, 31), LONG), True),
    ("insert", None, (2, "B", PLACES, BEFORE_1970, NO_DATE, "short"), True),
    ("update", None, (1, "A", Decimal("12.30"), SECOND, date(2026, 1, 31), UNCHANGED), True),
    ("update", only_key("B", 2), (2, "C", PLACES, BEFORE_1970, NO_DATE, "short"), True),
    ("delete", only_key("A", 1), None, True),
    (
        "insert",
        None,
        (
            4,
            "",
            Malformed("12,000.00", "malformed_number"),
            Malformed("infinity", "malformed_unending"),
            Malformed("0044-03-15 00:00:00 BC", "malformed_timestamp"),
            MIDNIGHT_UTC,
            "idle",
            ABSENT,
            "long",
        ),
        True,
    ),
]
"""What events.sql does. An unchanged long text is filled from the old row where the log has it (asset, FULL)."""


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_what_a_server_said_is_read_as_it_was_meant(recorded: Path) -> None:
    """Invariant 7, on bytes of a real server: see tests/golden/pgoutput."""
    readers: dict[bytes, RowReader] = {}
    oids: dict[int, str] = {}
    said: list[tuple[str, Row | None, Row | None, bool]] = []
    transactions: list[tuple[int, int]] = []
    emptied: list[list[str]] = []
    notes: list[tuple[str, bytes]] = []
    for line in recorded.read_text("ascii").splitlines():
        data = bytes.fromhex(line)
        match chr(data[0]):
            case "B":
                begun = pgoutput.begin(data)
                assert begun.committed_at.year >= 2025
                assert begun.xid > 0
            case "C":
                ended = pgoutput.commit(data)
                assert ended.commit_lsn == begun.commit_lsn < ended.end_lsn
                transactions.append((ended.commit_lsn, ended.end_lsn))
            case "R":
                relation = pgoutput.relation(data)
                oids[relation.oid] = relation.name
                assert (relation.schema, relation.identity) == ("eam", "f" if relation.name == "asset" else "d")
                readers[data[1:5]] = pgoutput.rows(relation, ASSET if relation.name == "asset" else COST)
            case "T":
                emptied.append([oids[oid] for oid in pgoutput.truncate(data).oids])
            case "M":
                message = pgoutput.message(data)
                assert message.transactional
                notes.append((message.prefix, message.content))
            case kind:
                read = dict(zip("IUD", readers[data[1:5]], strict=True))[kind]
                change = read(data, AT, NOW)
                said.append((change.op, change.before, change.after, change.flawed))
    assert said == SAID
    assert emptied == [["asset", "cost"]]
    assert notes == [("syncd", b"beat")]
    assert [end for _, end in transactions] == sorted(end for _, end in transactions)


def test_there_are_recorded_bytes() -> None:
    assert RECORDED


WIRE: dict[str, int] = {"id": 20, "name": 25, "value": 1700, "bought": 1082, "seen": 1114, "changed": 1184, "ok": 16}


def relation_of(order: list[str], identity: str = "f") -> Relation:
    columns = tuple(WireColumn(name, WIRE.get(name, 25), -1, identity == "f" or name == "id") for name in order)
    return Relation(7, "eam", "asset", identity, columns)


def wire(row: dict[str, str | None], order: list[str]) -> bytes:
    cells = [row[name] for name in order]
    return struct.pack(">H", len(cells)) + b"".join(
        b"n" if text is None else b"t" + struct.pack(">I", len(text.encode())) + text.encode() for text in cells
    )


def server_text(value: Value) -> str | None:
    """As PostgreSQL's output functions write it, in UTC; times without a zone in the EAM's own."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") + "+00"
    return str(value)


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1)).map(lambda m: m.replace(tzinfo=UTC))
ROWS = st.fixed_dictionaries(
    {
        "id": st.integers(-(2**63), 2**63 - 1),
        "name": st.none() | TEXTS,
        "value": st.none() | st.decimals(-(10**16), 10**16, places=2),
        "bought": st.none() | st.dates(),
        "changed": st.none() | MOMENTS,
        "status": st.none() | TEXTS,
        "ok": st.none() | st.booleans(),
        "remark": st.none() | TEXTS,
        "undeclared": st.none() | TEXTS,
    }
)
ORDERS = st.permutations(["id", "name", "value", "bought", "changed", "status", "ok", "remark", "undeclared"])
DECLARED = Table("asset", "eam.asset", tuple(c for c in ASSET.columns if c.name != "seen"), (0,))


@given(before=ROWS, after=ROWS, order=ORDERS)
def test_rows_come_back_as_they_were_sent(before: dict[str, Value], after: dict[str, Value], order: list[str]) -> None:
    """Whatever stands in the columns and in whatever order they come."""
    reader = pgoutput.rows(relation_of(order), DECLARED)
    old, new = (wire({k: server_text(v) for k, v in row.items()}, order) for row in (before, after))
    wanted_old, wanted_new = (tuple(row[c.name] for c in DECLARED.columns) for row in (before, after))
    head = b"\0\0\0\7"
    assert reader.insert(b"I" + head + b"N" + new, AT, NOW) == Change(
        "asset", "insert", None, wanted_new, AT, NOW, False
    )
    assert reader.update(b"U" + head + b"O" + old + b"N" + new, AT, NOW) == Change(
        "asset", "update", wanted_old, wanted_new, AT, NOW, False
    )
    assert reader.delete(b"D" + head + b"O" + old, AT, NOW) == Change(
        "asset", "delete", wanted_old, None, AT, NOW, False
    )


@given(row=ROWS, data=st.data())
def test_bytes_that_end_early_or_go_on_are_refused(row: dict[str, Value], data: st.DataObject) -> None:
    """Nothing invented: half a value is never taken for a whole one."""
    order = list(row)
    reader = pgoutput.rows(relation_of(order), DECLARED)
    whole = b"I\0\0\0\7N" + wire({k: server_text(v) for k, v in row.items()}, order)
    cut = data.draw(st.integers(6, len(whole) - 1))
    with pytest.raises(Garbled):
        reader.insert(whole[:cut], AT, NOW)
    with pytest.raises(Garbled):
        reader.insert(whole + b"x", AT, NOW)


@given(noise=st.binary(max_size=60))
def test_noise_is_refused_or_read_but_breaks_nothing(noise: bytes) -> None:
    for decode in (pgoutput.begin, pgoutput.commit, pgoutput.relation, pgoutput.truncate, pgoutput.message):
        with suppress(Garbled):
            decode(noise)
    reader = pgoutput.rows(relation_of(["id", "name"]), ASSET)
    for read in reader:
        with pytest.raises(Garbled):
            read(b"?" + noise, AT, NOW)


@pytest.mark.parametrize(
    ("column", "oid", "modifier", "text", "value"),
    [
        (MONEY, 1700, ((18 << 16) | 4) + 4, b"5.1000", Decimal("5.10")),
        (
            MONEY,
            1700,
            ((18 << 16) | 4) + 4,
            b"5.1010",
            Malformed("5.1010", "malformed_places"),
        ),
        (MONEY, 1700, -1, b"NaN", NAN),
        (Column("c", Kind.DECIMAL), 1700, -1, b"-Infinity", Malformed("-Infinity", "malformed_unending")),
        (Column("c", Kind.DECIMAL), 1700, -1, b"9" * 101, Malformed("9" * 101, "malformed_huge")),
        (Column("c", Kind.DECIMAL), 701, -1, b"1e+20", Decimal("1E+20")),
        (Column("c", Kind.DECIMAL), 25, -1, " １２".encode(), Malformed(" １２", "malformed_number")),
        (Column("c", Kind.INTEGER), 1700, -1, b"12.0", 12),
        (Column("c", Kind.INTEGER), 25, -1, b"1_000", Malformed("1_000", "malformed_number")),
        (Column("c", Kind.TEXT), 1042, 10, b"A     ", "A"),
        (Column("c", Kind.TEXT), 16, -1, b"t", "true"),
        (Column("c", Kind.TEXT), 25, -1, b"\xff", Malformed("\\xff", "malformed_utf8")),
        (Column("c", Kind.BOOLEAN), 25, -1, b"Y", True),
        (Column("c", Kind.DATE), 1114, -1, b"2026-01-31 23:59:59", date(2026, 1, 31)),
        (Column("c", Kind.DATE), 1184, -1, b"2026-01-31 17:00:00+00", date(2026, 2, 1)),
        (Column("c", Kind.DATE), 1082, -1, b"0044-03-15 BC", Malformed("0044-03-15 BC", "malformed_date")),
        (Column("c", Kind.TIMESTAMP), 1184, -1, b"2026-01-31 08:00:00+00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        (Column("c", Kind.TIMESTAMP), 1114, -1, b"-infinity", Malformed("-infinity", "malformed_unending")),
    ],
)
def test_a_column_is_read_by_what_it_is_and_what_it_is_declared(
    column: Column, oid: int, modifier: int, text: bytes, value: Value
) -> None:
    """Invariant 7: what does not fit is marked and keeps its raw text."""
    assert repr(pgoutput.column_reader(column, oid, modifier)(text)) == repr(value)
