"""`python -m tests.browser.pictures` takes the pictures of the guides anew: the main pages over the demonstration's
company, in both languages, at the width of a desk and of a phone.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, get_args

from syncd.demo import eam
from syncd.language import Language
from tests.acceptance.plant import MONTH
from tests.browser.hands import MOUSE
from tests.browser.house import PIPELINE, WIDE, House, Person, house
from tests.servers import postgres_server
from tests.tidy.tree import ROOT

PICTURES: Final = ROOT / "docs" / "images"
PHONE: Final = 390
HEIGHT_MAX: Final = 800
"""What stands further down is more of the same."""
PAGES: Final[Mapping[str, str]] = {
    "overview": "/",
    "history": f"/pipeline?pipeline={PIPELINE}",
    "parked": "/parked",
    "row": f"/parked/row?pipeline={PIPELINE}&id={{bad}}&set.original_value=150000.00#made",
    "tried": f"/mapping/row?pipeline={PIPELINE}&parked={{bad}}#steps",
    "approvals": "/approvals",
    "posting": f"/books/posting?pipeline={PIPELINE}&seq={{posting}}",
    "month": "/books/month",
    "reconciled": f"/books/reconciled/1?pipeline={PIPELINE}",
    "table": f"/mapping/table?pipeline={PIPELINE}&table=demo/beneficiary.csv",
}
DAY: Final = """
INSERT INTO syncd.sample
(pipeline, at, unread_bytes, lag_ms, parked_s, parked, retained_bytes, changes, posted, ignored)
SELECT ?, to_char(date_trunc('minute', now() AT TIME ZONE 'UTC') - n * interval '1 minute', ?),
       800 + (n * 7919 % 613) * CASE WHEN n BETWEEN 700 AND 760 THEN 90 ELSE 3 END,
       300 + (n * 104729 % 1500) + CASE WHEN n BETWEEN 700 AND 760 THEN 900 * (760 - n) ELSE 0 END,
       CASE WHEN n BETWEEN 240 AND 900 THEN (900 - n) * 60 END, CASE WHEN n BETWEEN 240 AND 900 THEN 4 ELSE 0 END,
       16000000 + n * 7919 % 4000000, done * 6, done * 4, done * 2
FROM generate_series(3, 1500) n, LATERAL (SELECT 1500 - n - CASE WHEN n < 1010 THEN 81 ELSE 0 END AS done) d
WHERE n NOT BETWEEN 1010 AND 1090
"""
"""A day of samples: some minutes in which finance was slow, rows that somebody mended in the afternoon, and an hour and
more in which nobody posted."""
ON_A_PHONE: Final = ("row", "tried")
OF_ACCOUNTS: Final[Mapping[str, str]] = {"people": "/people"}
"""Those that an administrator sees."""


def main() -> None:
    """Take them all."""
    with postgres_server() as postgres, TemporaryDirectory() as folder, house(Path(folder), postgres) as company:
        numbers = _work(company)
        for language in get_args(Language):
            wide = company.page("老周", language, WIDE)
            phone = company.page("老周", language, PHONE)
            accounts = company.page("管理员", language, WIDE)
            for name, address in OF_ACCOUNTS.items():
                _take(accounts, address, PICTURES / language / f"{name}.png")
            for name, address in PAGES.items():
                _take(wide, address.format(**numbers), PICTURES / language / f"{name}.png")
            for name in ON_A_PHONE:
                _take(phone, PAGES[name].format(**numbers), PICTURES / language / f"{name}-phone.png")
            _take_tried(wide, PICTURES / language / "table_tried.png")


def _work(company: House) -> dict[str, int]:
    """A morning: purchases, one too large for one pair of eyes, two typing errors, and a comparison."""
    devices = [eam.Device(f"FA-SC-{2001 + n}", "数控车床", "JQSB", 1, Decimal("151578.95"), MONTH) for n in range(6)]
    devices += [eam.Device("FA-SC-2102", "五轴加工中心", "JQSB", 1, Decimal("5000000.01"), MONTH)]
    devices += [eam.Device("FA-SC-2201", "注塑机", "JQSB", 2, Decimal("-150000"), MONTH, Decimal("19500"))]
    devices += [eam.Device("SC-2202", "空压机", "JQSB", 3, Decimal("86000"), MONTH)]
    eam.register(company.plant.eam, devices)
    company.plant.settled()
    finance = company.page("老周")
    finance.page.goto("/books/reconciled")
    MOUSE.press(finance.page.get_by_role("button", name=finance.word("console_compare_now")))
    company.plant.finance.execute(DAY, (PIPELINE, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    posting = company.plant.finance.value("SELECT seq FROM syncd.posting WHERE subject = 'FA-SC-2001'")
    return {"bad": company.parked("FA-SC-2201"), "posting": int(posting)}


def _take(person: Person, address: str, path: Path) -> None:
    answer = person.page.goto(address)
    assert answer
    assert answer.ok, f"{address}: {answer.status}"
    _shoot(person, path)


def _take_tried(person: Person, path: Path) -> None:
    """What a change of a decision table would do."""
    person.page.goto(f"/mapping/table?pipeline={PIPELINE}&table=demo/acquisition.csv")
    person.page.get_by_label("word 2", exact=True).fill("新购固定资产")
    MOUSE.press(person.page.get_by_role("button", name=person.word("console_table_try"), exact=True).first)
    _shoot(person, path)


def _shoot(person: Person, path: Path) -> None:
    width = person.page.evaluate("window.innerWidth")
    high = person.page.evaluate("document.body.scrollHeight")
    person.page.set_viewport_size({"width": width, "height": min(high, HEIGHT_MAX)})
    path.parent.mkdir(parents=True, exist_ok=True)
    person.page.screenshot(path=path)
    person.page.set_viewport_size({"width": width, "height": HEIGHT_MAX})


if __name__ == "__main__":
    main()
