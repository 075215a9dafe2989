"""What the month came to, every figure read from the two databases."""

import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from syncd.books.reconciliation.reconcile import Report
from syncd.demo.eam import period_of
from syncd.demo.stage import Stage
from syncd.money import ZERO


class Balance(NamedTuple):
    """A line of the trial balance, in yuan: the balance before the month, debit positive, and what the month moved."""

    account: str
    name: str
    opening: Decimal
    debit: Decimal
    credit: Decimal

    @property
    def closing(self) -> Decimal:
        """The balance at the end of the month, debit positive."""
        return self.opening + self.debit - self.credit


class Settled(NamedTuple):
    """A row that was parked in the course of the month, and what became of it."""

    subject: str
    state: str
    code: str
    params: str


class Figures(NamedTuple):
    """The figures of `--json`. Counts; `debit` and `credit` are the totals of all entries in yuan; `closed` is whether
    the month was closed; latencies are from the EAM's commit to the posting, of what came live and waited for nobody.
    """

    devices: int
    cards: int
    vouchers: int
    entries: int
    debit: Decimal
    credit: Decimal
    parked: int
    approvals: int
    differences: int
    duplicates: int
    closed: bool
    latency_p50_ms: float
    latency_p99_ms: float
    elapsed_s: float

    def plain(self) -> dict[str, object]:
        """As JSON: amounts as decimal text."""
        said = self._asdict() | {"debit": str(self.debit), "credit": str(self.credit)}
        latency = {"p50": said.pop("latency_p50_ms"), "p99": said.pop("latency_p99_ms")}
        elapsed_s = said.pop("elapsed_s")
        return said | {"latency_ms": latency, "elapsed_s": elapsed_s}


def read(stage: Stage, report: Report, elapsed_s: float) -> Figures:
    """The figures as the databases have them now."""
    latencies = sorted(_latencies_ms(stage)) or [0.0]
    return Figures(
        devices=_count(stage.eam.execute("SELECT count(*) FROM asset").fetchall()),
        cards=_count(stage.rows("SELECT count(*) FROM fa_card")),
        vouchers=_count(stage.rows("SELECT count(*) FROM gl_voucher")),
        entries=_count(stage.rows("SELECT count(*) FROM gl_entry")),
        debit=_sum(stage, "debit"),
        credit=_sum(stage, "credit"),
        parked=_count(stage.rows("SELECT count(*) FROM syncd_parked WHERE settled_at IS NULL")),
        approvals=_count(stage.rows("SELECT count(*) FROM syncd_action WHERE action = 'approve'")),
        differences=report.differing + len(report.totals) + sum(c.balance != c.cards for c in report.controls),
        duplicates=_duplicates(stage),
        closed=bool(stage.rows("SELECT 1 FROM gl_period WHERE code = ? AND status = 'closed'", period_of(stage.today))),
        latency_p50_ms=_share(latencies, 0.50),
        latency_p99_ms=_share(latencies, 0.99),
        elapsed_s=round(elapsed_s, 2),
    )


def trial_balance(stage: Stage) -> list[Balance]:
    """Every account with entries. The sums are exact: SQLite's own would be floats."""
    found: dict[str, Balance] = {}
    month = period_of(stage.today)
    for account, name, period, debit, credit in stage.finance.execute(
        "SELECT e.account, a.name, e.period, e.debit, e.credit FROM gl_entry e JOIN gl_account a ON a.code = e.account"
        " ORDER BY 1"
    ):
        so_far = found.get(account, Balance(account, name, ZERO, ZERO, ZERO))
        debit, credit = Decimal(debit), Decimal(credit)
        if period < month:
            found[account] = so_far._replace(opening=so_far.opening + debit - credit)
        else:
            found[account] = so_far._replace(debit=so_far.debit + debit, credit=so_far.credit + credit)
    return list(found.values())


def _sum(stage: Stage, side: str) -> Decimal:
    """Of all entries."""
    return sum((Decimal(amount) for (amount,) in stage.rows(f"SELECT {side} FROM gl_entry")), ZERO)


def parked(stage: Stage) -> list[Settled]:
    """Everything that was parked, in order."""
    return [Settled(*row) for row in stage.rows("SELECT subject, state, code, params FROM syncd_parked ORDER BY id")]


def _duplicates(stage: Stage) -> int:
    """Vouchers beyond the first that stand for one key, or that register one asset and were not taken back."""
    keys = stage.rows("SELECT count(external_key) - count(DISTINCT external_key) FROM gl_voucher")
    registered = stage.rows(
        "SELECT count(*) - count(DISTINCT p.subject) FROM syncd_posting p WHERE p.voucher <> '' AND p.reverses = ''"
        " AND p.rule IN ('registration', 'registration_corrected')"
        " AND NOT EXISTS (SELECT 1 FROM syncd_posting r WHERE r.reverses = p.key)"
    )
    return _count(keys) + _count(registered)


def _latencies_ms(stage: Stage) -> list[float]:
    """A snapshot's cards have no voucher, a month's depreciation waits for its approval, a parked row for a person."""
    moments = stage.rows(
        "SELECT committed_at, posted_at FROM syncd_posting WHERE voucher <> ''"
        " AND rule NOT IN ('monthly_depreciation', 'research_carried')"
        " AND subject NOT IN (SELECT subject FROM syncd_parked)"
    )
    return [
        (datetime.fromisoformat(str(posted)) - datetime.fromisoformat(str(committed))).total_seconds() * 1000
        for committed, posted in moments
    ]


def _share(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1)


def _count(rows: list[tuple[object, ...]]) -> int:
    return int(str(rows[0][0]))
