"""Documents (单据): a header with its lines, judged as one thing."""

import json
from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest

from connectors import memory
from syncd.books import comparison
from syncd.books.hindsight import Finance
from syncd.change import Malformed, Value
from syncd.daemon import repair
from syncd.desk import clock
from syncd.desk.parked import operators
from syncd.errors import Gap, WrongUsage
from syncd.mapping.language.explain import explain
from syncd.mapping.language.load import load
from tests.advice import advice
from tests.tidy.tree import ROOT
from tests.unit.lab import BILLS, CLERK, NAME, NOW, SQL, Feed, Lab, loaded
from tests.unit.test_evidence import lose, snapshot_again

CLAIMS = """
tables:
  claim_head:
    table: claim
    key: id
    columns: {id: integer, no: text, status: text, advance: money, applied_on: date}
  claim_item:
    table: claim_item
    key: id
    columns: {id: integer, claim_id: integer, kind: text, amount: money}
documents:
  claim: {header: claim_head, lines: {item: {table: claim_item, of: claim_id}}}
rules:
  expense:
    on: claim
    when: after.status = 'approved'
    once: after.no
    voucher:
      type: "'记'"
      date: after.applied_on
      summary: "'claim ' || after.no || ' ' || count(item.id)::text"
      entries:
        - {each: item, account: "'6602'", debit: item.amount}
        - {account: "'1601'", credit: after.advance}
        - {account: "'1002'", credit: sum(item.amount) - after.advance}
"""


def head(status: str = "draft", advance: str = "100.00") -> dict[str, Value]:
    return {"id": 7, "no": "EC-7", "status": status, "advance": Decimal(advance), "applied_on": date(2026, 2, 2)}


def item(id: int, amount: str) -> dict[str, Value]:
    return {"id": id, "claim_id": 7, "kind": "travel", "amount": Decimal(amount)}


ENTRIES = [("6602", "100.00", "0"), ("6602", "60.00", "0"), ("1601", "0", "100.00"), ("1002", "0", "60.00")]


def entries(lab: Lab) -> list[tuple[object, ...]]:
    return lab.ask("SELECT account, debit, credit FROM gl_entry ORDER BY period, number, line")


def test_a_claim_is_posted_as_a_whole_whatever_order_its_rows_come_in() -> None:
    """A header with three lines, of which one is corrected and one withdrawn before payment: 160, once, the advance
    offset in the same voucher, in each order and cut of the transactions."""
    for order in permutations(range(3)):
        for splits in (False, True):
            lab = Lab(CLAIMS, splits=splits)
            steps = [
                [lab.insert("claim_head", **head())],
                [lab.insert("claim_item", **item(1, "100.00")), lab.insert("claim_item", **item(2, "50.00"))],
                [lab.insert("claim_item", **item(3, "9.00"))],
            ]
            for n in order:
                lab.commit(*steps[n])
            lab.commit(lab.update("claim_item", item(2, "50.00"), amount=Decimal("60.00")))
            lab.commit(lab.delete("claim_item", **item(3, "9.00")))
            assert entries(lab) == []
            lab.commit(lab.update("claim_head", head(), status="approved"))
            lab.rest()
            assert lab.parked == []
            assert entries(lab) == ENTRIES
            assert [summary for *_, summary in lab.vouchers] == ["claim EC-7 2"]


def edited(how: str, rest: str = "") -> str:
    return CLAIMS.replace("    once: after.no\n", f"    once: after.no\n    edited: {how}\n{rest}")


def posted(lab: Lab) -> None:
    lab.commit(
        lab.insert("claim_item", **item(1, "100.00")),
        lab.insert("claim_head", **head("approved")),
        lab.insert("claim_item", **item(2, "60.00")),
    )
    lab.rest()
    assert entries(lab) == ENTRIES


def edits(lab: Lab) -> dict[str, list[memory.Write]]:
    """Whatever may happen to a claim that is posted."""
    return {
        "line changed": [lab.update("claim_item", item(2, "60.00"), amount=Decimal("61.00"))],
        "line added": [lab.insert("claim_item", **item(3, "9.00"))],
        "line deleted": [lab.delete("claim_item", **item(2, "60.00"))],
        "line moved away": [lab.update("claim_item", item(2, "60.00"), claim_id=8)],
        "header changed": [lab.update("claim_head", head("approved"), advance=Decimal("20.00"))],
        "unapproved": [lab.update("claim_head", head("approved"), status="draft")],
        "deleted": [
            lab.delete("claim_item", **item(1, "100.00")),
            lab.delete("claim_head", **head("approved")),
            lab.delete("claim_item", **item(2, "60.00")),
        ],
    }


EDITS = list(edits(Lab(CLAIMS)))
BALANCES = {
    "line changed": ("161.00", "-100.00"),
    "line added": ("169.00", "-100.00"),
    "line deleted": ("100.00", "-100.00"),
    "line moved away": ("100.00", "-100.00"),
    "header changed": ("160.00", "-20.00"),
    "unapproved": ("0.00", "0.00"),
    "deleted": ("0.00", "0.00"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_after_posting_is_refused_until_it_is_put_back(edit: str) -> None:
    """Refused by declaration: the document is parked, with what to do; what was posted stands. Put back in the EAM it
    settles by itself, and nothing was posted twice."""
    lab = Lab(edited("refuse"))
    posted(lab)
    lab.commit(*edits(lab)[edit])
    lab.rest()
    assert lab.parked == [("claim:7", "failed", "edited_after_posting")]
    assert entries(lab) == ENTRIES
    back = [memory.Write(w.table, w.after, w.before) for w in reversed(edits(lab)[edit])]
    lab.commit(*back)
    lab.rest()
    assert lab.parked == []
    assert entries(lab) == ENTRIES


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_after_posting_makes_a_red_letter_and_a_right_one(edit: str) -> None:
    """By declaration the voucher is cancelled in red, and what the document says now is posted anew, if anything."""
    lab = Lab(edited("reverse"))
    posted(lab)
    lab.commit(*edits(lab)[edit])
    lab.rest()
    assert lab.parked == []
    assert len(lab.vouchers) == (2 if edit in ("unapproved", "deleted") else 3)
    assert entries(lab)[4:8] == [(a, _minus(d), _minus(c)) for a, d, c in ENTRIES]
    assert (lab.balance("6602"), lab.balance("1601")) == tuple(map(Decimal, BALANCES[edit]))


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_after_posting_makes_a_voucher_of_the_difference(edit: str) -> None:
    """By declaration what is missing is posted, and no more; what is withdrawn is cancelled in red."""
    lab = Lab(edited("difference"))
    posted(lab)
    lab.commit(*edits(lab)[edit])
    lab.rest()
    assert lab.parked == []
    assert len(lab.vouchers) == 2
    assert (lab.balance("6602"), lab.balance("1601")) == tuple(map(Decimal, BALANCES[edit]))
    is_withdrawn = edit in ("unapproved", "deleted")
    assert any(str(amount).startswith("-") for _, *sides in entries(lab) for amount in sides) == is_withdrawn
    lab.commit(lab.insert("claim_head", **{**head("draft"), "id": 9, "no": "EC-9"}))
    assert len(lab.vouchers) == 2


def test_what_a_difference_was_made_of_is_cancelled_with_it_and_posted_anew() -> None:
    """Twice edited, then withdrawn, then approved again: each voucher in red, then one of the whole."""
    lab = Lab(edited("difference"))
    posted(lab)
    lab.commit(lab.update("claim_item", item(2, "60.00"), amount=Decimal("61.00")))
    lab.commit(lab.update("claim_item", item(2, "61.00"), amount=Decimal("50.00")))
    lab.rest()
    assert (len(lab.vouchers), lab.balance("6602")) == (3, Decimal("150.00"))
    lab.commit(lab.update("claim_head", head("approved"), status="draft"))
    lab.rest()
    assert (len(lab.vouchers), lab.balance("6602")) == (6, Decimal("0.00"))
    lab.commit(lab.update("claim_head", head(), status="approved"))
    lab.rest()
    assert (len(lab.vouchers), lab.balance("6602"), lab.parked) == (7, Decimal("150.00"), [])


@pytest.mark.parametrize("how", ["refuse", "reverse", "difference"])
def test_what_no_voucher_is_made_of_may_change(how: str) -> None:
    """The kind of a line is in no entry, and a date that is the same is no other."""
    lab = Lab(edited(how))
    posted(lab)
    lab.commit(lab.update("claim_item", item(2, "60.00"), kind="hotel"))
    lab.rest()
    assert (lab.parked, entries(lab)) == ([], ENTRIES)


def _minus(amount: object) -> str:
    return str(amount) if amount == "0" else f"-{amount}"


class Parted(Lab):
    """Transactions come in parts of two changes, each a batch of its own."""

    def open_source(self) -> memory.MemorySource:
        return memory.connect(memory.Settings(self.store, 2), self.mapping.tables, NAME)

    def open_feed(self, sets_max: int = 1) -> Feed:
        return super().open_feed(sets_max)


@advice("document_unfinished")
@pytest.mark.parametrize("how", ["refuse", "reverse", "difference"])
def test_a_document_of_a_large_transaction_is_judged_at_its_end(how: str) -> None:
    """A transaction that is read in parts, header first, posts the whole once; another that edits it is one edit, also
    where the daemon is killed between its parts."""
    for kill in (False, True):
        lab = Parted(edited(how))
        lines = [lab.insert("claim_item", **item(n, "10.00")) for n in range(1, 7)]
        lab.commit(lab.insert("claim_head", **head("approved", "0.00")), *lines)
        for _ in range(2):
            lab.turn()
            if kill:
                lab.feed, lab.translator, lab.ledger = lab.open_feed(), lab.mapping.translator(NAME), lab.open_ledger()
            operators.retry(lab.ledger, NAME, operators.Selection(code="document_unfinished"), CLERK)
        assert (lab.vouchers, [code for *_, code in lab.parked]) == ([], ["document_unfinished", "behind"])
        lab.rest()
        assert (len(lab.vouchers), lab.balance("6602"), lab.parked) == (1, Decimal("60.00"), [])
        lab.commit(
            *(lab.update("claim_item", item(n, "10.00"), amount=Decimal("11.00")) for n in range(1, 6)),
            lab.delete("claim_item", **item(6, "10.00")),
        )
        lab.rest()
        if how == "refuse":
            assert [code for *_, code in lab.parked] == ["edited_after_posting", "behind", "behind"]
            assert lab.balance("6602") == 60
        else:
            assert (len(lab.vouchers), lab.balance("6602")) == (3 if how == "reverse" else 2, Decimal("55.00"))


def test_what_fails_of_a_large_transaction_is_posted_whole_when_it_is_mended() -> None:
    """Never a part: the account is missing when the transaction ends, and comes later."""
    lab = Parted(CLAIMS.replace("'1601'", "'1221'"))
    lines = [lab.insert("claim_item", **item(n, "10.00")) for n in range(1, 7)]
    lab.commit(lab.insert("claim_head", **head("approved", "5.00")), *lines)
    lab.rest()
    assert next(code for *_, code in lab.parked) == "unknown_account"
    lab.database.execute("INSERT INTO gl_account VALUES ('1221')")
    lab.retry("claim:7")
    assert (len(lab.vouchers), lab.balance("6602"), lab.parked) == (1, Decimal("60.00"), [])


@advice("edited_after_posting")
def test_a_refused_edit_that_is_right_is_given_up_and_what_was_posted_stands() -> None:
    """As the hint says; what comes later is looked at again."""
    lab = Lab(edited("refuse"))
    posted(lab)
    lab.commit(lab.update("claim_item", item(2, "60.00"), amount=Decimal("61.00")))
    lab.rest()
    operators.discard(lab.ledger, NAME, operators.Selection(subject="claim:7"), CLERK)
    lab.rest()
    assert (lab.parked, entries(lab)) == ([], ENTRIES)
    lab.commit(lab.update("claim_head", head("approved"), status="draft"))
    lab.rest()
    assert lab.parked == [("claim:7", "failed", "edited_after_posting")]


@advice("edit_lines")
def test_the_lines_of_a_parked_document_are_corrected_in_the_eam_alone() -> None:
    """At the desk only the header is edited; a line that is corrected heals the document."""
    lab = Lab(CLAIMS.replace("debit: item.amount", "debit: item.amount, dept: item.kind"))
    lab.commit(lab.insert("claim_item", **item(1, "160.00")), lab.insert("claim_head", **head("approved")))
    lab.rest()
    assert lab.parked == [("claim:7", "failed", "unknown_lookup")]
    (row,) = operators.parked(lab.ledger, NAME, operators.Selection())
    with pytest.raises(WrongUsage) as refused:
        operators.edit(lab.ledger, NAME, row.id, {"item": "[]"}, lab.mapping.tables, lambda _, text: text, CLERK)
    assert refused.value.code == "edit_lines"
    lab.commit(lab.update("claim_item", item(1, "160.00"), kind="SC"))
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], Decimal("160.00"))


def test_the_example_of_the_documentation_does_what_it_says() -> None:
    """100, 50 and 9, of which the second becomes 60 and the third goes: 160, an advance of 100 offset, once."""
    section = (ROOT / "docs/mapping.md").read_text("utf-8").partition("\n## documents")[2]
    example = section.partition("```yaml\n")[2].partition("```")[0]
    lab = Lab(example, sql=f"{SQL}INSERT INTO gl_account VALUES ('1221');")
    lines = [lab.insert("claim_item", **item(n, amount)) for n, amount in ((1, "100.00"), (2, "50.00"), (3, "9.00"))]
    lab.commit(*lines, lab.insert("claim_head", **head()))
    lab.commit(
        lab.delete("claim_item", **item(3, "9.00")),
        lab.update("claim_item", item(2, "50.00"), amount=Decimal("60.00")),
    )
    lab.commit(lab.update("claim_head", head(), status="approved"))
    lab.rest()
    assert entries(lab) == [(account if account != "1601" else "1221", *sides) for account, *sides in ENTRIES]
    assert [summary for *_, summary in lab.vouchers] == ["报销 EC-7 共2笔"]


def test_a_missing_row_of_a_line_is_waited_for() -> None:
    """A line joins a row that has not come: the whole document waits, and is posted when it does."""
    joining = CLAIMS.replace("of: claim_id}", "of: claim_id, join: {sort: kind}}").replace(
        "documents:\n", "references:\n  sort: {table: sort, key: code, columns: {code: text, dept: text}}\ndocuments:\n"
    )
    lab = Lab(joining.replace("debit: item.amount", "debit: item.amount, dept: sort.dept"))
    posting = [lab.insert("claim_head", **head("approved")), lab.insert("claim_item", **item(1, "160.00"))]
    lab.commit(*posting)
    lab.rest()
    assert lab.parked == [("claim:7", "failed", "reference_missing")]
    lab.commit(lab.insert("sort", code="travel", dept="SC"))
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], Decimal("160.00"))
    assert lab.ask("SELECT dept FROM gl_entry WHERE account = '6602'") == [("SC",)]


def test_what_cannot_be_read_of_a_line_parks_the_document_and_nothing_else() -> None:
    """The rule that reads the amount parks it, until the line is corrected; a claim beside it is posted."""
    lab = Lab(CLAIMS)
    bad = {**item(1, "1.00"), "amount": Malformed("16o", "malformed_number")}
    lab.commit(lab.insert("claim_item", **bad), lab.insert("claim_head", **head("approved", "0.00")))
    lab.commit(
        lab.insert("claim_head", **{**head("approved", "0.00"), "id": 8, "no": "EC-8"}),
        lab.insert("claim_item", **{**item(2, "5.00"), "claim_id": 8}),
    )
    lab.rest()
    assert lab.parked == [("claim:7", "failed", "malformed")]
    assert lab.balance("6602") == 5
    lab.commit(lab.update("claim_item", bad, amount=Decimal("160.00")))
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], Decimal("165.00"))


class Settled(Lab):
    """Documents that were there before syncd came."""

    def settle(self) -> None:
        rows = [self.insert("claim_item", **item(1, "160.00")), self.insert("claim_head", **head("approved"))]
        self.store.commit(rows, NOW)


def test_a_snapshot_posts_no_document_and_knows_it_from_then_on() -> None:
    """What is approved when syncd comes is in the books already; an edit of it is one of what nobody has posted."""
    lab = Settled(edited("difference"))
    assert (lab.vouchers, lab.parked) == ([], [])
    lab.commit(lab.update("claim_item", item(1, "160.00"), amount=Decimal("170.00")))
    lab.rest()
    assert lab.vouchers == []
    lab.commit(lab.insert("claim_item", **{**item(4, "5.00"), "claim_id": 8}))
    lab.commit(lab.insert("claim_head", **{**head("approved", "0.00"), "id": 8, "no": "EC-8"}))
    lab.rest()
    assert (len(lab.vouchers), lab.balance("6602")) == (1, Decimal("5.00"))


MONTHLY = (
    CLAIMS.replace("    once: after.no\n", "    once: after.no\n    edited: refuse\n")
    .replace("documents:\n", "  run: {table: run, key: period, columns: {period: text, status: text}}\ndocuments:\n")
    .replace(
        "    voucher:\n",
        """\
    collect:
      group: ["to_char(after.applied_on, 'YYYY-MM')"]
      post: {on: run, when: after.status = 'approved', group: after.period}
    voucher:
""",
    )
    .replace("summary: \"'claim ' || after.no || ' ' || count(item.id)::text\"", "summary: \"'claims'\"")
)


@pytest.mark.parametrize("splits", [True, False])
def test_a_collected_document_is_replaced_or_withdrawn_until_its_group_is_released(splits: bool) -> None:
    """A claim of the month is edited, taken back and approved again, another is deleted, a third gets another number:
    the month's voucher is of what there is when it is released. What changes later is refused."""
    lab = Lab(MONTHLY, splits=splits)
    heads = {n: {**head("approved", "0.00"), "id": n, "no": f"EC-{n}"} for n in (7, 8, 9, 10)}
    for n, one in heads.items():
        lab.commit(lab.insert("claim_head", **one), lab.insert("claim_item", **{**item(n, "10.00"), "claim_id": n}))
    lab.commit(lab.insert("claim_item", **item(70, "5.00")))
    lab.commit(lab.update("claim_item", item(70, "5.00"), amount=Decimal("7.00")))
    lab.commit(lab.update("claim_head", heads[8], status="draft"))
    lab.commit(lab.delete("claim_head", **heads[9]))
    lab.commit(lab.update("claim_head", heads[10], no="EC-11"))
    lab.rest()
    kept = "SELECT key, posted FROM syncd_collected ORDER BY key"
    assert lab.ask(kept) == [("expense/EC-11", ""), ("expense/EC-7", "")]
    lab.commit(lab.update("claim_head", {**heads[8], "status": "draft"}, status="approved"))
    lab.commit(lab.insert("run", period="2026-02", status="approved"))
    lab.rest()
    assert (lab.parked, len(lab.vouchers), lab.balance("6602")) == ([], 1, Decimal("37.00"))
    lab.commit(lab.update("claim_head", heads[7], status="paid"))
    lab.commit(lab.delete("claim_head", **heads[8]))
    lab.commit(lab.update("claim_item", {**item(10, "10.00"), "claim_id": 10}, amount=Decimal("11.00")))
    lab.rest()
    assert sorted(lab.parked) == [(f"claim:{n}", "failed", "edited_after_posting") for n in (10, 7, 8)]
    assert (len(lab.vouchers), lab.balance("6602")) == (1, Decimal("37.00"))


UNTOLD = """
rules:
  untold:
    on: claim_head
    when: op = 'insert' AND after.status = 'none'
    voucher:
      type: "'记'"
      date: after.applied_on
      summary: "'none'"
      entries: [{account: "'6602'", debit: after.advance}, {account: "'1002'", credit: after.advance}]
"""


@advice("document_unread")
def test_a_document_that_is_declared_later_is_judged_once_its_rows_were_read_again() -> None:
    """Nobody posts the half of a document that a change happens to tell: it is parked, and the snapshot reads the rest.
    Documents that come later need none of it."""
    tables = CLAIMS.partition("documents:\n")[0]
    lab = Lab(tables + UNTOLD)
    lab.commit(lab.insert("claim_item", **item(1, "100.00")), lab.insert("claim_item", **item(2, "60.00")))
    lab.commit(lab.insert("claim_head", **head()))
    lab.rest()
    lab.mapping = loaded(edited("reverse"))
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
    lab.feed = lab.open_feed()
    lab.commit(lab.update("claim_head", head(), status="submitted"))
    lab.commit(lab.insert("claim_item", **{**item(5, "5.00"), "claim_id": 8}))
    lab.commit(lab.insert("claim_head", **{**head("approved", "0.00"), "id": 8, "no": "EC-8"}))
    lab.rest()
    assert lab.parked == [("claim:7", "failed", "document_unread")]
    assert lab.balance("6602") == 5
    snapshot_again(lab)
    operators.discard(lab.ledger, NAME, operators.Selection(code="document_unread"), CLERK)
    lab.rest()
    lab.commit(lab.update("claim_head", head("submitted"), status="approved"))
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], Decimal("165.00"))


def test_a_finance_column_is_explained_by_the_columns_of_the_lines() -> None:
    """Lineage goes through lines and what they join to the EAM's own columns."""
    found = [x for x in explain(load(ROOT / "tests/golden/documents/documents.yaml")) if x.rule == "purchase_received"]
    (debit,) = (one for one in found if one.finance == "gl_entry.debit")
    assert {"eam.purchase_item.amount", "eam.purchase_item.tax"} <= set(debit.columns)
    (account,) = (one for one in found if one.finance == "gl_entry.account")
    assert "eam.material.account" in account.columns
    assert "join material by eam.purchase_item.material_id" in account.through


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_gap_is_repaired_as_one_transaction_of_its_documents(is_lost: bool) -> None:
    """What a lost log would have said of a document makes one red letter and one right voucher, and a second repair
    makes none."""
    lab = Lab(edited("reverse"))
    posted(lab)
    lab.commit(lab.update("claim_item", item(2, "60.00"), amount=Decimal("61.00")))
    lab.commit(lab.insert("claim_item", **item(3, "9.00")))
    lab.commit(lab.delete("claim_item", **item(1, "100.00")), lab.insert("claim_item", **item(4, "200.00")))
    if is_lost:
        lose(lab)
        scope = repair.Scope(lab.spec(), lab.mapping.source_tables, ())
        for _ in range(2):
            gap = Gap("memory_forgotten", position="", forgotten=0)
            repair.repair(scope, lab.ledger, gap, CLERK, lambda *_: None)
        lab.ledger = lab.open_ledger()
        lab.feed = lab.open_feed()
    lab.rest()
    assert (lab.parked, lab.balance("6602"), len(lab.vouchers)) == ([], Decimal("270.00"), 3 if is_lost else 7)


def test_a_comparison_makes_again_of_documents_what_became_of_them() -> None:
    """Invariant 10: the same mapping over the same changes makes the same; those of their rows make none twice."""
    lab = Lab(edited("reverse"))
    posted(lab)
    lab.commit(lab.update("claim_item", item(2, "60.00"), amount=Decimal("61.00")))
    lab.rest()
    m, translator = lab.mapping, lab.mapping.translator(NAME, says_documents=True)
    lookups = {"account": {code: code for code in ("6602", "1601", "1002")}}
    with lab.ledger.looking() as book:
        finance = Finance(book.periods(), lambda name: lookups.get(name, {}))
    compared = comparison.compare(lab.ledger, NAME, translator, m.tables, m.layout, finance)
    assert (compared.compared, list(compared.differences)) == (6, [])


def test_a_parked_document_is_shown_line_by_line() -> None:
    """At the desk each line stands by itself, under its key, before and after."""
    lab = Lab(CLAIMS.replace("debit: item.amount", "debit: item.amount, dept: item.kind"))
    lab.commit(lab.insert("claim_item", **item(2, "60.00")), lab.insert("claim_head", **head("approved")))
    lab.rest()
    (row,) = operators.parked(lab.ledger, NAME, operators.Selection())
    after = clock.image(json.loads(row.change)["after"], lab.mapping.tables["claim"], "Asia/Shanghai")
    assert after["no"] == "EC-7"
    assert after["item 2"] == "claim_id 7, kind travel, amount 60.00"


@pytest.mark.parametrize(("how", "count"), [("refuse", 1), ("reverse", 3), ("difference", 2)])
def test_edits_of_a_single_row_are_declared_likewise(how: str, count: int) -> None:
    """A bill that is no document: edited, then deleted, by one word."""
    said = f"    when: after.amount > 0\n    once: after.id\n    edited: {how}\n"
    lab = Lab(BILLS.replace("    when: op = 'insert'\n", said))
    bill: dict[str, Value] = {"id": 1, "amount": Decimal("10.00"), "on_": date(2026, 2, 2)}
    lab.commit(lab.insert("bill", **bill))
    lab.commit(lab.update("bill", bill, amount=Decimal("12.00")))
    lab.rest()
    assert (len(lab.vouchers), lab.balance("6602")) == (count, Decimal("10.00" if how == "refuse" else "12.00"))
    lab.commit(lab.delete("bill", **{**bill, "amount": Decimal("12.00")}))
    lab.rest()
    assert lab.balance("6602") == (10 if how == "refuse" else 0)
    assert len(lab.parked) == (2 if how == "refuse" else 0)
