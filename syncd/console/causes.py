"""Open parked rows by signature, as the overview and the page of parked rows show them.

To group 100,000 rows takes a good part of a second. What comes of it stays as it is until the daemon or a person
touches a parked row; both are chained, so the ends of the chains say whether that has happened.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from syncd import wiring
from syncd.books import held
from syncd.console import within
from syncd.console.house import House
from syncd.console.page import Visitor
from syncd.desk import clock, masking
from syncd.desk.parked import operators, previews, taken
from syncd.money import ZERO
from syncd.ports import Ledger

GROUPS_MAX: Final = 50
PREVIEWED_MAX: Final = 50
"""Rows of a group that waits for approval whose vouchers are made to see what they debit."""
_ENDS: Final = (
    "SELECT p.event_seq, p.parked_seq, coalesce((SELECT c.seq FROM syncd.chain c WHERE c.name = 'action'), 0)"
    " FROM syncd.pipeline p WHERE p.name = ?"
)


class Cause(NamedTuple):
    """A group: `pipeline`, the first of its rows, which says what is wrong, the money that it holds, how many rows wait
    behind it, and who has taken it. Times are on the clock of the books."""

    pipeline: str
    group: operators.Group
    first: operators.ParkedRow
    held: held.Held | None
    behind: int
    called: str
    taken: taken.Taken | None

    @property
    def address(self) -> str:
        """The rows of it."""
        one = self.group
        return urlencode(
            {"pipeline": self.pipeline, "state": one.state, "rule": one.rule, "code": one.code, "table": one.table}
        )


def causes(own: House, ledger: Ledger, part: wiring.Pipeline) -> Sequence[Cause]:
    """Of a pipeline, the most frequent first."""
    stamp = (part.mapping.hash, tuple(ledger.query(_ENDS, (part.name,))))
    known = own.causes.get(part.name)
    if known is not None and known[0] == stamp:
        kept: Sequence[Cause] = known[1]
        return kept
    found: Sequence[Cause] = clock.local(_causes(ledger, part), part.mapping.file.timezone)
    own.causes[part.name] = stamp, found
    return found


def shown(own: House, ledger: Ledger, part: wiring.Pipeline, who: Visitor) -> Sequence[Cause]:
    """The same without what is masked to somebody."""
    hidden = within.hidden(who, part)
    return [one._replace(first=masking.row(one.first, hidden)) for one in causes(own, ledger, part)]


def _causes(ledger: Ledger, part: wiring.Pipeline) -> list[Cause]:
    groups, debited = operators.groups(ledger, part.name)[:GROUPS_MAX], held.by_rule(part.mapping.rules)
    waits = operators.followers(ledger, part.name) if any(one.state == "behind" for one in groups) else {}
    has = taken.taken(ledger, part.name, groups)
    return [
        Cause(
            *(part.name, one, operators.show(ledger, part.name, one.first_id)),
            *(_held(ledger, part, one, debited), waits.get((one.state, one.rule, one.code, one.table), 0)),
            *(called := taken.called(one), has.get(called)),
        )
        for one in groups
    ]


def _held(
    ledger: Ledger, part: wiring.Pipeline, group: operators.Group, debited: Mapping[str, held.Debited]
) -> held.Held | None:
    """What a group holds back; of one that waits for approval what its vouchers would debit, where its rows alone do
    not say it."""
    found = held.held(ledger, part.name, group, debited)
    if found is not None or group.state != "approval":
        return found
    rows = operators.parked(ledger, part.name, group.selection, PREVIEWED_MAX)
    made = previews.made(ledger, part.name, part.mapping.translator(part.name), part.mapping.tables, rows)
    return held.Held(sum((one.debit for one in made.values()), ZERO), len(made))
