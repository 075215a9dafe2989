"""The hash chain over postings and over operators' actions.

Each record's hash covers the one before it, so that a record which is edited, removed or moved breaks the chain
from there on. The hash is SHA-256 over a JSON array, without blanks, of the previous hash and the record's fields.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final

import orjson

GENESIS: Final = "0" * 64
POSTING: Final = (
    *("seq", "key", "rule", "subject", "voucher", "reverses", "mapping_hash"),
    *("position", "committed_at", "posted_at", "content"),
)
"""The columns of a posting that its hash covers, in order."""
ACTION: Final = ("seq", "at", "actor", "action", "pipeline", "target", "reason", "detail")
"""The columns of an operator's action that its hash covers, in order."""


def seal(previous: str, fields: Sequence[str]) -> str:
    """The hash of a record, as 64 hexadecimal digits."""
    return sha256(orjson.dumps((previous, *fields))).hexdigest()


def breaks(records: Iterable[tuple[int, Sequence[str], str]], previous: str = GENESIS, first: int = 1) -> Iterator[int]:
    """The sequence numbers at which a chain of (seq, fields, hash) is broken: missing, edited or reordered."""
    expected = first
    for seq, fields, stored in records:
        if seq != expected or seal(previous, fields) != stored:
            yield seq
        expected, previous = seq + 1, stored
