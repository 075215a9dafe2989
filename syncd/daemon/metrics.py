"""The daemon seen from outside: its meters as Prometheus reads them, at an address of this machine.

https://prometheus.io/docs/practices/naming/. Labels are pipelines, states, reasons and rules: what the configuration,
the catalogue and the mapping name, and never what a row holds.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final, NamedTuple, Protocol, get_args

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from syncd.daemon.meter import BOUNDS_S, Durations, Meter
from syncd.desk import kept, status
from syncd.language import say

WAL_STATUSES: Final = ("reserved", "extended", "unreserved", "lost")
log = structlog.get_logger("syncd")


class Reconciled(NamedTuple):
    """What the last reconciliation of a pipeline found, and when."""

    at: datetime
    assets: int
    differing: int
    alerting: int


class Undelivered(Protocol):
    """Deliveries of a kind that are not done."""

    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def deliveries(self) -> int: ...
    @property
    def since(self) -> datetime: ...


class Outbox(Protocol):
    """What sends deliveries: its attempts by kind and result, what is not done, by pipeline, and for how long nobody
    could look."""

    @property
    def pipeline(self) -> str: ...
    @property
    def attempts(self) -> Mapping[tuple[str, str], int]: ...
    @property
    def counts(self) -> Mapping[str, Sequence[Undelivered]]: ...
    @property
    def blind_s(self) -> float: ...


class Figures:
    """All meters of this process, for a registry to collect. `reconciled` is by pipeline."""

    def __init__(self, version: str, meters: Callable[[], Sequence[Meter]]) -> None:
        self._version, self._meters = version, meters
        self.reconciled: dict[str, Reconciled] = {}
        self.outboxes: list[Outbox] = []

    def collect(self) -> Iterator[Metric]:
        """Every figure as it stands now."""
        meters, now = self._meters(), datetime.now(UTC)
        yield _gauge("build_info", ("version",), [((self._version,), 1)])
        yield from _standing(meters, now)
        yield from _source(meters, now)
        yield from _work(meters)
        yield from _people(meters, now)
        yield from self._books()
        yield from self._deliveries(now)

    def _books(self) -> Iterator[Metric]:
        found = list(self.reconciled.items())
        rows = [((p, kind), getattr(one, kind)) for p, one in found for kind in ("assets", "differing", "alerting")]
        yield _gauge("reconcile_assets", ("found",), rows)
        at = [((p,), one.at.timestamp()) for p, one in found]
        yield _gauge("reconcile_last_success_timestamp_seconds", (), at)

    def _deliveries(self, now: datetime) -> Iterator[Metric]:
        found = [(p, one) for outbox in self.outboxes for p, listed in [*outbox.counts.items()] for one in listed]
        rows = [((p, one.kind, one.state), one.deliveries) for p, one in found]
        yield _gauge("outbox", ("kind", "state"), rows)
        since = {p: [o.since for q, o in found if q == p and o.state != "refused"] for p, _ in found}
        oldest = [((p,), (now - min(moments, default=now)).total_seconds()) for p, moments in since.items()]
        yield _gauge("outbox_oldest_seconds", (), oldest)
        blind = [((o.pipeline,), o.blind_s) for o in self.outboxes]
        yield _gauge("outbox_blind_seconds", (), blind)
        tried = [((o.pipeline, *what), count) for o in self.outboxes for what, count in [*o.attempts.items()]]
        yield _counter("delivery_attempts", ("system", "result"), tried)


@contextmanager
def serving(host: str, port: int, figures: Figures) -> Iterator[None]:
    """Answer at the address while the block lasts. One that is taken is logged, and posting goes on without."""
    registry = CollectorRegistry()
    registry.register(figures)
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        log.error("metrics_unavailable", address=f"{host}:{port}", error=error.strerror or str(error))
        yield
        return
    log.info("metrics_served", address=f"{host}:{server.server_port}")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _standing(meters: Sequence[Meter], now: datetime) -> Iterator[Metric]:
    mappings = [((m.pipeline, m.mapping, m.mapping_hash), 1) for m in meters]
    yield _gauge("mapping_info", ("mapping", "hash"), mappings)
    states = [((m.pipeline, state), int(m.state == state)) for m in meters for state in get_args(status.State)]
    yield _gauge("pipeline_state", ("state",), states)
    yield _gauge("leader", (), [((m.pipeline,), int(m.is_writer)) for m in meters])
    halted = [((m.pipeline, m.halted), 1) for m in meters if m.halted]
    yield _gauge("halted", ("reason",), halted)
    at = [((m.pipeline,), m.checkpoint_at.timestamp()) for m in meters if m.checkpoint_at]
    yield _gauge("last_checkpoint_timestamp_seconds", (), at)


def _source(meters: Sequence[Meter], now: datetime) -> Iterator[Metric]:
    connected = [((m.pipeline,), int(m.is_connected)) for m in meters]
    yield _gauge("source_connected", (), connected)
    said = [(m, m.report) for m in meters if m.report is not None]
    lag = [((m.pipeline,), status.lag_s(report, now)) for m, report in said if m.state != "standby"]
    yield _gauge("source_lag_seconds", (), lag)
    behind = [((m.pipeline,), r.bytes_behind) for m, r in said if r.bytes_behind is not None]
    yield _gauge("source_lag_bytes", (), behind)
    rows = [((m.pipeline,), r.rows_behind) for m, r in said if r.rows_behind is not None]
    yield _gauge("source_lag_rows", (), rows)
    silent = [((m.pipeline,), time.monotonic() - m.heard_at) for m in meters if m.heard_at and m.is_connected]
    yield _gauge("source_silence_seconds", (), silent)
    sizes = [(m.pipeline, kept.of_note(report.note)) for m, report in said]
    for name in ("retained", "safe"):
        found = [((p,), int(size[f"{name}_bytes"])) for p, size in sizes if f"{name}_bytes" in size]
        yield _gauge(f"slot_{name}_bytes", (), found)
    for name, of in (("log_expires_seconds", "expires_s"), ("log_kept_seconds", "expires_of_s")):
        yield _gauge(name, (), [((p,), float(size[of])) for p, size in sizes if of in size])
    wal = [
        ((p, one), int(size["wal_status"] == one)) for p, size in sizes if "wal_status" in size for one in WAL_STATUSES
    ]
    yield _gauge("slot_wal_status", ("status",), wal)


def _work(meters: Sequence[Meter]) -> Iterator[Metric]:
    outcomes = [((m.pipeline, outcome), count) for m in meters for outcome, count in m.outcomes.items()]
    yield _counter("changes", ("outcome",), outcomes)
    postings = [((m.pipeline, rule), count) for m in meters for rule, count in m.counts.postings.copy().items()]
    yield _counter("postings", ("rule",), postings)
    settled = [((m.pipeline,), m.counts.settled) for m in meters]
    yield _counter("settled", (), settled)
    retries = [((m.pipeline, code), count) for m in meters for code, count in m.retries.copy().items()]
    yield _counter("retries", ("error_type",), retries)
    yield _histogram("batch_seconds", meters, lambda m: m.batches)
    yield _histogram("commit_to_posting_seconds", meters, lambda m: m.delays)


def _people(meters: Sequence[Meter], now: datetime) -> Iterator[Metric]:
    rows = [((m.pipeline, one.state, one.code), one.rows) for m in meters for one in m.open_rows]
    yield _gauge("parked", ("state", "reason"), rows)
    since = {m.pipeline: [one.since for one in m.open_rows if one.state == "failed"] for m in meters if m.is_writer}
    oldest = [((p,), (now - min(moments, default=now)).total_seconds()) for p, moments in since.items()]
    yield _gauge("parked_oldest_seconds", (), oldest)
    held = [((m.pipeline, one.role), one) for m in meters if m.is_writer for one in m.held]
    ages = [(labels, (now - one.since).total_seconds()) for labels, one in held]
    yield _gauge("approval_oldest_seconds", ("role",), ages)
    overdue = [(labels, one.overdue) for labels, one in held]
    yield _gauge("approval_overdue", ("role",), overdue)


_Rows = Sequence[tuple[tuple[str, ...], float]]


def _meaning(name: str) -> str:
    return say(f"metric_{name}", language="en")


def _gauge(name: str, labels: tuple[str, ...], rows: _Rows) -> Metric:
    first = () if name == "build_info" else ("pipeline",)
    family = GaugeMetricFamily(f"syncd_{name}", _meaning(name), labels=(*first, *labels))
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _counter(name: str, labels: tuple[str, ...], rows: _Rows) -> Metric:
    family = CounterMetricFamily(f"syncd_{name}", _meaning(name), labels=("pipeline", *labels))
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _histogram(name: str, meters: Sequence[Meter], of: Callable[[Meter], Durations]) -> Metric:
    family = HistogramMetricFamily(f"syncd_{name}", _meaning(name), labels=("pipeline",))
    for meter in meters:
        durations = of(meter)
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        family.add_metric(
            (meter.pipeline,), list(zip(bounds, accumulate(durations.counts), strict=True)), durations.sum_s
        )
    return family
