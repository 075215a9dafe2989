"""Invariant 12, over every ledger: a record that was written anew with all its hashes is found by heads that were kept
elsewhere; and whatever else is done to the tables of the record is found too."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.anchor.file import AnchorFile
from connectors.anchor.places import in_database
from connectors.ledger import collected_events
from connectors.ledger.ledger import SqlLedger
from connectors.ledger.sqlite import MEMORY
from syncd import audit
from syncd.desk.audit import anchors
from syncd.desk.audit.anchors import Keeper
from syncd.desk.audit.together import Again
from syncd.desk.audit.verify import Verdict, verify
from syncd.desk.parked import operators
from syncd.desk.parked.operators import Actor, Selection
from syncd.errors import Transient
from syncd.ports import Anchor, Layout, Ledger
from syncd.posting import Outcome, Posting
from tests.conformance.finance import (
    Finance,
    Kept,
    SmallLayout,
    asset,
    batch,
    in_memory,
    posted,
    rejected,
    voucher,
    write,
)
from tests.conformance.test_collecting import RULE, gathered, release, row
from tests.conformance.test_desk import TABLES, read
from tests.rewriting import rehash
from tests.several import judged

BY: Final = Actor("li", "because")
NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)


def fill(ledger: Ledger) -> None:
    """Postings; parked rows that were edited, approved, given up, tried in vain and healed; collected rows that wait,
    that were replaced and withdrawn, that a posting took and that were parked; two acceptances."""
    operators.accept(ledger, "demo", "a" * 64, BY)
    write(ledger, batch(*(posted(asset(n)) for n in range(1, 7)), *(rejected(asset(n)) for n in (7, 8, 9))))
    write(ledger, batch(rejected(asset(10), "approval")))
    operators.edit(ledger, "main", 1, {"value": "5.00"}, TABLES, read, BY)
    operators.edit(ledger, "main", 1, {"value": "6.00"}, TABLES, read, BY)
    operators.approve(ledger, "main", 4, BY, "finance")
    operators.discard(ledger, "main", Selection((2,)), BY)
    for number in (1, 3):
        change = asset(6 + number)
        again = rejected(change, parked_id=number) if number == 3 else posted(change)._replace(parked_id=number)
        write(ledger, batch(again)._replace(position=None))
    collect(ledger)
    operators.accept(ledger, "demo", "b" * 64, BY)


def collect(ledger: Ledger) -> None:
    write(ledger, batch(*(row(n, "a" if n < 34 else "b") for n in range(31, 37))))
    write(ledger, batch(row(41, "b", replaces=36), row(42, "b", replaces=35, withdraws=True)))
    write(ledger, batch(release(43, "a")))
    with ledger.begin() as book:
        rows = [*book.collected(RULE, "a")]
        posting = Posting(f"{RULE}/a/1", RULE, "a", rows[-1].change, voucher=voucher())
        refused = rejected(rows[0].change)
        book.write(gathered("a", rows, refused, Outcome(rows[-1].change, "a", (posting,))))


def codes(ledger: Ledger, anchored: Sequence[audit.Anchored] = (), again: Again | None = None) -> set[str]:
    def verified(again: Again | None = None) -> Verdict:
        return verify(ledger, "main", SmallLayout(), anchored, again=again)

    verdict = verified() if again is None else judged(verified, again)
    return {flaw.code for flaw in verdict.flaws}


REWRITTEN: Final = [
    ("UPDATE syncd.posting SET mapping_hash = 'm2' WHERE seq = 3", "posting", "audit_anchor"),
    ("DELETE FROM syncd.parked_event WHERE seq = 2", "parked", "audit_anchor_cut"),
    ("UPDATE syncd.action SET reason = 'other' WHERE seq = 2", "action", "audit_anchor"),
    ("UPDATE syncd.collected_event SET event = 'gone' WHERE seq = 3", "collected", "audit_anchor"),
    ("DELETE FROM syncd.action WHERE seq >= 6", "action", "audit_anchor_cut"),
]


def test_a_record_that_was_written_anew_is_found_by_its_anchor(finance: Finance, ledger: Ledger) -> None:
    """Invariant 12: each of the chains. Everything is as it was recorded before."""
    fill(ledger)
    anchored = anchors.heads(ledger, "main", NOW)
    assert [one.chain for one in anchored] == ["posting", "parked", "collected", "action"]

    def again() -> tuple[Ledger, Layout]:
        return finance.open(), SmallLayout()

    assert codes(ledger, anchored, again) == set()
    for tampering, chain, code in REWRITTEN:
        ledger.execute([(tampering, ())])
        rehash(finance.run if finance.kind != "sqlite" else partial(_run, ledger), "main")
        unmet = {(flaw.code, flaw.params["chain"]) for flaw in verify(ledger, "main", SmallLayout(), anchored).flaws
                 if "chain" in flaw.params}  # fmt: skip
        assert (code, chain) in unmet, tampering
        assert code in codes(ledger, anchored, again), "several stretches are one chain"


def _run(ledger: Ledger, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
    if sql.startswith("SELECT"):
        return ledger.query(sql, params)
    ledger.execute([(sql, params)])
    return []


@pytest.mark.parametrize("finance", ["postgres"], indirect=True)
def test_what_is_done_while_verify_reads_is_no_flaw(
    finance: Finance, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon posts, parks and collects, and people act, whenever verify has been told something new; nobody has
    edited anything, whatever of it verify has seen."""
    fill(ledger)
    query, came, seen = ledger.query, count(100), set[tuple[str, bool]]()
    alone = threading.Lock()

    def asked(sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
        found = query(sql, params)
        with alone:  # verify may ask from several threads, and there is one daemon
            if (sql, bool(found)) not in seen:
                seen.add((sql, bool(found)))
                n = next(came)
                write(other, batch(posted(asset(n)), rejected(asset(1_000 + n)), row(2_000 + n, "c")))
                operators.accept(other, "demo", f"{n:064}", BY)
        return found

    ledger.close()  # whoever writes is the other
    with closing(finance.open()) as other:
        monkeypatch.setattr(ledger, "query", asked)
        assert codes(ledger) == set()
        assert next(came) > 110
        monkeypatch.undo()
        assert codes(ledger) == set()


# Anchors


@pytest.fixture(params=["file", "sqlite", "postgres", "mysql"])
def anchor(request: pytest.FixtureRequest, tmp_path: Path) -> Anchor:
    """A place of each kind, with nothing in it."""
    if request.param == "file":
        return AnchorFile(tmp_path / "anchor.jsonl")
    if request.param == "sqlite":
        (tmp_path / "anchor.db").touch()
        return in_database("sqlite:///anchor.db", tmp_path)
    if request.param == "postgres":
        return in_database(request.getfixturevalue("new_database")(), tmp_path)
    return in_database(f"{request.getfixturevalue('new_mariadb')()}?ssl_disabled=true", tmp_path)


def test_what_is_anchored_is_read_back(anchor: Anchor) -> None:
    """In order, signed; a head that is not signed by the key is told from those that are."""
    heads = [audit.Anchored("main", "posting", n, f"{n:064}", f"2026-03-0{n}T00:00:00.000000Z") for n in (1, 2, 3)]
    assert list(anchor.read()) == []
    anchor.append([audit.signed(heads[0], "secret")])
    anchor.append([audit.signed(heads[1], "secret"), heads[2], audit.signed(heads[0], "other")])
    anchor.append([heads[0]._replace(pipeline="other")])
    signed, forged = anchors.trusted(anchor, ["main"], "secret")
    assert [one.seq for one in signed] == [1, 2]
    assert sorted(one.seq for one in forged) == [1, 3]
    assert len(anchors.trusted(anchor, ["main"], "")[0]) == 4


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    """The disk was full for a moment."""
    file, (one, two) = (
        AnchorFile(path := tmp_path / "a.jsonl"),
        (audit.Anchored("main", "posting", n, "0" * 64, "2026") for n in (1, 2)),
    )
    file.append([one])
    with path.open("a") as cut:
        cut.write('{"pipeline": "main", "ch')
    file.append([two])
    assert list(file.read()) == [one, two]


@pytest.fixture
def memory() -> Iterator[Ledger]:
    kept = Kept(MEMORY)
    with closing(in_memory(kept).open()) as ledger:
        fill(ledger)
        yield ledger
    kept.drop()


def test_the_keeper_anchors_when_enough_has_come_or_a_day_has_passed(memory: Ledger, tmp_path: Path) -> None:
    """And goes on from what the anchor holds when the daemon is started again."""
    file = AnchorFile(tmp_path / "anchor.jsonl")
    keeper = Keeper("main", file, "", every=3)
    assert keeper.look(memory, NOW)
    assert not keeper.look(memory, NOW)
    write(memory, batch(posted(asset(21)), posted(asset(22))))
    again = Keeper("main", file, "", every=3)
    assert not again.look(memory, NOW), "two have come"
    write(memory, batch(posted(asset(23))))
    assert again.look(memory, NOW)
    write(memory, batch(posted(asset(24))))
    assert not again.look(memory, NOW + timedelta(hours=23))
    assert again.look(memory, NOW + timedelta(hours=25))
    assert not again.look(memory, NOW + timedelta(hours=99)), "nothing has come"
    assert codes(memory, list(file.read())) == set()


def test_an_anchor_that_cannot_be_written_is_said_until_it_can(memory: Ledger, tmp_path: Path) -> None:
    """Nothing else stops; what came meanwhile is anchored at the next attempt."""
    place = tmp_path / "away" / "anchor.jsonl"
    keeper = Keeper("main", AnchorFile(place), "", every=1_000)
    with pytest.raises(Transient):
        anchors.write(memory, "main", AnchorFile(place), "", NOW)
    with pytest.raises(Transient):
        keeper.look(memory, NOW)
    said = anchors.said(memory, "main")
    assert said is not None
    assert (said.code, said.at) == ("anchor_failed", None)
    place.parent.mkdir()
    assert keeper.look(memory, NOW)
    said = anchors.said(memory, "main")
    assert said is not None
    assert (said.code, said.at, said.seq) == ("", NOW, 9)


@pytest.fixture(scope="module")
def state() -> Iterator[tuple[Kept, sqlite3.Connection]]:
    """A ledger in memory, and a copy of it that nobody touches."""
    kept = Kept(MEMORY)
    with closing(in_memory(kept).open()) as ledger, closing(sqlite3.connect(":memory:")) as copy:
        fill(ledger)
        assert kept._connection is not None
        kept._connection.backup(copy)
        yield kept, copy
    kept.drop()


def in_ledger(kept: Kept) -> Ledger:
    return SqlLedger(lambda: kept, "main", SmallLayout(), TABLES, "m1", False)


# Collected rows

WAITS: Final = "key = 'monthly/00000034/'"
TAKEN: Final = "posted <> ''"
COPIED: Final = "SELECT pipeline, 'monthly/x/', rule, grp, subject, change, position, due, posted, card, number"
OF_COLLECTED: Final = [
    *((f"UPDATE syncd.collected SET {edit} WHERE {WAITS}", "audit_collected") for edit in (
        "change = replace(change, 'insert', 'update')", "rule = 'other'", "grp = 'c'", "card = 'FA-1'",
        "subject = 'FA-1'", "position = '00000099'", "number = number + 1",
    )),
    (f"UPDATE syncd.collected SET change = replace(change, 'insert', 'update') WHERE {TAKEN}", "audit_collected"),
    (f"UPDATE syncd.collected SET posted = 'monthly/a/1' WHERE {WAITS}", "audit_collected_taken"),
    (f"UPDATE syncd.collected SET posted = '' WHERE {TAKEN}", "audit_collected_taken"),
    (f"DELETE FROM syncd.collected WHERE {WAITS}", "audit_collected_gone"),
    (f"DELETE FROM syncd.collected WHERE {TAKEN}", "audit_collected_gone"),
    (f"INSERT INTO syncd.collected {COPIED} FROM syncd.collected WHERE {WAITS}", "audit_collected_added"),
    ("INSERT INTO syncd.released VALUES ('main', 'monthly', 'b')", "audit_released"),
    ("DELETE FROM syncd.released", "audit_released"),
    ("UPDATE syncd.collected_event SET content = replace(content, '34', '35') WHERE seq = 1", "audit_collected_event"),
    ("DELETE FROM syncd.collected_event WHERE seq = 3", "audit_collected_event"),
    ("DELETE FROM syncd.collected_event WHERE seq = 5", "audit_collected_end"),
]  # fmt: skip
"""What is done to rows that wait for their group, to those that a posting took, and to the chain of both."""


@pytest.mark.parametrize(("tampering", "code"), OF_COLLECTED)
def test_what_is_done_to_a_collected_row_is_found(
    state: tuple[Kept, sqlite3.Connection], tampering: str, code: str
) -> None:
    """Invariant 12: before it is in any voucher as well. Where the chain was written anew with it, by the anchor."""
    kept, copy = state
    assert kept._connection is not None
    copy.backup(kept._connection)
    with closing(in_ledger(kept)) as ledger:
        anchored = anchors.heads(ledger, "main", NOW)
        assert codes(ledger, anchored) == set()
        before = _all(ledger)
        ledger.execute([(tampering, ())])
        assert _all(ledger) != before
        assert code in codes(ledger, anchored)
        rehash(partial(_run, ledger), "main")
        assert codes(ledger, anchored)


def test_a_collected_row_whose_record_was_written_anew_with_it_is_found_by_the_anchor(
    state: tuple[Kept, sqlite3.Connection],
) -> None:
    """Invariant 12: the row is edited, its digest in the chain is that of the edited row, and every hash fits."""
    kept, copy = state
    assert kept._connection is not None
    copy.backup(kept._connection)
    with closing(in_ledger(kept)) as ledger:
        anchored = anchors.heads(ledger, "main", NOW)
        row = f"SELECT rule, grp, card, subject, change, position, number FROM syncd.collected WHERE {WAITS}"
        was = audit.digest(*map(str, ledger.query(row)[0]))
        ledger.execute([(OF_COLLECTED[0][0], ())])
        is_now = audit.digest(*map(str, ledger.query(row)[0]))
        assert was != is_now
        ledger.execute([("UPDATE syncd.collected_event SET content = replace(content, ?, ?)", (was, is_now))])
        rehash(partial(_run, ledger), "main")
        assert codes(ledger) == set(), "nobody can tell without an anchor"
        assert codes(ledger, anchored) == {"audit_anchor"}


def test_rows_that_were_collected_before_there_was_their_chain_are_taken_into_it(
    state: tuple[Kept, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 16: as they stand when a pipeline is next begun; what is done to them from then on is found. So many
    rows a record, those that come later too."""
    monkeypatch.setattr(collected_events, "RECORD_ROWS", 2)
    kept, copy = state
    assert kept._connection is not None
    copy.backup(kept._connection)
    with closing(in_ledger(kept)) as ledger:
        ledger.execute([
            ("DELETE FROM syncd.collected_event", ()),
            ("UPDATE syncd.pipeline SET collected_seq = 0, collected_hash = ''", ()),
        ])  # fmt: skip
        assert codes(ledger) == set(), "nothing is held before it is begun"
        with ledger.begin():
            pass
        told = ledger.query("SELECT event FROM syncd.collected_event ORDER BY seq")
        assert told == [("kept",), ("kept",), ("released",)]
        assert codes(ledger, anchors.heads(ledger, "main", NOW)) == set()
        write(ledger, batch(*(row(n, "c") for n in range(60, 65)), release(65, "c")))
        with ledger.begin() as book:
            rows = [*book.collected(RULE, "c")]
            posting = Posting(f"{RULE}/c/1", RULE, "c", rows[-1].change, voucher=voucher())
            book.write(gathered("c", rows, Outcome(rows[-1].change, "c", (posting,))))
        told = ledger.query("SELECT event, count(*) FROM syncd.collected_event GROUP BY event ORDER BY event")
        assert told == [("collected", 3), ("kept", 2), ("released", 2), ("taken", 3)]
        assert codes(ledger, anchors.heads(ledger, "main", NOW)) == set()
        ledger.execute([(f"UPDATE syncd.collected SET posted = '' WHERE {TAKEN}", ())])
        assert codes(ledger) == {"audit_collected_taken"}


# Whatever is done to the tables


WORKING: Final = frozenset({("parked", "waits_for"), ("parked", "folded"), ("collected", "due")})
"""What says how soon a parked row is tried again, or a collected one posted, and nothing else."""
HEADS: Final = {
    "pipeline": ("posting_seq", "posting_hash", "event_seq", "event_hash", "collected_seq", "collected_hash"),
    "chain": ("seq", "hash"),
}
CHAINED: Final = ("posting", "parked_event", "collected_event", "action")
RECORDS: Final = (*CHAINED, "parked", "collected", "released", "acceptance", "shape")
TABLES_OF: Final = {"insert": CHAINED, "cut": CHAINED, "swap": (*CHAINED, "parked", "collected")}
"""Where order means anything."""
KEYS: Final = {"posting": "key", "collected": "key"}
"""What tells a copy from its original where the table insists on it, beside its number."""


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_tampering_with_the_record_is_found(state: tuple[Kept, sqlite3.Connection], data: st.DataObject) -> None:
    """Invariant 12: any byte edited, any record deleted, slipped in, swapped with another or cut off the end, and then
    every hash computed anew, by somebody who does not own the anchor."""
    kept, copy = state
    assert kept._connection is not None
    copy.backup(kept._connection)
    with closing(in_ledger(kept)) as ledger:
        anchored = anchors.heads(ledger, "main", NOW)
        what = data.draw(st.sampled_from(("edit", "delete", "insert", "swap", "cut", "head")))
        before = _all(ledger)
        _tamper(ledger, what, data)
        assume(_all(ledger) != before)
        if what != "head" and data.draw(st.booleans()):
            rehash(partial(_run, ledger), "main")
            assume(_all(ledger) != before)
        assert codes(ledger, anchored, lambda: (in_ledger(kept), SmallLayout())), f"{what} was not found"


def _tamper(ledger: Ledger, what: str, data: st.DataObject) -> None:
    if what == "head":
        table = data.draw(st.sampled_from(sorted(HEADS)))
        _edit(ledger, table, data.draw(st.sampled_from(HEADS[table])), data)
        return
    table = data.draw(st.sampled_from(TABLES_OF.get(what, RECORDS)))
    columns = [name for name in _columns(ledger, table) if (table, name) not in WORKING]
    if what == "edit":
        _edit(ledger, table, data.draw(st.sampled_from(columns)), data)
        return
    rows = [row for (row,) in ledger.query(f"SELECT rowid FROM syncd_{table} ORDER BY rowid")]
    one = data.draw(st.sampled_from(rows))
    if what == "delete":
        ledger.execute([(f"DELETE FROM syncd_{table} WHERE rowid = ?", (one,))])
    elif what == "cut":
        ledger.execute([(f"DELETE FROM syncd_{table} WHERE rowid >= ?", (one,))])
    elif what == "insert":
        assume(one != rows[-1])  # a copy of the last before it is a copy of the last behind it
        _slip_in(ledger, table, columns, one)
    else:
        other = data.draw(st.sampled_from(rows))
        own = {"seq", "id", "pipeline", *(["key"] if table == "collected" else [])}
        _swap(ledger, table, [name for name in columns if name not in own], one, other)


def _edit(ledger: Ledger, table: str, column: str, data: st.DataObject) -> None:
    """One byte of a value, or a digit of a number."""
    rows = ledger.query(f"SELECT rowid, {column} FROM syncd_{table} ORDER BY rowid")
    row, value = data.draw(st.sampled_from(rows))
    if isinstance(value, int):
        edited: object = value + data.draw(st.sampled_from((-1, 1, 10)))
    else:
        text = "" if value is None else str(value)
        at = data.draw(st.integers(0, len(text)))
        edited = text[:at] + data.draw(st.sampled_from('0aZ" ')) + text[at + data.draw(st.integers(0, 1)) :]
    _tried(ledger, f"UPDATE syncd_{table} SET {column} = ? WHERE rowid = ?", (edited, row))


def _slip_in(ledger: Ledger, table: str, columns: Sequence[str], row: object) -> None:
    """A copy of a record before it; the later ones move on. What is added behind the last one that was anchored looks
    like what was done since, and is."""
    ((seq,),) = ledger.query(f"SELECT seq FROM syncd_{table} WHERE rowid = ?", (row,))
    assert isinstance(seq, int)
    copied = {name: f"'{name}-copy'" if name == KEYS.get(table) else name for name in columns} | {"seq": str(seq)}
    ledger.execute(
        [
            (f"UPDATE syncd_{table} SET seq = -seq - 1 WHERE seq >= ?", (seq,)),
            (f"UPDATE syncd_{table} SET seq = -seq WHERE seq < 0", ()),
            (
                f"INSERT INTO syncd_{table} ({', '.join(copied)})"
                f" SELECT {', '.join(copied.values())} FROM syncd_{table} WHERE seq = ?",
                (seq + 1,),
            ),
        ]
    )


def _swap(ledger: Ledger, table: str, columns: Sequence[str], one: object, other: object) -> None:
    """What two records say, under their numbers."""
    select = f"SELECT {', '.join(columns)} FROM syncd_{table} WHERE rowid = ?"
    found = {row: ledger.query(select, (row,))[0] for row in (one, other)}
    unique = KEYS.get(table)
    sets = ", ".join(f"{name} = ?" for name in columns)
    if unique:
        ledger.execute([(f"UPDATE syncd_{table} SET {unique} = 'away' WHERE rowid = ?", (other,))])
    ledger.execute(
        [(f"UPDATE syncd_{table} SET {sets} WHERE rowid = ?", (*found[a], b)) for a, b in ((other, one), (one, other))]
    )


def _tried(ledger: Ledger, sql: str, params: Sequence[object]) -> None:
    """What the table itself refuses nobody can do."""
    try:
        ledger.execute([(sql, params)])
    except Exception:
        assume(False)


def _columns(ledger: Ledger, table: str) -> list[str]:
    return [str(name) for (name,) in ledger.query(f"SELECT name FROM pragma_table_info('syncd_{table}')")]


def _all(ledger: Ledger) -> str:
    tables = (*RECORDS, *HEADS)
    rows = {table: ledger.query(f"SELECT * FROM syncd_{table} ORDER BY rowid") for table in tables}
    return json.dumps(rows, default=str)
