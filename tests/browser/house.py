"""A company whose people work in browsers: its EAM and its finance on PostgreSQL, the daemon and the console as
processes of their own, and Chromium.
"""

import shutil
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from syncd import wiring
from syncd.console.page import LANGUAGE, SESSION
from syncd.console.passwords import Argon2
from syncd.desk.access import accounts
from syncd.desk.parked import operators
from syncd.files import shipped
from syncd.language import Language, say
from tests.acceptance.plant import WAIT_SECONDS_MAX, Plant, plant
from tests.acceptance.routes import by_log
from tests.servers import Postgres, free_port

PIPELINE: Final = "demo"
PASSWORD: Final = "correct horse battery"
BY: Final = operators.Actor("administrator", "set up")
PEOPLE: Final = {
    "小王": ["support"],
    "老陈": ["finance"],
    "老周": ["controller", "finance"],
    "管理员": ["administrator"],
}
DEVICES: Final = 10
CASES: Final = ("registration", "transfer")
WIDE, NARROW = 1280, 360
INSTALL: Final = "Chromium is not installed: run `apt-get install chromium fonts-wqy-zenhei`, or put it on PATH"


class Known(Argon2):
    """Hashes the one password of all once, and knows it again without: half a second for each of them else."""

    def __init__(self) -> None:
        super().__init__()
        self._hash = super().hash(PASSWORD)

    def hash(self, password: str) -> str:
        return self._hash

    def matches(self, kept: str, password: str) -> bool:
        return password == PASSWORD


class House(NamedTuple):
    """The company, its console's address, a browser, what the sessions of people are known by, and what browsers have
    complained about since."""

    plant: Plant
    address: str
    browser: Browser
    secrets: dict[str, str]
    complaints: list[str]

    def page(self, name: str = "", language: Language = "zh", width: int = WIDE, script: bool = False) -> "Person":
        """A browser of somebody's own, signed in if they are named. Pages need no script, so none may run."""
        context = self.browser.new_context(
            base_url=self.address, viewport={"width": width, "height": 800}, java_script_enabled=script,
            locale="zh-CN" if language == "zh" else "en-GB", reduced_motion="reduce",
        )  # fmt: skip
        if name:
            context.add_cookies([self._cookie(SESSION, self.secrets[name]), self._cookie(LANGUAGE, language)])
        context.set_default_timeout(WAIT_SECONDS_MAX * 1000)
        page = context.new_page()
        page.on("console", lambda said: self.complaints.append(f"{page.url}: {said.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return Person(self, context, page, language)

    def parked(self, subject: str) -> int:
        """Wait until a row of a subject rests and nothing is asked of it; its number."""
        sql = "SELECT id FROM syncd.parked WHERE subject = ? AND settled_at IS NULL AND request = ''"
        self.plant.until(f"{subject} to be parked", lambda: self.plant.finance.value(sql, subject))
        return int(self.plant.finance.value(sql, subject))

    def posted(self, subject: str) -> str:
        """Wait until a subject has a voucher; what people call it."""
        sql = "SELECT voucher FROM syncd.posting WHERE subject = ? AND voucher <> ''"
        self.plant.until(f"{subject} to be posted", lambda: self.plant.finance.value(sql, subject))
        return str(self.plant.finance.value(sql, subject))

    def _cookie(self, name: str, value: str) -> Any:
        return {"name": name, "value": value, "url": self.address}


class Person(NamedTuple):
    """Somebody before a browser."""

    house: House
    context: BrowserContext
    page: Page
    language: Language

    def word(self, code: str, **params: object) -> str:
        """A message as they read it."""
        return say(code, params, self.language)

    @property
    def is_within(self) -> bool:
        """Whether nothing of the page is wider than the window."""
        width = self.page.evaluate("document.documentElement.scrollWidth")
        return bool(width <= self.page.evaluate("window.innerWidth"))

    def flaws(self) -> list[str]:
        """What keeps people from using the page, as axe sees it, where it is serious."""
        self.page.evaluate(_axe())
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        return [
            f"{one['id']}: {node['html']}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def reads(self, text: str) -> bool:
        """Whether something can be read on the page."""
        return text in self.page.locator("body").inner_text()


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


@contextmanager
def house(directory: Path, postgres: Postgres) -> Iterator[House]:
    """All of it, running; the snapshot is over."""
    with ExitStack() as stack:
        dsns = [postgres.create_database() for _ in range(2)]
        for dsn in dsns:
            stack.callback(postgres.drop_database, dsn)
        mapping = _mapping(directory)
        made = stack.enter_context(plant(directory, dsns[0], dsns[1], DEVICES, mapping, carried=by_log))
        with made.config.open("a", encoding="utf-8") as config:  # many bad rows at once are what this is about
            config.write("    parked_share_max: 1\n")
        secrets = _people(made)
        address = stack.enter_context(_console(made))
        stack.enter_context(made.running())
        yield House(made, address, stack.enter_context(chromium()), secrets, [])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's."""
    found = shutil.which("chromium")
    assert found, INSTALL
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def _mapping(directory: Path) -> Path:
    """The demonstration's, where its people may change it, with as many cases as a page shows while one waits."""
    folder = shutil.copytree(shipped("mappings"), directory / "mappings")
    for case in folder.glob("demo.cases/*.yaml"):
        if case.stem not in CASES:
            case.unlink()
    return folder / "demo.yaml"


def _people(company: Plant) -> dict[str, str]:
    """Accounts, and a session for each."""
    known = Known()
    with closing(wiring.pipeline(company.config, PIPELINE).open_ledger()) as ledger:
        for name, roles in PEOPLE.items():
            accounts.add(ledger, name, PASSWORD, roles, known, BY, datetime.now(UTC))
        return {name: accounts.sign_in(ledger, name, PASSWORD, known, datetime.now(UTC)) for name in PEOPLE}


@contextmanager
def _console(company: Plant) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = company.start("console", "--port", str(port))
    try:
        company.until("the console", lambda: _answers(f"{address}/healthz"))
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False
