"""What the mapping makes of changes: postings for finance, or rejections that say why not."""

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from syncd.change import Change, ChangeSet, Position, Row, Value

Fields = Mapping[str, Value]
Images = Mapping[str, Mapping[str, Row | None]]
"""By table and key the last image of each source row; None where the row is gone."""


class CardWrite(NamedTuple):
    """One write to the fixed-asset card (固定资产卡片) of `asset_code`. `open` creates the card or, after a
    repeat snapshot, restates it; `change` needs an existing card and touches the named fields only; `rename` gives an
    existing card the asset code that its fields name."""

    asset_code: str
    verb: Literal["open", "change", "rename"]
    fields: Fields


def brought(card: CardWrite) -> str:
    """The asset code that has a card by this write and may have had none; empty where a card is changed."""
    return card.asset_code if card.verb == "open" else str(card.fields["asset_code"]) if card.verb == "rename" else ""


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
    `event_date` is when it happened, earlier than `date` if its own period was closed. `fields` are what its header
    says besides: attachments, who prepared it. `shares` are what each row of a group has put in, which adds up to the
    entries: three texts a row, its idempotency key, its subject and `record.share_text`, for a group may have millions;
    none where one row made it."""

    type: str
    period: str
    date: dt.date
    event_date: dt.date
    summary: str
    entries: tuple[Entry, ...]
    fields: Mapping[str, Value] = {}
    shares: tuple[str, ...] = ()


BY_HAND: Final = "/"
"""Before the reference of a voucher that no posting made, where the key of one would stand: no rule has this name."""


class Reversed(NamedTuple):
    """Which earlier posting a voucher cancels, in red or in blue: its idempotency key and its voucher reference. One of
    the same batch has no number yet: its key stands for the reference until the ledger calls it by its name. Of a
    voucher that finance's people made it is BY_HAND and the reference."""

    key: str
    voucher: str


class TableRow(NamedTuple):
    """A row for any other finance table: upserted by `key` columns, or inserted where `key` is empty."""

    table: str
    key: tuple[str, ...]
    values: Fields


class Collected(NamedTuple):
    """A row kept until its group is posted as one voucher. `group` is the group's key as text; `card` the asset code
    whose card the posting will change, empty when it changes none: until then later changes of that card wait.
    `replaces` is the key of a kept row whose place this one takes, or, where it `withdraws`, that is kept no more;
    `leaves` is `RULE/GROUP` of that row."""

    rule: str
    group: str
    card: str = ""
    replaces: str = ""
    withdraws: bool = False
    leaves: str = ""


class Release(NamedTuple):
    """Says that the groups of `rule` which begin with `group` are due for posting now."""

    rule: str
    group: str


def is_released(rule: str, group: str, released: Mapping[str, Collection[str]]) -> bool:
    """Whether the group, or values it begins with, are among the groups released by rule."""
    groups = released.get(rule)
    if not groups:
        return False
    return group in groups or "" in groups or any(group[:i] in groups for i, c in enumerate(group) if c == "|")


def begins(group: str, released: str) -> bool:
    """Whether a group begins with the values of one that is released; with none of them all do."""
    return not released or f"{group}|".startswith(f"{released}|")


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


NUMBER: Final = "fact:number "
"""What waits for a number begins so: no key of a posting has a blank there."""


def freed(posting: Posting) -> Sequence[str]:
    """What is waited for that a posting takes back, in the words of `Rejection.waits_for`."""
    found = [awaited_number(card.asset_code) for card in posting.cards if card.verb == "rename"]
    if posting.reverses is not None:
        found.append(f"fact:{posting.reverses.key}")
    collected = posting.collected
    if collected and collected.replaces not in ("", posting.key):
        found.append(f"fact:{collected.replaces}")
    if collected and collected.leaves:
        found.append(f"group:{collected.leaves}")
    return found


def goes_before(awaited: str, postings: Sequence[Posting]) -> bool:
    """Whether postings take effect before a parked row of their subject that waits for this. Where a row is withdrawn,
    of the group or of the next that it would wait for, nothing but that wait ends; what takes its place was said behind
    the parked row, and is judged as that leaves the card."""
    is_withdrawn = bool(postings) and all(p.collected and p.collected.withdraws for p in postings)
    return awaited.startswith("group:") and is_withdrawn


def only_replaces(postings: Sequence[Posting]) -> bool:
    """Whether nothing is made but of collected rows, which are replaced or taken away: it takes effect with their
    groups."""
    kept = [posting.collected for posting in postings]
    return bool(kept) and all(one is not None and (one.replaces or one.withdraws) for one in kept)


def awaited_number(asset_code: str) -> str:
    """That a card is called otherwise, so that its number is free."""
    return f"{NUMBER}{asset_code}"


def is_unnamed(posting: Posting) -> bool:
    """Whether the posting cancels a voucher that has no number yet."""
    return posting.reverses is not None and posting.reverses.voucher == posting.reverses.key


_UNNAMED: Final = re.compile("\ue000([^\ue001]*)\ue001")
"""In a summary the key of a voucher that is to be named there."""


def to_be_named(key: str) -> str:
    """What stands in a summary for a voucher of the same batch."""
    return f"\ue000{key}\ue001"


def named(posting: Posting, names: Callable[[str], tuple[str, str]]) -> Posting:
    """A posting once the vouchers of its batch that it speaks of have their numbers. `names` gives of a posting's key
    its voucher's reference, and what summaries call it."""
    reverses, voucher = posting.reverses, posting.voucher
    if reverses is not None and is_unnamed(posting):
        posting = posting._replace(reverses=Reversed(reverses.key, names(reverses.key)[0]))
    if voucher is None:
        return posting

    def said(summary: str) -> str:
        return _UNNAMED.sub(lambda found: names(found[1])[1], summary) if "\ue000" in summary else summary

    entries = tuple(e._replace(summary=said(e.summary)) for e in voucher.entries)
    return posting._replace(voucher=voucher._replace(summary=said(voucher.summary), entries=entries))


Status = Literal["failed", "behind", "approval"]


class Rejection(NamedTuple):
    """A change that could not be posted, as a value. `code` names the reason in the message catalogue and
    `params` fill it in. `waits_for` is what will have it tried again by itself: `table:key` a reference row that has
    not arrived, `card:CODE` a card that is not there, `group:RULE/GROUP` a collected group that is not posted,
    `fact:KEY` that what another row has posted is taken back, or IN_TRANSACTION."""

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
    change came from the parked rows and not from the log. `reads` are the cards on which it was built and which it
    leaves as they are."""

    change: Change
    subject: str
    postings: tuple[Posting, ...] = ()
    rejection: Rejection | None = None
    ignored: str = ""
    parked_id: int | None = None
    reads: tuple[str, ...] = ()


class Gathered(NamedTuple):
    """The group of collected rows that a batch posts: every row of it that is due. `numbers` are those that the rows
    have among the parked rows, by the positions of their changes."""

    rule: str
    group: str
    numbers: Mapping[Position, int]


class Month(NamedTuple):
    """A month of an asset that a run makes: the `nth` time that it is made, posted in `period` by the rows of the
    computed table from number `line` on, whose keys are `row_keys`."""

    asset: str
    month: int
    nth: int
    period: str
    line: int
    cents: int
    row_keys: str


class Made(NamedTuple):
    """How far a run of computed depreciation is with a batch. `months` are made by it; `taken_back` are (asset, keys of
    its rows) of months that it takes back. `reached` is the last asset that was looked at, `is_whole` whether that was
    all; `assets`, `rows` and `cents` are this batch's. `faults` is JSON, those of the whole run."""

    book: str
    period: str
    run: int
    months: Sequence[Month]
    taken_back: Sequence[tuple[str, str]]
    reached: str
    is_whole: bool
    assets: int
    rows: int
    cents: int
    faults: str


class Batch(NamedTuple):
    """Everything that one finance transaction commits. `arrived` is what came that parked rows may be waiting for, in
    the words of `Rejection.waits_for`; `deferred` is what came in a transaction that goes on: who waits for it is to
    wait for its end. `position` is None when no set was read to its end. `rest` is what was not translated. `unsettled`
    says that groups fell due or parked rows are to be tried again: that goes before what follows, so that it finds the
    images and the cards of its own moment. `moved` are source rows whose key has changed, as they are now → as they
    were, both `table:key`. `made` is what a run of computed depreciation has made of it."""

    outcomes: Sequence[Outcome]
    mirror: Images
    arrived: frozenset[str]
    position: Position | None
    rest: Sequence[ChangeSet] = ()
    unsettled: bool = False
    deferred: frozenset[str] = frozenset()
    moved: Mapping[str, str] = {}
    gathered: Gathered | None = None
    made: Made | None = None


IN_TRANSACTION: Final = "transaction"
"""What a change waits for that misses a row which the rest of its transaction may bring."""


Rejections = Mapping[Change, Rejection]
"""What finance has refused of a batch while it was made."""
NOTHING: Final[Rejections] = {}


class Refused(Exception):
    """Finance refused these changes, and others of the batch may be built on what they would have done, or wait behind
    them: nothing is kept of the batch, which is to be made again with the rejections in their place. Of none where
    finance was not asked what it now denies: it will be."""

    def __init__(self, rejections: Rejections) -> None:
        super().__init__(", ".join(rejection.code for rejection in rejections.values()))
        self.rejections = rejections


def fold_card(earlier: CardWrite | None, card: CardWrite) -> CardWrite:
    """A card write behind an earlier one of the same card, as one: an opening stays one, later fields replace earlier
    ones."""
    if earlier is None:
        return card
    verb = "open" if "open" in (earlier.verb, card.verb) else card.verb
    return CardWrite(card.asset_code, verb, {**earlier.fields, **card.fields})
