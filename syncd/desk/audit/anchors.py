"""Heads of the hash chains, kept where finance's owner cannot write: a file, another database, paper.

Whoever owns the database can edit a record and compute every hash after it anew; the chain is whole then, and its head
is another one. A head that was kept elsewhere tells.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from syncd import audit
from syncd.audit import Anchored
from syncd.errors import Fault, Halt, WrongUsage
from syncd.ports import Anchor, Ledger
from syncd.record import moment, timestamp

CHAINS: Final = ("posting", "parked", "collected", "action")
ANCHORED_WITHIN: Final = timedelta(days=1)
"""However little happens, what happened is anchored by then."""
_HEADS: Final = (
    "SELECT posting_seq, posting_hash, event_seq, event_hash, collected_seq, collected_hash"
    " FROM syncd.pipeline WHERE name = ?"
)
_ACTIONS: Final = "SELECT seq, hash FROM syncd.chain WHERE name = 'action'"
_SAY: Final = """
    INSERT INTO syncd.anchor (pipeline, anchored_at, seq, code, params) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (pipeline) DO UPDATE SET anchored_at = excluded.anchored_at, seq = excluded.seq, code = excluded.code,
    params = excluded.params
"""
_SAID: Final = "SELECT anchored_at, seq, code, params FROM syncd.anchor WHERE pipeline = ?"


class Said(NamedTuple):
    """What was last said of a pipeline's anchor: when it was written and how many postings it held then, and why it
    could not be written since; `code` is empty where it could."""

    at: datetime | None
    seq: int
    code: str
    params: Mapping[str, str]


class Watch:
    """Waits for anchored heads while the chains are read. Each is met, or the record behind it is another one, or there
    is none; `met` counts the first."""

    def __init__(self, anchored: Sequence[Anchored]) -> None:
        self.met = 0
        self._awaited: dict[str, dict[int, list[Anchored]]] = {}
        self._other: list[Anchored] = []
        for one in anchored:
            if one.seq > 0 or one.hash != audit.GENESIS:
                self._awaited.setdefault(one.chain, {}).setdefault(one.seq, []).append(one)

    def awaits(self, chain: str) -> Collection[int]:
        """The numbers of a chain's records that are yet to be seen."""
        return frozenset(self._awaited.get(chain, ()))

    def see(self, chain: str, seq: int, hash: str) -> None:
        """A record of a chain and the hash that it has now."""
        awaited = self._awaited.get(chain)
        if awaited and seq in awaited:
            for one in awaited.pop(seq):
                if one.hash == hash:
                    self.met += 1
                else:
                    self._other.append(one)

    def unmet(self) -> Iterator[tuple[Anchored, str]]:
        """The first head of each chain whose record is another one, and the last of those that are not there, each with
        the code of its message."""
        for chain in CHAINS:
            other = sorted((one for one in self._other if one.chain == chain), key=lambda one: one.seq)
            yield from ((one, "audit_anchor") for one in other[:1])
            cut = self._awaited.get(chain, {})
            yield from ((one, "audit_anchor_cut") for one in cut.get(max(cut, default=0), ())[:1])


def heads(ledger: Ledger, pipeline: str, now: datetime) -> list[Anchored]:
    """The heads of a pipeline's chains as they stand; of an empty chain there is none."""
    found = dict.fromkeys(CHAINS, (0, audit.GENESIS))
    for row in ledger.query(_HEADS, (pipeline,)):
        ends = zip(("posting", "parked", "collected"), row[::2], row[1::2], strict=True)
        found |= {chain: (int(str(seq)), str(head)) for chain, seq, head in ends}
    for seq, head in ledger.query(_ACTIONS):
        found["action"] = int(str(seq)), str(head)
    at = timestamp(now)
    return [Anchored(pipeline, chain, seq, head, at) for chain, (seq, head) in found.items() if seq]


def given(pipeline: str, text: str) -> Anchored:
    """A head as it was printed and typed again, `[CHAIN/]SEQ:HASH`. Raises WrongUsage."""
    chain, _, rest = text.strip().rpartition("/")
    seq, _, head = rest.partition(":")
    if (chain or "posting") not in CHAINS or not seq.isdecimal() or len(head) != len(audit.GENESIS):
        raise WrongUsage("audit_head", given=text, chains=", ".join(CHAINS))
    return Anchored(pipeline, chain or "posting", int(seq), head.lower(), "")


def trusted(anchor: Anchor, pipelines: Sequence[str], key: str) -> tuple[list[Anchored], list[Anchored]]:
    """What an anchor says of pipelines: heads that are signed by the key, and others that are not."""
    ours = [one for one in anchor.read() if one.pipeline in pipelines]
    return [one for one in ours if audit.is_signed(one, key)], [one for one in ours if not audit.is_signed(one, key)]


def look(
    anchor: Anchor | None, pipelines: Sequence[str], key: str
) -> tuple[Mapping[str, list[Anchored]], list[tuple[str, Mapping[str, str]]]]:
    """By pipeline the heads that an anchor has; and as messages those that are not signed, or that it is out of reach:
    then it tells nothing, which nobody may take for nothing being wrong."""
    kept: dict[str, list[Anchored]] = {name: [] for name in pipelines}
    if anchor is None:
        return kept, []
    try:
        heads, forged = trusted(anchor, pipelines, key)
    except Fault as fault:
        return kept, [(fault.code, {name: str(said) for name, said in fault.params.items()})]
    for one in heads:
        kept[one.pipeline].append(one)
    return kept, [("audit_anchor_forged", told(one)) for one in forged]


def told(one: Anchored) -> dict[str, str]:
    """What a message says of a head."""
    return {"pipeline": one.pipeline, "chain": one.chain, "seq": str(one.seq), "at": one.at}


def write(ledger: Ledger, pipeline: str, anchor: Anchor, key: str, now: datetime) -> list[Anchored]:
    """Anchor the heads as they stand; what `status` says of it is kept."""
    found = [audit.signed(one, key) for one in heads(ledger, pipeline, now)]
    with _telling(ledger, pipeline):
        anchor.append(found)
    seq = sum(one.seq for one in found if one.chain == "posting")
    ledger.execute([(_SAY, (pipeline, timestamp(now), seq, "", "{}"))])
    return found


@contextmanager
def _telling(ledger: Ledger, pipeline: str) -> Iterator[None]:
    """Keep for `status` why an anchor cannot be reached."""
    try:
        yield
    except Fault as fault:
        before = said(ledger, pipeline)
        at = "" if before is None or before.at is None else timestamp(before.at)
        why = json.dumps(dict(fault.params), ensure_ascii=False)
        ledger.execute([(_SAY, (pipeline, at, 0 if before is None else before.seq, fault.code, why))])
        raise


def said(ledger: Ledger, pipeline: str) -> Said | None:
    """What was last said of a pipeline's anchor; None where nobody wrote one, or where an earlier version's tables were
    not migrated yet."""
    try:
        rows = ledger.query(_SAID, (pipeline,))
    except Halt as halt:
        if halt.code != "finance_no_table":
            raise
        return None
    for at, seq, code, params in rows:
        return Said(moment(str(at)) if at else None, int(str(seq)), str(code), json.loads(str(params)))
    return None


class Keeper:
    """Anchors a pipeline's heads whenever so many records have come since, or a day has passed and any has. What was
    anchored last the anchor itself says, once."""

    def __init__(self, pipeline: str, anchor: Anchor, key: str, every: int) -> None:
        self._pipeline, self._anchor, self._key, self._every = pipeline, anchor, key, every
        self._last: dict[str, Anchored] | None = None
        self._has_failed = False

    def look(self, ledger: Ledger, now: datetime) -> bool:
        """Anchor what is due; whether anything was. Raises what keeps it from that, once `status` can tell."""
        try:
            if self._last is None:
                with _telling(ledger, self._pipeline):
                    self._last = {one.chain: one for one in self._anchor.read() if one.pipeline == self._pipeline}
            if not self._is_due(heads(ledger, self._pipeline, now), self._last, now):
                return False
            self._last = {one.chain: one for one in write(ledger, self._pipeline, self._anchor, self._key, now)}
        except Fault:
            self._has_failed = True
            raise
        self._has_failed = False
        return True

    def _is_due(self, found: Sequence[Anchored], last: Mapping[str, Anchored], now: datetime) -> bool:
        came = sum(one.seq - (last[one.chain].seq if one.chain in last else 0) for one in found)
        anchored_at = max((moment(one.at) for one in last.values()), default=datetime.min.replace(tzinfo=UTC))
        return came >= self._every or (bool(came) and (self._has_failed or now - anchored_at >= ANCHORED_WITHIN))
