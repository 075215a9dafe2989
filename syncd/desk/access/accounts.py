"""People who sign in: accounts with their roles, and the sessions of their browsers.

A password is kept as argon2 makes it, a session by the digest of the secret that the browser holds: whoever reads the
tables can be nobody. What is done to an account is chained like every other action, with a digest of what is kept of
the password, so that the audit finds one that was put there without it.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from syncd import audit, migrate, statements
from syncd.desk.access import rights
from syncd.desk.parked.approvals import is_same
from syncd.desk.parked.operators import Actor, act
from syncd.errors import Halt, WrongUsage
from syncd.ports import Desk, Ledger
from syncd.record import moment, timestamp

SQL: Final = statements.load("syncd.desk.access", "accounts.sql")
PASSWORD_CHARS_MIN: Final = 12
FAILURES_MAX: Final = 5
LOCKED: Final = timedelta(minutes=15)
IDLE_MAX: Final = timedelta(hours=8)
"""A session that nobody used for a working day is over."""
SESSION_MAX: Final = timedelta(days=7)
OWN: Final = "own password"
"""Why somebody sets another for themselves."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""How often a session in use is written."""


class Hasher(Protocol):
    """Keeps passwords; see `outside`."""

    def hash(self, password: str) -> str: ...
    def matches(self, kept: str, password: str) -> bool: ...


class Account(NamedTuple):
    """Somebody who may act, as `rights` says. `locked_until` is None where nothing keeps them from signing in. Without
    pipelines and companies they are let everywhere. `scope` is what the token is good for by which they act; None where
    they do not act by one. Without a password nobody signs in by one."""

    name: str
    roles: tuple[str, ...]
    is_open: bool
    locked_until: datetime | None
    pipelines: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    scope: frozenset[rights.Action] | None = None
    has_password: bool = False


class Session(NamedTuple):
    """A browser that is signed in; `is_own` of the one that asks."""

    begun_at: datetime
    seen_at: datetime
    is_own: bool


def version(account: Account) -> str:
    """What an account may, in short: another once somebody has changed it."""
    limits = (*sorted(account.pipelines), "/", *sorted(account.companies))
    return audit.digest(account.name, str(account.is_open), *sorted(account.roles), "/", *limits)


def find(ledger: Ledger | Desk, name: str) -> Account | None:
    """An account by name."""
    rows = ledger.query(SQL["account"], (name,))
    return from_row(rows[0]) if rows else None


def require_seen(ledger: Ledger | Desk, name: str, seen: str) -> None:
    """Raises WrongUsage where an account is not any more of the version that somebody has `seen`; any is, for none."""
    if seen and ((account := find(ledger, name)) is None or version(account) != seen):
        raise WrongUsage("account_moved_on", name=name)


def require_open(desk: Desk, name: str) -> None:
    """Raises WrongUsage where nobody may act under this name, or not any more."""
    if not any(from_row(row).is_open for row in desk.query(SQL["account"], (name,))):
        raise WrongUsage("account_unknown", name=name)


def every(ledger: Ledger) -> list[Account]:
    """All accounts, the closed ones too; none where syncd has no tables yet. Raises Halt where its tables are of an
    earlier version: who may do what is not known then."""
    try:
        return [from_row(row) for row in ledger.query(SQL["accounts"])]
    except Halt as halt:
        if halt.code == "finance_no_column":
            migrate.require(ledger)
        if halt.code != "finance_no_table":
            raise
        return []


def every_open(ledger: Ledger) -> list[Account]:
    """Those who may sign in."""
    return [account for account in every(ledger) if account.is_open]


def add(
    ledger: Ledger, name: str, password: str | None, roles: Sequence[str], hasher: Hasher, by: Actor, now: datetime
) -> None:
    """Open an account; without a password nobody signs in by one. Raises WrongUsage for a name that is taken, or was:
    what its owner did stands under it; for none; and for a password that is too short."""
    if not name.strip():
        raise WrongUsage("account_no_name")
    kept = "" if password is None else hasher.hash(_require_long(password))
    with ledger.desk() as desk:
        if any(is_same(str(row[0]), name) for row in desk.query(SQL["accounts"])):
            raise WrongUsage("account_taken", name=name)
        desk.execute(SQL["open"], (name, kept, json.dumps(sorted(roles)), timestamp(now)))
        said = {"roles": sorted(roles), "kept": audit.digest(kept)}
        act(desk, by, "account_open", "", f"account/{name}", said)


def set_password(ledger: Ledger, name: str, password: str, hasher: Hasher, by: Actor) -> None:
    """Another password; all sessions end."""
    kept = hasher.hash(_require_long(password))
    with ledger.desk() as desk:
        if not desk.execute(SQL["password"], (kept, name)):
            raise WrongUsage("account_unknown", name=name)
        desk.execute(SQL["end_all"], (name,))
        act(desk, by, "account_password", "", f"account/{name}", {"kept": audit.digest(kept)})


def change_password(ledger: Ledger, name: str, old: str, new: str, hasher: Hasher, now: datetime) -> None:
    """Another password for who knows the one that they have; wrong ones count as at signing in, and raise what they
    raise there."""
    _proved(ledger, name, old, hasher, now)
    set_password(ledger, name, new, hasher, Actor(name, OWN))


def unlock(ledger: Ledger, name: str, by: Actor) -> None:
    """Let somebody try again who has typed too many wrong passwords."""
    with ledger.desk() as desk:
        require_open(desk, name)
        desk.execute(SQL["signed_in"], (name,))
        act(desk, by, "account_unlock", "", f"account/{name}", {})


def set_roles(ledger: Ledger, name: str, roles: Sequence[str], by: Actor, seen: str = "") -> None:
    """Other roles, from the next page on; in place of those that were `seen`."""
    with ledger.desk() as desk:
        require_seen(desk, name, seen)
        if not desk.execute(SQL["roles"], (json.dumps(sorted(roles)), name)):
            raise WrongUsage("account_unknown", name=name)
        act(desk, by, "account_roles", "", f"account/{name}", {"roles": sorted(roles)})


def limit(
    ledger: Ledger, name: str, pipelines: Sequence[str], companies: Sequence[str], by: Actor, seen: str = ""
) -> None:
    """Let an account into these pipelines and those of these companies alone; everywhere, without any. In place of what
    was `seen`."""
    said = {"pipelines": sorted(pipelines), "companies": sorted(companies)}
    with ledger.desk() as desk:
        require_seen(desk, name, seen)
        if not desk.execute(SQL["limit"], (*(json.dumps(names) if names else "" for names in said.values()), name)):
            raise WrongUsage("account_unknown", name=name)
        act(desk, by, "account_limit", "", f"account/{name}", said)


def host_users(ledger: Ledger) -> Mapping[str, str]:
    """Users of the operating system → the account whose they are."""
    return {str(user): str(name) for user, name in ledger.query(SQL["host_users"])}


def at_host(ledger: Ledger, user: str) -> Account | None:
    """Who a user of the operating system is; None where nobody, or nobody any more."""
    found = [from_row(row) for row in ledger.query(SQL["host_user"], (user,))]
    return next((one for one in found if one.is_open), None)


def map_user(ledger: Ledger, user: str, name: str, by: Actor, now: datetime) -> None:
    """Take a user of the operating system for an account at the command line, from now on."""
    with ledger.desk() as desk:
        require_open(desk, name)
        desk.execute(SQL["unmap"], (user,))
        desk.execute(SQL["map"], (user, name, timestamp(now)))
        act(desk, by, "account_map", "", f"account/{name}", {"user": user})


def unmap_user(ledger: Ledger, user: str, by: Actor) -> None:
    """Take a user of the operating system for nobody."""
    with ledger.desk() as desk:
        found = desk.query(SQL["host_user"], (user,))
        if not desk.execute(SQL["unmap"], (user,)):
            raise WrongUsage("host_user_unknown", user=user)
        act(desk, by, "account_unmap", "", f"account/{found[0][0] if found else ''}", {"user": user})


def has_administrator(ledger: Ledger) -> bool:
    """Whether somebody could be known at a command line who may administer: as a mapped user, or by a token, which may
    have expired since. Time alone opens no door: whoever may administer is let in at the console."""
    if not (able := {one.name for one in every(ledger) if one.is_open and rights.may(one, "administer")}):
        return False
    by_token = ledger.query(SQL["token_holders"])
    held = {str(name) for name, scope in by_token if "administer" in json.loads(str(scope))}
    return bool(able & ({*host_users(ledger).values()} | held))


def close(ledger: Ledger, name: str, by: Actor, now: datetime) -> None:
    """Let nobody in under this name any more. It stays beside what was done."""
    with ledger.desk() as desk:
        if not desk.execute(SQL["close"], (timestamp(now), name)):
            raise WrongUsage("account_unknown", name=name)
        desk.execute(SQL["end_all"], (name,))
        act(desk, by, "account_close", "", f"account/{name}", {})


def sign_in(ledger: Ledger, name: str, password: str, hasher: Hasher, now: datetime) -> str:
    """Let somebody in: the secret for their browser. Raises Halt `sign_in_wrong` for a wrong password as for a name
    that nobody has, so that names cannot be guessed, and `sign_in_locked` after too many wrong ones."""
    return begin(ledger, _proved(ledger, name, password, hasher, now), now)


def _proved(ledger: Ledger, name: str, password: str, hasher: Hasher, now: datetime) -> str:
    """The name, as it is kept, of who knows its password."""
    rows = ledger.query(SQL["account"], (name,))
    known = from_row(rows[0]) if rows else None
    if known is not None and known.locked_until is not None and known.locked_until > now:
        raise Halt("sign_in_locked", until=timestamp(known.locked_until))
    kept = str(rows[0][1]) if rows else ""
    kept = kept or hasher.hash(secrets.token_urlsafe())  # as long as for a name that has one
    if not hasher.matches(kept, password) or known is None or not known.is_open:
        if known is not None:
            ledger.execute([(SQL["failed"], (FAILURES_MAX, timestamp(now + LOCKED), FAILURES_MAX, name))])
        raise Halt("sign_in_wrong")
    ledger.execute([(SQL["signed_in"], (name,))])
    return known.name


def begin(ledger: Ledger, name: str, now: datetime) -> str:
    """Begin a session of somebody who has been let in: the secret for their browser."""
    secret = secrets.token_urlsafe(32)
    ledger.execute(
        [
            (SQL["forget"], (timestamp(now - IDLE_MAX), timestamp(now - SESSION_MAX))),
            (SQL["begin"], (_digest(secret), name, timestamp(now), timestamp(now))),
        ]
    )
    return secret


def signed_in(ledger: Ledger, secret: str, now: datetime, is_used: bool = True) -> Account | None:
    """Whose session a browser's secret is; None where it is nobody's any more. What a page asks by itself is no use of
    it: who went home with a page open is signed out."""
    rows = ledger.query(SQL["session"], (_digest(secret),))
    if not rows:
        return None
    begun_at, seen_at, account = moment(str(rows[0][0])), moment(str(rows[0][1])), from_row(rows[0][2:])
    if not account.is_open or now - seen_at > IDLE_MAX or now - begun_at > SESSION_MAX:
        return None
    if is_used and now - seen_at > SEEN_EVERY:
        ledger.execute([(SQL["seen"], (timestamp(now), _digest(secret)))])
    return account


def sign_out(ledger: Ledger, secret: str) -> None:
    """End a session."""
    ledger.execute([(SQL["end"], (_digest(secret),))])


def sign_out_all(ledger: Ledger, name: str) -> None:
    """End all sessions of an account."""
    ledger.execute([(SQL["end_all"], (name,))])


def sessions(ledger: Ledger, now: datetime, secret: str = "") -> Mapping[str, Sequence[Session]]:
    """Account → its sessions that go on, in the order in which they were begun; `secret` is that of the browser that
    asks."""
    found: dict[str, list[Session]] = {}
    for name, begun_at, seen_at, digest in ledger.query(
        SQL["sessions"], (timestamp(now - IDLE_MAX), timestamp(now - SESSION_MAX))
    ):
        one = Session(moment(str(begun_at)), moment(str(seen_at)), digest == _digest(secret))
        found.setdefault(str(name), []).append(one)
    return found


def form_token(secret: str) -> str:
    """What a form of this session carries, which no other site can know."""
    return sha256(f"form {secret}".encode()).hexdigest()


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _require_long(password: str) -> str:
    if len(password) < PASSWORD_CHARS_MIN:
        raise WrongUsage("password_short", chars=PASSWORD_CHARS_MIN)
    return password


def from_row(row: Sequence[object]) -> Account:
    """A row of the table, its columns as `account` of the statements has them."""
    name, kept, roles, closed_at, _, locked_until, *limits = row
    until = moment(str(locked_until)) if locked_until else None
    pipelines, companies = (tuple(json.loads(str(names))) if names else () for names in limits)
    return Account(
        *(str(name), tuple(json.loads(str(roles))), not closed_at, until, pipelines, companies),
        has_password=bool(kept),
    )
