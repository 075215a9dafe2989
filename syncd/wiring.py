"""The one place where everything meets: configuration in, pipelines ready to run out."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from functools import cache, partial
from pathlib import Path
from threading import Event
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import structlog

from connectors import reading
from connectors.convert import row_converter, typed
from syncd import config, migrate, registry
from syncd.books import comparison, figures, trying
from syncd.books.close import cards
from syncd.books.close import closing as month_end
from syncd.books.close.item import Item, Said
from syncd.books.depreciation import runs, terms_record
from syncd.books.hindsight import Finance
from syncd.books.lifecycle import states
from syncd.books.lifecycle.deadlines import Deadlines
from syncd.books.quality import eam, store
from syncd.books.quality.examine import Examination
from syncd.books.quality.findings import Report as QualityReport
from syncd.books.reconciliation import accepting, history, progress
from syncd.books.reconciliation import course as reconciliation
from syncd.books.reconciliation.asked import Asked
from syncd.books.reconciliation.reconcile import Report
from syncd.books.reports import package as packages
from syncd.books.reports.sheet import Package
from syncd.books.warnings import look
from syncd.books.warnings.notice import Report as Noticed
from syncd.books.warnings.notice import Window
from syncd.change import Column, Position, Row, Table, Value
from syncd.connector import Answers, Holding, Leaves, LedgerConnector, SourceConnector, Triggers
from syncd.cron import NoCron
from syncd.cron import parse as parse_cron
from syncd.daemon import schedule
from syncd.daemon.sharing import Shared, Sharer
from syncd.daemon.spec import PipelineSpec, makes_nothing
from syncd.daemon.supervisor import Runner, Worker
from syncd.desk import closing as closings
from syncd.desk import masking
from syncd.desk.access import rights
from syncd.desk.audit import anchors, verify
from syncd.desk.parked import operators
from syncd.desk.partitions import PART as PART
from syncd.dialects import SPELLINGS, Dialect
from syncd.errors import Fault, MappingError, WrongUsage
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language import load as meanings
from syncd.mapping.language.blocks.balances import ANY_PERIOD
from syncd.outbox.relaying import Outbox
from syncd.outside import Auditing, Outside, auditing, outside
from syncd.ports import Anchor, Layout, Ledger, Period, Source

log = structlog.get_logger("syncd")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline of the configuration with its mapping compiled, its two ends still closed."""

    name: str
    config: config.PipelineConfig
    mapping: meanings.Mapping
    source: SourceConnector[Any]
    source_settings: Any
    ledger: LedgerConnector[Any]
    ledger_settings: Any
    audit: Auditing
    outside: Outside
    people: Mapping[str, Sequence[str]] | None = None
    """Who may act, and approve in which roles, while there are no accounts; None where anybody may who says who."""
    others: Callable[[], Iterable["Pipeline"]] = tuple
    """The other pipelines of the configuration."""
    first: Callable[[], "Pipeline"] | None = None
    """The first pipeline of the configuration, where this is another."""
    token_file: Path | None = None  # with the token of whoever types a command

    def open_source(self) -> Source:
        """A new connection to the EAM, not yet started."""
        return self.source.connect(self.source_settings, self.mapping.source_tables, self.name)

    def open_ledger(self, dry_run: bool = False) -> Ledger:
        """A new connection to finance. A dry run rolls back whatever is written."""
        meaning = self.mapping
        of = (self.ledger_settings, self.name, meaning.layout, meaning.tables, meaning.hash)
        return self.ledger.connect(*of, dry_run=dry_run, answers=meaning.answers)

    def open_accounts(self) -> Ledger:
        """The ledger that holds the accounts of the configuration: that of its first pipeline."""
        return (self.first() if self.first else self).open_ledger()

    @property
    def anchor(self) -> Anchor | None:
        """Where heads of its hash chains are kept, and sent."""
        return self.outside.anchor(self.audit.anchor, self.open_ledger)

    def outbox(self) -> Outbox | None:
        """What sends its deliveries; None where it tells nobody anything."""
        current = self

        def answers(ledger: Ledger) -> Answers:
            nonlocal current
            with suppress(Fault):  # while the file is another than the accepted one, nothing new is decided either
                current = current.accepted(ledger)
            return current.mapping.answers

        return self.outside.outbox(self.name, self.open_ledger, answers) if self.outside.tells else None

    def spec(self, again: bool = False) -> PipelineSpec:
        """What the supervisor needs to run it; `again` for a snapshot of what is in the books already."""
        return PipelineSpec(
            name=self.name,
            open_ledger=self.open_ledger,
            open_source=self.open_source,
            translator=lambda: self.mapping.translator(self.name, again, self.config.batch_changes_max),
            prepare=migrate.require,
            renewed=self._renewed,
            reread=partial(self._renewed, looks=True),
            schedules=schedule.of_rules(self.mapping.schedules, self.mapping.zone),
            batch_changes_max=self.config.batch_changes_max,
            queue_changes_max=self.config.queue_changes_max,
            parked_share_max=self.config.parked_share_max,
            gone_share_max=self.config.gone_share_max,
            mapping=self.mapping.name,
            mapping_hash=self.mapping.hash[:12],
            compute=makes_nothing if (computing := self.computing) is None else runs.turns(computing),
            deadlines=partial(Deadlines, states.living(self.name, self.mapping)),
        )

    @property
    def computing(self) -> runs.Computing | None:
        """What runs of depreciation need; None where the mapping leaves that to the EAM or says nothing of it."""
        meaning = self.mapping.depreciation
        return self.depreciation if meaning is not None and meaning.by == "syncd" else None

    def periods(self, ledger: Ledger) -> Sequence[Period]:
        """Finance's periods as they stand."""
        return reading.periods(ledger, self.mapping.layout)

    @property
    def cards(self) -> figures.Cards:
        """How cards are read, whatever asks for figures."""
        return cards.read(self.mapping.month_end, self.mapping.layout.card_kinds)

    @property
    def depreciation(self) -> runs.Computing | None:
        """What previews and checks of depreciation need; None where the mapping says nothing of it."""
        meaning, mapping = self.mapping.depreciation, self.mapping
        if meaning is None:
            return None
        rules = [rule.name for rule in mapping.rules if rule.on.alias == meaning.rows.alias]
        return runs.Computing(self.name, meaning, mapping.tables, rules, mapping.zone)

    def misfolded(self, ledger: Ledger) -> Iterable[str]:
        """Assets whose terms of depreciation are not as the record says."""
        if (said := self.depreciation) is None:
            return ()
        return terms_record.flawed(ledger, said.pipeline, said.meaning, said.rules, said.zone)

    def runner(self, stop: Event) -> Runner:
        """What the daemon runs for it: its posting thread, or what shares out its partitions."""
        if not self.is_partitioned:
            return Worker(self.spec(), stop)
        partitions, spec = self._same_partitions, lambda number: self.part(number).spec()
        return Sharer(Shared(self.name, self.open_ledger, partitions, spec, self._prepare_partitions), stop)

    def read(self, column: Column, text: str) -> Value:
        """What a person typed for a column, as the source would take it; Malformed where it would not."""
        return typed(column, text, self.mapping.zone)

    @property
    def kept(self) -> Leaves:
        """What its source leaves in the EAM once it was read, even by a dry run."""
        return self.source.leaves(self.source_settings)

    def holdings(self) -> list[Holding]:
        """What stands in the EAM for it, as it is now."""
        return self.source.holdings(self.source_settings, self.mapping.source_tables, self.name)

    def keeps(self, position: Position) -> Mapping[str, str]:
        """For how long the EAM has what comes after a position, as `Lag.note` holds it; empty where it waits."""
        return self.source.keeps(self.source_settings, position)

    def release(self, holdings: Sequence[Holding]) -> None:
        """Take away what is its own of what stands in the EAM."""
        self.source.release(self.source_settings, self.name, holdings)

    @property
    def triggers(self) -> Triggers[Any]:
        """Of a source that writes its log itself. Raises WrongUsage for any other."""
        if self.source.triggers is None:
            raise WrongUsage("not_a_changelog", pipeline=self.name, kind=self.config.source.kind)
        return self.source.triggers

    def grants(self, side: Literal["eam", "finance"]) -> list[str]:
        """The statements by which a DBA of one side lets syncd do what it does there. Empty where none does that."""
        if side == "finance":
            made = self.ledger.grants(self.ledger_settings, self.mapping.layout) if self.ledger.grants else []
        else:
            tables, asked = self.mapping.source_tables, self.source.grants
            made = asked(self.source_settings, tables, self.name) if asked else []
        return [statement.rstrip().removesuffix(";") + ";" for statement in made]

    @property
    def place(self) -> rights.Place:
        """Where who acts in it acts."""
        return rights.Place(self.name, self.mapping.layout.file.book or "")

    @property
    def is_partitioned(self) -> bool:
        """Whether it is a pipeline for each partition of its source, and not one of these itself."""
        return self.source.partitions is not None and PART not in self.name

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
        return [self.part(number) for number in sorted(self._reached(), key=int)] or [self]

    def _reached(self) -> Mapping[str, Position | None]:
        """How far each partition is that the ledger knows."""
        with closing(self.open_ledger()) as ledger:
            rows = ledger.query("SELECT name, position FROM syncd.pipeline")
        reached: dict[str, Position | None] = {}
        for name, position in rows:
            whole, _, number = str(name).rpartition(PART)
            if whole == self.name:
                reached[number] = None if position is None else Position(str(position))
        return reached

    def _partitions(self) -> Sequence[str]:
        assert self.source.partitions is not None, "see `is_partitioned`"
        return self.source.partitions(self.source_settings, ())

    def _same_partitions(self) -> Sequence[str]:
        """As `_partitions`; refuses those of a source that was parted otherwise when it was read."""
        assert self.source.partitions is not None, "see `is_partitioned`"
        known = [position for position in self._reached().values() if position]
        return self.source.partitions(self.source_settings, known)

    def prepare(self, ledger: Ledger) -> None:
        """Refuse a ledger that is not migrated and a mapping that nobody accepted."""
        migrate.require(ledger)
        operators.require_accepted(ledger, self.mapping.name, self.mapping.hash, self.mapping.earlier)

    def accepted(self, ledger: Ledger, looks: bool = False) -> "Pipeline":
        """Itself, or with its mapping read again where another was accepted meanwhile; `looks` reads it in any case.
        Raises Halt when the file holds another."""
        if not looks and operators.accepted(ledger, self.mapping.name) == self.mapping.hash:
            return self
        now = meanings.load(self.mapping.path)
        operators.require_accepted(ledger, now.name, now.hash, now.earlier)
        return self if now.hash == self.mapping.hash else replace(self, mapping=now)

    def _renewed(self, ledger: Ledger, looks: bool = False) -> PipelineSpec | None:
        accepted = self.accepted(ledger, looks)
        return None if accepted is self else accepted.spec()

    def _prepare_partitions(self, ledger: Ledger) -> None:
        """As `prepare`, whatever was accepted meanwhile: the pipeline of a partition takes it up by itself."""
        migrate.require(ledger)
        self.accepted(ledger)

    @property
    def eam_dialect(self) -> Dialect | None:
        """Whose SQL the EAM is asked in; None where its connector asks none."""
        kind: str = self.config.source.kind
        dsn: str = getattr(self.source_settings, "scan_dsn", "")
        if dsn:
            kind = "mysql" if dsn.startswith("mysql:") else "postgres"
        kind = getattr(self.source_settings, "dialect", kind)
        return cast(Dialect, kind) if kind in SPELLINGS else None

    def compare(self, ledger: Ledger) -> comparison.Comparison:
        """What its mapping as it stands would make of the last changes, beside what became of them."""
        migrate.require(ledger)
        translator, layout = self.mapping.translator(self.name, says_documents=True), self.mapping.layout
        return comparison.compare(ledger, self.name, translator, self.mapping.tables, layout, self._finance(ledger))

    def bench(self, ledger: Ledger) -> trying.Bench:
        """What rows are tried on under its mapping as it stands."""
        migrate.require(ledger)
        return trying.Bench(ledger, self.name, self.mapping.program, self.read, self._finance(ledger))

    def _finance(self, ledger: Ledger) -> Finance:
        layout = self.mapping.layout
        return Finance(
            reading.periods_less_closed(ledger, layout), lambda name: reading.lookup(ledger, layout.lookups[name])
        )

    def reconcile(self, by: str = "") -> Report:
        """Compare both sides at one point of the log, and keep what was found. Raises WrongUsage when the mapping does
        not say how."""
        if not self.mapping.compares:
            raise WrongUsage("reconcile_nothing", mapping=self.mapping.name)
        with closing(self.open_ledger()) as ledger:
            migrate.require(ledger)
            eam = partial(self.source.scan, self.source_settings, register_sqlite)
            return history.keep(ledger, self.name, reconciliation.run(self._asked(ledger), eam, ledger), by)

    def accept_difference(self, ledger: Ledger, name: str, by: operators.Actor) -> None:
        """Have the posting made that a difference of the last reconciliation proposes; see `accepting.accept`."""
        self.prepare(ledger)
        accepting.accept(self._asked(ledger), ledger, name, by)

    def _asked(self, ledger: Ledger) -> Asked:
        meaning, parts = self.mapping, [part.name for part in self.begun()]
        return Asked(
            *(meaning.reconcile, meaning.balances, meaning.layout, meaning.source_tables, self.name),
            *(self.source_settings.zone, partial(progress.wait, ledger, parts), self._begun_periods(ledger)),
            *(self.is_partitioned, meaning.by_hand),
        )

    def _begun_periods(self, ledger: Ledger) -> Sequence[Period]:
        """Finance's periods up to today, for whose entries there are tables; any where it has none yet."""
        found = reading.periods(ledger, self.mapping.layout)
        return [period for period in found if period.first <= date.today()] or found[:1] or [ANY_PERIOD]

    @contextmanager
    def rows(self, table: Table) -> Iterator[Iterator[tuple[Row, bool]]]:
        """All rows of a table of the EAM as they stand, converted as the stream's are."""
        convert = row_converter(table, ZoneInfo(self.source_settings.zone))

        def query(dialect: Dialect, zone: str, moments: Collection[str], texts: Collection[str]) -> str:
            return eam.rows_query(table, dialect, moments)

        with self.source.scan(self.source_settings, register_sqlite) as scan:
            yield map(convert, scan.rows(query))

    def quality(self, out: Path | None = None) -> tuple[QualityReport, Mapping[str, int]]:
        """What is wrong with the EAM's rows, and the files that were written into a folder: name → rows. Raises
        WrongUsage where the mapping holds nothing to look at rows with."""
        mapping = self.mapping
        if not mapping.quality.openers and not mapping.quality.declared:
            raise WrongUsage("quality_nothing_to_read", mapping=mapping.name)
        with store.opened(mapping.source_tables) as kept:
            today = datetime.now(mapping.zone).date()
            unseen = masking.hidden(mapping.masked, ())  # a file is anybody's who is sent it
            examination = Examination(
                mapping.quality, mapping.rules, mapping.source_tables, kept, today, mapping.zone, unseen
            )
            report = examination.run(self.rows)
            written: dict[str, int] = {}
            if out is not None:
                from syncd.books.quality import files  # its library is slow to load, and most commands write none

                out.mkdir(parents=True, exist_ok=True)
                files.write_workbook(out / files.WORKBOOK, report, kept, mapping.source_tables)
                written[files.WORKBOOK] = sum(group.rows for group in report.groups)
                written[files.CROSSWALK] = files.write_crosswalk(out / files.CROSSWALK, examination.crosswalk())
                written[files.DEFAULTS] = files.write_defaults(out / files.DEFAULTS, report.defaults)
        return report, written

    def warnings(self, first: date, last: date) -> Noticed:
        """What is worth a look in what was posted between two days, both inclusive."""
        mapping = self.mapping
        with closing(self.open_ledger()) as ledger:
            migrate.require(ledger)
            window = Window(first, last, mapping.zone)
            said = (mapping.quality, mapping.rules, mapping.layout, mapping.reconcile)
            return look.look(ledger, self.name, *said, window)

    def close_items(self, ledger: Ledger, month: str) -> list[Item]:
        """What must hold before a month is closed. Raises WrongUsage for one that finance does not have."""
        migrate.require(ledger)
        periods, period = self.period(ledger, month)
        elsewhere = month_end.Elsewhere(
            self._alerting if self.mapping.compares else None,
            lambda: self.verified(ledger),
        )
        names = [part.name for part in self.begun()]
        now, in_hand = datetime.now(UTC), self._of_company()
        return list(month_end.look(ledger, self.mapping, periods, period, now, elsewhere, names, in_hand))

    def _of_company(self) -> Collection[str] | None:
        """The pipelines whose rows a close waits for: those of its company, where its layout says which rows in finance
        are its own; None for all that post to this finance."""
        company = self.mapping.layout.company
        if company is None:
            return None
        return [self.name, *(one.name for one in self.others() if one.mapping.layout.company == company)]

    def close_period(
        self, ledger: Ledger, month: str, seen: closings.Numbers, items: Sequence[Item], by: operators.Actor
    ) -> bool:
        """Close a month in which nothing was posted since it was seen; whether finance's own table says so too."""
        _, period = self.period(ledger, month)
        in_finance = self.mapping.layout.period_update(month, is_open=False)
        fails = {item.said.code: item.total for item in items if item.state == "fails"}
        closings.close(ledger, self.mapping.layout.kept(period.code), seen, in_finance, {"fails": fails}, by)
        if self.anchor is not None:
            with suppress(Fault):  # `status` says so, and the daemon tries again
                for part in self.begun():
                    anchors.write(ledger, part.name, self.anchor, self.audit.key, datetime.now(UTC))
        return in_finance is not None

    def reopen_period(self, ledger: Ledger, month: str, by: operators.Actor) -> bool:
        """Open the month that was closed last; whether finance's own table says so too."""
        migrate.require(ledger)
        self.period(ledger, month)
        in_finance = self.mapping.layout.period_update(month, is_open=True)
        closings.reopen(ledger, self.mapping.layout.kept(month), in_finance, by)
        return in_finance is not None

    def reports(self, ledger: Ledger, month: str, printed: packages.Printed, ends_year: bool = False) -> Package:
        """A month's sheets; those of the year to its end, too, where it `ends_year` or is December."""
        migrate.require(ledger)
        periods, period = self.period(ledger, month)
        named = printed._replace(company=printed.company or self.name)
        parts = {part.name: part.depreciation for part in self.begun()}
        compared = self._compared(ledger, month, printed.by)
        return packages.package(ledger, self.mapping, periods, period, named, parts, ends_year, compared)

    def _compared(self, ledger: Ledger, month: str, by: str) -> history.Compared | Fault | None:
        """What the EAM says beside the cards: of a month that is closed the reconciliation that its close has seen,
        else one of now, or why it cannot be asked; None where the mapping does not say how."""
        if self.mapping.reconcile is None:
            return None
        closed_at = closings.closed_at(ledger, self.mapping.layout.kept(month))
        if closed_at and (kept := history.up_to(ledger, self.name, closed_at)):
            return kept
        try:
            return history.Compared(datetime.now(UTC), history.plain(self.reconcile(by)))
        except Fault as fault:
            return fault

    def period(self, ledger: Ledger, month: str) -> tuple[Sequence[Period], Period]:
        """Finance's periods, of which those closed at the desk are not open, and one of them. Raises WrongUsage when it
        has no such period."""
        periods = reading.periods_less_closed(ledger, self.mapping.layout)
        found = next((period for period in periods if period.code == month), None)
        if found is None:
            raise WrongUsage("period_unknown", period=month, nearest=nearest(month, [p.code for p in periods]))
        return periods, found

    def verified(self, ledger: Ledger) -> verify.Verdict:
        """Whether the record is whole, as it stands here and against what was kept outside: before a close anchors."""
        layout, others, parts = self.mapping.layout, self.audit.others, self.begun()
        kept, told = anchors.look(self.audit.anchor, [part.name for part in parts], self.audit.key)
        verdict = verify.joined(
            verify.verify(ledger, part.name, layout, kept[part.name], others, terms=part.misfolded(ledger))
            for part in parts
        )
        return verdict._replace(flaws=[*(verify.Flaw(*one) for one in told), *verdict.flaws])

    def _alerting(self) -> list[tuple[str, Said, object, object]]:
        report = self.reconcile()
        listed = report.all_differences if report.alerting else []
        return [(d.asset_code, d.said, d.eam, d.finance) for d in listed]


def metrics(path: Path) -> config.MetricsConfig | None:
    """Where a configuration wants to be seen from outside."""
    return config.load(path).config.metrics


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


def again(path: Path, name: str) -> tuple[Ledger, Layout]:
    """A pipeline's ledger, to be opened in another process, and how finance is laid out."""
    found = _once(path, name)
    return found.open_ledger(), found.mapping.layout


_once = cache(pipeline)
"""A process opens its ledger again and again."""


def _wire(loaded: config.Loaded, name: str) -> Pipeline:
    chosen = loaded.config.pipelines[name]
    at_source, at_ledger = ("pipelines", name, "source"), ("pipelines", name, "ledger")
    source = registry.source_connector(loaded.connector(at_source, chosen.source.kind, registry.SOURCES))
    source_settings = loaded.settings(at_source, chosen.source, source.settings)
    ledger = registry.ledger_connector(loaded.connector(at_ledger, chosen.ledger.kind, registry.LEDGERS))
    ledger_settings = loaded.settings(at_ledger, chosen.ledger, ledger.settings)
    meaning = meanings.load(loaded.mapping_path(name))
    if chosen.reconcile is not None:
        _refuse_no_cron(loaded.document.where(("pipelines", name, "reconcile")), chosen.reconcile, meaning.zone)
    ends = (source, source_settings, ledger, ledger_settings)
    named = {} if meaning.lifecycle is None else meaning.lifecycle.states
    told = outside(loaded, name, meaning.answers, meaning.zone, named)

    def others() -> Iterator[Pipeline]:
        return (_wire(loaded, other) for other in loaded.config.pipelines if other != name)

    begins = next(iter(loaded.config.pipelines))
    first = None if name == begins else partial(_wire, loaded, begins)
    who = (loaded.config.people, others, first, loaded.token_file())
    return Pipeline(name, chosen, meaning, *ends, auditing(loaded), told, *who)


def _refuse_no_cron(where: str, cron: str, zone: tzinfo) -> None:
    try:
        parse_cron(cron, zone)
    except NoCron as wrong:
        raise MappingError(wrong.code, where, **wrong.params) from None
