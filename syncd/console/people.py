"""Who may act: accounts, by what each is known, their tokens and sessions; and what an administrator does to them, by
the functions that `syncd people` calls.

What is about to be done is shown first, on a page of its own, and done with a reason. A password is typed there alone:
no address, no page and no second form has it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, NamedTuple, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.console.house import House
from syncd.console.page import SignedIn, Visitor, house, page
from syncd.console.signing import Signed
from syncd.desk import actions
from syncd.desk.access import accounts, everybody, identities, rights, tokens
from syncd.desk.parked.operators import Actor
from syncd.errors import Halt, WrongUsage
from syncd.ports import Ledger

router = APIRouter()
DONE_MAX: Final = 20
"""What was done to an account that its page lists."""
Given = TypeVar("Given", str, tuple[str, ...])
DAYS, DAYS_MAX = 90, 366
"""For how long a token is good."""


class Change(NamedTuple):
    """What is about to be done to an account, or was asked for: `do` says what, and the rest is what that needs."""

    do: str
    name: str
    roles: tuple[str, ...]
    pipelines: tuple[str, ...]
    companies: tuple[str, ...]
    scope: tuple[str, ...]
    days: int
    user: str
    subject: str
    token: str
    seen: str

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """As a form sends it."""
        several = (("role", self.roles), ("pipeline", self.pipelines), ("company", self.companies))
        lots = [(name, value) for name, values in (*several, ("scope", self.scope)) for value in values]
        ones = ("do", "name", "days", "user", "subject", "token", "seen")
        return [*lots, *((name, str(getattr(self, name))) for name in ones if getattr(self, name))]


async def _change(request: Request) -> Change:
    given = await request.form() if request.method == "POST" else request.query_params

    def several(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(one) for one in given.getlist(name) if str(one).strip()))

    def one(name: str) -> str:
        return str(given.get(name, "")).strip()

    days = int(one("days")) if one("days").isdecimal() and one("days").isascii() else DAYS
    return Change(
        *(one("do"), one("name"), several("role"), several("pipeline"), several("company"), several("scope")),
        *(min(max(days, 1), DAYS_MAX), one("user"), one("subject"), one("token"), one("seen")),
    )


Changing = Annotated[Change, Depends(_change)]


class _Doing(NamedTuple):
    """What the functions of `desk.access` need to do it."""

    ledger: Ledger
    own: House
    change: Change
    password: str
    by: Actor
    now: datetime


def _open(d: _Doing) -> None:
    password = d.password if d.own.takes_passwords else None
    accounts.add(d.ledger, d.change.name, password, _chosen(d.change.roles), d.own.hasher, d.by, d.now)


def _set_password(d: _Doing) -> None:
    _require_passwords(d.own)
    accounts.set_password(d.ledger, d.change.name, d.password, d.own.hasher, d.by)


def _limit(d: _Doing) -> None:
    accounts.limit(d.ledger, d.change.name, d.change.pipelines, d.change.companies, d.by, d.change.seen)


def _add_token(d: _Doing) -> str:
    until = d.now + timedelta(days=d.change.days)
    return tokens.add(d.ledger, d.change.name, _chosen(d.change.scope), until, d.by, d.now)


DEEDS: Final[Mapping[str, Callable[[_Doing], str | None]]] = {
    "open": _open,
    "roles": lambda d: accounts.set_roles(d.ledger, d.change.name, _chosen(d.change.roles), d.by, d.change.seen),
    "limit": _limit,
    "password": _set_password,
    "unlock": lambda d: accounts.unlock(d.ledger, d.change.name, d.by),
    "map": lambda d: accounts.map_user(d.ledger, _chosen(d.change.user), d.change.name, d.by, d.now),
    "unmap": lambda d: accounts.unmap_user(d.ledger, d.change.user, d.by),
    "bind": lambda d: identities.bind(d.ledger, d.change.name, _issuer(d.own), _chosen(d.change.subject), d.by, d.now),
    "unbind": lambda d: identities.unbind(d.ledger, _issuer(d.own), d.change.subject, d.by),
    "token": _add_token,
    "revoke": lambda d: tokens.revoke(d.ledger, d.change.token, d.by, d.now),
    "close": lambda d: accounts.close(d.ledger, d.change.name, d.by, d.now),
}
"""By what is asked, how it is done; a new token is what comes of it, else nothing."""
TYPED: Final = ("open", "password")
"""What takes a password."""


@router.get("/people")
def listed(request: Request, who: SignedIn) -> Response:
    """Everybody, with all by which they are known."""
    own, now = _seen(request, who), datetime.now(UTC)
    with own.accounts() as ledger:
        found = everybody.everybody(ledger, now, who.secret)
    return page(
        request, "people.html", "console_people", who, _zone(own), people=found, now=now,
        roles=_roles(own), takes_passwords=own.takes_passwords, may=who.may("administer"),
    )  # fmt: skip


@router.get("/people/one")
def shown(request: Request, who: SignedIn, name: str) -> Response:
    """One of them, what was done to their account, and what an administrator may do."""
    own, now = _seen(request, who), datetime.now(UTC)
    with own.accounts() as ledger:
        found = everybody.one(ledger, name, now, who.secret)
        to_it = actions.on(ledger, f"account/{found.account.name}", DONE_MAX)
    return page(
        request, "person.html", "console_person", who, _zone(own), one=found, now=now,
        done=to_it, issuer=own.openid and own.openid.issuer,
        roles=_roles(own, found.account.roles), takes_passwords=own.takes_passwords, may=who.may("administer"),
        pipelines=_with(own.pipelines, found.account.pipelines), actions=rights.ACTIONS,
        companies=_with((one.place.company for one in own.pipelines.values()), found.account.companies),
        seen=accounts.version(found.account), days=DAYS, days_max=DAYS_MAX,
    )  # fmt: skip


@router.get("/people/ask")
def asked(request: Request, who: SignedIn, change: Changing) -> Response:
    """What is about to be done, before it is."""
    own = house(request)
    who.require(own, "administer", rights.EVERYWHERE)
    _require_known(change)
    found = None
    if change.do != "open":
        with own.accounts() as ledger:
            found = everybody.one(ledger, change.name, datetime.now(UTC))
    return page(
        request, "people_ask.html", f"console_do_{change.do}", who, change=change, one=found,
        takes_password=change.do in TYPED and own.takes_passwords, chars=accounts.PASSWORD_CHARS_MIN,
        is_own=change.name == who.account.name, actions=rights.ACTIONS,
    )  # fmt: skip


@router.post("/people")
def done(
    request: Request, signed: Signed, change: Changing, password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Do it. Nothing is done where somebody else has changed the account since its page was made."""
    own = house(request)
    signed.who.require(own, "administer", rights.EVERYWHERE)
    _require_known(change)
    if change.do in TYPED and password != again:
        raise WrongUsage("password_unlike")
    with own.accounts() as ledger:
        accounts.require_seen(ledger, change.name, change.seen)
        made = DEEDS[change.do](_Doing(ledger, own, change, password, signed.by, datetime.now(UTC)))
    if made is not None:
        return page(
            request, "people_token.html", "console_do_token", signed.who, token=made, name=change.name, days=change.days
        )
    return RedirectResponse(f"/people/one?{urlencode({'name': change.name})}", 303)


def _seen(request: Request, who: Visitor) -> House:
    """What the page is about, for who may see it."""
    who.require(house(request), "see_accounts", rights.EVERYWHERE)
    return house(request)


def _zone(own: House) -> str:
    """The clock of the first books, where accounts lie."""
    return next(iter(own.pipelines.values())).mapping.file.timezone


def _require_known(change: Change) -> None:
    if change.do not in DEEDS:
        raise WrongUsage("page_unreadable", names="do")


def _require_passwords(own: House) -> None:
    if not own.takes_passwords:
        raise Halt("sign_in_no_password")


def _chosen(given: Given) -> Given:
    if not given:
        raise WrongUsage("account_nothing_chosen")
    return given


def _issuer(own: House) -> str:
    if own.openid is None:
        raise WrongUsage("openid_off")
    return own.openid.issuer


def _roles(own: House, held: Iterable[str] = ()) -> Sequence[str]:
    """Those that may be given: those that syncd knows, and those that mappings ask."""
    asked = (role for one in own.pipelines.values() for role in one.mapping.approvers)
    return list(dict.fromkeys((*rights.ROLES, *sorted({*asked, *held}))))


def _with(known: Iterable[str], held: Iterable[str]) -> Sequence[str]:
    """Names to choose from, those that are no more too where an account has them."""
    return sorted({*known, *held} - {""})
