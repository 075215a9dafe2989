"""Accounts, tokens, mapped users of the host and people whom a provider knows against what people did to them, which is
chained: who may approve, close or act for another is as an action has it, and nobody else may.

Sessions and locks are no part of it: they come and go without an action.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from syncd import audit
from syncd.desk.audit.parked_record import read
from syncd.ports import Ledger

UNDER: Final = "account/"
"""What the targets of such actions begin with; what is behind it is an account's name."""


class Flaw(NamedTuple):
    """Somebody or something that may do what no action gave them; `code` names the message."""

    code: str
    params: Mapping[str, str]


class _Account(NamedTuple):
    """`password` is what stands for the kept one, empty where a version before 0.3.0 noted none. An account that was
    opened for somebody whom a provider knows is kept with none."""

    roles: tuple[str, ...]
    password: str
    is_open: bool = True
    pipelines: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()


class _Token(NamedTuple):
    account: str
    scope: tuple[str, ...]
    expires_at: str
    secret: str
    is_good: bool = True


class Given:
    """What actions have given, taken in one by one, in their order."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._tokens: dict[str, _Token] = {}
        self._users: dict[str, str] = {}
        self._known: dict[tuple[str, str], tuple[str, bool]] = {}
        """Issuer and subject → whose account that is, and whether its roles follow the issuer's groups."""

    def take(self, action: str, target: str, detail: str) -> None:
        """An action on an account. One whose detail cannot be read was edited, which its chain tells."""
        name, said = target.removeprefix(UNDER), read(detail)
        if action == "account_open":
            none = audit.digest("") if "issuer" in said else ""
            self._accounts[name] = _Account(_names(said.get("roles")), str(said.get("kept", none)))
            if "issuer" in said:
                self._known[_subject(said)] = name, True
        elif action == "account_bind":
            self._known[_subject(said)] = name, False
        elif action == "account_unbind":
            self._known.pop(_subject(said), None)
        elif action == "account_map":
            self._users[str(said.get("user"))] = name
        elif action == "account_unmap":
            self._users.pop(str(said.get("user")), None)
        elif action == "token_add":
            self._tokens[str(said.get("token"))] = _Token(
                name, _names(said.get("scope")), str(said.get("expires_at")), str(said.get("kept", ""))
            )
        elif action == "token_revoke":
            self._change(self._tokens, str(said.get("token")), is_good=False)
        elif action == "account_password":
            self._change(self._accounts, name, password=str(said.get("kept", "")))
        elif action == "account_roles":
            self._change(self._accounts, name, roles=_names(said.get("roles")))
        elif action == "account_limit":
            limits = {limit: _names(said.get(limit)) for limit in ("pipelines", "companies")}
            self._change(self._accounts, name, **limits)
        elif action == "account_close":
            self._change(self._accounts, name, is_open=False)

    def flawed(self, ledger: Ledger, sql: Mapping[str, str]) -> Iterator[Flaw]:
        """What finance has otherwise, has of nobody's giving, or has no more."""
        accounts = {
            str(name): _Account(_kept(roles), audit.digest(str(password)), not closed_at, _kept(limit), _kept(book))
            for name, password, roles, closed_at, limit, book in ledger.query(sql["accounts"])
        }
        for name in _apart(accounts, self._accounts, "password"):
            yield Flaw("audit_account", {"account": name})
        tokens = {
            str(name): _Token(str(of), _kept(scope), str(expires_at), audit.digest(str(digest)), not revoked_at)
            for name, digest, of, scope, expires_at, revoked_at in ledger.query(sql["tokens"])
        }
        for name in _apart(tokens, self._tokens, "secret"):
            yield Flaw("audit_token", {"token": name, "account": (tokens.get(name) or self._tokens[name]).account})
        users = {(str(user), str(name)) for user, name in ledger.query(sql["host_users"])}
        for user, name in sorted(users ^ {*self._users.items()}):
            yield Flaw("audit_host_user", {"user": user, "account": name})
        known = {
            (str(issuer), str(subject)): (str(name), bool(follows))
            for issuer, subject, name, follows in ledger.query(sql["identities"])
        }
        for one in sorted({*known, *self._known}):
            if known.get(one) != self._known.get(one):
                name, _ = known.get(one) or self._known[one]
                yield Flaw("audit_identity", {"issuer": one[0], "subject": one[1], "account": name})

    @staticmethod
    def _change(kept: dict[str, Any], name: str, **fields: Any) -> None:
        if name in kept:
            kept[name] = kept[name]._replace(**fields)


def _apart(found: Mapping[str, Any], given: Mapping[str, Any], secret: str) -> Iterator[str]:
    """The names under which they differ; a secret of which nothing was noted is not compared."""
    for name in sorted({*found, *given}):
        one, other = found.get(name), given.get(name)
        if one is not None and other is not None and not getattr(other, secret):
            one = one._replace(**{secret: ""})
        if one != other:
            yield name


def _subject(said: Mapping[str, object]) -> tuple[str, str]:
    return str(said.get("issuer")), str(said.get("subject"))


def _names(said: object) -> tuple[str, ...]:
    return tuple(sorted(map(str, said))) if isinstance(said, Sequence) and not isinstance(said, str) else ()


def _kept(text: object) -> tuple[str, ...]:
    """As the tables keep names, empty for none; what cannot be read is a name that nobody gave."""
    try:
        said = json.loads(str(text)) if text else ()
    except ValueError:
        return (str(text),)
    return tuple(sorted(map(str, said))) if isinstance(said, list | tuple) else (str(text),)
