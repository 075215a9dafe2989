"""Rows that finance refuses: each is parked with its reason, and what the hint says posts it, or gives it up."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple

import pytest

from syncd.statements import script
from tests.advice import advice, advised, heard
from tests.advice.company import Company, built
from tests.servers import Postgres

CODES = count(1)


class Mended(NamedTuple):
    """What is done about a parked row: in the EAM, where it heals by itself; or in finance, or by an edit of the
    mapping, after which it is retried as printed. `undone` is for the next case."""

    eam: str = ""
    finance: str = ""
    mapping: tuple[str, str] = ("", "")
    undone: str = ""


def acting(what: str, table: str = "gl_voucher") -> list[str]:
    """A trigger of finance's."""
    return [
        f"CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what} RETURN NEW; END $$",
        f"CREATE TRIGGER act BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION act()",
    ]


QUIET = "DROP FUNCTION act() CASCADE"
NARROW = ["ALTER TABLE fa_card ALTER name TYPE VARCHAR(12)"]
WIDE = "ALTER TABLE fa_card ALTER name TYPE TEXT"
SMALL = ["ALTER TABLE fa_card ALTER original_value TYPE NUMERIC(6, 2)"]
LARGE = "ALTER TABLE fa_card ALTER original_value TYPE NUMERIC(18, 2)"
FILLED = ["ALTER TABLE fa_card ALTER workshop SET NOT NULL"]
EMPTY = "ALTER TABLE fa_card ALTER workshop DROP NOT NULL"
CHART = [
    "CREATE TABLE chart (code TEXT PRIMARY KEY)",
    "ALTER TABLE gl_entry ADD CONSTRAINT charted FOREIGN KEY (account) REFERENCES chart NOT VALID",
]
ALL_OF_THEM = "INSERT INTO chart SELECT code FROM gl_account"
TAKEN = {"name": "FA-SC-0000"}
ANY_NAME = "DROP INDEX one_name"
ONE_NAME = ["CREATE UNIQUE INDEX one_name ON fa_card (name)"]
LIMIT = ["ALTER TABLE gl_voucher ADD CONSTRAINT small CHECK (debit < 5000) NOT VALID"]
KINDS = ["CREATE TYPE kind AS ENUM ('JQSB')", "ALTER TABLE fa_card ALTER class TYPE kind USING class::kind"]
ANY_KIND = "ALTER TABLE fa_card ALTER class TYPE TEXT"
MARKED = "IF NEW.summary LIKE '%!%' THEN RAISE 'no exclamation mark in a summary'; END IF;"

NO_LIMIT = "ALTER TABLE gl_voucher DROP CONSTRAINT small"
LONG, DEAR, MORE = {"name": "加工中心" * 4}, {"value": Decimal("20000")}, {"value": Decimal("6000")}
OR_ELSE = ("      workshop: dept.workshop\n", "      workshop: coalesce(dept.workshop, '-')\n")

# what finance's people have done, what is bought, and how it is mended
CASES = [
    advised("row_too_long", NARROW, LONG, Mended(eam="name = '铣床'", undone=WIDE)),
    advised("row_too_long", NARROW, LONG, Mended(finance=WIDE), name="row_too_long: widened"),
    advised("row_out_of_range", SMALL, DEAR, Mended(eam="original_value = '200'", undone=LARGE)),
    advised("row_out_of_range", SMALL, DEAR, Mended(finance=LARGE), name="row_out_of_range: widened"),
    advised("row_null", FILLED, {"department_id": 4}, Mended(eam="department_id = 1", undone=EMPTY)),
    advised("row_null", FILLED, {"department_id": 4}, Mended(mapping=OR_ELSE, undone=EMPTY), name="row_null: mapping"),
    advised("row_no_parent", CHART, {}, Mended(finance=ALL_OF_THEM, undone="DROP TABLE chart CASCADE")),
    advised("row_duplicate", ONE_NAME, TAKEN, Mended(eam="name = '磨床'", undone=ANY_NAME)),
    advised("row_check", LIMIT, MORE, Mended(eam="original_value = '600'", undone=NO_LIMIT)),
    advised("row_check", LIMIT, MORE, Mended(finance=NO_LIMIT), name="row_check: finance"),
    advised("row_value", KINDS, {"class_code": "GJQJ"}, Mended(eam="class_code = 'JQSB'", undone=ANY_KIND)),
    advised("row_trigger", acting(MARKED), {"name": "!"}, Mended(eam="name = '刨床'", undone=QUIET)),
    advised("row_refused", acting("INSERT INTO nowhere VALUES (1);"), {}, Mended(finance=QUIET)),
    advised("row_swallowed", acting("RETURN NULL;"), {}, Mended(finance=QUIET)),
    advised("row_otherwise", acting("NEW.debit := 7;", "gl_entry"), {}, Mended(finance=QUIET)),
]


@pytest.fixture(scope="module")
def made(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Syncd's role has the rights that `syncd grants` prints; a card is there."""
    dsn = postgres.create_database()
    postgres.run("CREATE ROLE rows LOGIN")
    ledger = {"kind": "postgres", "dsn": postgres.dsn(dsn.rpartition("/")[2], "rows")}

    def granted(made: Company) -> None:
        for statement in script(made.syncd("grants --side finance")):
            made.finance.execute(statement)

    with built(tmp_path_factory.mktemp("rows"), dsn, ledger, granted) as one:
        with one.running():
            one.register("FA-SC-0000")
            one.until(lambda: one.posted("FA-SC-0000"))
        yield one
    postgres.drop_database(dsn)
    postgres.run("DROP ROLE rows")


@pytest.mark.parametrize(("code", "done", "bought", "mended"), CASES)
def test_a_row_that_finance_refuses_is_posted_when_the_hint_is_followed(
    made: Company, code: str, done: Sequence[str], bought: dict[str, Any], mended: Mended
) -> None:
    """Invariants 5 and 15."""
    asset = f"FA-SC-{next(CODES):04}"
    for statement in done:
        made.finance.execute(statement)
    with made.running():
        made.register(asset, **bought)
        number = refused(made, asset, code)
        if mended.eam:
            made.eam.execute(f"UPDATE asset SET {mended.eam} WHERE asset_code = ?", (asset,))
        elif mended.finance:
            made.finance.execute(mended.finance)
            made.follow(f"syncd parked retry {number}")
        else:
            made.edit(made.mapping, *mended.mapping)
            made.follow("syncd mapping accept")
            made.follow(f"syncd parked retry {number}")
        made.until(lambda: made.posted(asset))
    if mended.undone:
        made.finance.execute(mended.undone)
    assert not made.parked()


@advice("row_duplicate")
def test_a_row_that_is_a_duplicate_is_given_up_as_printed(made: Company) -> None:
    """Somebody has typed its card in finance."""
    made.finance.execute(ONE_NAME[0])
    with made.running():
        made.register("FA-SC-0900", **TAKEN)
        number = refused(made, "FA-SC-0900", "row_duplicate")
        made.follow(f"syncd parked discard {number}")
        made.until(lambda: not made.parked())
    made.finance.execute(ANY_NAME)
    assert not made.posted("FA-SC-0900")


def refused(made: Company, asset: str, code: str) -> int:
    """Wait until it is parked; its number, which the printed command has. Read where a person reads it."""
    made.until(lambda: made.parked(asset))
    ((number, reason),) = made.parked(asset)
    assert reason == code
    found = heard(code, made.syncd(f"parked show {number}"))
    assert found["id"] == str(number)
    return number
