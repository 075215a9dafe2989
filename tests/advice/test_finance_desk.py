"""What people at the desk are told: about parked rows, approvals and the mapping. The commands are run as printed."""

import re
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import count

import pytest

from syncd import wiring
from syncd.desk.parked import operators
from tests.advice import advice, advised, heard
from tests.advice.company import BY, Company, built

CODES = count(1)
WRONG, NEEDS_A_PERSON, HALTED = 2, 3, 1
NEGATIVE, LARGE = Decimal("-5"), Decimal("6000000")
RIGHT = f"parked edit {{id}} --set original_value=2000.00 {BY}"
WORN = "UPDATE fa_card SET accumulated_depreciation = '{}' WHERE asset_code = 'FA-SC-0802'"
AGREED = f"approve {{id}} --role finance {BY}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    directory = tmp_path_factory.mktemp("desk")
    path = str(directory / "finance.db")
    with built(directory, path, {"kind": "sqlite", "path": path}) as one:
        yield one


@pytest.fixture(scope="module")
def at_work(made: Company) -> Iterator[Company]:
    with made.running():
        yield made


# what is bought, what is typed, what it ends with, and what is typed when the hint has been read
POSTED = [
    advised("edit_no_column", NEGATIVE, f"parked edit {{id}} --set orginal_value=2000.00 {BY}", RIGHT),
    advised("edit_value", NEGATIVE, f"parked edit {{id}} --set original_value=a-lot {BY}", RIGHT),
    advised("desk_who_and_why", NEGATIVE, RIGHT.replace(BY, "--actor li --reason ''"), RIGHT),
    advised("parked_no_approval", NEGATIVE, AGREED, RIGHT),
    advised("parked_no_row", NEGATIVE, RIGHT.replace("{id}", "99"), RIGHT),
    advised("parked_other_role", LARGE, AGREED.replace("finance", "clerk"), AGREED),
]


@pytest.mark.parametrize(("code", "value", "typed", "then"), POSTED)
def test_what_a_person_may_not_do_is_said_and_what_the_hint_says_is_done(
    at_work: Company, code: str, value: Decimal, typed: str, then: str
) -> None:
    """The first does nothing, the second posts the row."""
    asset = f"FA-SC-{next(CODES):04}"
    at_work.register(asset, value=value)
    number = parked(at_work, asset)
    before = at_work.finance.rows("SELECT count(*) FROM syncd.action")
    said = at_work.syncd(typed.format(id=number), NEEDS_A_PERSON if "other" in code else WRONG)
    found = heard(code, said)
    assert at_work.finance.rows("SELECT count(*) FROM syncd.action") == before
    if code == "edit_no_column":
        assert "the nearest is original_value" in said
    if code == "parked_no_approval":
        assert "must be above zero" in at_work.syncd(f"parked show {found['id']}")
    if code == "parked_no_row":
        assert [row["id"] for row in at_work.json("parked list")] == [number]
    at_work.syncd(then.format(id=number))
    at_work.until(lambda: at_work.posted(asset))
    assert not at_work.parked()


@advice("parked_settled")
def test_nothing_is_left_to_do_for_a_row_that_is_settled(at_work: Company) -> None:
    at_work.register("FA-SC-0800", value=NEGATIVE)
    number = parked(at_work, "FA-SC-0800")
    assert "→" in at_work.syncd(f"parked show {number}")
    at_work.syncd(RIGHT.format(id=number))
    at_work.until(lambda: at_work.posted("FA-SC-0800"))
    heard("parked_settled", at_work.syncd(RIGHT.format(id=number), WRONG))
    assert "→" not in at_work.syncd(f"parked show {number}"), "what it would advise is refused"
    assert [row["hint"] for row in at_work.json("parked list --settled") if row["id"] == number] == [""]
    assert (at_work.posted("FA-SC-0800"), at_work.parked()) == (1, [])


@advice("parked_awaits_role")
def test_what_waits_for_a_role_is_refused_in_that_role_as_printed(at_work: Company) -> None:
    at_work.register("FA-SC-0801", value=LARGE)
    number = parked(at_work, "FA-SC-0801")
    found = heard("parked_awaits_role", at_work.syncd(f"parked discard {number} {BY}", NEEDS_A_PERSON))
    at_work.follow(f"syncd reject {found['id']} --role {found['role']}")
    at_work.until(lambda: not at_work.parked())
    assert not at_work.posted("FA-SC-0801")


@advice("people_unknown", "people_no_role", "parked_four_eyes")
def test_who_is_named_in_the_configuration_decides_in_the_role_that_it_gives(at_work: Company) -> None:
    """And whoever has edited the row says so to somebody else; both see what it would make."""
    at_work.register("FA-SC-0804", value=LARGE)
    number = parked(at_work, "FA-SC-0804")
    before = at_work.config.read_text("utf-8")
    at_work.config.write_text(before + "people: {Li: [finance], Wang: [finance], Zhao: []}\n", "utf-8")
    agreed = f"approve {number} --role finance --reason seen --actor "
    said = at_work.syncd(
        f"parked edit {number} --set original_value=7000000 --reason typed --actor Zha", NEEDS_A_PERSON
    )
    assert heard("people_unknown", said)["nearest"].startswith("Zhao")
    assert "Li, Wang" in heard("people_no_role", at_work.syncd(agreed + "zhao", NEEDS_A_PERSON))["holders"]
    at_work.register("FA-SC-0807", value="-1")
    wrong = parked(at_work, "FA-SC-0807")
    given_up = f"parked discard {wrong} --reason test --actor "
    told = heard("people_no_role", at_work.syncd(given_up + "Zhao", NEEDS_A_PERSON))
    assert told["role"].startswith("controller / finance")
    assert "Li, Wang" in told["holders"]
    at_work.syncd(given_up + "Li")
    at_work.syncd(f"parked edit {number} --set original_value=7000000 --reason typed --actor Wang")
    at_work.until(lambda: at_work.finance.value("SELECT request FROM syncd.parked WHERE id = ?", number) == "")
    shown = at_work.syncd(f"parked show {number}")
    assert "7,000,000.00" in shown
    assert "typed" in shown
    found = heard("parked_four_eyes", at_work.syncd(agreed + "wang", NEEDS_A_PERSON))
    assert found["id"] == str(number)
    (waits,) = at_work.json("approvals list")
    assert (waits["id"], Decimal(waits["debit"])) == (number, 7_000_000)
    at_work.syncd(agreed + "LI")
    at_work.until(lambda: at_work.posted("FA-SC-0804"))
    at_work.config.write_text(before, "utf-8")
    assert [one["automatic"] for one in at_work.json("approvals automatic 2026-02") if one["asks"]]


@advice("approve_nobody_to_ask")
def test_many_rows_are_approved_once_it_is_said_how_many_and_how_much(at_work: Company) -> None:
    codes = ("FA-SC-0805", "FA-SC-0806")
    for code in codes:
        at_work.register(code, value=LARGE)
        parked(at_work, code)
    bulk = f"approve --rule registration --role finance {BY}"
    assert "2 rows, which would debit 12,000,000.00 in all" in at_work.syncd(f"{bulk} --dry-run")
    heard("approve_nobody_to_ask", at_work.syncd(bulk, WRONG))
    at_work.syncd(f"{bulk} --yes")
    at_work.until(lambda: all(map(at_work.posted, codes)))


@advice("edit_no_row")
def test_a_row_that_has_no_values_is_given_up_as_printed(at_work: Company) -> None:
    """A delete, of an asset that has depreciated in finance."""
    at_work.register("FA-SC-0802")
    at_work.until(lambda: at_work.posted("FA-SC-0802"))
    at_work.finance.execute(WORN.format("5.00"))
    at_work.eam.execute("DELETE FROM asset WHERE asset_code = 'FA-SC-0802'")
    number = parked(at_work, "FA-SC-0802")
    found = heard("edit_no_row", at_work.syncd(RIGHT.format(id=number), WRONG))
    at_work.follow(f"syncd parked discard {found['id']}")
    at_work.until(lambda: not at_work.parked())
    at_work.finance.execute(WORN.format("0"))  # or the audit finds it


@advice("parked_unreadable")
def test_the_row_of_a_table_that_left_the_mapping_is_posted_when_it_is_back(at_work: Company) -> None:
    at_work.register("FA-SC-0803")
    at_work.until(lambda: at_work.posted("FA-SC-0803"))
    account = at_work.finance.rows("SELECT * FROM gl_account WHERE code = '5101'")[0]
    at_work.finance.execute("DELETE FROM gl_account WHERE code = '5101'")
    ((asset,),) = at_work.eam.execute("SELECT id FROM asset WHERE asset_code = 'FA-SC-0803'").fetchall()
    at_work.eam.execute(
        "INSERT INTO repair (id, asset_id, amount, input_vat, payment, status, done_on)"
        " VALUES (1, ?, '30.00', '0.00', 'bank', 'done', '2026-02-03')",
        (asset,),
    )
    number = parked(at_work, "FA-SC-0803")
    before = at_work.mapping.read_text("utf-8")
    called_otherwise = re.sub(r"(?<!table: )\brepair\b", "mending", before)  # wherever the mapping speaks of it
    at_work.mapping.write_text(called_otherwise, "utf-8")
    at_work.follow("syncd mapping accept")
    at_work.follow(f"syncd parked retry {number}")
    at_work.until(lambda: at_work.parked() == [(number, "parked_unreadable")])
    found = heard("parked_unreadable", at_work.syncd(f"parked show {number}"))
    assert found["table"].startswith("repair ")
    at_work.mapping.write_text(before, "utf-8")
    at_work.finance.execute("INSERT INTO gl_account VALUES (?, ?, ?, ?)", account)
    at_work.follow("syncd mapping accept")
    at_work.follow(f"syncd parked retry {found['id']}")
    at_work.until(lambda: not at_work.parked())
    assert at_work.finance.rows("SELECT count(*) FROM syncd.posting WHERE subject = 'FA-SC-0803'") == [(2,)]


def parked(made: Company, asset: str) -> int:
    made.until(lambda: made.parked(asset))
    ((number, _),) = made.parked(asset)
    return number


# Mappings, without a daemon at first


@pytest.fixture
def at_rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    directory = tmp_path_factory.mktemp("mappings")
    path = str(directory / "finance.db")
    with built(directory, path, {"kind": "sqlite", "path": path}) as one:
        yield one


@advice("mapping_not_accepted", "mapping_changed", "mapping_language_changed")
def test_a_mapping_that_nobody_answers_for_posts_nothing_until_somebody_does(at_rest: Company) -> None:
    """One that is new, one that was edited, which may be undone as well, and one that is understood otherwise today."""
    at_rest.register("FA-SC-0001")
    refuses(at_rest, "mapping_changed", "approval_above: 5000000", "approval_above: 9000000")
    at_rest.edit(at_rest.mapping, "approval_above: 9000000", "approval_above: 5000000")
    posts(at_rest, "FA-SC-0001")
    at_rest.register("FA-SC-0002")
    refuses(at_rest, "mapping_changed", "approval_above: 5000000", "approval_above: 9000000")
    at_rest.follow("syncd mapping accept")
    posts(at_rest, "FA-SC-0002")
    at_rest.register("FA-SC-0003")
    refuses(at_rest, "mapping_not_accepted", "mapping: demo\n", "mapping: company\n")
    at_rest.follow("syncd mapping accept")
    posts(at_rest, "FA-SC-0003")
    at_rest.register("FA-SC-0004")
    pipeline = wiring.pipeline(at_rest.config, None)
    earlier = next(iter(pipeline.mapping.earlier))
    with closing(pipeline.open_ledger()) as ledger:
        operators.accept(ledger, pipeline.mapping.name, earlier, operators.Actor("accountant", "an earlier version"))
    refuses(at_rest, "mapping_language_changed", "mapping: company\n", "mapping: company\n")
    at_rest.syncd("mapping compare")
    at_rest.follow("syncd mapping accept")
    posts(at_rest, "FA-SC-0004")


def test_the_first_of_two_steps_says_who_is_next(at_rest: Company) -> None:
    """It said that the row would be posted. The last step says so."""
    one = "role: finance}\n    card:"
    both = one.replace("}\n", "}\n      - {when: cost > 1, role: controller}\n")
    at_rest.edit(at_rest.mapping, one, both)
    at_rest.edit(at_rest.mapping, "approve: {when: op <> 'read'", "approve:\n      - {when: op <> 'read'")
    at_rest.follow("syncd mapping accept")
    at_rest.register("FA-SC-0005", value=LARGE)
    with at_rest.running():
        number = parked(at_rest, "FA-SC-0005")
        said = at_rest.syncd(f"approve {number} --role finance --actor Li --reason seen")
        assert "the next is that of controller" in said
        assert "posted" not in said
        at_rest.until(lambda: not at_rest.json("approvals list")[0]["params"].get("more"))
        said = at_rest.syncd(f"approve {number} --role controller --actor Zhao --reason seen")
        assert "will be posted" in said
        at_rest.until(lambda: at_rest.posted("FA-SC-0005"))


def refuses(made: Company, code: str, was: str, is_now: str) -> None:
    """The daemon, and `status` says why."""
    made.edit(made.mapping, was, is_now)
    made.halted()
    heard(code, made.syncd("status", HALTED))


def posts(made: Company, asset: str) -> None:
    with made.running():
        made.until(lambda: made.posted(asset))
    assert not made.parked()


@advice("trace_nothing")
def test_what_is_traced_is_found_as_the_hint_writes_it(at_work: Company) -> None:
    """An asset, a row, a voucher and its entry; how far the log is posted is told."""
    at_work.register("FA-SC-0890")
    at_work.until(lambda: at_work.posted("FA-SC-0890"))
    assert "asset:17" in at_work.syncd("trace FA-SC-089O", HALTED)
    ((number,),) = at_work.eam.execute("SELECT id FROM asset WHERE asset_code = 'FA-SC-0890'").fetchall()
    ((voucher,),) = at_work.finance.rows("SELECT voucher FROM syncd.posting WHERE subject = 'FA-SC-0890'")
    for asked in ("FA-SC-0890", f"asset:{number}", f'"{voucher}"', f'"{voucher}/1"'):
        assert "FA-SC-0890" in at_work.syncd(f"trace {asked}")
    at_work.syncd("status")
