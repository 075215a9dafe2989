"""What the mapping makes of changes: postings for finance, or rejections that say why not."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from syncd.change import Change, ChangeSet, Position, Row, Value

Fields = Mapping[str, Value]


class CardWrite(NamedTuple):
    """One write to the fixed-asset card (固定资产卡片) of `asset_code`. `open` creates the card or, after a
    repeat snapshot, restates it; `change` needs an existing card and touches the named fields only."""

    asset_code: str
    verb: Literal["open", "change"]
    fields: Fields


class Entry(NamedTuple):
    """One line (分录) of a voucher. Exactly one of debit and credit is not zero. `dims` are the auxiliary
    accounts (辅助核算) such as department or class, by the names the finance layout gives them."""

    account: str
    debit: Decimal
    credit: Decimal
    summary: str
    dims: Fields


class Voucher(NamedTuple):
    """A journal voucher (凭证). `date` lies in an open period, `period` is that period as `YYYY-MM`;
    `event_date` is when it happened, earlier than `date` if its own period was closed."""

    type: str
    period: str
    date: dt.date
    event_date: dt.date
    summary: str
    entries: tuple[Entry, ...]


class Reversed(NamedTuple):
    """Which earlier posting a red-letter voucher cancels: its idempotency key and its voucher reference. One of the
    same batch has no number yet: its key stands for the reference until the ledger calls it by its name."""

    key: str
    voucher: str


class TableRow(NamedTuple):
    """A row for any other finance table: upserted by `key` columns, or inserted where `key` is empty."""

    table: str
    key: tuple[str, ...]
    values: Fields


class Collected(NamedTuple):
    """A row kept until its group is posted as one voucher. `group` is the group's key as text."""

    rule: str
    group: str


class Release(NamedTuple):
    """Says that the groups of `rule` which begin with `group` are due for posting now."""

    rule: str
    group: str


class Posting(NamedTuple):
    """What one rule makes of one change; the unit that is posted or not. `key` is the idempotency key.
    `position` and `change` are where it came from; for a group of collected rows, the last of them."""

    key: str
    rule: str
    subject: str
    change: Change
    cards: tuple[CardWrite, ...] = ()
    voucher: Voucher | None = None
    rows: tuple[TableRow, ...] = ()
    reverses: Reversed | None = None
    collected: Collected | None = None
    release: Release | None = None


def is_unnamed(posting: Posting) -> bool:
    """Whether the posting cancels a voucher that has no number yet."""
    return posting.reverses is not None and posting.reverses.voucher == posting.reverses.key


def named(posting: Posting, voucher: str) -> Posting:
    """Such a posting, once the voucher that it cancels is called something."""
    reverses, red = posting.reverses, posting.voucher
    assert reverses is not None
    if red is not None:
        red = red._replace(summary=red.summary.replace(reverses.key, voucher, 1))
    return posting._replace(reverses=Reversed(reverses.key, voucher), voucher=red)


Status = Literal["failed", "behind", "approval"]


class Rejection(NamedTuple):
    """A change that could not be posted, as a value. `code` names the reason in the message catalogue and
    `params` fill it in; `waits_for` is `table:key` when a reference row that has not arrived is the reason."""

    change: Change
    subject: str
    rule: str
    status: Status
    code: str
    params: Mapping[str, str]
    waits_for: str = ""


class Outcome(NamedTuple):
    """What became of one change: postings (all of them or none), or a rejection, or neither: ignored because
    of `ignored`, which names the table and the rules that had nothing to say. `parked_id` is set when the
    change came from the parked rows and not from the log."""

    change: Change
    subject: str
    postings: tuple[Posting, ...] = ()
    rejection: Rejection | None = None
    ignored: str = ""
    parked_id: int | None = None


class MirrorWrite(NamedTuple):
    """The last image of one source row; `row` is None when the row is gone."""

    table: str
    key: str
    row: Row | None


class Batch(NamedTuple):
    """Everything that one finance transaction commits. `arrived` are the `table:key` of reference rows that
    came, for which parked rows may be waiting. `position` is None when no set was read from the log to its end.
    `rest` is what must wait until the groups that this batch released are posted: what happened to an asset after
    its depreciation was approved must find that depreciation on its card."""

    outcomes: Sequence[Outcome]
    mirror: Sequence[MirrorWrite]
    arrived: frozenset[str]
    position: Position | None
    rest: Sequence[ChangeSet] = ()
