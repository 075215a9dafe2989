"""The life cycle on real servers: PostgreSQL and MariaDB hold what SQLite does."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from syncd.books.lifecycle import standing, states
from syncd.books.lifecycle.compliance import compliance
from syncd.books.lifecycle.deadlines import judge
from syncd.posting import Outcome
from syncd.statements import script
from tests.depreciation.plant import ddl
from tests.depreciation.site import NAME, carry
from tests.lifecycle.shop import SQL
from tests.lifecycle.site import ShopSite
from tests.servers import MariaDb, Postgres


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: Postgres, new_database: Callable[[], str]) -> Iterator[ShopSite]:
    dsn = new_database()
    for statement in script(ddl("postgres", SQL)):
        postgres.run(statement, database=dsn.rpartition("/")[2])
    made = ShopSite(tmp_path, ledger=f'{{kind: postgres, dsn: "{dsn}"}}')
    yield made
    made.close()


@pytest.fixture
def on_mariadb(tmp_path: Path, mariadb: MariaDb, new_mariadb: Callable[[], str]) -> Iterator[ShopSite]:
    dsn = new_mariadb()
    for statement in script(ddl("mysql", SQL)):
        mariadb.run(statement, database=dsn.rpartition("/")[2])
    made = ShopSite(tmp_path, ledger=f'{{kind: mysql, dsn: "{dsn}"}}')
    yield made
    made.close()


@pytest.mark.parametrize("server", ["on_postgres", "on_mariadb"])
def test_states_deadlines_and_report(server: str, request: pytest.FixtureRequest) -> None:
    """Steps are folded, both steps of a deadline are made once, and the list and the report read them back."""
    site: ShopSite = request.getfixturevalue(server)
    carry(site)
    for code in ("FA-1", "FA-2"):
        site.enter(code)
        site.move(code, "to_dispose", "2026-02-15")
    site.move("FA-2", "isolated", "2026-02-18")
    carry(site)
    wired = site.pipeline
    living, far = states.living(NAME, wired.mapping), date(2999, 1, 1)
    assert living is not None
    with closing(wired.open_ledger(dry_run=True)) as dry:  # invariant 10: it sees what it does, and leaves nothing
        assert dry.acquire()
        told: list[Outcome] = []
        assert judge(dry, wired.mapping.translator(), living, far, told.extend)
        assert not judge(dry, wired.mapping.translator(), living, far, told.extend)
        assert [outcome.change.position for outcome in told] == ["due:FA-1/1/1", "due:FA-1/1/2"]
    assert site.ask("SELECT role FROM fa_task WHERE task <> 'collect'") == []
    with closing(wired.open_ledger()) as ledger:
        assert ledger.acquire()
        assert judge(ledger, wired.mapping.translator(), living, far, lambda outcomes: None)
        assert not judge(ledger, wired.mapping.translator(), living, far, lambda outcomes: None)
        found = standing.report(
            ledger, [living], standing.Cards(wired.mapping.layout, "dept", "name"), date(2026, 2, 28)
        )
        assert [(one.asset, one.state, one.days_over) for one in found.standing] == [
            ("FA-1", "to_dispose", 6), ("FA-2", "isolated", 0),
        ]  # fmt: skip
        made = compliance(ledger, living, "FA-2", date(2026, 2, 28))
        assert made is not None
        assert [(leg.stay.state, leg.days, leg.days_over) for leg in made.legs] == [
            ("to_dispose", 3, 0),
            ("isolated", 10, 0),
        ]
    roles = site.ask("SELECT role FROM fa_task WHERE task <> 'collect' ORDER BY role")
    assert [role for (role,) in roles] == ["asset_manager", "director"]
