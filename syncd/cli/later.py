"""Modules that a command needs when it runs and its help does not. Each is imported when one of its names is first
read, so help loads the commands' signatures and not what carries them out.

Command modules import them from here and read as ever. Two things follow: what is imported here is used inside
functions only, and annotations stay text (`from __future__ import annotations`); those of a command itself are read
by its help and name nothing from here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final


class _Module:
    """Stands for a module of that name."""

    def __init__(self, name: str) -> None:
        self._name: Final = name

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self._name), name)


if TYPE_CHECKING:
    import structlog as structlog
    import uvicorn as uvicorn
    from rich import progress as progress

    from syncd import audit as audit
    from syncd import change as change
    from syncd import checks as checks
    from syncd import config as config
    from syncd import connector as connector
    from syncd import delivery as delivery
    from syncd import demo as demo
    from syncd import dialects as dialects
    from syncd import first_day as first_day
    from syncd import jobs as jobs
    from syncd import migrate as migrate
    from syncd import outside as outside
    from syncd import ports as ports
    from syncd import posting as posting
    from syncd import record as record
    from syncd import trial as trial
    from syncd import wiring as wiring
    from syncd import workbench as workbench
    from syncd.books import comparison as comparison
    from syncd.books import steps as steps
    from syncd.books import trying as trying
    from syncd.books.close import item as item
    from syncd.books.depreciation import as_of as as_of
    from syncd.books.depreciation import asking as asking
    from syncd.books.depreciation import plan as plan
    from syncd.books.depreciation import preview as preview
    from syncd.books.depreciation import recomputation as recomputation
    from syncd.books.depreciation import temporary as temporary
    from syncd.books.lifecycle import compliance as compliance
    from syncd.books.lifecycle import deadlines as deadlines
    from syncd.books.lifecycle import standing as standing
    from syncd.books.lifecycle import states as states
    from syncd.books.quality import files as files
    from syncd.books.quality import findings as findings
    from syncd.books.reconciliation import history as history
    from syncd.books.reconciliation import reconcile as reconcile
    from syncd.books.reports import difference_rows as difference_rows
    from syncd.books.reports import folders as folders
    from syncd.books.reports import package as package
    from syncd.books.reports import sheet as sheet
    from syncd.books.warnings import notice as notice
    from syncd.cli import many as many
    from syncd.cli import pages as pages
    from syncd.cli import sheets as sheets
    from syncd.cli import wording as wording
    from syncd.console import app as app
    from syncd.console import passwords as passwords
    from syncd.daemon import differences as differences
    from syncd.daemon import drain as drain
    from syncd.daemon import metrics as metrics
    from syncd.daemon import otlp as otlp
    from syncd.daemon import reader as reader
    from syncd.daemon import repair as repair
    from syncd.daemon import schedule as schedule
    from syncd.daemon import signals as signals
    from syncd.daemon import supervisor as supervisor
    from syncd.daemon import tally as tally
    from syncd.daemon import watchdog as watchdog
    from syncd.desk import automatic as automatic
    from syncd.desk import clock as clock
    from syncd.desk import closing as closing
    from syncd.desk import decision_tables as decision_tables
    from syncd.desk import due as due
    from syncd.desk import kept as kept
    from syncd.desk import masking as masking
    from syncd.desk import samples as samples
    from syncd.desk import shares as shares
    from syncd.desk import status as status
    from syncd.desk import trace as trace
    from syncd.desk.access import accounts as accounts
    from syncd.desk.access import everybody as everybody
    from syncd.desk.access import identities as identities
    from syncd.desk.access import people as people
    from syncd.desk.access import rights as rights
    from syncd.desk.access import tokens as tokens
    from syncd.desk.audit import anchors as anchors
    from syncd.desk.audit import together as together
    from syncd.desk.audit import verify as verify
    from syncd.desk.parked import approvals as approvals
    from syncd.desk.parked import approving as approving
    from syncd.desk.parked import bulk as bulk
    from syncd.desk.parked import operators as operators
    from syncd.desk.parked import previews as previews
    from syncd.desk.parked import taken as taken
    from syncd.mapping.cases import cases as cases
    from syncd.mapping.expression import terms as terms
    from syncd.mapping.language import explain as explain
    from syncd.mapping.language import load as load
    from syncd.mapping.language.blocks import measures as measures
    from syncd.mapping.language.file import schemas as schemas
    from syncd.mapping.program import follow as follow
    from syncd.outbox import alerts as alerts
    from syncd.outbox import box as box
else:
    structlog = _Module("structlog")
    uvicorn = _Module("uvicorn")
    app = _Module("syncd.console.app")
    passwords = _Module("syncd.console.passwords")
    accounts = _Module("syncd.desk.access.accounts")
    everybody = _Module("syncd.desk.access.everybody")
    identities = _Module("syncd.desk.access.identities")
    progress = _Module("rich.progress")
    audit = _Module("syncd.audit")
    change = _Module("syncd.change")
    checks = _Module("syncd.checks")
    config = _Module("syncd.config")
    connector = _Module("syncd.connector")
    demo = _Module("syncd.demo")
    dialects = _Module("syncd.dialects")
    first_day = _Module("syncd.first_day")
    jobs = _Module("syncd.jobs")
    migrate = _Module("syncd.migrate")
    outside = _Module("syncd.outside")
    alerts = _Module("syncd.outbox.alerts")
    box = _Module("syncd.outbox.box")
    delivery = _Module("syncd.delivery")
    ports = _Module("syncd.ports")
    posting = _Module("syncd.posting")
    record = _Module("syncd.record")
    wiring = _Module("syncd.wiring")
    trial = _Module("syncd.trial")
    workbench = _Module("syncd.workbench")
    as_of = _Module("syncd.books.depreciation.as_of")
    asking = _Module("syncd.books.depreciation.asking")
    comparison = _Module("syncd.books.comparison")
    steps = _Module("syncd.books.steps")
    trying = _Module("syncd.books.trying")
    history = _Module("syncd.books.reconciliation.history")
    plan = _Module("syncd.books.depreciation.plan")
    preview = _Module("syncd.books.depreciation.preview")
    recomputation = _Module("syncd.books.depreciation.recomputation")
    reconcile = _Module("syncd.books.reconciliation.reconcile")
    temporary = _Module("syncd.books.depreciation.temporary")
    many = _Module("syncd.cli.many")
    pages = _Module("syncd.cli.pages")
    sheets = _Module("syncd.cli.sheets")
    wording = _Module("syncd.cli.wording")
    notice = _Module("syncd.books.warnings.notice")
    files = _Module("syncd.books.quality.files")
    findings = _Module("syncd.books.quality.findings")
    item = _Module("syncd.books.close.item")
    compliance = _Module("syncd.books.lifecycle.compliance")
    deadlines = _Module("syncd.books.lifecycle.deadlines")
    standing = _Module("syncd.books.lifecycle.standing")
    states = _Module("syncd.books.lifecycle.states")
    difference_rows = _Module("syncd.books.reports.difference_rows")
    folders = _Module("syncd.books.reports.folders")
    package = _Module("syncd.books.reports.package")
    sheet = _Module("syncd.books.reports.sheet")
    differences = _Module("syncd.daemon.differences")
    drain = _Module("syncd.daemon.drain")
    metrics = _Module("syncd.daemon.metrics")
    otlp = _Module("syncd.daemon.otlp")
    reader = _Module("syncd.daemon.reader")
    repair = _Module("syncd.daemon.repair")
    schedule = _Module("syncd.daemon.schedule")
    signals = _Module("syncd.daemon.signals")
    supervisor = _Module("syncd.daemon.supervisor")
    watchdog = _Module("syncd.daemon.watchdog")
    tally = _Module("syncd.daemon.tally")
    anchors = _Module("syncd.desk.audit.anchors")
    approvals = _Module("syncd.desk.parked.approvals")
    approving = _Module("syncd.desk.parked.approving")
    bulk = _Module("syncd.desk.parked.bulk")
    taken = _Module("syncd.desk.parked.taken")
    automatic = _Module("syncd.desk.automatic")
    clock = _Module("syncd.desk.clock")
    decision_tables = _Module("syncd.desk.decision_tables")
    due = _Module("syncd.desk.due")
    closing = _Module("syncd.desk.closing")
    kept = _Module("syncd.desk.kept")
    samples = _Module("syncd.desk.samples")
    masking = _Module("syncd.desk.masking")
    operators = _Module("syncd.desk.parked.operators")
    people = _Module("syncd.desk.access.people")
    previews = _Module("syncd.desk.parked.previews")
    rights = _Module("syncd.desk.access.rights")
    shares = _Module("syncd.desk.shares")
    status = _Module("syncd.desk.status")
    together = _Module("syncd.desk.audit.together")
    tokens = _Module("syncd.desk.access.tokens")
    trace = _Module("syncd.desk.trace")
    verify = _Module("syncd.desk.audit.verify")
    cases = _Module("syncd.mapping.cases.cases")
    terms = _Module("syncd.mapping.expression.terms")
    explain = _Module("syncd.mapping.language.explain")
    load = _Module("syncd.mapping.language.load")
    measures = _Module("syncd.mapping.language.blocks.measures")
    schemas = _Module("syncd.mapping.language.file.schemas")
    follow = _Module("syncd.mapping.program.follow")
