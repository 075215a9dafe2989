"""Six systems of odd shape, none of them ours, from their DDL to the reconciliation: no view and no side table was made
for syncd, and what it reads between them is an example of the documentation, as it stands there."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest
import yaml

from tests.acceptance.databases import connected
from tests.acceptance.test_grants import bare, run_as_printed
from tests.foreign import (
    json_sequences,
    json_signed,
    latin1_fractions,
    latin1_signed,
    years_fractions,
    years_sequences,
)
from tests.foreign.system import EXAMPLES, System, script

_MODULES: Final = (json_sequences, json_signed, latin1_fractions, latin1_signed, years_fractions, years_sequences)
STORIES: Final = {module.STORY.example: module.STORY for module in _MODULES}
BY: Final = "--actor accountant --reason go-live"


@pytest.fixture(params=STORIES)
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """Its databases on this run's servers, as their makers left them; syncd's users may log in and nothing else."""
    story = STORIES[request.param]
    folder = EXAMPLES / story.example
    (ends,) = yaml.safe_load((folder / "syncd.yaml").read_text("utf-8"))["pipelines"].values()
    opened, users = [], {}
    with ExitStack() as stack:
        for end, user, name in (("source", "eam_reader", "EAM_DSN"), ("ledger", "books", "FINANCE_DSN")):
            kind = ends[end]["kind"]
            users[name] = dsn = str(tmp_path / f"{end}.db")
            if kind != "sqlite":
                server = request.getfixturevalue({"postgres": "postgres", "mysql": "mariadb"}[kind])
                stack.enter_context(bare(server, (user,)))
                dsn = server.create_database()
                stack.callback(server.drop_database, dsn)
                password = ("x",) if kind == "mysql" else ()
                users[name] = server.dsn(dsn.rpartition("/")[2], user, *password)
            opened.append(stack.enter_context(closing(connected(dsn))))
        stack.enter_context(patch.dict(os.environ, users | {"COLUMNS": "300"}))
        eam, finance = opened
        script(eam, folder / "eam.sql")
        script(finance, folder / "finance.sql")
        yield System(story, eam, finance, tmp_path / "daemon.log")


def test_a_foreign_system_is_carried_killed_and_reconciled(system: System) -> None:
    """Invariants 1, 2, 3, 6, 8 and 12, on a schema that nobody has seen: each voucher to the cent by hand, whatever
    kills the daemon; both sides agree, and a difference that somebody plants is found."""
    story = system.story
    assert "as expected" in system.syncd("mapping test")
    for side, database in (("eam", system.eam), ("finance", system.finance)):
        if database.kind != "sqlite":
            run_as_printed(system.syncd(f"grants --side {side}"), database)
    system.syncd("migrate")
    system.follow_advice()
    system.syncd(f"mapping accept {BY}")
    with system.running() as daemon:
        system.until(lambda: system.finance.value("SELECT position FROM syncd.pipeline"), lambda: "no snapshot")
        system.do(story.before)
        system.carry(story.vouchers_before)
        system.kill(daemon, story.midst)
    assert system.vouchers() == story.vouchers_before
    with system.running():
        system.do(story.after)
        system.carry(story.vouchers)
    assert json.loads(system.syncd("parked list --json")) == []
    assert differences(system, code=0) == {}
    system.syncd("audit verify")
    system.finance.execute(story.planted)
    assert differences(system, code=1) == story.difference
    system.finance.execute(story.undone)
    system.syncd("reconcile")
    assert system.vouchers() == story.vouchers


@pytest.mark.parametrize("system", ["json-sequences", "latin1-signed"], indirect=True)
def test_drawn_ids_and_numbers_outlive_two_daemons_that_are_killed(system: System) -> None:
    """Invariants 2, 6 and 9: where finance draws the ids and the layout numbers without a gap, whoever is killed while
    it writes, the daemon that waited takes over; no number is missing or given twice, and each line has its voucher."""
    story = system.story
    for side, database in (("eam", system.eam), ("finance", system.finance)):
        run_as_printed(system.syncd(f"grants --side {side}"), database)
    system.syncd("migrate")
    system.follow_advice()
    system.syncd(f"mapping accept {BY}")
    with system.running() as first:
        system.until(lambda: system.finance.value("SELECT position FROM syncd.pipeline"), lambda: "no snapshot")
        with system.running() as second:
            system.do(story.before)
            system.carry(story.vouchers_before)
            system.kill(first, story.midst)
            system.until(lambda: len(system.vouchers()) > len(story.vouchers_before), lambda: "nobody took over")
            with system.running():
                system.kill(second, story.after)
                system.carry(story.vouchers)
    system.syncd("audit verify")


def differences(system: System, code: int) -> dict[str, str]:
    """By asset or document, what finance has more than the EAM says."""
    said = json.loads(system.syncd("reconcile --json", code))
    assert said["assets"] or said["balances"]
    found = [d for one in (said, *said.get("balances", ())) for d in one["differences"] if d["asset_code"]]
    return {d["asset_code"]: str(Decimal(d["finance"]) - Decimal(d["eam"])) for d in found}
