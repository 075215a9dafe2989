"""What people do on the console, page by page in a browser that runs no script, over a real daemon and PostgreSQL."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Final, cast
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from syncd.daemon.pipeline import REPLAYED_ROWS_MAX
from syncd.demo import eam
from syncd.language import Language
from tests.acceptance.databases import connected
from tests.acceptance.plant import MONTH
from tests.browser.hands import HANDS, MOUSE, Hands
from tests.browser.house import NARROW, PASSWORD, PIPELINE, WIDE, House, Person

PERIOD: Final = f"{MONTH:%Y-%m}"
REASON: Final[Mapping[Language, str]] = {"zh": "原值必须大于零", "en": "the original value must be above zero"}
"""What the mapping says of a negative value."""
REPAIRS: Final = (
    "INSERT INTO repair (id, asset_id, amount, input_vat, payment, status, done_on)"
    " SELECT ? + n, ?, 100, 0, 'bank', 'done', ? FROM generate_series(1, ?) n"
)
OF_ACCOUNTS: Final = ("/people", "/people/one?name=老周", "/people/ask?do=roles&name=老周&role=finance", "/me")
"""What an administrator sees."""
MINUTE_MS: Final = 60_000
PAGES_MAX: Final = 60
"""More kinds of pages than a console may have."""


def bought(house: House, *codes: str, value: str = "150000.00", department: int = 1) -> list[int]:
    """Devices are entered in the EAM; their numbers there."""
    devices = [eam.Device(code, "注塑机", "JQSB", department, Decimal(value), MONTH) for code in codes]
    return eam.register(house.plant.eam, devices)


def button(person: Person, code: str, **params: object) -> Locator:
    return person.page.get_by_role("button", name=person.word(code, **params), exact=True)


def link(person: Person, text: str) -> Locator:
    return person.page.get_by_role("link", name=text, exact=True).first


def room(person: Person, code: str) -> Locator:
    return person.page.get_by_role("navigation").get_by_role("link", name=person.word(code), exact=True)


def test_a_month_of_which_everything_holds_is_closed(company: House) -> None:
    """Its depreciation comes from the EAM; then the list has nothing left, and finance closes it. A controller opens it
    again, for a correction."""
    eam.charge_month(company.plant.eam, MONTH)
    eam.approve_month(company.plant.eam, MONTH)
    company.plant.settled()
    clerk, controller = company.page("老陈", "en", NARROW), company.page("老周")
    for person in (clerk, controller):
        person.page.goto("/books/month")
    MOUSE.press(_of_month(clerk, "console_close_list"))
    assert clerk.page.locator(".items .fails").count() == 0
    assert clerk.is_within
    clerk.page.get_by_label(clerk.word("col_why")).fill("all holds")
    MOUSE.press(button(clerk, "console_close_it", period=PERIOD))
    expect(clerk.page.locator("tr").filter(has_text=PERIOD)).to_contain_text(clerk.word("console_closed"))
    assert company.plant.finance.value("SELECT status FROM gl_period WHERE code = ?", PERIOD) == "closed"
    MOUSE.press(_of_month(controller, "console_close_list"))
    controller.page.get_by_label(controller.word("col_why")).fill("尚有更正")
    MOUSE.press(button(controller, "console_reopen"))
    expect(controller.page.locator("tr").filter(has_text=PERIOD)).to_contain_text(controller.word("console_open"))


def test_a_decision_table_is_changed_asked_for_and_accepted_by_a_second_person(company: House) -> None:
    """Finance changes a cell, sees what differs and what it would make of what was posted, saves it and asks; a
    controller accepts it on a phone, and what the daemon posts from then on is as it says."""
    bought(company, "FA-SC-8001")
    company.posted("FA-SC-8001")
    clerk, controller = company.page("老陈"), company.page("老周", "en", NARROW)
    clerk.page.goto("/mapping")
    MOUSE.press(link(clerk, clerk.word("console_tables")))
    MOUSE.press(link(clerk, "demo/acquisition.csv"))
    clerk.page.get_by_label("word 2", exact=True).fill("新购固定资产")
    MOUSE.press(button(clerk, "console_table_try").first)
    changed = clerk.page.locator("#difference")
    expect(changed.locator("del")).to_have_text("购入固定资产")
    expect(changed.locator("ins")).to_have_text("新购固定资产")
    expect(clerk.page.locator("#effect")).to_contain_text(
        "购入固定资产—FA-SC-8001 注塑机 → 新购固定资产—FA-SC-8001 注塑机"
    )
    MOUSE.press(button(clerk, "console_run_cases"))
    assert clerk.reads(clerk.word("cases_failed", cases=2, failed=1)), "a case says the summary as it was"
    clerk.page.get_by_label(clerk.word("col_why")).fill("会议纪要12号")
    MOUSE.press(button(clerk, "console_table_save"))
    assert clerk.reads(clerk.word("console_table_saved", table="demo/acquisition.csv"))
    bought(company, "FA-SC-8002")
    assert _summary(company, "FA-SC-8002").startswith("购入"), "the daemon goes on under the accepted mapping"
    clerk.page.get_by_label(clerk.word("col_why")).fill("会议纪要12号")
    MOUSE.press(button(clerk, "console_accept_mapping"))
    assert clerk.reads(clerk.word("console_refused")), "a second person is asked"

    controller.page.goto("/mapping")
    assert controller.reads(controller.word("console_asked_for", actors="老陈"))
    assert controller.is_within
    controller.page.get_by_label(controller.word("col_why")).fill("minutes seen")
    MOUSE.press(button(controller, "console_accept_mapping"))
    assert controller.reads(controller.word("console_is_accepted"))
    company.plant.until("the daemon to take it up", lambda: "mapping_renewed" in company.plant.log.read_text("utf-8"))
    bought(company, "FA-SC-8003")
    assert _summary(company, "FA-SC-8003").startswith("新购")


def _summary(company: House, code: str) -> str:
    """What the voucher of a purchase says."""
    company.posted(code)
    said = "SELECT max(summary) FROM gl_voucher WHERE summary LIKE ?"
    return str(company.plant.finance.value(said, f"%{code}%"))


@pytest.mark.parametrize(
    ("hands", "language", "width"),
    [
        pytest.param("keyboard", "zh", WIDE, id="keyboard"),
        pytest.param("mouse", "en", NARROW, id="phone"),
    ],
)
def test_a_bad_row_is_found_mended_and_traced(company: House, hands: str, language: Language, width: int) -> None:
    """Support finds it from the overview alone, sees the voucher before it is made, and corrects it; finance finds the
    voucher and goes back to the row."""
    code, doing = f"FA-SC-{hands[:1].upper()}{width}", HANDS[hands]
    bought(company, code, value="-150000.00")
    company.parked(code)
    support = company.page("小王", language, width)
    support.page.goto("/")
    doing.press(support.page.get_by_role("main").get_by_role("link").filter(has_text=REASON[language]).first)
    assert support.is_within, "nobody scrolls sideways"
    doing.press(support.page.locator("#rows tr").filter(has_text=code).get_by_role("link").first)
    _mend(support, doing)
    company.posted(code)

    finance = company.page("老陈", language, width)
    finance.page.goto("/")
    doing.press(room(finance, "console_books"))
    doing.type(finance.page.get_by_label(finance.word("col_asset"), exact=True), code)
    doing.press(button(finance, "console_find"))
    doing.press(finance.page.locator("tbody tr").filter(has_text=code).get_by_role("link").first)
    assert finance.reads("150,000.00")
    assert finance.reads(f"asset:{company.plant.eam.value('SELECT id FROM asset WHERE asset_code = ?', code)}"), (
        "its row"
    )
    _follow(finance, doing)
    doing.press(link(finance, code))
    assert finance.reads("小王"), "who corrected it stands in its life"
    assert finance.reads("-150000.00")
    assert finance.is_within


def _follow(finance: Person, doing: Hands) -> None:
    """See step by step why a posting is as it is, try another value, and go back."""
    doing.press(link(finance, finance.word("console_try_this")))
    assert finance.reads(finance.word("try_past"))
    expect(finance.page.locator("#steps")).to_contain_text("after.original_value > 0")
    expect(finance.page.locator("#made")).to_contain_text("150,000.00")
    assert finance.is_within
    doing.type(finance.page.locator("[name='set.original_value']"), "-7")
    doing.press(button(finance, "console_try_again"))
    expect(finance.page.locator("#steps tr.fault")).to_contain_text("after.original_value > 0")
    finance.page.go_back()
    finance.page.go_back()


def _mend(support: Person, doing: Hands) -> None:
    page = support.page
    doing.type(page.locator("[name='set.original_value']"), "150000.00")
    doing.press(button(support, "console_preview"))
    made = page.locator("#made")
    expect(made).to_contain_text(support.word("console_would_make_so"))
    assert made.inner_text().count("150,000.00") == 2, "debit and credit"
    assert page.locator("[name='set.original_value']").input_value() == "150000.00"
    doing.type(page.get_by_label(support.word("col_why")).first, "原值录入有误")
    doing.press(button(support, "console_edit"))
    assert support.is_within


def test_who_is_not_signed_in_comes_back_to_the_page_they_wanted(company: House) -> None:
    """And the switch of languages keeps the page, filter and all."""
    person = company.page()
    person.page.goto("/books?rule=registration")
    person.page.get_by_label(person.word("console_name")).fill("老陈")
    person.page.get_by_label(person.word("console_password")).fill(PASSWORD)
    MOUSE.press(button(person, "console_sign_in"))
    expect(person.page.get_by_role("heading", level=1)).to_have_text(person.word("console_books"))
    MOUSE.press(link(person, "English"))
    person = person._replace(language="en")
    expect(person.page.get_by_role("heading", level=1)).to_have_text(person.word("console_books"))
    expect(person.page.get_by_label(person.word("col_rule"))).to_have_value("registration")
    MOUSE.press(room(person, "console_parked"))
    assert person.page.locator("html").get_attribute("lang") == "en", "it is kept from page to page"
    MOUSE.press(link(person, "中文"))
    assert person.page.locator("html").get_attribute("lang") == "zh-CN"


def test_four_eyes_approve_what_one_has_typed(company: House) -> None:
    """Who has edited a large purchase may not agree to it; somebody else of the role does."""
    code = "FA-SC-4001"
    bought(company, code, value="6000000.00")
    first, second = company.page("老陈"), company.page("老周", "en")
    row = f"/parked/row?pipeline={PIPELINE}&id={company.parked(code)}"
    first.page.goto(row)
    first.page.locator("[name='set.name']").fill("五轴加工中心")
    first.page.get_by_label(first.word("col_why")).first.fill("名称有误")
    MOUSE.press(button(first, "console_edit"))
    number = company.parked(code)
    first.page.goto("/approvals")
    assert first.page.locator("tr").filter(has_text=code).get_by_role("checkbox").count() == 0
    first.page.goto(f"/parked/row?pipeline={PIPELINE}&id={number}")
    first.page.get_by_label(first.word("col_why")).last.fill("同意")
    MOUSE.press(button(first, "console_approve_as", role="finance"))
    assert first.reads(first.word("console_refused"))
    assert company.plant.finance.value("SELECT state FROM syncd.parked WHERE id = ?", number) == "approval"

    second.page.goto("/approvals")
    second.page.locator("tr").filter(has_text=code).get_by_role("checkbox").check()
    MOUSE.press(button(second, "console_approve_chosen"))
    assert second.reads("6,000,000.00")
    second.page.get_by_label(second.word("col_why")).fill("contract seen")
    MOUSE.press(button(second, "console_approve_do", rows=1))
    voucher = company.posted(code)
    second.page.goto(f"/books?asset={code}")
    MOUSE.press(link(second, voucher))
    assert second.reads("contract seen")


def test_a_bulk_retry_is_stopped_half_way(company: House) -> None:
    """Finance lacked a department. What the daemon had taken up when somebody stopped it is posted, the rest stays as
    it was, and the page says how many of each. What waits behind two of the rows fills more than the daemon takes up
    at once."""
    finance, codes = company.plant.finance, [f"FA-AZ-{5001 + number}" for number in range(3)]
    finance.execute("ALTER TABLE fa_card ADD CONSTRAINT of_department FOREIGN KEY (dept) REFERENCES gl_department")
    company.plant.eam.execute("INSERT INTO department VALUES (7, 'AZ', '安装部', NULL, 'production')")
    for number in bought(company, *codes, department=7)[:2]:
        company.plant.eam.execute(REPAIRS, (number * REPLAYED_ROWS_MAX, number, MONTH, REPLAYED_ROWS_MAX // 2))
    company.plant.settled()
    finance.execute("INSERT INTO gl_department VALUES ('AZ', '安装部')")

    support = company.page("小王")
    support.page.goto("/parked")
    MOUSE.press(link(support, support.word("console_retry_all", rows=3)))
    support.page.get_by_label(support.word("console_bulk_name")).fill("安装部")
    support.page.get_by_label(support.word("col_why")).fill("部门档案已补")
    with _taken_up_once(company, codes[0]) as taken_up:
        MOUSE.press(button(support, "console_bulk_do_retry", rows=3))
        taken_up()
        MOUSE.press(button(support, "console_bulk_stop"))
    done = support.word("console_bulk_result", posted=1, again=0, skipped=2)
    assert support.reads(done)
    assert support.reads(support.word("console_bulk_stopped", actor="小王"))
    company.plant.settled()
    states = finance.rows("SELECT state, count(*) FROM syncd.parked WHERE code = 'row_no_parent' GROUP BY 1 ORDER BY 1")
    assert states == [("failed", 2), ("posted", 1)]


@contextmanager
def _taken_up_once(company: House, first: str) -> Iterator[Callable[[], None]]:
    """The daemon takes up rows once, and waits within the block before it takes up more: a lock keeps it from looking
    what else was asked. The first lot is held by a card that somebody else writes until the lock stands in line."""
    finance = company.plant.finance
    writer, keeper = connected(finance.dsn), connected(finance.dsn)
    keeps = threading.Thread(target=keeper.execute, args=("LOCK TABLE syncd.difference IN ACCESS EXCLUSIVE MODE",))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def taken_up() -> None:
        company.plant.until("the first rows to be taken up", lambda: finance.value(waiting) == 1)
        keeps.start()
        company.plant.until("the lock to stand in line", lambda: finance.value(waiting) == 2)
        writer.execute("ROLLBACK")
        keeps.join()

    try:
        writer.execute("BEGIN")
        writer.execute(
            "INSERT INTO fa_card SELECT (jsonb_populate_record(card, ?)).* FROM fa_card card LIMIT 1",
            (json.dumps({"asset_code": first}),),
        )
        keeper.execute("BEGIN")
        yield taken_up
    finally:
        writer.close()
        keeper.close()


def test_a_difference_is_accepted_and_the_voucher_by_hand_taken_back(company: House) -> None:
    """Finance compares, has a voucher that somebody wrote by hand taken back, and a second person agrees."""
    finance = company.plant.finance
    code = finance.value("SELECT min(asset_code) FROM fa_card WHERE status = 'in_use' AND origin = 'opening'")
    by_hand = _write_by_hand(company, code)
    first, second = company.page("老陈"), company.page("老周")
    first.page.goto("/books/reconciled")
    MOUSE.press(button(first, "console_compare_now"))
    found = first.page.locator("tr").filter(has_text=by_hand)
    found.get_by_label(first.word("col_why")).fill("设备系统无此计提")
    MOUSE.press(found.get_by_role("button", name=first.word("console_accept")))
    number = company.parked(code)
    second.page.goto(f"/parked/row?pipeline={PIPELINE}&id={number}")
    second.page.get_by_label(second.word("col_why")).last.fill("重复计提")
    MOUSE.press(button(second, "console_approve_as", role="finance"))
    taken_back = "SELECT 1 FROM syncd.posting WHERE rule = 'by_hand_cancelled'"
    company.plant.until("the voucher to be taken back", lambda: finance.value(taken_back))
    first.page.goto("/books/reconciled")
    MOUSE.press(button(first, "console_compare_now"))
    assert first.page.locator("tr").filter(has_text=by_hand).count() == 0


def _write_by_hand(company: House, code: str) -> str:
    """A voucher that somebody writes in finance, as its differences name it."""
    finance, day = company.plant.finance, f"{PERIOD}-28"
    last = "SELECT coalesce(max(number), 0) FROM gl_voucher WHERE period = ? AND type = '转'"
    number = int(finance.value(last, PERIOD)) + 1
    finance.execute(
        "INSERT INTO gl_voucher (period, type, number, voucher_date, event_date, summary, debit, credit)"
        " VALUES (?, '转', ?, ?, ?, '手工补提', 500, 500)",
        (PERIOD, number, day, day),
    )
    for line, account, debit, credit, asset in ((1, "6602", 500, 0, None), (2, "1602", 0, 500, code)):
        finance.execute(
            "INSERT INTO gl_entry (period, type, number, line, summary, account, debit, credit, dept, asset)"
            " VALUES (?, '转', ?, ?, '手工补提', ?, ?, ?, 'SC1', ?)",
            (PERIOD, number, line, account, debit, credit, asset),
        )
    return f"{PERIOD} 转 {number}"


def test_a_month_is_closed_with_what_does_not_hold_before_one_s_eyes(company: House) -> None:
    """Finance sees what must be done first; a controller closes it all the same, with a reason, and opens it again."""
    bought(company, "FA-SC-6001", value="-1.00")
    company.parked("FA-SC-6001")
    clerk, controller = company.page("老陈"), company.page("老周", script=True)
    for person in (clerk, controller):
        person.page.goto("/books")
        MOUSE.press(link(person, person.word("console_month")))
        MOUSE.press(_of_month(person, "console_close_list"))
        assert person.reads("FA-SC-6001")
    assert not controller.flaws()
    assert button(clerk, "console_close_it", period=PERIOD).count() == 0
    assert button(clerk, "console_close_anyway", period=PERIOD).count() == 0
    controller.page.get_by_label(controller.word("col_why")).fill("次月更正")
    MOUSE.press(button(controller, "console_close_anyway", period=PERIOD))
    state = controller.page.locator("tr").filter(has_text=PERIOD)
    expect(state).to_contain_text(controller.word("console_closed"))
    assert company.plant.finance.value("SELECT status FROM gl_period WHERE code = ?", PERIOD) == "closed"
    MOUSE.press(_of_month(controller, "console_close_list"))
    controller.page.get_by_label(controller.word("col_why")).fill("尚有更正")
    MOUSE.press(button(controller, "console_reopen"))
    expect(state).to_contain_text(controller.word("console_open"))


def _of_month(person: Person, code: str) -> Locator:
    row = person.page.locator("tr").filter(has_text=PERIOD)
    return row.get_by_role("button", name=person.word(code), exact=True)


def test_keys_lead_about_and_nothing_moves_under_a_reader_s_hand(company: House) -> None:
    """Rows that come are told beside the list; figures are those of the server; letters in a field are letters. Who
    wants no keys has none."""
    bought(company, "FA-SC-8401", value="-1.00")
    company.parked("FA-SC-8401")
    support = company.page("小王", script=True)
    page, press = support.page, support.page.keyboard.press
    page.clock.install()
    page.goto("/parked")
    press("j")
    press("j")
    at = "[document.activeElement.getAttribute('href'), document.activeElement.getBoundingClientRect().y]"
    before = page.evaluate(at)
    bought(company, "FA-SC-8402", value="-1.00")
    company.parked("FA-SC-8402")
    page.clock.fast_forward(MINUTE_MS)
    expect(page.locator("#news")).to_have_text(support.word("console_news", rows=1))
    assert page.evaluate(at) == before
    press("k")
    assert page.evaluate(at) != before

    press("/")
    page.keyboard.type("gb?x")
    assert page.locator(".filter [name=subject]").input_value() == "gb?x"
    press("Escape")
    press("g")
    press("o")
    expect(page.locator("h1")).to_have_text(support.word("console_overview"))
    flow = page.locator("#flow-1")
    before = flow.inner_text()
    bought(company, "FA-SC-8403")
    company.posted("FA-SC-8403")
    page.clock.fast_forward(MINUTE_MS)
    expect(flow).not_to_have_text(before, use_inner_text=True)

    press("?")
    expect(page.locator("h1")).to_have_text(support.word("console_keys"))
    MOUSE.press(link(support, support.word("keys_turn_off")))
    press("g")
    press("o")
    assert support.reads(support.word("keys_off"))
    assert urlsplit(page.url).path == "/keys"


def test_every_page_can_be_read_by_everybody_on_a_phone_too(company: House) -> None:
    """Each kind of page that a link leads to, script allowed: axe finds nothing serious, nothing is wider than a phone
    in either language, and no browser complains of the content policy."""
    bought(company, "FA-SC-7001", value="-1.00")
    company.parked("FA-SC-7001")
    company.complaints.clear()
    chinese, english = company.page("老周", script=True), company.page("老周", "en", NARROW, script=True)
    unfit: list[str] = []
    for address in _pages(chinese):
        unfit += [f"{address}: {flaw}" for flaw in chinese.flaws()]
        english.page.goto(address)
        chinese.page.set_viewport_size({"width": NARROW, "height": 800})
        unfit += [f"{address} is wider in {one.language}" for one in (chinese, english) if not one.is_within]
        chinese.page.set_viewport_size({"width": WIDE, "height": 800})
    for language, width in (("zh", WIDE), ("en", NARROW)):
        administrator = company.page("管理员", cast(Language, language), width, script=True)
        for address in OF_ACCOUNTS:
            administrator.page.goto(address)
            unfit += [f"{address}: {flaw}" for flaw in administrator.flaws()]
            unfit += [] if administrator.is_within else [f"{address} is wider in {language}"]
    assert not unfit
    assert not company.complaints


def _pages(person: Person) -> Iterator[str]:
    """Goes to one page of each kind that can be reached by links, from the overview on."""
    waiting, kinds = ["/"], set[str]()
    while waiting:
        address = waiting.pop(0)
        kind = re.sub(r"\d+", "", urlsplit(address).path)
        if kind in kinds:
            continue
        kinds.add(kind)
        assert len(kinds) < PAGES_MAX
        answer = person.page.goto(address)
        assert answer
        assert answer.ok, f"{address}: {answer.status}"
        yield address
        links = person.page.locator("a[href^='/']:not([download])").evaluate_all(
            "all => all.map(one => one.getAttribute('href'))"
        )
        waiting += [one for one in links if not one.startswith("/static")]
