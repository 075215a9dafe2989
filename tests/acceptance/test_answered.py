"""An EAM on PostgreSQL is answered by the installed daemon, which reads its log: nothing of that comes back as news."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from syncd.demo import eam
from syncd.demo.eam import Device
from tests.acceptance.plant import MONTH, Plant, plant
from tests.advice.company import keep_rules
from tests.shipped import copied

ANSWERS = """
answers:
  asset:
    on: [held, posted]
    statement: UPDATE asset SET finance_state = :state, voucher_no = :voucher, finance_reason = :reason WHERE id = :id
    ask: SELECT 1 FROM asset WHERE id = :id AND finance_state = :state
"""
WHO = ("--actor", "controller", "--reason", "board minutes 12")


def machine(code: str, value: str, month: date = MONTH) -> Device:
    return Device(code, code, "JQSB", 1, Decimal(value), month)


def said(made: Plant) -> list[tuple[object, ...]]:
    return [*made.eam.rows("SELECT finance_state, voucher_no FROM asset ORDER BY asset_code")]


def test_an_answer_reaches_the_eam_and_does_not_come_back(tmp_path: Path, new_database: Callable[[], str]) -> None:
    """The log tells of it: an update that says nothing which is declared. The row that is held stays what it was."""
    eam_dsn, mappings = new_database(), tmp_path / "mappings"
    copied(mappings)
    keep_rules(mappings)
    with plant(tmp_path, eam_dsn, new_database(), mapping=mappings / "demo.yaml") as made:
        for column in ("finance_state", "voucher_no", "finance_reason"):
            made.eam.execute(f"ALTER TABLE asset ADD COLUMN {column} text")
        with (mappings / "demo.yaml").open("a", encoding="utf-8") as file:
            file.write(ANSWERS)
        with made.config.open("a", encoding="utf-8") as file:
            file.write(f'    answer: {{kind: postgres, dsn: "{eam_dsn}"}}\n')
        made.syncd("mapping", "accept", *WHO)
        with made.running():
            eam.register(made.eam, [machine("FA-SC-0001", "2000.00"), machine("FA-SC-0002", "6000000.00")])
            made.until("answers", lambda: [state for state, _ in said(made)] == ["posted", "held"])
            made.settled()
            assert made.finance.rows("SELECT state FROM syncd.parked") == [("approval",)]
            made.syncd("approve", "1", "--role", "finance", *WHO)
            made.until("an answer", lambda: [state for state, _ in said(made)] == ["posted", "posted"])
            made.settled()
        assert [bool(voucher) for _, voucher in said(made)] == [True, True]
        assert len(made.finance.rows("SELECT key FROM syncd.posting")) == 2
        assert made.finance.rows("SELECT changes FROM syncd.ignored WHERE reason = 'asset: answered'") == [(3,)]
        assert {state for (state,) in made.finance.rows("SELECT state FROM syncd.delivery")} == {"done"}
