"""The reconciler on real servers: checksums computed in both, while people go on working, and what no log ever told."""

import threading
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from syncd.demo import eam
from tests.acceptance.databases import connected
from tests.acceptance.plant import MONTH, Plant, plant_on
from tests.acceptance.routes import ROUTES, Route

RUNS = 3
PAUSE_S = 0.2
"""Between the acts of people, who do not work as fast as a loop: the daemon keeps up."""


@pytest.fixture(params=["postgres", "mariadb-postgres"])
def route(request: pytest.FixtureRequest) -> Route:
    return ROUTES[request.param](request)


def test_nothing_that_is_merely_on_its_way_is_ever_a_difference(route: Route, tmp_path: Path) -> None:
    """Invariant 13 for what people see: while assets are registered, upgraded and moved, every run compares both sides
    at one point of the log. What finance changed is found among all that, by checksums."""
    with plant_on(route, tmp_path, devices=40) as company, company.running():
        company.settled()
        stop = threading.Event()
        worker = threading.Thread(target=_work, args=(company, stop))
        worker.start()
        try:
            reports = [company.json("reconcile") for _ in range(RUNS)]
            code = company.finance.value("SELECT min(asset_code) FROM fa_card WHERE status = 'in_use'")
            company.finance.execute("UPDATE fa_card SET impairment = 0.01 WHERE asset_code = ?", (code,))
            planted = company.json("reconcile", expect=1)
        finally:
            stop.set()
            worker.join()
        company.settled()
        assert [(r["differing"], r["way"]) for r in reports] == [(0, "checksums")] * RUNS
        assert all(r["eam"] == r["finance"] for r in reports)
        causes = {(d["asset_code"], d["field"], d["cause"]) for d in planted["differences"]}
        assert {(code, "impairment", cause) for cause in ("cause_opening", "cause_card_changed")} & causes
        assert planted["differing"] == 1


def _work(company: Plant, stop: threading.Event) -> None:
    """People at work in the EAM, by a connection of their own."""
    people, chance, n = connected(company.eam.dsn), Random(7), 0
    try:
        while not stop.wait(PAUSE_S):
            n += 1
            device = eam.Device(f"FA-WK-{n:04}", "数控车床", "JQSB", 1 + n % 2, Decimal(50_000 + n), MONTH)
            eam.register(people, [device])
            eam.upgrade(people, chance.randint(1, 8), Decimal("10.00"), MONTH)
            eam.transfer(people, chance.randint(1, 8), 1 + n % 3, MONTH)
    finally:
        people.close()


def test_what_a_session_kept_from_the_log_is_a_missing_event(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """`sql_log_bin = 0` on MariaDB: the log has passed the moment, and never told."""
    with plant_on(ROUTES["mariadb"](request), tmp_path, devices=20) as company, company.running():
        company.settled()
        (asset, code), *_ = company.eam.rows(
            "SELECT id, asset_code FROM asset WHERE status = 'in_use' ORDER BY id DESC"
        )
        company.eam.execute("SET sql_log_bin = 0")
        eam.impair(company.eam, asset, Decimal("10.00"), MONTH)
        company.eam.execute("SET sql_log_bin = 1")
        stop = threading.Event()
        worker = threading.Thread(target=_work, args=(company, stop))
        worker.start()  # what comes behind it in the log shows that the log has passed it
        try:
            report = company.json("reconcile", expect=1)
        finally:
            stop.set()
            worker.join()
        causes = {(d["asset_code"], d["field"], d["cause"]) for d in report["differences"] if d["asset_code"]}
        assert {(c, cause) for c, _, cause in causes} == {(code, "cause_missing_event")}, report
