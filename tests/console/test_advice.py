"""The console's hints, followed: what a page or a command about accounts says, done as it says."""

import html
import re
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from fastapi.testclient import TestClient

from syncd.console.passwords import Argon2
from syncd.desk.access import accounts
from tests.advice import advice, heard
from tests.console.site import PASSWORD, Site
from tests.console.test_pages import ROW, form_of, row, sign_in

SYNCD = Path(sys.executable).with_name("syncd")
WHO = ("--actor", "admin", "--reason", "asked for")


def run(site: Site, *command: str, typed: str = "") -> tuple[int, str]:
    """A command as a user gives it; what it says."""
    done = subprocess.run(
        [SYNCD, "--lang", "en", *command, "--config", str(site.config)],
        input=typed, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@advice("right_missing")
def test_a_viewer_is_given_the_role(site: Site, reader: TestClient) -> None:
    sign_in(reader, "viewer")
    send = ROW | {"do": "retry", "reason": "again", "form": form_of(row(reader))}
    refused = reader.post("/parked/row", data=send)
    heard("right_missing", _text(refused.text))
    assert run(site, "people", "roles", "viewer", "--role", "support", *WHO)[0] == 0
    assert reader.post("/parked/row", data=send).status_code == 303
    assert site.ask("SELECT request FROM syncd.parked") == [("retry",)]


@advice("page_form_stale", "page_nothing_changed")
def test_the_form_is_loaded_again_and_a_value_changed(site: Site, reader: TestClient) -> None:
    sign_in(reader)
    send = ROW | {"do": "edit", "reason": "typo"}
    heard("page_form_stale", _text(reader.post("/parked/row", data=send | {"form": "another"}).text))
    send["form"] = form_of(row(reader))
    heard("page_nothing_changed", _text(reader.post("/parked/row", data=send).text))
    assert reader.post("/parked/row", data=send | {"set.dept": "SC"}).status_code == 303
    site.carry()
    assert site.ask("SELECT state FROM syncd.parked") == [("posted",)]


@advice("page_no_pipeline")
def test_the_overview_lists_the_pipelines(reader: TestClient) -> None:
    sign_in(reader)
    heard("page_no_pipeline", _text(reader.get("/parked/row?pipeline=other&id=1").text))
    assert "pipeline=main" in reader.get("/").text


@advice("sign_in_wrong", "sign_in_locked")
def test_an_administrator_sets_another_password(site: Site, reader: TestClient) -> None:
    heard("sign_in_wrong", _text(sign_in(reader, password="wrong").text))
    for _ in range(accounts.FAILURES_MAX):
        sign_in(reader, password="wrong")
    heard("sign_in_locked", _text(sign_in(reader).text))
    assert run(site, "people", "password", "小王", *WHO, typed="another long password\n")[0] == 0
    assert sign_in(reader, password="another long password").status_code == 303


@advice("account_taken", "account_unknown", "password_short")
def test_an_account_is_opened_under_another_name_with_a_longer_password(site: Site) -> None:
    add = ("people", "add", "小王", "--role", "support", *WHO)
    heard("account_taken", run(site, *add, typed=PASSWORD + "\n")[1])
    other = ("people", "add", "小李", *add[3:])
    heard("password_short", run(site, *other, typed="short\n")[1])
    assert run(site, *other, typed=PASSWORD + "\n")[0] == 0
    heard("account_unknown", run(site, "people", "close", "nobody", *WHO)[1])
    listed = run(site, "people", "list")[1]
    assert "小李" in listed
    assert PASSWORD not in listed
    assert run(site, "people", "close", "小李", *WHO)[0] == 0


@advice("people_none")
def test_the_console_is_served_once_there_is_an_account(site: Site) -> None:
    site.forget_people()
    heard("people_none", run(site, "console", "--port", "1")[1])
    assert run(site, "people", "add", "小王", "--role", "support", *WHO, typed=PASSWORD + "\n")[0] == 0
    with closing(site.pipeline.open_ledger()) as ledger:
        assert accounts.sign_in(ledger, "小王", PASSWORD, Argon2(), datetime.now(UTC))


def _text(page: str) -> str:
    """A page as it is read."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page))
