"""Accounts of people who sign in to the console, and the console itself."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from syncd import __version__, logs
from syncd.cli.answering import administering
from syncd.cli.later import (
    accounts,
    app,
    everybody,
    identities,
    passwords,
    ports,
    rights,
    structlog,
    tokens,
    uvicorn,
    watchdog,
    wiring,
)
from syncd.cli.later import config as configuration
from syncd.cli.options import CONSOLE_HOST, CONSOLE_PORT, Actor, Config, Json, Log, Reason, config_path
from syncd.cli.output import emit, errors, line, table
from syncd.errors import Fault, Halt, Transient, WrongUsage, no_driver
from syncd.language import say

Person = Annotated[str, typer.Argument(metavar="NAME", help=say("help_people_name"), show_default=False)]
Roles = Annotated[list[str], typer.Option("--role", metavar="ROLE", help=say("help_people_role"), show_default=False)]
Limits = Annotated[
    list[str] | None, typer.Option("--pipeline", metavar="NAME", help=say("help_limit_pipeline"), show_default=False)
]
Companies = Annotated[
    list[str] | None, typer.Option("--company", metavar="BOOK", help=say("help_limit_company"), show_default=False)
]
User = Annotated[str, typer.Argument(metavar="USER", help=say("help_host_user"), show_default=False)]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=say("help_openid_subject"), show_default=False)]
Scope = Annotated[
    list[str], typer.Option("--scope", metavar="ACTION", help=say("help_token_scope"), show_default=False)
]
Days = Annotated[int, typer.Option("--days", metavar="N", min=1, max=366, help=say("help_token_days"))]
TokenName = Annotated[str, typer.Argument(metavar="TOKEN", help=say("help_token_name"), show_default=False)]
Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help=say("help_console_host"))]
Port = Annotated[int, typer.Option("--port", metavar="PORT", help=say("help_console_port"), min=1, max=65535)]


def console(config: Config = None, host: Host = CONSOLE_HOST, port: Port = CONSOLE_PORT, log: Log = None) -> None:
    """Serve the console until it is stopped. Finance may be down meanwhile: the pages say so."""
    with _extra():
        made = app.create(config_path(config))
        told = made.state.house.openid
        with suppress(Transient), made.state.house.accounts() as ledger:
            if not accounts.every(ledger) and not (told and told.roles):
                raise WrongUsage("people_none")
        with _listening(host, port) as listening:
            _serve(uvicorn.Server(uvicorn.Config(
                made, log_config=None, server_header=False, callback_notify=_alive, timeout_notify=10
            )), listening, log)  # fmt: skip


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Halt("console_no_address", address=f"{host}:{port}", error=error.strerror or error) from None


def _serve(server: uvicorn.Server, listening: socket.socket, log: logs.Format | None) -> None:
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    logs.configure(log)
    said = structlog.get_logger("syncd")
    if logs.chosen(log) == "console":
        line("console_at", address=address)
    said.info("started", version=__version__, pid=os.getpid(), address=address)
    signal.signal(signal.SIGTERM, lambda *_: None)  # the server heeds it, and then lets the one before heed it too
    try:
        server.run(sockets=[listening])
    finally:
        watchdog.notify("STOPPING=1")
        said.info("stopped", version=__version__)


async def _alive() -> None:
    """Called from the loop that answers, so that it is not said of one that hangs."""
    watchdog.notify("READY=1", "WATCHDOG=1")


def add(person: Person, role: Roles, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Open an account; where nobody signs in by a password, without one."""
    takes_password = configuration.load(config_path(config)).config.takes_passwords
    with _ledger(config) as ledger, _extra():
        by = administering(ledger, config, actor, reason)
        now, hasher = datetime.now(UTC), passwords.Argon2()
        accounts.add(ledger, person.strip(), _password() if takes_password else None, role, hasher, by, now)
    line("people_added", name=person, roles=", ".join(role))
    _tell_unasked(role, config)
    if not takes_password:
        line("people_no_password", "dim", name=person.strip())


def set_password(person: Person, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Another password."""
    if not configuration.load(config_path(config)).config.takes_passwords:
        raise Halt("sign_in_no_password")
    with _ledger(config) as ledger, _extra():
        by = administering(ledger, config, actor, reason)
        accounts.set_password(ledger, person, _password(), passwords.Argon2(), by)
    line("people_changed", name=person)


def unlock(person: Person, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Let somebody try again who has typed too many wrong passwords."""
    with _ledger(config) as ledger:
        accounts.unlock(ledger, person, administering(ledger, config, actor, reason))
    line("people_unlocked", name=person)


def set_roles(person: Person, role: Roles, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Other roles."""
    with _ledger(config) as ledger:
        accounts.set_roles(ledger, person, role, administering(ledger, config, actor, reason))
    line("people_changed", name=person)
    _tell_unasked(role, config)


def _tell_unasked(roles: Sequence[str], config: Config) -> None:
    """Of roles that give nothing but a look, as one that is mistyped. A mapping that asks for them may yet come."""
    if odd := {*roles} - {*rights.ROLES}:
        with suppress(Fault):  # of a mapping that is wrong `mapping check` tells
            odd -= {asked for one in wiring.pipelines(config_path(config)).values() for asked in one.mapping.approvers}
            for role in sorted(odd):
                line("people_role_unasked", "yellow", role=role)


def limit(
    person: Person, pipeline: Limits = None, company: Companies = None, actor: Actor = "", reason: Reason = "",
    config: Config = None,
) -> None:  # fmt: skip
    """Where an account is let; without any, everywhere."""
    with _ledger(config) as ledger:
        accounts.limit(ledger, person, pipeline or (), company or (), administering(ledger, config, actor, reason))
    line("people_changed", name=person)


def map_user(user: User, person: Person, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Take a user of the operating system for an account."""
    with _ledger(config) as ledger:
        accounts.map_user(ledger, user, person, administering(ledger, config, actor, reason), datetime.now(UTC))
    line("people_mapped", user=user, name=person)


def unmap_user(user: User, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Take a user of the operating system for nobody."""
    with _ledger(config) as ledger:
        accounts.unmap_user(ledger, user, administering(ledger, config, actor, reason))
    line("people_unmapped", user=user)


def bind(person: Person, subject: Subject, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Take somebody whom the provider knows for an account."""
    issuer = _issuer(config)
    with _ledger(config) as ledger:
        identities.bind(
            ledger, person, issuer, subject, administering(ledger, config, actor, reason), datetime.now(UTC)
        )
    line("people_bound", subject=subject, name=person)


def unbind(subject: Subject, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Take somebody whom the provider knows for nobody."""
    issuer = _issuer(config)
    with _ledger(config) as ledger:
        identities.unbind(ledger, issuer, subject, administering(ledger, config, actor, reason))
    line("people_unbound", subject=subject)


def add_token(
    person: Person, scope: Scope, days: Days = 90, actor: Actor = "", reason: Reason = "", config: Config = None
) -> None:
    """Make a token for a machine. It is the only thing on the standard output, for a pipe into whatever keeps it."""
    with _ledger(config) as ledger:
        by, now = administering(ledger, config, actor, reason), datetime.now(UTC)
        token = tokens.add(ledger, person, scope, now + timedelta(days=days), by, now)
    errors.print(Text(say("token_made", {"name": person, "days": days}), style="green"), soft_wrap=True)
    typer.echo(token)


def revoke_token(name: TokenName, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Let a token be good for nothing from now on."""
    with _ledger(config) as ledger:
        tokens.revoke(ledger, name, administering(ledger, config, actor, reason), datetime.now(UTC))
    line("token_revoked", name=name)


def list_tokens(config: Config = None, as_json: Json = False) -> None:
    """Which tokens there are, not what they are."""
    with _ledger(config) as ledger:
        found = tokens.every(ledger)
    if as_json:
        emit([one._asdict() for one in found])
    elif not found:
        line("token_none")
    else:
        now, columns = datetime.now(UTC), ("col_token", "console_name", "col_scope", "col_until", "col_state")
        states = ("gone" if one.revoked_at else "good" if one.expires_at > now else "expired" for one in found)
        rows = [
            (one.name, one.account, ", ".join(one.scope), f"{one.expires_at:%Y-%m-%d}", say(f"token_{state}"))
            for one, state in zip(found, states, strict=True)
        ]
        table(columns, rows, whole=(0,))


def close(person: Person, actor: Actor = "", reason: Reason = "", config: Config = None) -> None:
    """Let nobody in under a name any more."""
    with _ledger(config) as ledger:
        accounts.close(ledger, person, administering(ledger, config, actor, reason), datetime.now(UTC))
    line("people_closed", name=person)


def show_list(config: Config = None, as_json: Json = False) -> None:
    """Who may sign in."""
    now = datetime.now(UTC)
    with _ledger(config) as ledger:
        found = everybody.everybody(ledger, now)
    if as_json:
        emit([_plain(one) for one in found])
    elif not found:
        line("people_none", "yellow")
    else:
        rows = [
            (
                *(one.account.name, ", ".join(one.account.roles)),
                *(", ".join((*one.account.pipelines, *one.account.companies)), ", ".join(one.host_users)),
                *(_signs_in(one.account, now), one.last and f"{one.last.at:%Y-%m-%d}"),
            )
            for one in found
        ]
        table(("console_name", "col_roles", "col_within", "col_host_users", "col_may_sign_in", "col_last_act"), rows)


def _plain(one: everybody.Person) -> dict[str, object]:
    more = {"host_users": one.host_users, "subjects": [known.subject for known in one.bound]}
    return one.account._asdict() | more | {"sessions": len(one.sessions), "last": one.last and one.last.at}


def _signs_in(one: accounts.Account, now: datetime) -> str:
    if one.is_open and one.locked_until is not None and one.locked_until > now:
        return say("people_locked", {"until": f"{one.locked_until:%H:%M} UTC"})
    return say("console_yes" if one.is_open else "console_no")


@contextmanager
def _ledger(config: Config) -> Iterator[ports.Ledger]:
    """The one that holds accounts: that of the first pipeline."""
    with closing(next(iter(wiring.pipelines(config_path(config)).values())).open_ledger()) as ledger:
        yield ledger


def _issuer(config: Config) -> str:
    said = configuration.load(config_path(config)).config.console  # its secret need not be here
    if said is None or said.openid is None:
        raise WrongUsage("openid_off")
    return said.openid.issuer


def _password() -> str:
    """What is typed, twice and unseen, or comes as a line of the standard input; never an argument, which every process
    of the host can read."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = typer.prompt(say("ask_password"), hide_input=True, err=True)
    while typer.prompt(say("ask_password_again"), hide_input=True, err=True) != first:
        first = typer.prompt(say("ask_password"), hide_input=True, err=True)
    return str(first)


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as missing:
        raise no_driver(missing.name, "console") from None
