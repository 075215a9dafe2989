"""At a command line, once there are accounts: whoever types is somebody, by their user of the host or by a token, and
may what their account may. Hints are followed."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from syncd import cli
from syncd.cli import answering
from syncd.desk.access import accounts, tokens
from syncd.errors import Halt
from tests.advice import advice, heard
from tests.advice.command import Ended, fine, refused, syncd
from tests.console.site import BY, PASSWORD, Site

WHY = "--reason asked"
NOW = datetime.now(UTC)

REFUSED: Final = (
    ("dan", "parked retry 1"),
    ("dan", "parked edit 1 --set dept=SC"),
    ("dan", "parked discard 1"),
    ("xiaowang", "parked discard 1"),
    ("boss", "parked retry 1"),
    ("dan", "parked retry --group 1"),
    ("xiaowang", "parked discard --group 1"),
    ("dan", "parked withdraw 1"),
    ("dan", "parked take 1"),
    ("dan", "parked give-back 1"),
    ("li", "uninstall --yes"),
    ("li", "snapshot --again --yes"),
    ("li", "repair --yes"),
    ("xiaowang", "mapping accept"),
    ("dan", "close 2026-02"),
    ("xiaowang", "close 2026-02 --anyway"),
    ("dan", "reopen 2026-02"),
    ("xiaowang", "reconcile --accept 1/1"),
    ("boss", "reconcile"),
    ("li", "people add eve --role administrator"),
    ("li", "people roles li --role administrator"),
    ("li", "people map li boss"),
    ("li", "people close dan"),
    ("li", "people unlock dan"),
    ("li", "people limit dan --pipeline main"),
    ("li", "people token add boss --scope administer"),
)
"""Who types what they may not."""


@pytest.fixture
def host(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Its people at a host, each as the user of their name; `boss` administers."""
    with closing(site.pipeline.open_accounts()) as ledger:
        for name, role in (("boss", "administrator"), ("li", "controller"), ("wang", "controller"), ("dan", "dba")):
            opened = (name, "", f'["{role}"]', NOW.isoformat())  # quicker than with a password
            ledger.execute([(accounts.SQL["open"], opened)])
            accounts.map_user(ledger, name, name, BY, NOW)
        accounts.map_user(ledger, "xiaowang", "小王", BY, NOW)
    monkeypatch.delenv(answering.TOKEN, raising=False)
    return site


@pytest.fixture
def at(host: Site, monkeypatch: pytest.MonkeyPatch) -> "At":
    return At(host, monkeypatch)


class At:
    """Users of the host, typing."""

    def __init__(self, site: Site, patched: pytest.MonkeyPatch) -> None:
        self.config, self.patched = site.config, patched

    def be(self, user: str) -> Path:
        self.patched.setattr(answering, "_host_user", lambda: user)
        return self.config

    def fine(self, user: str, typed: str) -> str:
        return fine(typed, self.be(user))

    def refused(self, user: str, typed: str, code: int = 3) -> str:
        return refused(typed, self.be(user), code)

    def tried(self, user: str, typed: str) -> Ended:
        return syncd(typed, self.be(user))


def deeds(site: Site, action: str) -> list[tuple[object, ...]]:
    return site.ask(f"SELECT actor, reason FROM syncd.action WHERE action = '{action}' ORDER BY seq")


def test_who_acts_is_the_account_and_not_what_was_typed(host: Site, at: At) -> None:
    at.fine("xiaowang", f"parked retry 1 {WHY}")
    assert deeds(host, "retry") == [("小王", "asked")]


@advice("actor_unknown")
def test_a_user_who_is_nobody_does_nothing_whoever_they_say_they_are(host: Site, at: At) -> None:
    heard("actor_unknown", at.refused("guest", f"parked retry 1 --actor 小王 {WHY}"))
    assert deeds(host, "retry") == []
    at.fine("boss", f"people map guest 小王 --actor boss {WHY}")
    at.fine("guest", f"parked retry 1 {WHY}")
    at.fine("boss", f"people unmap guest {WHY}")
    at.refused("guest", f"parked retry 1 {WHY}")


@advice("actor_other")
def test_nobody_acts_as_somebody_else(host: Site, at: At) -> None:
    heard("actor_other", at.refused("xiaowang", f"parked retry 1 --actor li {WHY}"))
    at.fine("xiaowang", f"parked retry 1 {WHY}")
    at.fine("li", f"parked retry 1 --actor LI {WHY}")


def test_a_role_that_nobody_asks_is_told(host: Site, at: At) -> None:
    """As one that is mistyped; one that the mapping asks is none, nor are those that every mapping has."""
    said = " ".join(at.fine("boss", f"people roles dan --role dba --role finence {WHY}").split())
    assert said.count("no mapping here asks") == 1
    assert "for the role finence" in said
    mapping = host.folder / "mapping.yaml"
    approve = "    approve: {when: after.value > 5, role: board}\n    card:"
    mapping.write_text(mapping.read_text("utf-8").replace("    card:", approve), "utf-8")
    assert "no mapping" not in at.fine("boss", f"people roles dan --role dba --role board {WHY}")


def test_a_role_that_is_typed_gives_nothing(host: Site, at: At) -> None:
    said = at.refused("xiaowang", f"approve 1 --role controller {WHY}")
    assert heard("right_missing", said)["roles"].startswith("controller ")


def test_what_a_role_does_not_give_is_refused_at_the_command_line(host: Site, at: At) -> None:
    """Every command that changes something goes through one door."""
    before = host.ask("SELECT count(*) FROM syncd.action")
    for user, typed in REFUSED:
        heard("right_missing", at.refused(user, f"{typed} {WHY}"))
    assert host.ask("SELECT count(*) FROM syncd.action") == before


def test_four_eyes_are_two_accounts(host: Site, at: At) -> None:
    """A mapping is accepted by two: the same account by another user of the host is the same person."""
    at.fine("boss", f"people map other li {WHY}")
    at.refused("li", f"mapping accept {WHY}")
    at.refused("other", f"mapping accept {WHY}")
    assert len(deeds(host, "accept")) == 1, "that of the beginning"
    at.fine("wang", f"mapping accept {WHY}")
    assert deeds(host, "accept")[-1] == ("wang", "asked")


def test_who_is_limited_acts_where_they_are_let(host: Site, at: At) -> None:
    at.fine("boss", f"people limit 小王 --pipeline other {WHY}")
    heard("right_elsewhere", at.refused("xiaowang", f"parked retry 1 {WHY}"))
    at.fine("boss", f"people limit 小王 --company East --pipeline main {WHY}")
    at.fine("xiaowang", f"parked retry 1 {WHY}")
    assert "main, East" in fine("people list", host.config)


def token(at: At, name: str, scope: str) -> str:
    return at.fine("boss", f"people token add {name} --scope {scope} {WHY}").split()[-1]


def test_a_token_acts_for_its_account_within_its_scope_until_it_is_revoked(host: Site, at: At) -> None:
    made = token(at, "小王", "mend")
    at.patched.setenv(answering.TOKEN, made)
    at.fine("guest", f"parked retry 1 {WHY}")
    assert deeds(host, "retry") == [("小王", "asked")]
    at.patched.delenv(answering.TOKEN)
    name = made.split("_")[1]
    listed = fine("people token list", host.config)
    assert name in listed
    assert made not in listed
    at.fine("boss", f"people token revoke {name} {WHY}")
    at.patched.setenv(answering.TOKEN, made)
    said = at.refused("guest", f"parked retry 1 {WHY}")
    heard("token_refused", said)
    assert made not in said
    kept = "".join(map(repr, host.ask("SELECT * FROM syncd.token") + host.ask("SELECT * FROM syncd.action")))
    assert made.split("_", 2)[2] not in kept


@advice("token_file_open", "token_file_unread")
def test_a_token_may_come_from_a_file_that_others_cannot_read(host: Site, at: At, tmp_path: Path) -> None:
    file = tmp_path / "token"
    at.patched.setenv(answering.TOKEN_FILE, str(file))
    assert heard("token_file_unread", at.refused("guest", f"parked retry 1 {WHY}"))["file"] == str(file)
    at.patched.delenv(answering.TOKEN_FILE)
    made = token(at, "小王", "mend")
    file.write_text(made + "\n", "utf-8")
    at.patched.setenv(answering.TOKEN_FILE, str(file))
    for mode in (0o644, 0o604, 0o602, 0o620):
        file.chmod(mode)
        refused = at.refused("guest", f"parked retry 1 {WHY}")
        assert made not in refused
    assert deeds(host, "retry") == []
    Path(heard("token_file_open", refused)["file"]).chmod(0o600)
    at.fine("guest", f"parked retry 1 {WHY}")


def test_the_configuration_names_a_file_for_who_has_one(host: Site, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of their own: `~` is the home of whoever types. Who has none is their user of the host; a token that is given
    otherwise comes first."""
    text = host.config.read_text("utf-8")
    host.config.write_text(f"token_file: ~/token\n{text}", "utf-8")
    monkeypatch.setenv("HOME", str(host.folder))
    at.refused("guest", f"parked retry 1 {WHY}")
    at.fine("xiaowang", f"parked retry 1 {WHY}")
    (host.folder / "token").write_text(token(at, "li", "discard"), "utf-8")
    (host.folder / "token").chmod(0o644)
    heard("token_file_open", at.refused("guest", f"parked discard 1 {WHY}"))
    (host.folder / "token").chmod(0o640)
    at.fine("guest", f"parked discard 1 {WHY}")
    assert deeds(host, "discard") == [("li", "asked")]
    heard("right_scope", at.refused("boss", f"people close dan {WHY}"))
    monkeypatch.setenv(answering.TOKEN, "syncd_nothing")
    heard("token_refused", at.refused("guest", f"parked retry 1 {WHY}"))


def test_who_compares_both_sides_is_somebody_who_may(host: Site, at: At) -> None:
    """The run is kept, and their name beside it; the company of these tests has nothing that is compared."""
    heard("actor_unknown", at.refused("guest", "reconcile"))
    at.refused("xiaowang", "reconcile", 2)
    at.patched.setenv(answering.TOKEN, token(at, "小王", "look"))
    assert heard("right_scope", at.refused("guest", "reconcile"))["action"] == "reconcile"
    at.patched.delenv(answering.TOKEN)
    at.patched.setenv(answering.TOKEN, token(at, "小王", "reconcile"))
    at.refused("guest", "reconcile", 2)


@advice("right_scope", "token_refused", "token_scope", "token_unknown", "host_user_unknown")
def test_a_token_that_is_not_for_it_is_replaced_by_one_that_is(host: Site, at: At) -> None:
    assert "mend" in heard("token_scope", at.refused("boss", f"people token add 小王 --scope all {WHY}", 2))["actions"]
    at.patched.setenv(answering.TOKEN, token(at, "小王", "look"))
    action = heard("right_scope", at.refused("guest", f"parked retry 1 {WHY}"))["action"]
    at.patched.delenv(answering.TOKEN)
    at.patched.setenv(answering.TOKEN, token(at, "小王", action))
    at.fine("guest", f"parked retry 1 {WHY}")
    at.patched.setenv(answering.TOKEN, "syncd_nothing")
    heard("token_refused", at.refused("guest", f"parked retry 1 {WHY}"))
    at.patched.delenv(answering.TOKEN)
    heard("token_unknown", at.refused("boss", f"people token revoke nothing {WHY}", 2))
    fine("people token list", host.config)
    heard("host_user_unknown", at.refused("boss", f"people unmap nobody {WHY}", 2))
    fine("people list", host.config)


def test_a_token_expires_and_dies_with_its_account(host: Site) -> None:
    with closing(host.pipeline.open_accounts()) as ledger:
        made = tokens.add(ledger, "小王", ["look"], NOW + timedelta(days=1), BY, NOW)
        assert tokens.holder(ledger, made, NOW).name == "小王"
        stolen = made[:-1] + ("a" if made[-1] != "a" else "b")
        for wrong, now in ((made, NOW + timedelta(days=1)), (stolen, NOW), (made.split("_")[2], NOW), ("", NOW)):
            with pytest.raises(Halt, match="token_refused"):
                tokens.holder(ledger, wrong, now)
        accounts.close(ledger, "小王", BY, NOW)
        with pytest.raises(Halt, match="token_refused"):
            tokens.holder(ledger, made, NOW)
        assert accounts.at_host(ledger, "xiaowang") is None


def test_a_second_account_of_one_name_is_refused_however_it_is_written(host: Site, at: At) -> None:
    with closing(host.pipeline.open_accounts()) as ledger, pytest.raises(Halt, match="account_taken"):
        accounts.add(ledger, " LI", PASSWORD, ["finance"], _NoHasher(), BY, NOW)


class _NoHasher:
    def hash(self, password: str) -> str:
        return ""

    def matches(self, kept: str, password: str) -> bool:
        return False


def test_before_the_first_account_whoever_acts_says_who_they_are_and_is_told_so(site: Site) -> None:
    site.forget_people()
    said = fine(f"parked retry 1 --actor anybody {WHY}", site.config)
    assert "nobody is named yet" in said
    assert deeds(site, "retry") == [("anybody", "asked")]


def test_until_an_administrator_can_be_known_whoever_can_opens_accounts(site: Site, at: At) -> None:
    """Otherwise the first account would be the last."""
    site.ask("SELECT 1")
    with closing(site.pipeline.open_accounts()) as ledger:
        assert accounts.has_administrator(ledger)
        accounts.unmap_user(ledger, "boss", BY)
        assert not accounts.has_administrator(ledger)
        tokens.add(ledger, "boss", ["look"], NOW + timedelta(days=1), BY, NOW)
        assert not accounts.has_administrator(ledger), "that token is not for it"
    said = at.fine("root", f"people map root boss --actor root {WHY}")
    assert "no administrator can be known" in said
    assert re.search("root .*is boss", said)
    at.refused("guest", f"people map guest boss --actor root {WHY}")


def test_time_opens_no_door(host: Site, at: At) -> None:
    """The only administrator acts by a token, which expires: nobody at the host becomes one by waiting."""
    with closing(host.pipeline.open_accounts()) as ledger:
        accounts.unmap_user(ledger, "boss", BY)
        tokens.add(ledger, "boss", ["administer"], NOW - timedelta(days=1), BY, NOW - timedelta(days=91))
    at.refused("xiaowang", f"people roles 小王 --role controller --actor boss {WHY}")
    at.refused("guest", f"people map guest boss --actor boss {WHY}")


def test_who_acts_is_made_in_one_place() -> None:
    """A command that is still to come cannot take `--actor` for somebody."""
    files = sorted(Path(cli.__path__[0]).glob("*.py"))
    texts = {file.name: file.read_text("utf-8") for file in files}
    assert [name for name, text in texts.items() if "operators.Actor(" in text] == ["answering.py"]
    doors = ("answering(", "administering(", "author(")
    taking = [name for name, text in texts.items() if "actor: Actor" in text]
    assert len(taking) > 9
    assert [name for name in taking if not any(door in texts[name] for door in doors)] == []
