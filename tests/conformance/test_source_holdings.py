"""What a source leaves in the EAM is shown while nobody reads, goes when it is told to, and the EAM writes on."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from connectors.changelog import source as changelog
from syncd.connector import Holding, SourceConnector
from syncd.registry import SOURCES
from tests.conformance.eams import EAMS, TABLES, ChangelogPostgresEam, Eam, LoggedPostgresEam, Move, Put
from tests.conformance.reading import asset, count, opened, read_until, start

KINDS = {
    "changelog-sqlite": "changelog",
    "changelog-postgres": "changelog",
    "changelog-mysql": "changelog",
    "postgres": "postgres",
    "engine": "engine",
    "mysql": "mysql",
}
LEFT = {"changelog": ["triggers"], "postgres": ["slot", "publication"], "engine": ["slot", "publication"], "mysql": []}


class Kept:
    """An EAM of one kind with its connector."""

    def __init__(self, kind: str, eam: Any) -> None:
        self.eam = eam
        self.kind = KINDS[kind]
        self.connector: SourceConnector[Any] = import_module(SOURCES[self.kind]).CONNECTOR
        self.settings = getattr(eam, "settings", None) or import_module(SOURCES["mysql"]).Settings(eam.dsn)
        self.pipeline = "main" if self.kind in ("changelog", "mysql") else eam.dsn.rpartition("/")[2]

    def holdings(self) -> list[Holding]:
        return self.connector.holdings(self.settings, TABLES, self.pipeline)

    def release(self, holdings: list[Holding]) -> None:
        self.connector.release(self.settings, self.pipeline, holdings)


@pytest.fixture(params=sorted(KINDS))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    with opened(request.param, request, tmp_path) as eam:
        yield Kept(request.param, eam)


def test_what_was_made_is_named_and_goes_while_the_eam_writes_on(kept: Kept) -> None:
    eam: Eam = kept.eam
    with closing(start(eam)) as source:
        eam.commit(Put("asset", asset(1)))
        read_until(source, count(1))
    eam.commit(*(Move("asset", (1,), asset(1, str(n))) for n in range(50)))
    found = kept.holdings()
    assert [holding.kind for holding in found] == LEFT[kept.kind]
    assert all(holding.is_ours and holding.statements for holding in found)
    for holding in found:
        assert holding.kind == "publication" or int(holding.sizes.get("retained_bytes") or holding.sizes["rows"]) > 0
    done, failed = threading.Event(), list[BaseException]()

    def write() -> None:
        for number in range(2, 100_000):
            try:
                eam.commit(Put("asset", asset(number)))
            except BaseException as error:
                failed.append(error)
                return
            if done.is_set():
                return

    writer = threading.Thread(target=write)
    if eam.threads:
        writer.start()
    try:
        kept.release(found)
    finally:
        done.set()
        if eam.threads:
            writer.join()
    assert not failed
    eam.commit(Put("asset", asset(200_000)))
    assert kept.holdings() == []
    kept.release(found)  # twice does no harm


def test_every_kind_says_what_it_leaves() -> None:
    assert set(KINDS) == {kind for kind in EAMS if kind != "memory"}


def test_what_a_dba_made_is_named_and_left(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with opened("postgres", request, tmp_path) as eam:
        assert isinstance(eam, LoggedPostgresEam)
        with closing(start(eam)):
            pass
        kept = Kept("postgres", eam)
        kept.settings = replace(kept.settings, create=False)
        assert [(holding.kind, holding.is_ours) for holding in kept.holdings()] == [
            ("slot", False), ("publication", False)
        ]  # fmt: skip
        kept.settings = replace(kept.settings, create=True)
        eam.db.cursor().execute(f"ALTER PUBLICATION syncd_{kept.pipeline} ADD TABLE note")
        assert [(holding.kind, holding.is_ours) for holding in kept.holdings()] == [
            ("slot", True), ("publication", False)
        ]  # fmt: skip
        kept.release([holding for holding in kept.holdings() if holding.is_ours])
        assert [holding.kind for holding in kept.holdings()] == ["publication"]


def test_triggers_that_another_pipeline_reads_stay(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with opened("changelog-postgres", request, tmp_path) as eam:
        assert isinstance(eam, ChangelogPostgresEam)
        for pipeline in ("main", "o'ther"):
            with closing(changelog.connect(eam.settings, TABLES, pipeline)) as source:
                source.start(None)
        kept = Kept("changelog-postgres", eam)
        kept.pipeline = "o'ther"
        found = kept.holdings()
        assert [(holding.kind, holding.is_ours) for holding in found] == [
            ("acknowledgement", True),
            ("triggers", False),
        ]
        kept.release(found[:1])
        assert [(holding.kind, holding.is_ours) for holding in kept.holdings()] == [("triggers", False)]
        kept.pipeline = "main"
        assert [(holding.kind, holding.is_ours) for holding in kept.holdings()] == [("triggers", True)]
