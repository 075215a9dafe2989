"""Who does something that the audit trail keeps, and why: the one door through which every command goes that changes
something.

Once there are accounts, whoever types a command is somebody: by the token in SYNCD_TOKEN, in the file that
SYNCD_TOKEN_FILE names or in the one that `token_file` of the configuration does, else as the user of the operating
system that an administrator has mapped. What is typed behind `--actor` gives nothing then. Before the first account it
says who acts, as `people` of the configuration allows.
"""

from __future__ import annotations

import os
import pwd
import stat
import sys
from collections.abc import Collection
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from rich.text import Text

from syncd.cli.later import accounts, approvals, masking, operators, people, ports, rights, tokens, wiring
from syncd.cli.later import config as configuration
from syncd.cli.options import config_path
from syncd.cli.output import errors
from syncd.errors import Halt, WrongUsage
from syncd.language import say

if TYPE_CHECKING:
    from syncd.desk.access.rights import Action

TOKEN: Final = "SYNCD_TOKEN"
TOKEN_FILE: Final = "SYNCD_TOKEN_FILE"
NOT_OURS: Final = stat.S_IRWXO | stat.S_IWGRP
"""What nobody may do with a token's file: anything, who is neither its owner nor of its group; write it, who is."""
TOKEN_CHARS_MAX: Final = 1_000
ASKING_A_ROLE: Final = ("approve", "discard", "overrule")
"""Actions for which `people` of the configuration has to give a role, too."""


def answering(
    pipeline: wiring.Pipeline,
    action: Action,
    actor: str,
    reason: str,
    untold: str = "desk_who_and_why",
    as_json: bool = False,
    asked: Collection[str] = (),
) -> operators.Actor:
    """Who does this in a pipeline, and why; `asked` are the roles that the mapping asks for it. What is missing is
    asked for at a terminal, so that a command goes on that a hint prints bare. Raises WrongUsage, with the code
    `untold`, where there is nobody to ask, and Halt for who is not known here or may not."""
    with closing(pipeline.open_accounts()) as ledger:
        known = accounts.every(ledger)
        if known:
            who = _who(ledger, pipeline.token_file)
            return _person(who, known, action, pipeline.place, actor, _reason(reason, untold, as_json), asked)
    if pipeline.people is None and not as_json:
        errors.print(Text(say("people_nobody"), style="dim"), soft_wrap=True)
    by = _declared(actor, reason, untold, as_json)
    people.require(pipeline.people, by)
    if action in ASKING_A_ROLE:
        people.require_any(pipeline.people, by, rights.giving(action, asked))
    return by


def administering(ledger: ports.Ledger, config: Path | None, actor: str, reason: str) -> operators.Actor:
    """Who changes accounts, and why. Whoever can at this host, until an administrator could be known at one."""
    known = accounts.every(ledger)
    if accounts.has_administrator(ledger):
        who = _who(ledger, configuration.load(config_path(config)).token_file())
        return _person(who, known, "administer", rights.EVERYWHERE, actor, _reason(reason), ())
    errors.print(Text(say("people_no_administrator"), style="dim"), soft_wrap=True)
    return _declared(actor, reason)


def author(pipeline: wiring.Pipeline, action: Action, actor: str) -> str:
    """Whose name stands beside what asks for no reason. Anybody may look, and is nobody where they are not known and
    gave no name. Raises Halt for who is not known here or may not."""
    with closing(pipeline.open_accounts()) as ledger:
        if not (known := accounts.every(ledger)):
            return actor
        is_look = action == "look"
        try:
            who = _who(ledger, pipeline.token_file)
        except Halt:
            if actor.strip() or not is_look:
                raise
            return ""
    if not is_look:
        return _person(who, known, action, pipeline.place, actor, "", ()).name
    _require_same(actor, who)
    return who.name


def hidden(pipeline: wiring.Pipeline) -> masking.Hidden:
    """What of a pipeline's rows is not shown to whoever runs this process; all that the mapping masks to who is not
    known here, or while there are no accounts."""
    if not pipeline.mapping.masked:
        return {}
    with closing(pipeline.open_accounts()) as ledger:
        roles: Collection[str] = ()
        if accounts.every(ledger):
            with suppress(Halt):
                roles = rights.roles(_who(ledger, pipeline.token_file), pipeline.place)
    return masking.hidden(pipeline.mapping.masked, roles)


def deciding(pipeline: wiring.Pipeline) -> people.People | None:
    """Who may act in a pipeline, and in which roles; None where nobody is named."""
    with closing(pipeline.open_accounts()) as ledger:
        known = accounts.every(ledger)
    return rights.people([one for one in known if one.is_open], pipeline.place) if known else pipeline.people


def _person(
    who: accounts.Account, known: list[accounts.Account], action: Action, place: rights.Place, actor: str,
    reason: str, asked: Collection[str],
) -> operators.Actor:  # fmt: skip
    _require_same(actor, who)
    rights.require(who, action, place, asked, [one for one in known if one.is_open])
    return operators.Actor(who.name, reason)


def _require_same(actor: str, who: accounts.Account) -> None:
    if actor.strip() and not approvals.is_same(actor, who.name):
        raise Halt("actor_other", actor=actor.strip(), account=who.name)


def _who(ledger: ports.Ledger, token_file: Path | None) -> accounts.Account:
    """The account of whoever runs this process."""
    if token := _token(token_file):
        return tokens.holder(ledger, token, datetime.now(UTC))
    user = _host_user()
    found = accounts.at_host(ledger, user)
    if found is None:
        raise Halt("actor_unknown", user=user)
    return found


def _token(token_file: Path | None) -> str:
    """The token of whoever runs this process. A file that the configuration names may be there for others alone."""
    if given := os.environ.get(TOKEN, ""):
        return given
    named = os.environ.get(TOKEN_FILE, "")
    if path := Path(named) if named else token_file:
        try:
            return _kept(path)
        except OSError as error:
            if named or not isinstance(error, FileNotFoundError | PermissionError):
                raise Halt("token_file_unread", file=path, error=error.strerror or error) from None
    return ""


def _kept(path: Path) -> str:
    """The token in a file. Raises Halt where others of the host may read or change it."""
    with path.open(encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & NOT_OURS:
            raise Halt("token_file_open", file=path)
        return file.read(TOKEN_CHARS_MAX).strip()


def _host_user() -> str:
    """The user of this process; of root that who became root by sudo. Whoever is root can be anybody here."""
    uid = os.getuid()
    if uid == 0 and os.environ.get("SUDO_UID", "").isdecimal():
        uid = int(os.environ["SUDO_UID"])
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user need not have a name
        return str(uid)


def _declared(actor: str, reason: str, untold: str = "desk_who_and_why", as_json: bool = False) -> operators.Actor:
    if not as_json and sys.stdin.isatty():
        actor = actor.strip() or typer.prompt(say("ask_actor"), err=True)
    if not actor.strip():
        raise WrongUsage(untold)
    return operators.Actor(actor, _reason(reason, untold, as_json))


def _reason(reason: str, untold: str = "desk_who_and_why", as_json: bool = False) -> str:
    if not as_json and sys.stdin.isatty():
        reason = reason.strip() or typer.prompt(say("ask_reason"), err=True)
    if not reason.strip():
        raise WrongUsage(untold)
    return reason
