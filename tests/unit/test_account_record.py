"""Invariant 12: who may approve, close or act for another is what actions gave them. Whoever owns finance's database
and gives themselves a role, a wider company, another's password, a token or another's name at the provider is found."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from connectors.ledger.ledger import SqlLedger
from syncd.desk.access import accounts, identities, tokens
from syncd.desk.audit.verify import verify
from syncd.desk.parked import operators
from tests.advice import advised
from tests.unit.lab import BILLS, NAME, Lab

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BY = operators.Actor("Qian", "set up")
ISSUER = "https://login.example.com"


class Plain:
    """Keeps a password as it is."""

    def hash(self, password: str) -> str:
        return password

    def matches(self, kept: str, password: str) -> bool:
        return kept == password


HASHER = Plain()


def peopled() -> Lab:
    """Everything that is done to accounts, once."""
    lab = Lab(BILLS)
    for name, roles in (("Qian", ["administrator"]), ("Zhao", ["controller"]), ("Li", ["support"]), ("Sun", [])):
        accounts.add(lab.ledger, name, "long enough for this", roles, HASHER, BY, NOW)
    accounts.limit(lab.ledger, "Li", [NAME], ["East", "West"], BY)
    accounts.set_roles(lab.ledger, "Sun", ["finance", "auditor"], BY)
    accounts.set_password(lab.ledger, "Sun", "another, long enough", HASHER, BY)
    for user in ("sun", "zhao", "zhao"):
        accounts.map_user(lab.ledger, user, user.title(), BY, NOW)
    accounts.unmap_user(lab.ledger, "sun", BY)
    accounts.close(lab.ledger, "Sun", BY, NOW)
    for _ in range(2):
        tokens.add(lab.ledger, "Li", ["mend", "look"], NOW + timedelta(days=9), BY, NOW)
    tokens.revoke(lab.ledger, tokens.every(lab.ledger)[0].name, BY, NOW)
    accounts.sign_in(lab.ledger, "Li", "long enough for this", HASHER, NOW)
    wu = identities.Known(ISSUER, "7001", "Wu", ("finance",))
    for nonce, roles in (("one", wu.roles), ("two", ("finance", "support"))):
        identities.sign_in(lab.ledger, wu._replace(roles=roles), nonce, NOW)
    for subject, name in (("7002", "Zhao"), ("7003", "Zhao"), ("7003", "Li"), ("7004", "Li")):
        identities.bind(lab.ledger, name, ISSUER, subject, BY, NOW)
    identities.unbind(lab.ledger, ISSUER, "7004", BY)
    return lab


@pytest.fixture(scope="module")
def lab() -> Lab:
    return peopled()


def flaws(ledger: SqlLedger, lab: Lab) -> list[tuple[str, str]]:
    found = verify(ledger, NAME, lab.mapping.layout).flaws
    return [(flaw.code, flaw.params.get("user") or flaw.params["account"]) for flaw in found]


LIMITED = "UPDATE syncd_account SET companies = '' WHERE name = 'Li'"
ZHAO = "name = 'Zhao'"
# what somebody has done, whose it is, and what is done about it: by the desk, or by hand
DONE = [
    advised("audit_account", "UPDATE syncd_account SET roles = '[\"controller\"]' WHERE name = 'Li'", "Li", "roles"),
    advised("audit_account", LIMITED, "Li", "limit", name="limits"),
    advised(
        "audit_account", f"UPDATE syncd_account SET password = 'mine' WHERE {ZHAO}", "Zhao", "password", name="kept"
    ),
    advised("audit_account", "UPDATE syncd_account SET closed_at = '' WHERE name = 'Sun'", "Sun", "close", name="open"),
    advised("audit_account", "UPDATE syncd_account SET roles = 'x' WHERE name = 'Li'", "Li", "roles", name="unread"),
    advised(
        "audit_account",
        "INSERT INTO syncd_account SELECT 'Me', password, roles, opened_at, '', 0, '', '', '' FROM syncd_account"
        f" WHERE {ZHAO}",
        "Me",
        "DELETE FROM syncd_account WHERE name = 'Me'",
        name="planted",
    ),
    advised("audit_token", "UPDATE syncd_token SET revoked_at = '' WHERE revoked_at <> ''", "Li", "backup"),
    advised("audit_token", "UPDATE syncd_token SET digest = 'mine'", "Li", "backup", name="secret"),
    advised("audit_token", "UPDATE syncd_token SET expires_at = '2999'", "Li", "backup", name="later"),
    advised("audit_token", "DELETE FROM syncd_token", "Li", "backup", name="gone"),
    advised("audit_host_user", "INSERT INTO syncd_host_user VALUES ('me', 'Zhao', '')", "me", "map"),
    advised(
        "audit_host_user",
        "INSERT INTO syncd_host_user VALUES ('me', 'Zhao', '')",
        "me",
        "DELETE FROM syncd_host_user WHERE name = 'me'",
        name="deleted",
    ),
    advised(
        "audit_account", "UPDATE syncd_account SET password = 'mine' WHERE name = 'Wu'", "Wu", "backup", name="none"
    ),
    advised(
        "audit_identity", f"INSERT INTO syncd_identity VALUES ('666', '{ISSUER}', 'Zhao', 0, '')", "Zhao", "unbind"
    ),
    advised(
        "audit_identity",
        f"INSERT INTO syncd_identity VALUES ('666', '{ISSUER}', 'Zhao', 0, '')",
        "Zhao",
        "DELETE FROM syncd_identity WHERE subject = '666'",
        name="made",
    ),
    advised(
        "audit_identity",
        "UPDATE syncd_identity SET account = 'Zhao' WHERE subject = '7003'",
        "Zhao",
        "bind",
        name="whose",
    ),
    advised(
        "audit_identity", "UPDATE syncd_identity SET follows = 1 WHERE subject = '7003'", "Li", "bind", name="follows"
    ),
    advised(
        "audit_identity",
        "UPDATE syncd_identity SET follows = 0 WHERE subject = '7001'",
        "Wu",
        "backup",
        name="unfollowed",
    ),
    advised("audit_identity", "DELETE FROM syncd_identity WHERE subject = '7003'", "Li", "bind", name="lost"),
]


@pytest.mark.parametrize(("code", "done", "whose", "mended"), DONE)
def test_invariant_12_what_nobody_gave_is_found(lab: Lab, code: str, done: str, whose: str, mended: str) -> None:
    """And what is advised makes it whole."""
    with sqlite3.connect(":memory:") as backup:
        lab.database.backup(backup)
        assert flaws(lab.ledger, lab) == []
        lab.database.execute(done)
        assert {*flaws(lab.ledger, lab)} == {(code, whose)}
        if mended == "roles":
            accounts.set_roles(lab.ledger, whose, ["support"], BY)
        elif mended == "limit":
            accounts.limit(lab.ledger, whose, [], ["East"], BY)
        elif mended == "password":
            accounts.set_password(lab.ledger, whose, "a third, long enough", HASHER, BY)
        elif mended == "close":
            accounts.close(lab.ledger, whose, BY, NOW)
        elif mended == "map":
            accounts.map_user(lab.ledger, whose, "Zhao", BY, NOW)
        elif mended == "unbind":
            identities.unbind(lab.ledger, ISSUER, "666", BY)
        elif mended == "bind":
            identities.bind(lab.ledger, "Li", ISSUER, "7003", BY, NOW)
        elif mended != "backup":
            lab.database.execute(mended)
        if mended != "backup":
            assert flaws(lab.ledger, lab) == []
        backup.backup(lab.database)
    assert flaws(lab.ledger, lab) == []


def test_a_secret_of_which_nothing_was_noted_is_not_compared() -> None:
    """As a version before it kept the actions: the rest of the account is."""
    lab = Lab(BILLS)
    with lab.ledger.desk() as desk:
        operators.act(desk, BY, "account_open", "", "account/Zhao", {"roles": ["controller"]})
        roles = json.dumps(["controller"])
        desk.execute("INSERT INTO syncd.account VALUES ('Zhao', 'kept', ?, '', '', 0, '', '', '')", (roles,))
    assert flaws(lab.ledger, lab) == []
    lab.database.execute("UPDATE syncd_account SET roles = '[]'")
    assert flaws(lab.ledger, lab) == [("audit_account", "Zhao")]
