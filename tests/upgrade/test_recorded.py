"""Today's version carries on what earlier ones left behind."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.demo import eam
from syncd.demo.eam import Device
from tests.acceptance.plant import Plant
from tests.upgrade.restored import KINDS, VERSIONS, restored

BY = ("--actor", "accountant", "--reason", "upgrade")
MONTH = date(2026, 3, 1)
OPEN = "SELECT count(*) FROM syncd.parked WHERE settled_at IS NULL"
UNPOSTED = "SELECT count(*) FROM syncd.collected WHERE posted = ''"
RECORD = "SELECT seq, key, rule, voucher, reverses, content, hash FROM syncd.posting ORDER BY seq"
CARDS = "SELECT * FROM fa_card ORDER BY asset_code"
VOUCHERS = "SELECT period, type, number, voucher_date, summary, debit, credit, external_key FROM gl_voucher"


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def left(request: pytest.FixtureRequest, version: str, kind: str, tmp_path: Path) -> Iterator[Plant]:
    """The company as that version left it."""

    def new_database() -> str:
        create: Callable[[], str] = request.getfixturevalue(
            {"postgres": "new_database", "mariadb": "new_mariadb"}[kind]
        )
        return create()

    with restored(version, kind, tmp_path, new_database) as plant:
        yield plant


@pytest.mark.parametrize("kind", KINDS)
def test_invariant_16_an_earlier_state_is_carried_on_to_the_end(left: Plant) -> None:
    """A rehearsal changes nothing. Postings made before and after verify; parked rows heal, are approved and tried
    again; collected rows are posted once, those that were released before as those that are released now."""
    record, books = left.finance.rows(RECORD), set(left.finance.rows(VOUCHERS))
    _brought_up_to_date(left)
    rehearsed = left.json("dry-run")
    assert rehearsed["postings"]["registration"] == 1, "what waits in the EAM"
    assert left.finance.rows(RECORD) == record
    left.syncd("audit", "verify")
    (standing,) = left.json("status", expect=1)  # it was halted, and says why
    assert (standing["collected"], len(standing["due"])) == (8, 4), "what is not released, and what is and not posted"

    with left.running():
        left.settled()
        assert _april(left) > 0, "what was released before has not been posted"
        assert left.finance.value(UNPOSTED) > 0, "nothing waits for its release any more"
        eam.approve_month(left.eam, date(2026, 5, 1))
        _mend(left)
        (code, value) = ("FA-SC-4001", Decimal("12000.00"))
        eam.register(left.eam, [Device(code, "铣床", "JQSB", 1, value, MONTH, Decimal("1560.00"))])
        left.until("the last of it", lambda: not left.finance.value(OPEN) and not left.finance.value(UNPOSTED))
        left.settled()

    after = left.finance.rows(RECORD)
    assert after[: len(record)] == record
    assert [seq for seq, *_ in after] == list(range(1, len(after) + 1))
    assert not [key for key, count in Counter(key for _, key, *_ in after).items() if count > 1]
    assert books <= set(left.finance.rows(VOUCHERS))
    _numbers_without_gap(left)
    _posted_once(left)
    left.syncd("audit", "verify")
    differing = {row["asset_code"] for row in left.json("reconcile", expect=1)["differences"]} - {""}
    assert differing == {"FA-SC-3202", "FA-SC-3203", "FA-SC-3205"}, "those that people edited or gave up, and no other"
    left.syncd("trace", "FA-SC-3001")
    compared = left.json("mapping", "compare")["demo"]
    assert compared["differences"] == [], "what was carried is what the mapping means"
    assert 32 < compared["compared"] < compared["of"], "parked and collected rows of before, all changes since"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_invariant_2_a_snapshot_taken_again_on_an_earlier_state_changes_nothing(left: Plant) -> None:
    """The keys of an earlier version's postings are met by today's."""
    _brought_up_to_date(left)
    with left.running():
        left.settled()
    before = left.finance.rows(VOUCHERS), left.finance.rows(CARDS)
    left.syncd("snapshot", "--again", "--yes", "--actor", "it", "--reason", "upgrade")
    assert (left.finance.rows(VOUCHERS), left.finance.rows(CARDS)) == before
    left.syncd("audit", "verify")


def _brought_up_to_date(left: Plant) -> None:
    """What an operator does: migrate, and answer for the mapping as it is understood now. Until then nothing is
    posted, and what is said is not that somebody changed it."""
    left.syncd("migrate")
    assert "mapping demo was accepted as version 1 of the mapping language" in left.syncd("run", expect=3)
    left.syncd("mapping", "accept", *BY)


def _april(left: Plant) -> Any:
    found = "SELECT count(*) FROM syncd.posting WHERE rule = 'monthly_depreciation' AND content LIKE ?"
    return left.finance.value(found, '%"period":"2026-04"%')


def _mend(left: Plant) -> None:
    """What people do about each parked row, in the EAM and at the desk."""
    numbers = dict(left.finance.rows("SELECT subject, min(id) FROM syncd.parked WHERE settled_at IS NULL GROUP BY 1"))
    (negative,) = left.eam.rows("SELECT id FROM asset WHERE asset_code = 'FA-SC-3201'")[0]
    eam.correct(left.eam, negative, Decimal("150000.00"), MONTH)
    left.eam.execute("INSERT INTO department VALUES (99, 'XM', '项目部', NULL, 'administration')")
    left.syncd("approve", str(numbers["FA-SC-3102"]), "--role", "finance", *BY)
    left.syncd("parked", "retry", str(numbers["FA-SC-3006"]), *BY)


def _numbers_without_gap(left: Plant) -> None:
    numbers: dict[tuple[str, str], list[int]] = {}
    for period, kind, number, *_ in sorted(left.finance.rows(VOUCHERS)):
        numbers.setdefault((period, kind), []).append(number)
    for series, given in numbers.items():
        assert given == list(range(1, len(given) + 1)), series


def _posted_once(left: Plant) -> None:
    """Each row of the depreciation is in the voucher of its month, and in no other."""
    charged = {
        period: Decimal(str(sum(Decimal(str(amount)) for amount in amounts)))
        for period, amounts in _by_period(left, "SELECT period, amount FROM depreciation WHERE kind = 'month'").items()
    }
    booked = {
        period: Decimal(str(sum(Decimal(str(amount)) for amount in amounts)))
        for period, amounts in _by_period(
            left, "SELECT period, debit FROM gl_voucher WHERE summary LIKE '计提折旧%'", of_finance=True
        ).items()
    }
    assert booked == charged


def _by_period(left: Plant, sql: str, of_finance: bool = False) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for period, amount in (left.finance if of_finance else left.eam).rows(sql):
        found.setdefault(period, []).append(amount)
    return found
