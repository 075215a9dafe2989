"""One suite over every ledger: batches, numbers, order, the one writer."""

from contextlib import closing
from datetime import date
from decimal import Decimal
from threading import Event, Thread
from typing import Final

import pytest

from connectors.ledger import parking
from syncd.change import Change, Position
from syncd.desk import closing as desk_closing
from syncd.desk.parked import operators
from syncd.errors import Transient
from syncd.ports import Ledger
from syncd.posting import Batch, CardWrite, Entry, Outcome, Posting, Refused, Reversed
from syncd.record import decode_voucher
from tests.advice import advice
from tests.conformance.finance import (
    Finance,
    SmallLayout,
    asset,
    batch,
    posted,
    rejected,
    voucher,
    wait_for,
    write,
)

REFUSED: Final = voucher(summary="refuse me")
"""A voucher that finance's own check constraint turns away."""


def numbers(finance: Finance) -> list[object]:
    """The voucher numbers that finance holds."""
    return [row[0] for row in finance.run("SELECT number FROM fin.voucher ORDER BY number")]


def states(ledger: Ledger) -> list[tuple[object, ...]]:
    """Subject, state and request of all parked rows."""
    return ledger.query("SELECT subject, state, request FROM syncd.parked ORDER BY id")


def ask(ledger: Ledger, request: str, *ids: int) -> None:
    """Mark parked rows as the desk does."""
    ledger.execute([("UPDATE syncd.parked SET request = ? WHERE id = ?", (request, row)) for row in ids])


def retried(ledger: Ledger, *ids: int) -> None:
    """Retry parked rows, of which the rules now make what they should."""
    ask(ledger, "retry", *ids)
    with ledger.begin() as book:
        rows = book.requested(len(ids))
        again = [posted(row.change, made=voucher())._replace(parked_id=row.id) for row in rows]
        book.write(Batch(again, {}, frozenset(), None))
    assert [(state, request) for _, state, request in states(ledger)] == [("posted", "")] * len(ids)


# One transaction


def test_a_batch_is_written_whole(finance: Finance, ledger: Ledger) -> None:
    """Invariants 2 and 8: cards, vouchers, entries, keys, mirror and checkpoint commit together, traceable."""
    assert ledger.checkpoint() is None
    outcomes = write(ledger, batch(posted(asset(1)), posted(asset(2, "0.30"))))
    assert [len(o.postings) for o in outcomes] == [1, 1]
    assert ledger.checkpoint() == "00000002"
    cards = finance.run("SELECT asset_code, name, original_value FROM fin.card ORDER BY asset_code")
    assert [(code, name, Decimal(str(value))) for code, name, value in cards] == [
        ("FA-1", "lathe", Decimal("100.10")),
        ("FA-2", "lathe", Decimal("0.30")),
    ]
    assert numbers(finance) == [1, 2]
    assert finance.run("SELECT count(*) FROM fin.entry") == [(4,)]
    record = ledger.query("SELECT seq, key, rule, subject, voucher, mapping_hash, position FROM syncd.posting")
    assert record[0] == (1, "registration/FA-1", "registration", "FA-1", "2026-02 记-1", "m1", "00000001")
    with ledger.begin() as book:
        assert book.posted(["registration/FA-1", "other"])["registration/FA-1"].voucher == "2026-02 记-1"
        assert book.mirror("asset", ["2", "3"]) == {"2": (2, "FA-2", Decimal("0.30"))}
        assert book.cards(["FA-2"]) == {"FA-2": {"name": "lathe", "original_value": Decimal("0.30")}}
        assert book.lookup("account_id") == {"1601": 16010, "1002": 10020}
        assert [(period.code, period.open) for period in book.periods()] == [("2026-01", False), ("2026-02", True)]


def test_what_fails_leaves_nothing(finance: Finance, ledger: Ledger) -> None:
    """Invariant 2: whatever breaks a transaction, none of it is there, and the next one knows nothing of it."""
    write(ledger, batch(posted(asset(1))))
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(ledger, batch(posted(asset(2)), rejected(asset(3))))
    assert ledger.checkpoint() == "00000001"
    assert numbers(finance) == [1]
    with ledger.begin() as book:
        assert not book.holds().heads
        book.write(batch(posted(asset(2))))
    assert numbers(finance) == [1, 2]
    assert ledger.query("SELECT seq FROM syncd.posting ORDER BY seq") == [(1,), (2,)]


def _write_and_fail(ledger: Ledger, made: Batch) -> None:
    with ledger.begin() as book:
        book.write(made)
        assert list(book.holds().heads) == ["FA-3"]
        raise ZeroDivisionError


def test_a_dry_run_is_the_real_run_and_leaves_nothing(finance: Finance) -> None:
    """Invariant 10: later batches see earlier ones, counts are equal, and finance is as it was."""

    def run(ledger: Ledger) -> list[tuple[int, bool]]:
        batches = [
            batch(posted(asset(1)), rejected(asset(2))),
            batch(posted(asset(2, at=3)), posted(asset(4), made=REFUSED), posted(asset(5))),
        ]
        return [(len(o.postings), o.rejection is None) for each in batches for o in write(ledger, each)]

    with closing(finance.open(dry_run=True)) as ledger:
        tried = run(ledger)
    assert finance.run("SELECT count(*) FROM fin.voucher") == [(0,)]
    with closing(finance.open()) as ledger:
        wait_for(ledger.acquire)  # a server notices in its own time that a writer has gone
        assert ledger.checkpoint() is None
        assert run(ledger) == tried
        assert ledger.checkpoint() == "00000005"
    assert tried == [(1, True), (0, False), (0, False), (0, False), (1, True)]


def test_a_heartbeat_moves_the_checkpoint(ledger: Ledger) -> None:
    """Invariant 1: an empty batch moves the position, and one without a position leaves it."""
    write(ledger, Batch((), {}, frozenset(), Position("00000009")))
    write(ledger, Batch((), {}, frozenset(), None))
    assert ledger.checkpoint() == "00000009"


# Nothing twice, balanced, gapless


def test_a_key_is_posted_once(finance: Finance, ledger: Ledger) -> None:
    """Invariant 2: should the translator ever miss a repeat, the ledger does not."""
    write(ledger, batch(posted(asset(1))))
    (outcome,) = write(ledger, batch(posted(asset(1, at=2))))
    assert outcome.rejection is not None
    assert outcome.rejection.code == "row_duplicate"
    assert numbers(finance) == [1]


@advice("voucher_unbalanced", "voucher_negative", "voucher_sides", "voucher_short")
def test_what_is_no_voucher_is_refused(finance: Finance, ledger: Ledger) -> None:
    """Invariant 3, defence in depth: the ledger parks what does not balance and posts the rest; what a corrected
    mapping makes of it is posted when it is retried."""
    both_sides = (Entry("1601", Decimal(1), Decimal(1), "", {}),) * 2
    made = {
        "voucher_unbalanced": voucher(credit="100.11"),
        "voucher_negative": voucher("-5.00"),
        "voucher_sides": voucher("0.00"),
        "voucher_short": voucher()._replace(entries=voucher().entries[:1]),
    }
    bad = [posted(asset(n), made=each) for n, each in enumerate(made.values(), 1)]
    outcomes = write(
        ledger, batch(*bad, posted(asset(8), made=voucher()._replace(entries=both_sides)), posted(asset(9)))
    )
    assert [o.rejection.code for o in outcomes if o.rejection] == [*made, "voucher_sides"]
    assert numbers(finance) == [1]
    retried(ledger, *range(1, 6))
    assert numbers(finance) == [1, 2, 3, 4, 5, 6]


@advice("row_gone_in_finance")
def test_a_card_that_finance_has_removed_is_changed_when_it_is_back(finance: Finance, ledger: Ledger) -> None:
    """Invariant 1: the change is not lost with the card."""
    write(ledger, batch(posted(asset(1))))
    finance.run("DELETE FROM fin.card")
    change = asset(2, code="FA-1")
    card = CardWrite("FA-1", "change", {"name": "mill"})
    renamed = Outcome(change, "FA-1", (Posting("rename/2", "rename", "FA-1", change, (card,), None),))
    (outcome,) = write(ledger, batch(renamed))
    assert (outcome.rejection and outcome.rejection.code) == "row_gone_in_finance"
    finance.run("INSERT INTO fin.card VALUES ('FA-1', 'lathe', '100.10')")
    ask(ledger, "retry", 1)
    with ledger.begin() as book:
        (row,) = book.requested(9)
        book.write(Batch([renamed._replace(parked_id=row.id)], {}, frozenset(), None))
    assert finance.run("SELECT name FROM fin.card") == [("mill",)]
    assert [state for _, state, _ in states(ledger)] == ["posted"]


def test_a_red_letter_voucher_is_negative_and_told_of_the_one_it_cancels(ledger: Ledger) -> None:
    """Invariants 3 and 8: a reversal may be negative; the reversed posting is no longer the subject's latest."""
    write(ledger, batch(posted(asset(1))))
    change = asset(1, at=2)
    red = Posting(
        *("correction/FA-1", "correction", "FA-1", change),
        voucher=voucher("-100.10"),
        reverses=Reversed("registration/FA-1", "2026-02 记-1"),
    )
    (outcome,) = write(ledger, batch(Outcome(change, "FA-1", (red,))))
    assert outcome.postings
    with ledger.begin() as book:
        assert book.posted(["registration/FA-1"])["registration/FA-1"].reversed_by == "correction/FA-1"
        assert book.standing(["FA-1"], ["registration", "correction"]) == {}
    write(ledger, batch(posted(asset(1, at=3), key="registration/FA-1~2")))
    with ledger.begin() as book:
        (standing,) = book.standing(["FA-1"], ["registration"])["FA-1"]
        assert standing.key == "registration/FA-1~2"
        assert book.standing_of(["asset:1", "asset:9"], ["registration"]) == [standing]
        assert not book.standing_of(["asset:1"], ["correction"])
        assert not book.standing_of(["asset:2"], ["registration"])


def test_numbers_have_no_gap_whatever_is_refused(finance: Finance, ledger: Ledger) -> None:
    """Invariants 5 and 6: refused postings are found by bisection and take no number."""
    bad = {4, 5, 17, 30}
    outcomes = write(ledger, batch(*(posted(asset(n), made=REFUSED if n in bad else None) for n in range(1, 31))))
    assert {o.change.after[0] for o in outcomes if o.rejection and o.change.after} == bad
    assert {o.rejection.code for o in outcomes if o.rejection} == {"row_check"}
    assert numbers(finance) == list(range(1, 27))
    assert ledger.query("SELECT seq FROM syncd.posting ORDER BY seq") == [(n,) for n in range(1, 27)]
    write(ledger, batch(posted(asset(31))))
    assert numbers(finance)[-1] == 27


def test_numbers_go_on_from_those_that_people_typed(finance: Finance, ledger: Ledger) -> None:
    """Invariant 6: vouchers typed in finance count, before the first batch and between two."""

    def typed(number: int) -> None:
        finance.run("INSERT INTO fin.voucher VALUES ('2026-02', '记', ?, '2026-02-01', 'typed', 'by hand')", (number,))

    typed(7)
    write(ledger, batch(posted(asset(1))))
    typed(9)
    write(ledger, batch(posted(asset(2)), posted(asset(3), made=REFUSED), posted(asset(4))))
    assert numbers(finance) == [7, 8, 9, 10, 11]
    refs = ledger.query("SELECT voucher FROM syncd.posting ORDER BY seq")
    assert refs == [("2026-02 记-8",), ("2026-02 记-10",), ("2026-02 记-11",)]


def test_days_ascend_with_numbers_whoever_made_the_last_voucher(finance: Finance, ledger: Ledger) -> None:
    """Invariant 6: of this pipeline or another, in a batch or between two, typed in finance. The record says the day
    that was written."""

    def dated(number: int, day: int) -> Outcome:
        return posted(asset(number), made=voucher()._replace(date=date(2026, 2, day), event_date=date(2026, 2, day)))

    finance.run("INSERT INTO fin.voucher VALUES ('2026-02', '记', 1, '2026-02-05', 'typed', 'by hand')")
    write(ledger, batch(dated(1, 3), dated(2, 9), dated(3, 7)))
    with closing(finance.open("other")) as other:
        assert other.acquire()
        write(other, batch(dated(4, 2), dated(5, 12)))
    finance.run("INSERT INTO fin.voucher VALUES ('2026-02', '记', 7, '2026-02-20', 'typed', 'by hand too')")
    write(ledger, batch(dated(6, 11), dated(7, 28)))
    days = [str(day)[:10] for (day,) in finance.run("SELECT posted_on FROM fin.voucher ORDER BY number")]
    assert [int(day[-2:]) for day in days] == [5, 5, 9, 9, 9, 12, 20, 20, 28]
    contents = [
        str(content) for (content,) in ledger.query("SELECT content FROM syncd.posting ORDER BY posted_at, seq")
    ]
    vouchers = [decode_voucher(content) for content in contents]
    assert sorted((v.date.day, v.event_date.day) for v in vouchers if v is not None) == sorted(
        [(5, 3), (9, 9), (9, 7), (9, 2), (12, 12), (20, 11), (28, 28)]
    )


# Order per subject, no hostage


def test_what_is_built_on_a_refused_change_is_not_written(finance: Finance, ledger: Ledger) -> None:
    """Invariants 4 and 13: what comes after it on its subject, or on its card, is made anew without it; made so, it
    waits behind it, and other subjects go on."""
    bad = posted(asset(1), made=REFUSED)
    card = posted(asset(2, code="FA-1"), key="upgrade/1").postings[0]._replace(subject="WO-7")
    for later in (
        posted(asset(2, code="FA-1"), key="upgrade/1"),
        Outcome(card.change, "WO-7", (card,)),
        Outcome(card.change, "WO-7", (card._replace(cards=()),), reads=("FA-1",)),
        rejected(asset(4, code="FA-1")),
    ):
        with pytest.raises(Refused) as refused, ledger.begin() as book:
            book.write(batch(bad, posted(asset(3)), later))
        assert {c: r.code for c, r in refused.value.rejections.items()} == {bad.change: "row_check"}
        assert numbers(finance) == []
        assert states(ledger) == []
    write(ledger, batch(rejected(bad.change), posted(asset(3)), rejected(asset(4, code="FA-1"), "behind")))
    assert states(ledger) == [("FA-1", "failed", ""), ("FA-1", "behind", "")]
    (later,) = write(ledger, batch(posted(asset(5, code="FA-1"), key="upgrade/2")))
    assert later.rejection is not None
    assert later.rejection.status == "behind"
    assert numbers(finance) == [1]


def test_a_subject_is_taken_up_whole_or_not_yet(ledger: Ledger) -> None:
    """Invariant 4: the last of the followers may be what heals the head, which is not asked for a second time."""
    for first in (1, 4):
        rows = [rejected(asset(n, code=f"FA-{first}"), "behind") for n in (first + 1, first + 2)]
        write(ledger, batch(rejected(asset(first)), *rows))
        ask(ledger, "retry", first)
    for subject in ("FA-1", "FA-4"):
        with ledger.begin() as book:
            taken = book.requested(4)
            assert [row.subject for row in taken] == [subject] * 3


def test_parked_rows_are_released_in_order(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 4: the head and its followers are taken up together, and what is left of them has its turn next."""
    monkeypatch.setattr(parking, "SUBJECT_ROWS_MAX", 2)
    followers = [rejected(asset(n, code="FA-1"), "behind") for n in (2, 3)]
    write(ledger, batch(rejected(asset(1)), *followers))
    with ledger.begin() as book:
        assert not book.requested(10)
    ask(ledger, "retry", 1)
    with ledger.begin() as book:
        first, second = book.requested(10)
        assert (first.id, first.change, second.id) == (1, asset(1), 2)
        outcome = posted(asset(1))
        book.write(Batch([outcome._replace(parked_id=1), outcome_of(second.change, 2)], {}, frozenset(), None))
        assert list(book.holds().heads) == ["FA-1"]
    assert states(ledger) == [("FA-1", "posted", ""), ("FA-1", "ignored", ""), ("FA-1", "behind", "retry")]
    with ledger.begin() as book:
        (third,) = book.requested(10)
        book.write(Batch([outcome_of(third.change, 3)], {}, frozenset(), None))
        assert not book.holds().heads
        assert not book.requested(10)


def outcome_of(change: Change, parked_id: int) -> Outcome:
    """A parked row that turned out to need nothing."""
    return Outcome(change, "FA-1", ignored="folded", parked_id=parked_id)


def test_a_retry_in_vain_says_why_and_waits_for_the_next(ledger: Ledger) -> None:
    """Invariant 5: a row that is still rejected is not tried again by itself."""
    write(ledger, batch(rejected(asset(1))))
    ask(ledger, "retry", 1)
    with ledger.begin() as book:
        (row,) = book.requested(10)
        again = rejected(row.change, parked_id=row.id)
        assert again.rejection is not None
        again = again._replace(rejection=again.rejection._replace(code="no_open_period", params={"period": "2026-03"}))
        book.write(Batch([again], {}, frozenset(), None))
    found = ledger.query("SELECT code, params, attempts, request FROM syncd.parked")
    assert found == [("no_open_period", '{"period": "2026-03"}', 2, "")]
    with ledger.begin() as book:
        assert not book.requested(10)
        assert list(book.holds().heads) == ["FA-1"]


def test_a_discarded_head_releases_its_followers(ledger: Ledger) -> None:
    """Invariant 4: what waited behind a row that was given up is tried next."""
    write(ledger, batch(rejected(asset(1)), rejected(asset(2, code="FA-1"), "behind"), rejected(asset(3))))
    ask(ledger, "discard", 1, 3)
    with ledger.begin() as book:
        assert [row.id for row in book.requested(10)] == [2]
        assert list(book.holds().heads) == ["FA-1"]
    assert states(ledger) == [("FA-1", "discarded", ""), ("FA-1", "behind", ""), ("FA-3", "discarded", "")]


def test_a_row_that_waits_for_a_reference_is_tried_when_it_arrives(ledger: Ledger) -> None:
    """Invariant 1: a reference that comes late heals what waited for it, also after a restart."""
    write(ledger, batch(rejected(asset(1), waits_for="dept:17"), rejected(asset(2), waits_for="dept:18")))
    write(ledger, batch(arrived=["dept:16", "dept:17"], position="00000009"))
    assert states(ledger) == [("FA-1", "failed", "retry"), ("FA-2", "failed", "")]


def test_a_corrected_source_row_heals_the_head(ledger: Ledger) -> None:
    """Invariant 4: a clerk who corrects the row in the EAM need not tell syncd."""
    write(ledger, batch(rejected(asset(1)), rejected(asset(2))))
    write(ledger, batch(rejected(asset(1, "5.00", "update", 3), "behind")))
    assert states(ledger) == [("FA-1", "failed", "heal"), ("FA-2", "failed", ""), ("FA-1", "behind", "")]


def test_a_row_whose_table_left_the_mapping_says_so(ledger: Ledger) -> None:
    """Invariant 5: it holds back its own subject and nothing else."""
    write(ledger, batch(rejected(asset(1)), rejected(asset(2))))
    ledger.execute([("UPDATE syncd.parked SET change = replace(change, '\"asset\"', '\"gone\"') WHERE id = 1", ())])
    ask(ledger, "retry", 1, 2)
    with ledger.begin() as book:
        assert [row.id for row in book.requested(10)] == [2]
    found = ledger.query("SELECT code, params, request FROM syncd.parked WHERE id = 1")
    assert found == [("parked_unreadable", '{"table": "gone"}', "")]


def test_a_truncate_can_be_parked(ledger: Ledger) -> None:
    """Invariant 1: a change without rows is stored like any other."""
    outcome = rejected(asset(1))
    assert outcome.rejection is not None
    change = asset(2, op="truncate")
    rejection = outcome.rejection._replace(change=change, subject="asset:*", code="truncate")
    write(ledger, Batch([Outcome(change, "asset:*", rejection=rejection)], {}, frozenset(), change.position))
    ask(ledger, "retry", 1)
    with ledger.begin() as book:
        assert book.requested(1)[0].change == change


# Cards, mirror, values


def test_card_writes_of_a_batch_are_folded(finance: Finance, ledger: Ledger) -> None:
    """Invariant 4: opened, renamed and revalued in one batch, the card is as the last left it."""
    first = posted(asset(1))
    first_change, revalued = (
        Outcome(change, "FA-1", (Posting(f"{rule}/1", rule, "FA-1", change, (CardWrite("FA-1", "change", fields),)),))
        for change, rule, fields in (
            (asset(1, at=2), "rename", {"name": "mill"}),
            (asset(1, at=3), "upgrade", {"original_value": Decimal("150.00")}),
        )
    )
    write(ledger, batch(first, first_change))
    write(ledger, batch(revalued))
    with ledger.begin() as book:
        assert book.cards(["FA-1"]) == {"FA-1": {"name": "mill", "original_value": Decimal("150.00")}}
    renamed, restated = asset(1, at=4), asset(1, at=5)
    change = CardWrite("FA-1", "change", {"name": "saw"})
    again = Posting("rename/2", "rename", "FA-1", renamed, (change,))
    write(ledger, batch(Outcome(renamed, "FA-1", (again,)), posted(restated, key="registration/FA-1~2")))
    with ledger.begin() as book:
        assert book.cards(["FA-1"]) == {"FA-1": {"name": "lathe", "original_value": Decimal("100.10")}}
    contents = ledger.query("SELECT content FROM syncd.posting ORDER BY seq")
    assert '"name":"lathe"' in str(contents[0][0])
    assert '"name":"mill"' in str(contents[1][0])


def test_a_card_that_finance_opened_meanwhile_is_replaced(finance: Finance, ledger: Ledger) -> None:
    """Invariants 1 and 6: cards are inserted until one is there; the batch is then written again, whole."""
    write(ledger, batch(posted(asset(1))))
    finance.run("INSERT INTO fin.card (asset_code, name, original_value) VALUES ('FA-3', 'typed', '1.00')")
    outcomes = write(ledger, batch(*(posted(asset(n)) for n in (2, 3, 4))))
    assert all(outcome.postings for outcome in outcomes)
    with ledger.begin() as book:
        assert book.cards(["FA-3"]) == {"FA-3": {"name": "lathe", "original_value": Decimal("100.10")}}
    refs = ledger.query("SELECT voucher FROM syncd.posting ORDER BY seq")
    assert refs == [(f"2026-02 记-{n}",) for n in (1, 2, 3, 4)]


def test_texts_come_back_as_they_were(ledger: Ledger) -> None:
    """Invariant 7: no character of a name, a code or a key means anything to the wire."""
    texts = ["a\tb", "a\\b", "\\N", "line\nline", "cr\r", 'a "q" {x,y}', "a'b%s", "数控车床 №1", "😀 ?", ""]
    outcomes = [posted(asset(n), key=f"registration/{text}", name=text) for n, text in enumerate(texts)]
    unknown = [rejected(asset(n, code=text or "-"), waits_for=text) for n, text in enumerate(texts, 20)]
    write(ledger, batch(*outcomes, *unknown))
    with ledger.begin() as book:
        assert [card["name"] for _, card in sorted(book.cards([f"FA-{n}" for n in range(10)]).items())] == texts
        keys = {f"registration/{text}" for text in texts}
        assert book.posted(keys | {"x", '"'}).keys() == keys
        assert set(book.holds().heads) == {text or "-" for text in texts}


def test_money_is_exact(finance: Finance, ledger: Ledger) -> None:
    """Invariant 7: to the cent, from the posting to the table and back."""
    values = [Decimal(value) for value in ("0.10", "99999999999999.99", "0.30", "12345678901234.05")]
    write(ledger, batch(*(posted(asset(n, str(value))) for n, value in enumerate(values))))
    debits = [debit for (debit,) in finance.run("SELECT debit FROM fin.entry WHERE line = 1 ORDER BY number")]
    assert not any(isinstance(debit, float) for debit in debits)
    assert [Decimal(str(debit)) for debit in debits] == values
    with ledger.begin() as book:
        cards = book.cards([f"FA-{n}" for n in range(4)])
    assert [card["original_value"] for _, card in sorted(cards.items())] == values


def test_counters(ledger: Ledger) -> None:
    """What `status` shows: changes of the log, postings, repeats, and what no rule had a word about."""
    write(ledger, batch(posted(asset(1)), rejected(asset(2)), Outcome(asset(3), "FA-3", ignored="asset: no rule")))
    write(ledger, batch(Outcome(asset(1, at=4), "FA-1"), Outcome(asset(5), "FA-5", ignored="asset: no rule")))
    assert ledger.query("SELECT changes, posted, repeated FROM syncd.pipeline WHERE name = 'main'") == [(5, 1, 1)]
    assert ledger.query("SELECT reason, changes FROM syncd.ignored") == [("asset: no rule", 2)]


# The one writer


@pytest.mark.parametrize("finance", ["sqlite", "postgres"], indirect=True)
def test_a_second_writer_waits_and_takes_over(finance: Finance) -> None:
    """Invariant 9: one writer a pipeline; the other stands by and goes on where the first stopped."""
    with closing(finance.open()) as first, closing(finance.open()) as second, closing(finance.open("other")) as third:
        assert first.acquire()
        assert first.acquire()
        assert third.acquire()
        write(first, batch(posted(asset(1))))
        assert not second.acquire()
        with pytest.raises(Transient) as refused, second.begin():
            pass
        assert refused.value.code == "not_the_writer"
        first.close()
        wait_for(second.acquire)
        write(second, batch(posted(asset(2))))
        assert second.query("SELECT seq FROM syncd.posting ORDER BY seq") == [(1,), (2,)]


@pytest.mark.parametrize("moved", ["parked_seq = parked_seq + 1", "position = '00000009'"])
def test_a_writer_that_was_overtaken_notices(finance: Finance, ledger: Ledger, moved: str) -> None:
    """Invariant 9: should the lock ever fail, as behind a proxy that shares connections, the heads and the checkpoint
    of the pipeline tell, and memory is read anew."""
    write(ledger, batch(posted(asset(1))))
    ledger.execute([(f"UPDATE syncd.pipeline SET {moved}", ())])
    with pytest.raises(Transient) as noticed:
        write(ledger, batch(posted(asset(2))))
    assert noticed.value.code == "not_the_writer"
    assert numbers(finance) == [1]
    write(ledger, batch(posted(asset(2))))
    assert numbers(finance) == [1, 2]


# Closing


BY: Final = operators.Actor("controller", "month end")


@advice("period_closed_meanwhile")
def test_a_month_that_is_closed_takes_no_voucher_even_from_a_batch_that_was_judged_before(
    finance: Finance, ledger: Ledger
) -> None:
    """Nothing is to be done: the batch is judged again, and the month is closed then; finance's own table says so."""
    write(ledger, batch(posted(asset(1))))
    statement = SmallLayout().period_update("2026-02", is_open=False)
    with closing(finance.open("desk")) as people:
        desk_closing.close(people, "2026-02", desk_closing.numbers(people, "2026-02"), statement, {}, BY)
    assert finance.run("SELECT is_open FROM fin.period WHERE code = '2026-02'") == [(0,)]
    with pytest.raises(Transient) as refused:
        write(ledger, batch(posted(asset(2))))
    assert refused.value.code == "period_closed_meanwhile"
    assert (numbers(finance), ledger.checkpoint()) == ([1], "00000001")
    with ledger.begin() as book:
        assert [(period.code, period.open) for period in book.periods()] == [("2026-01", False), ("2026-02", False)]
    with closing(finance.open("desk")) as people:
        desk_closing.reopen(people, "2026-02", SmallLayout().period_update("2026-02", is_open=True), BY)
    write(ledger, batch(posted(asset(2))))
    assert numbers(finance) == [1, 2]


def test_a_close_waits_for_a_batch_that_holds_the_numbers(finance: Finance, ledger: Ledger) -> None:
    """And then sees its voucher, though it is the first of its type: the month that was looked at is another."""
    if finance.kind == "memory":
        return  # one connection cannot wait for itself
    refused: list[BaseException] = []

    def close() -> None:
        with closing(finance.open("desk")) as people:
            try:
                desk_closing.close(people, "2026-02", seen, None, {}, BY)
            except Transient as fault:
                refused.append(fault)

    with closing(finance.open("desk")) as people:
        seen = desk_closing.numbers(people, "2026-02")
    with ledger.begin() as book:
        book.write(batch(posted(asset(1))))
        closer = Thread(target=close)
        closer.start()
        closer.join(0.5)
        assert closer.is_alive(), "it did not wait"
    closer.join()
    assert [getattr(fault, "code", "") for fault in refused] == ["close_overtaken"]
    assert ledger.query("SELECT period FROM syncd.closing") == []


# Budgets


def test_whoever_looks_at_a_budget_waits_for_who_did_before(finance: Finance, ledger: Ledger) -> None:
    """Two pipelines post to one finance: the second sees what the first has taken, not what was left before it."""
    if finance.kind == "memory":
        return  # one connection cannot wait for itself
    looked: list[str] = []
    begun = Event()

    def look() -> None:
        with closing(finance.open("second")) as other:
            begun.set()
            with other.begin() as book:
                assert book.budget("account_id")
                looked.append("second")

    with ledger.begin() as book:
        assert book.budget("account_id")
        later = Thread(target=look)
        later.start()
        begun.wait()
        book.write(batch(posted(asset(1))))
        looked.append("first")
    later.join()
    assert looked == ["first", "second"]
