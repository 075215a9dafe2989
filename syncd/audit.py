"""The hash chains: over postings, over what became of parked and of collected rows, over operators' actions.

Each record's hash covers the one before it, so that a record which is edited, removed or moved breaks the chain
from there on. The hash is SHA-256 over a JSON array, without blanks, of the previous hash and the record's fields.
Whoever owns the database can compute all of them anew; the heads that were anchored elsewhere they cannot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Final, NamedTuple

import orjson

GENESIS: Final = "0" * 64
DIGEST_DIGITS: Final = 32
LONG_CHARS: Final = 1 << 16
"""A text that is longer, as a large group's, is hashed in parts: as JSON is made of it, it takes eight times its
length."""
POSTING: Final = (
    *("seq", "key", "rule", "subject", "voucher", "reverses", "mapping_hash"),
    *("position", "committed_at", "posted_at", "content"),
)
"""The columns of a posting that its hash covers, in order."""
ACTION: Final = ("seq", "at", "actor", "action", "pipeline", "target", "reason", "detail")
"""The columns of an operator's action that its hash covers, in order."""

CONTENTS: Final = "/"
"""In the detail of an edit, beside the columns: digests of the row before and after. No column is called so. In that
of an accepted difference: the digest of the change that was accepted."""
EVENT: Final = (*("seq", "id", "at", "event", "subject", "state", "rule", "code", "params", "origin", "content"),)
"""The columns of an event of a parked row that its hash covers, in order."""

COLLECTED: Final = ("seq", "at", "event", "posting", "content")
"""The columns of an event of collected rows that its hash covers, in order. `content` is a JSON array of texts."""
TOLD_OF_ROW: Final[Mapping[str, int]] = {"kept": 3, "collected": 2, "gone": 1, "taken": 1, "made": 1, "released": 2}
"""How many texts of its content tell of one row, by event: its key; what was `collected`, a digest of its rule, group,
card, subject, change, position and number; what was `kept` before there was a chain, behind it the key of the posting
that had taken it, or nothing. Rows that are `gone` were replaced, withdrawn or parked; `taken` ones a posting took.
Of a month that a run of depreciation has `made` its digest is told, and the run in place of the posting; of what was
`released` the rule and the group, or the values that groups begin with."""
MONTH: Final = (
    *("asset", "book", "month", "nth", "period", "line", "cents", "row_keys"),
    *("run", "posting_seq"),
)
"""What the digest of a month covers that a run has made, in order: all but whether it counts, which follows from what
people did."""


class Event(NamedTuple):
    """What became of a parked row: `parked`, `kept` of one from before the chain, `again` when it was tried in vain,
    `reopened`, `unreadable` under today's mapping, `settled`. The row's fields are as it left them: all of them, but
    for `settled` the state alone, and for `unreadable` the state and its reason. `origin` says where a row comes from,
    at its birth; `content` is of its change, where that is new. Both are digests."""

    id: int
    event: str
    subject: str = ""
    state: str = ""
    rule: str = ""
    code: str = ""
    params: str = ""
    origin: str = ""
    content: str = ""


def digest(*texts: str) -> str:
    """What stands for texts in a chain: 32 hexadecimal digits."""
    return sha256(orjson.dumps(texts)).hexdigest()[:DIGEST_DIGITS]


def accepts(target: str, detail: str) -> tuple[str, str]:
    """What an action `accept_difference` has accepted: the run and the digest of the change, which is empty where a
    version before 0.3.0 kept none."""
    run = target.removeprefix("difference/").partition("/")[0]
    try:
        said = orjson.loads(detail)
    except ValueError:  # was edited, which its chain tells
        return run, ""
    return run, str(said.get(CONTENTS, "")) if isinstance(said, dict) else ""


def kept_content(change: str, original: str | None, settled_at: str | None, attempts: int) -> str:
    """The content of a row from before the chain, which people may have edited and which may be settled: digests of its
    change and of its original, when it was settled and how often it was tried, with blanks between."""
    return f"{digest(change)} {'' if original is None else digest(original)} {settled_at or ''} {attempts}"


def seal(previous: str, fields: Sequence[str]) -> str:
    """The hash of a record, as 64 hexadecimal digits: of the JSON array of the hash before it and of its fields."""
    if not fields or len(fields[-1]) < LONG_CHARS:
        return sha256(orjson.dumps((previous, *fields))).hexdigest()
    hashed = sha256(b"[")
    for n, text in enumerate((previous, *fields)):
        hashed.update(b',"' if n else b'"')
        for start in range(0, len(text), LONG_CHARS):
            hashed.update(orjson.dumps(text[start : start + LONG_CHARS])[1:-1])
        hashed.update(b'"')
    hashed.update(b"]")
    return hashed.hexdigest()


def breaks(records: Iterable[tuple[int, Sequence[str], str]], previous: str = GENESIS, first: int = 1) -> Iterator[int]:
    """The sequence numbers at which a chain of (seq, fields, hash) is broken: missing, edited or reordered."""
    expected = first
    for seq, fields, stored in records:
        if seq != expected or seal(previous, fields) != stored:
            yield seq
        expected, previous = seq + 1, stored


class Anchored(NamedTuple):
    """The end of a pipeline's chain as it was at a moment: `chain` is `posting`, `parked` or `action`, `at` as
    `record.timestamp` writes it. `mac` is the signature by a key that finance's owner does not have, or empty."""

    pipeline: str
    chain: str
    seq: int
    hash: str
    at: str
    mac: str = ""


def signed(anchored: Anchored, key: str) -> Anchored:
    """The same with its HMAC-SHA256 by a key; an empty key signs nothing."""
    return anchored._replace(mac=_mac(anchored, key)) if key else anchored


def is_signed(anchored: Anchored, key: str) -> bool:
    """Whether the signature is that of a key; with an empty key nothing is asked."""
    return not key or compare_digest(anchored.mac.encode(), _mac(anchored, key).encode())


def _mac(anchored: Anchored, key: str) -> str:
    return hmac_digest(key.encode(), orjson.dumps(anchored[:-1]), "sha256").hex()
