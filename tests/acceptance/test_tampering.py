"""Invariant 12: whoever owns finance's database and edits the record is found by `syncd audit verify`, by its exit code
and its words; also where every hash was computed anew, for the heads are kept where they cannot write. On SQLite; the
chains on every ledger are in tests/conformance/test_rewriting.py."""

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from syncd import wiring
from syncd.desk.audit import together
from syncd.desk.audit import verify as auditing
from syncd.desk.audit.verify import verify
from syncd.errors import Halt
from syncd.ports import Layout, Ledger
from tests.advice import heard
from tests.advice.company import BY, Company, built, command
from tests.rewriting import rehash
from tests.several import AtOnce, judged, several

FOUND_SOMETHING: Final = 1
KEY: Final = "not known to the owner of finance"
ASSETS: Final = tuple(f"FA-SC-{n:04}" for n in range(1, 16))
AUDIT: Final = 'audit: {anchor: {file: anchor.jsonl, key: "${SYNCD_AUDIT_KEY}"}, every: 5}\n'


class Owner:
    """Of finance's database."""

    def __init__(self, made: Company, pipeline: wiring.Pipeline) -> None:
        self.made, self.pipeline = made, pipeline

    def run(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        return self.made.finance.connection.execute(sql, params).fetchall()  # type: ignore[no-any-return]

    def type_a_voucher(self, number: int, key: str | None) -> None:
        """As another that stands in finance, under this number and with this key."""
        names = [str(name) for (name,) in self.run("SELECT name FROM pragma_table_info('gl_voucher')")]
        copied = ", ".join("?" if name in ("number", "external_key") else name for name in names)
        given = [{"number": number, "external_key": key}[name] for name in names if name in ("number", "external_key")]
        ours = "FROM gl_voucher WHERE external_key IS NOT NULL LIMIT 1"
        self.run(f"INSERT INTO gl_voucher ({', '.join(names)}) SELECT {copied} {ours}", tuple(given))

    def alone(self) -> set[str]:
        """What the database finds by itself."""
        layout = self.pipeline.mapping.layout
        with closing(self.pipeline.open_ledger()) as ledger:
            verdict = judged(
                lambda again: verify(ledger, "demo", layout, again=again),
                lambda: (self.pipeline.open_ledger(), layout),
            )
            return {flaw.code for flaw in verdict.flaws}

    def rehash(self) -> None:
        rehash(self.run, "demo", "syncd_")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Fifteen postings, a row that was parked and edited, one that is parked; all anchored."""
    directory = tmp_path_factory.mktemp("tampering")
    path = str(directory / "finance.db")
    with (
        pytest.MonkeyPatch.context() as environment,
        built(directory, path, {"kind": "sqlite", "path": path}) as made,
    ):
        environment.setenv("SYNCD_AUDIT_KEY", KEY)
        made.config.write_text(made.config.read_text() + AUDIT)
        with made.running():
            for asset in ASSETS:
                made.register(asset)
            made.register("FA-SC-0091", value=Decimal("-150000.00"))
            made.register("FA-SC-0092", value=Decimal("-5.00"))
            made.until(lambda: all(map(made.posted, ASSETS)) and len(made.parked()) == 2)
            ((number, _), _) = made.parked()
            made.syncd(f"parked edit {number} --set original_value=150000.00 {BY}")
            made.until(lambda: made.posted("FA-SC-0091"))
        made.syncd("audit anchor")
        verdict = made.json("audit verify")
        assert (verdict["flaws"], verdict["anchored"]) == ([], 3)
        yield made


@pytest.fixture(scope="module")
def pipeline(kept: Company) -> wiring.Pipeline:
    """As the configuration has it, read once."""
    return wiring.pipeline(kept.config, None)


@pytest.fixture
def owner(kept: Company, pipeline: wiring.Pipeline) -> Iterator[Owner]:
    """What they do is undone by a backup afterwards."""
    finance = kept.finance.connection
    with closing(sqlite3.connect(":memory:")) as backup:
        finance.backup(backup)
        anchor = (kept.directory / "anchor.jsonl").read_bytes()
        yield Owner(kept, pipeline)
        (kept.directory / "anchor.jsonl").write_bytes(anchor)
        backup.backup(finance)


def cut_the_last_ten(owner: Owner) -> None:
    """Their vouchers stand in finance, and the head says that there never were more."""
    owner.run("DELETE FROM syncd_posting WHERE seq > (SELECT max(seq) - 10 FROM syncd_posting)")
    owner.rehash()


def rewrite_the_middle(owner: Owner) -> None:
    """An amount in the record and in finance, its card too, and every hash after it."""
    owner.run("UPDATE syncd_posting SET content = replace(content, '2000.00', '2900.00') WHERE seq = 5")
    ours = "number = (SELECT number FROM gl_voucher WHERE external_key = (SELECT key FROM syncd_posting WHERE seq = 5))"
    for table in ("gl_voucher", "gl_entry"):
        for side in ("debit", "credit"):
            owner.run(f"UPDATE {table} SET {side} = '2900.00' WHERE {side} = '2000.00' AND {ours}")
    of_it = "asset_code = (SELECT subject FROM syncd_posting WHERE seq = 5)"
    owner.run(f"UPDATE fa_card SET original_value = replace(original_value, '2000.00', '2900.00') WHERE {of_it}")
    owner.rehash()


def forge_a_key(owner: Owner) -> None:
    """A voucher by hand that says it was ours, of a rule that never posted."""
    owner.type_a_voucher(99, "disposal/FA-SC-0001")


def delete_all_actions(owner: Owner) -> None:
    """Nobody has edited, nobody has accepted anything."""
    owner.run("DELETE FROM syncd_action")
    owner.run("DELETE FROM syncd_chain")


def delete_all_postings(owner: Owner) -> None:
    """The record of a pipeline that has only begun."""
    owner.run("DELETE FROM syncd_posting")
    owner.rehash()


def edit_a_parked_row(owner: Owner) -> None:
    """What waits for approval is ten times as much by the time that it is approved."""
    owner.run("UPDATE syncd_parked SET change = replace(change, '-5.00', '50.00') WHERE settled_at IS NULL")


def approve_in_secret(owner: Owner) -> None:
    """Nobody has."""
    owner.run("UPDATE syncd_parked SET approved = '[\"registration\"]' WHERE settled_at IS NULL")


def hide_an_edit(owner: Owner) -> None:
    """A row that a clerk edited looks as if the EAM had sent it so."""
    owner.run("UPDATE syncd_parked SET original = NULL WHERE original IS NOT NULL")


def edit_an_acceptance(owner: Owner) -> None:
    """Another answers for the mapping."""
    owner.run("UPDATE syncd_acceptance SET actor = 'controller'")


def accept_in_secret(owner: Owner) -> None:
    """A mapping for which nobody answers."""
    owner.run("INSERT INTO syncd_acceptance SELECT mapping, 'abc', actor, reason, '2999' FROM syncd_acceptance LIMIT 1")


def close_in_secret(owner: Owner) -> None:
    """What comes late for the month is kept out of it, and nobody has closed it."""
    owner.run("INSERT INTO syncd_closing VALUES ('2026-02', '2999')")


def delete_a_parked_row_and_its_record(owner: Owner) -> None:
    """The row, what became of it, and what people did to it."""
    ((number,),) = owner.run("SELECT id FROM syncd_parked WHERE original IS NOT NULL")
    owner.run("DELETE FROM syncd_parked WHERE id = ?", (number,))
    owner.run("DELETE FROM syncd_parked_event WHERE id = ?", (number,))
    owner.run("DELETE FROM syncd_action WHERE target = ?", (f"parked/{number}",))
    owner.rehash()


def swap_two_postings(owner: Owner) -> None:
    """Who came first."""
    for now, then in ((3, 1000), (4, 3), (1000, 4)):
        owner.run("UPDATE syncd_posting SET seq = ? WHERE seq = ?", (then, now))
    owner.rehash()


def lengthen_a_life(owner: Owner) -> None:
    """Of a card, which no reconciliation compares: every later month is another one."""
    owner.run("UPDATE fa_card SET life_months = life_months * 2 WHERE asset_code = 'FA-SC-0003'")


def lose_a_card(owner: Owner) -> None:
    """The asset is in the accounts and in no list."""
    owner.run("DELETE FROM fa_card WHERE asset_code = 'FA-SC-0003'")


def undo_everything(owner: Owner) -> None:
    """Postings, vouchers, entries and cards of the last three, and every trace of them."""
    last = "SELECT key FROM syncd_posting ORDER BY seq DESC LIMIT 3"
    gone = f"SELECT number FROM gl_voucher WHERE external_key IN ({last})"
    owner.run(f"DELETE FROM gl_entry WHERE number IN ({gone})")
    owner.run(f"DELETE FROM gl_voucher WHERE number IN ({gone})")
    subjects = "SELECT subject FROM syncd_posting ORDER BY seq DESC LIMIT 3"
    owner.run(f"DELETE FROM fa_card WHERE asset_code IN ({subjects})")
    owner.run("DELETE FROM syncd_posting WHERE seq > (SELECT max(seq) - 3 FROM syncd_posting)")
    owner.run("UPDATE syncd_number SET last = last - 3")
    owner.rehash()


def forge_the_anchor(owner: Owner) -> None:
    """The anchor's file they can write after all, and still do not have the key."""
    owner.run("UPDATE syncd_posting SET subject = 'FA-9' WHERE seq = 5")
    owner.rehash()
    file = owner.made.directory / "anchor.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    ((head,),) = owner.run("SELECT posting_hash FROM syncd_pipeline")
    forged = [line | ({"hash": head} if line["chain"] == "posting" else {}) for line in lines]
    file.write_text("".join(json.dumps(line) + "\n" for line in forged))


ATTACKS: Final[list[tuple[Callable[[Owner], None], set[str], set[str]]]] = [
    # what they do, what is found by the database alone, and what by the anchor beside it
    (cut_the_last_ten, {"audit_foreign"}, {"audit_anchor_cut"}),
    (rewrite_the_middle, set(), {"audit_anchor"}),
    (forge_a_key, {"audit_foreign"}, set()),
    (delete_all_actions, {"audit_acceptance", "audit_parked"}, {"audit_anchor_cut"}),
    (delete_all_postings, {"audit_foreign"}, {"audit_anchor_cut"}),
    (edit_a_parked_row, {"audit_parked"}, set()),
    (approve_in_secret, {"audit_parked"}, set()),
    (hide_an_edit, {"audit_parked"}, set()),
    (edit_an_acceptance, {"audit_acceptance"}, set()),
    (accept_in_secret, {"audit_acceptance"}, set()),
    (close_in_secret, {"audit_closing"}, set()),
    (delete_a_parked_row_and_its_record, set(), {"audit_anchor_cut"}),
    (swap_two_postings, set(), {"audit_anchor"}),
    (lengthen_a_life, {"audit_card"}, set()),
    (lose_a_card, {"audit_card_gone"}, set()),
    (undo_everything, set(), {"audit_anchor_cut"}),
    (forge_the_anchor, set(), {"audit_anchor_forged"}),
]


@pytest.mark.parametrize(("attack", "alone", "anchored"), ATTACKS, ids=[attack.__name__ for attack, *_ in ATTACKS])
def test_invariant_12_tampering_is_found(
    owner: Owner, attack: Callable[[Owner], None], alone: set[str], anchored: set[str]
) -> None:
    """Exit code and words; without an anchor as much as there is to find."""
    attack(owner)
    assert owner.alone() == alone
    said = " ".join(owner.made.syncd("audit verify", FOUND_SOMETHING).split())
    for code in alone | anchored:
        heard(code, said)
    assert KEY not in said


def test_a_head_on_paper_finds_it_too(owner: Owner, tmp_path: Path) -> None:
    """Invariant 12: what was printed before and is typed again."""
    (nothing := tmp_path / "nothing.jsonl").touch()
    heads = {one["chain"]: f"{one['chain']}/{one['seq']}:{one['hash']}" for one in owner.made.json("audit head")}
    printed = "".join(owner.made.syncd("audit head").split())
    assert all(head in printed for head in heads.values())
    paper = " ".join(f"--head {head}" for head in heads.values())
    assert owner.made.json(f"audit verify --anchor {nothing} {paper}")["anchored"] == len(heads)
    swap_two_postings(owner)
    verdict = owner.made.json(f"audit verify --anchor {nothing} --head {heads['posting']}", FOUND_SOMETHING)
    assert [flaw["code"] for flaw in verdict["flaws"]] == ["audit_anchor"]


def test_vouchers_by_hand_in_our_series_are_counted(owner: Owner) -> None:
    """Every voucher in a series of ours is accounted for: by us, or by hand with its number; missing numbers are said.
    Nothing of that is tampering."""
    ((last,),) = owner.run("SELECT max(number) FROM gl_voucher")
    assert isinstance(last, int)
    before = max(one["by_hand"] for one in owner.made.json("audit verify")["series"])
    owner.type_a_voucher(last + 1, None)
    owner.type_a_voucher(last + 4, "PAY-7")
    (one,) = [s for s in owner.made.json("audit verify")["series"] if s["by_hand"]]
    assert (one["by_hand"], one["missing"]) == (before + 2, [f"{last + 2}–{last + 3}"])
    assert one["listed"][before:] == [[str(last + 1), ""], [str(last + 4), "PAY-7"]]
    assert "PAY-7" in owner.made.syncd("audit verify")


def test_keys_of_another_system_are_declared(owner: Owner) -> None:
    """Finance's column may be shared: what others begin their keys with accuses nobody, once somebody says so."""
    forge_a_key(owner)
    declared = owner.made.config.read_text().replace("every: 5", "every: 5, others: [disposal]")
    code, _ = command(f"audit verify --config {_written(owner.made.directory / 'others.yaml', declared)}")
    assert code == 0


def test_an_auditors_page(owner: Owner) -> None:
    """Invariant 8: from an entry to who edited what; one file, both languages, nothing loaded from elsewhere."""
    ((voucher,),) = owner.run("SELECT voucher FROM syncd_posting WHERE subject = 'FA-SC-0091'")
    page = owner.made.directory / "page.html"
    owner.made.syncd(f"trace '{voucher}/1' --html {page}")
    text = page.read_text("utf-8")
    for part in (voucher, "FA-SC-0091", "150,000.00", "-150000.00 → 150000.00", "accountant", "追溯", "Trace"):
        assert part in text, part
    assert text.count('class="asked"') == 1
    assert not re.search(r"<script|src=|href=|https?:", text)
    assert "-150000.00 → 150000.00" in " ".join(owner.made.syncd("trace FA-SC-0091").split())


def test_processes_find_what_one_finds(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a connection and a part of the chain of its own; their verdict is one."""
    swap_two_postings(owner)
    lengthen_a_life(owner)
    alone = owner.made.json("audit verify", FOUND_SOMETHING)
    monkeypatch.setattr(together, "POSTINGS_MIN", 1)
    monkeypatch.setattr(together, "processes", lambda: 2)
    monkeypatch.setattr(auditing, "_alone", lambda *_: pytest.fail("the processes did nothing"))
    assert owner.made.json("audit verify", FOUND_SOMETHING) == alone


def test_a_chain_that_changes_between_two_stretches_is_broken_there(owner: Owner) -> None:
    """Somebody writes the record anew behind the process that has read it already."""
    layout, begun = owner.pipeline.mapping.layout, 0

    def again() -> tuple[Ledger, Layout]:
        nonlocal begun
        begun += 1
        if begun == 2:
            rewrite_the_middle(owner)
        return owner.pipeline.open_ledger(), layout

    with several(), closing(owner.pipeline.open_ledger()) as ledger:
        flaws = verify(ledger, "demo", layout, again=again).flaws
    assert "audit_posting" in {flaw.code for flaw in flaws}


def _refused() -> tuple[Ledger, Layout]:
    raise Halt("finance_refused")


@pytest.mark.parametrize("again", [_refused, partial(os._exit, 3)], ids=["refused", "killed"])
def test_what_processes_cannot_one_does_alone(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, again: Callable[[], tuple[Ledger, Layout]]
) -> None:
    """No connection more is to be had, or the system ends a process."""
    lose_a_card(owner)
    monkeypatch.setattr(together, "POSTINGS_MIN", 1)
    if again is _refused:
        monkeypatch.setattr(together, "workers", lambda *_: AtOnce())
    monkeypatch.setattr(together, "processes", lambda: 2)
    with closing(owner.pipeline.open_ledger()) as ledger:
        verdict = verify(ledger, "demo", owner.pipeline.mapping.layout, again=again)
    assert [flaw.code for flaw in verdict.flaws] == ["audit_card_gone"]


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
