"""Accounts, users of hosts, tokens and answers, on every database that may keep them."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.console.passwords import Argon2
from syncd.desk.access import accounts, answered, everybody, identities, people, rights, tokens
from syncd.desk.parked import operators
from syncd.errors import Halt, WrongUsage
from syncd.ports import Ledger

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
BY = operators.Actor("root", "set up")


class Plain:
    """Keeps a password as it is."""

    def hash(self, password: str) -> str:
        return password

    def matches(self, kept: str, password: str) -> bool:
        return kept == password


def test_an_account_is_opened_limited_mapped_and_closed(ledger: Ledger) -> None:
    assert accounts.every(ledger) == []
    accounts.add(ledger, "王芳", "long enough for this", ["finance"], Plain(), BY, NOW)
    accounts.add(ledger, "boss", "long enough for this", ["administrator"], Plain(), BY, NOW)
    with pytest.raises(WrongUsage, match="account_taken"):
        accounts.add(ledger, "BOSS", "long enough for this", [], Plain(), BY, NOW)
    accounts.limit(ledger, "王芳", ["main"], ["East"], BY)
    assert not accounts.has_administrator(ledger)
    for user, name in (("wang", "王芳"), ("root", "王芳"), ("root", "boss")):
        accounts.map_user(ledger, user, name, BY, NOW)
    assert accounts.has_administrator(ledger)
    wang = accounts.at_host(ledger, "wang")
    assert wang is not None
    assert (wang.name, wang.roles, wang.pipelines, wang.companies) == ("王芳", ("finance",), ("main",), ("East",))
    assert accounts.host_users(ledger) == {"wang": "王芳", "root": "boss"}
    for _ in range(accounts.FAILURES_MAX):
        with pytest.raises(Halt, match="sign_in_wrong"):
            accounts.sign_in(ledger, "王芳", "a wrong one", Plain(), NOW)
    with pytest.raises(Halt, match="sign_in_locked"):
        accounts.sign_in(ledger, "王芳", "long enough for this", Plain(), NOW)
    session = accounts.sign_in(ledger, "王芳", "long enough for this", Plain(), NOW + accounts.LOCKED)
    assert accounts.signed_in(ledger, session, NOW + accounts.LOCKED) == wang
    accounts.unmap_user(ledger, "root", BY)
    accounts.close(ledger, "王芳", BY, NOW)
    assert accounts.at_host(ledger, "wang") is accounts.at_host(ledger, "root") is None


def test_everybody_is_told_with_sessions_keys_and_what_they_did_last(ledger: Ledger) -> None:
    assert everybody.everybody(ledger, NOW) == []
    accounts.add(ledger, "王芳", "long enough for this", ["finance"], Plain(), BY, NOW)
    accounts.add(ledger, "bot", None, ["support"], Plain(), operators.Actor("王芳", "machine"), NOW)
    tokens.add(ledger, "bot", ["look"], NOW + timedelta(days=1), BY, NOW)
    secret = accounts.sign_in(ledger, "王芳", "long enough for this", Plain(), NOW)
    accounts.begin(ledger, "王芳", NOW + timedelta(minutes=1))
    bot, wang = sorted(everybody.everybody(ledger, NOW, secret), key=lambda one: one.account.name)
    assert [one.is_own for one in wang.sessions] == [True, False]
    assert wang.last is not None
    assert (wang.last.action, wang.last.target) == ("account_open", "account/bot")
    assert (bot.account.has_password, wang.account.has_password) == (False, True)
    assert (len(bot.tokens), bot.last, bot.sessions) == (1, None, ())
    for password in ("", "long enough for this"):
        with pytest.raises(Halt, match="sign_in_wrong"):
            accounts.sign_in(ledger, "bot", password, Argon2(), NOW)
    assert everybody.one(ledger, "王芳", NOW + accounts.SESSION_MAX + timedelta(hours=1)).sessions == ()


def test_a_password_is_changed_by_who_knows_it_and_too_many_wrong_ones_lock(ledger: Ledger) -> None:
    accounts.add(ledger, "王芳", "long enough for this", ["finance"], Plain(), BY, NOW)
    secret = accounts.begin(ledger, "王芳", NOW)
    for _ in range(accounts.FAILURES_MAX):
        with pytest.raises(Halt, match="sign_in_wrong"):
            accounts.change_password(ledger, "王芳", "a wrong one", "another that is long", Plain(), NOW)
    with pytest.raises(Halt, match="sign_in_locked"):
        accounts.change_password(ledger, "王芳", "long enough for this", "another that is long", Plain(), NOW)
    accounts.unlock(ledger, "王芳", BY)
    with pytest.raises(WrongUsage, match="password_short"):
        accounts.change_password(ledger, "王芳", "long enough for this", "short", Plain(), NOW)
    assert accounts.signed_in(ledger, secret, NOW) is not None
    accounts.change_password(ledger, "王芳", "long enough for this", "another that is long", Plain(), NOW)
    assert accounts.signed_in(ledger, secret, NOW) is None
    again = [accounts.sign_in(ledger, "王芳", "another that is long", Plain(), NOW) for _ in range(2)]
    accounts.sign_out_all(ledger, "王芳")
    assert [accounts.signed_in(ledger, one, NOW) for one in again] == [None, None]


def test_who_waits_for_a_second_person_is_told_of_several_targets_at_once(ledger: Ledger) -> None:
    asked = (("a", "王芳", "propose", 1), ("b", "王芳", "propose", 1), ("b", "李娜", "depreciate", 1),
             ("c", "王芳", "propose", 2), ("c", "李娜", "propose", 1), ("d", "王芳", "propose", 1))  # fmt: skip
    with ledger.desk() as desk:
        for target, name, action, run in asked:
            operators.act(desk, operators.Actor(name, "asked"), action, "main", target, {"run": run})
    assert people.waiting_on(ledger, "main", [*"abc"], "depreciate") == {"a": ["王芳"], "c": ["王芳", "李娜"]}
    assert people.waiting_on(ledger, "main", [], "depreciate") == {}
    assert people.waiting(ledger, "main", "c", "depreciate", {"run": 1}) == ["李娜"]
    assert people.waiting(ledger, "other", "a", "depreciate") == []


def test_a_token_is_good_until_it_is_revoked(ledger: Ledger) -> None:
    accounts.add(ledger, "bot", "long enough for this", ["support"], Plain(), BY, NOW)
    made = tokens.add(ledger, "bot", ["mend", "look"], NOW + timedelta(days=1), BY, NOW)
    who = tokens.holder(ledger, made, NOW)
    assert rights.may(who, "mend")
    assert not rights.may(who, "reconcile")
    (one,) = tokens.every(ledger)
    assert (one.account, one.scope, one.revoked_at) == ("bot", ("look", "mend"), None)
    tokens.revoke(ledger, one.name, BY, NOW)
    with pytest.raises(Halt, match="token_refused"):
        tokens.holder(ledger, made, NOW)


def test_what_is_asked_twice_is_done_once(ledger: Ledger) -> None:
    done: list[str] = []

    def do() -> dict[str, object]:
        done.append("x")
        return {"行": len(done)}

    for now in (NOW, NOW + timedelta(days=1)):
        assert answered.once(ledger, "bot", "k", "retry 1", now, do) == {"行": 1}
    with pytest.raises(WrongUsage, match="api_key_reused"):
        answered.once(ledger, "bot", "k", "retry 2", NOW, do)
    assert answered.once(ledger, "other", "k", "retry 1", NOW, do) == {"行": 2}
    answered.once(ledger, "bot", "later", "retry 1", NOW + answered.KEPT + timedelta(days=2), do)
    assert answered.once(ledger, "bot", "k", "retry 1", NOW, do) == {"行": 4}, "forgotten after a week"


def test_who_a_provider_knows_is_let_in_once_a_sign_in_as_the_account_that_is_theirs(ledger: Ledger) -> None:
    known = identities.Known("https://login.example.com", "248289", "李娜", ("finance",))
    secret = identities.sign_in(ledger, known, "one", NOW)
    named = accounts.signed_in(ledger, secret, NOW)
    assert named is not None
    assert (named.name, named.roles) == ("李娜", ("finance",))
    with pytest.raises(Halt, match="openid_again"):
        identities.sign_in(ledger, known, "one", NOW)
    with pytest.raises(Halt, match="openid_taken"):  # another issuer's, who is called the same
        identities.sign_in(ledger, known._replace(issuer="https://elsewhere.example"), "two", NOW)
    with pytest.raises(Halt, match="openid_no_role"):
        identities.sign_in(ledger, known._replace(roles=()), "three", NOW)
    named = accounts.signed_in(ledger, secret, NOW)
    assert named is not None
    assert named.roles == ()
    identities.bind(ledger, "李娜", known.issuer, known.subject, BY, NOW)
    assert identities.every(ledger) == {"李娜": [identities.Bound(known.issuer, "248289", False)]}
    accounts.add(ledger, "Li", "long enough for this", [], Plain(), BY, NOW)
    assert accounts.signed_in(ledger, secret, NOW) is not None
    identities.bind(ledger, "Li", known.issuer, known.subject, BY, NOW)
    assert accounts.signed_in(ledger, secret, NOW) is None, "they are somebody else now"
    accounts.close(ledger, "李娜", BY, NOW)
    for taken in (
        lambda: identities.bind(ledger, "李娜", known.issuer, known.subject, BY, NOW),
        lambda: accounts.map_user(ledger, "li", "李娜", BY, NOW),
        lambda: tokens.add(ledger, "李娜", ["look"], NOW, BY, NOW),
    ):
        with pytest.raises(WrongUsage, match="account_unknown"):
            taken()
    secret = accounts.begin(ledger, "Li", NOW)
    identities.unbind(ledger, known.issuer, known.subject, BY)
    assert identities.every(ledger) == {}
    assert accounts.signed_in(ledger, secret, NOW) is None
