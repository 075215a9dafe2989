"""The same figures by OTLP over HTTP, for collectors that are told and do not ask. Needs the extra `otlp`.

https://opentelemetry.io/docs/specs/otlp/. Headers, as for a login, are taken from OTEL_EXPORTER_OTLP_HEADERS.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import structlog
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import export
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client.core import Metric

from syncd.daemon.metrics import Figures

TIMEOUT_S = 5.0
CUMULATIVE = export.AggregationTemporality.CUMULATIVE
log = structlog.get_logger("syncd")


@contextmanager
def pushing(endpoint: str, interval_s: float, figures: Figures) -> Iterator[None]:
    """Push each interval while the block lasts, and once more at its end. What is not taken is logged once."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # its words are no JSON; ours say the same
    exporter = OTLPMetricExporter(endpoint=endpoint, timeout=TIMEOUT_S)
    stop, began_ns = threading.Event(), time.time_ns()

    def push() -> None:
        was_taken = True
        while True:
            is_last = stop.wait(interval_s)
            taken = exporter.export(_data(figures.collect(), began_ns)) is export.MetricExportResult.SUCCESS
            if was_taken and not taken:
                log.warning("metrics_not_pushed", address=endpoint)
            was_taken = taken
            if is_last:
                return

    thread = threading.Thread(target=push, name="otlp", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(TIMEOUT_S * 2)
        exporter.shutdown()


def _data(families: Iterable[Metric], began_ns: int) -> export.MetricsData:
    now_ns = time.time_ns()
    metrics = [_metric(family, began_ns, now_ns) for family in families if family.samples]
    scope = export.ScopeMetrics(InstrumentationScope("syncd"), metrics, "")
    return export.MetricsData([export.ResourceMetrics(Resource({"service.name": "syncd"}), [scope], "")])


def _metric(family: Metric, began_ns: int, now_ns: int) -> export.Metric:
    data: export.Gauge | export.Sum | export.Histogram
    if family.type == "histogram":
        data = export.Histogram(_histograms(family, began_ns, now_ns), CUMULATIVE)
    else:
        points = [export.NumberDataPoint(s.labels, began_ns, now_ns, float(s.value)) for s in family.samples]
        data = export.Sum(points, CUMULATIVE, True) if family.type == "counter" else export.Gauge(points)
    unit = "s" if family.name.endswith("_seconds") else "By" if family.name.endswith("_bytes") else ""
    return export.Metric(family.name, family.documentation, unit, data)


def _histograms(family: Metric, began_ns: int, now_ns: int) -> list[export.HistogramDataPoint]:
    pipelines = dict.fromkeys(sample.labels["pipeline"] for sample in family.samples)
    found = []
    for pipeline in pipelines:
        own = [sample for sample in family.samples if sample.labels["pipeline"] == pipeline]
        buckets = [(s.labels["le"], int(s.value)) for s in own if s.name.endswith("_bucket")]
        counts = [after - before for before, after in pairwise([0, *(count for _, count in buckets)])]
        bounds = [float(bound) for bound, _ in buckets[:-1]]
        total = next(s.value for s in own if s.name.endswith("_sum"))
        found.append(
            export.HistogramDataPoint(
                {"pipeline": pipeline}, began_ns, now_ns, sum(counts), total, counts, bounds, 0.0, 0.0
            )
        )
    return found
