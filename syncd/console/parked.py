"""Parked rows: by signature with what they hold back, one by one, and who looks into what."""

from contextlib import closing
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.books import held
from syncd.console import within
from syncd.console.page import SignedIn, page, seen
from syncd.console.signing import Signed
from syncd.desk import bulk, clock, operators, taken
from syncd.desk.operators import Actor

router = APIRouter()
LISTED_MAX: Final = 50
GROUPS_MAX: Final = 50
BULKS_MAX: Final = 5


class Shown(NamedTuple):
    """A group as the page shows it: `pipeline` and its clock, the first of its rows, which says what is wrong, the
    money that it holds, how many rows wait behind it, and who has taken it."""

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


@router.get("/parked")
def listed(
    request: Request, who: SignedIn, pipeline: str = "", state: str = "", rule: str = "", code: str = "",
    table: str = "", subject: str = "", settled: bool = False, after: int = 0,
) -> Response:  # fmt: skip
    """Open rows by signature, and those that a filter finds, from a number on."""
    chosen = operators.Selection((), subject.strip(), state, rule, code, settled, table, after)
    groups: list[Shown] = []
    rows: list[tuple[str, operators.ParkedRow]] = []
    further: list[tuple[str, int]] = []
    bulks: list[bulk.Bulk] = []
    may_mend = False
    for one in seen(request, who):
        debited, zone = held.by_rule(one.mapping.rules), one.mapping.file.timezone
        may_mend |= within.may(who, "mend", one)
        with closing(one.open_ledger()) as ledger:
            for part in one.begun():
                found = operators.groups(ledger, part.name)[:GROUPS_MAX]
                waits = operators.followers(ledger, part.name) if any(g.state == "behind" for g in found) else {}
                has = taken.taken(ledger, part.name, found)
                for group in found:
                    first, called = operators.show(ledger, part.name, group.first_id), taken.called(group)
                    money = held.held(ledger, part.name, group, debited)
                    more = waits.get((group.state, group.rule, group.code, group.table), 0)
                    groups.append(
                        clock.local(Shown(part.name, group, first, money, more, called, has.get(called)), zone)
                    )
                bulks += clock.local(bulk.latest(ledger, part.name, BULKS_MAX), zone)
                if pipeline in ("", part.name):
                    lot = operators.parked(ledger, part.name, chosen, LISTED_MAX + 1)
                    rows += [(part.name, clock.local(row, zone)) for row in lot[:LISTED_MAX]]
                    further += [(part.name, lot[LISTED_MAX - 1].id)] if len(lot) > LISTED_MAX else []
    groups.sort(key=lambda one: (one.group.state == "behind", -one.group.rows))
    return page(
        request, "parked.html", "console_parked", who, groups=groups, rows=rows, further=further, chosen=chosen,
        pipeline=pipeline, is_filtered=any((*chosen[1:5], table, settled, after, pipeline)), bulks=bulks,
        may_mend=may_mend, rows_max=held.ROWS_MAX,
        several=len({name for name, _ in rows} | {group.pipeline for group in groups}) > 1,
    )  # fmt: skip


@router.post("/parked/take")
def take(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()], called: Annotated[str, Form()],
    do: Annotated[Literal["take", "give_back"], Form()],
) -> Response:  # fmt: skip
    """Take a group, so that others see whose it is; or give it back."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed, "mend", part)
        by = Actor(signed.by.name, do)
        if do == "take":
            taken.take(ledger, part.name, called, by)
        else:
            taken.give_back(ledger, part.name, called, by)
    return RedirectResponse("/parked", 303)
