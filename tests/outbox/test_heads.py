"""Invariant 12: heads that were sent outside are an anchor, and the text of a message is read back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.anchor.file import AnchorFile
from syncd.audit import Anchored
from syncd.desk import status
from syncd.desk.audit import anchors, verify
from syncd.outbox.heads import WEBHOOK, Outgoing
from syncd.record import timestamp
from tests.outbox.office import Office
from tests.unit.lab import NAME

KEY = "known to the auditor"
NOW = datetime(2026, 2, 3, 4, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.buys(1)
    made.buys(2, 5000)
    made.rejects()
    return made


def outgoing(office: Office, beside: AnchorFile | None = None) -> Outgoing:
    return Outgoing(office.open_ledger, ["auditor", WEBHOOK], "zh", beside)


def messages(office: Office) -> list[str]:
    return [d.body["text"] for d in office.deliveries if d.kind == "anchor" and d.target == "auditor"]


def read(folder: Path, text: str) -> list[Anchored]:
    path = folder / "message.txt"
    path.write_text(text, "utf-8")
    return [*AnchorFile(path).read()]


def test_heads_go_to_everybody_once(office: Office) -> None:
    """The same heads are the same delivery."""
    for _ in range(2):
        anchors.write(office.ledger, NAME, outgoing(office), KEY, NOW)
    sent = [d for d in office.deliveries if d.kind == "anchor"]
    assert [d.target for d in sent] == ["auditor", WEBHOOK]
    assert [head["chain"] for head in sent[1].body["heads"]] == ["posting", "parked", "action"]


def cut(text: str) -> str:
    """At every 70th letter, wherever that is."""
    return "\n".join(text[i : i + 70] for i in range(0, len(text), 70))


@pytest.mark.parametrize("way", [str, cut, lambda text: f"> hello {{x}}\n{text}\n-- \nregards {{\n"])
def test_the_text_of_a_message_is_an_anchor(office: Office, tmp_path: Path, way: object) -> None:
    assert callable(way)
    anchors.write(office.ledger, NAME, outgoing(office), KEY, NOW)
    found = read(tmp_path, way(messages(office)[0]))
    assert [one.chain for one in found] == ["posting", "parked", "action"]
    trusted, forged = anchors.trusted(AnchorFile(tmp_path / "message.txt"), [NAME], KEY)
    assert (len(trusted), forged) == (3, [])
    assert flaws(office, trusted) == []


def test_a_record_that_was_rewritten_does_not_match_the_message(office: Office, tmp_path: Path) -> None:
    """Also where whoever did it has taken the sent heads out of the outbox."""
    anchors.write(office.ledger, NAME, outgoing(office), KEY, NOW)
    kept = read(tmp_path, messages(office)[0])
    office.database.execute("DELETE FROM syncd_delivery")
    office.database.execute("DELETE FROM syncd_action")
    office.database.execute("DELETE FROM syncd_chain")
    assert "audit_anchor_cut" in flaws(office, kept)


def flaws(office: Office, anchored: Sequence[Anchored]) -> list[str]:
    verdict = verify.verify(office.ledger, NAME, office.mapping.layout, anchored, ())
    return [flaw.code for flaw in verdict.flaws]


def test_a_daemon_that_stands_by_leaves_the_heads_to_the_one_that_posts(office: Office) -> None:
    """Else whoever keeps them would have each twice."""
    beat = "INSERT INTO syncd.daemon (pipeline, instance, role, beat_at) VALUES (?, ?, ?, ?)"
    status.beat(office.ledger, NAME, "standby", NOW)
    assert not status.is_standby(office.ledger, NAME, NOW)  # the other has gone
    office.ledger.execute([(beat, (NAME, "other:1", "posting", timestamp(NOW)))])
    assert status.is_standby(office.ledger, NAME, NOW)
    status.beat(office.ledger, NAME, "posting", NOW)
    assert not status.is_standby(office.ledger, NAME, NOW)


@pytest.mark.parametrize("file", ["anchor.jsonl", ""])
def test_heads_are_sent_after_so_many_records_and_not_before(office: Office, tmp_path: Path, file: str) -> None:
    """Beside a file, which a daemon that is started anew reads; without one, by what was sent last."""
    later = NOW + timedelta(hours=1)

    def anew() -> anchors.Keeper:
        return anchors.Keeper(NAME, outgoing(office, AnchorFile(tmp_path / file) if file else None), KEY, 3)

    keeper = anew()
    assert [keeper.look(office.ledger, NOW), keeper.look(office.ledger, later)] == [True, False]
    again = anew()
    assert not again.look(office.ledger, later)
    for n in (11, 12, 13):
        office.buys(n)
    assert again.look(office.ledger, later)
    assert len({*messages(office)}) == 2
