"""Rules, runbook, dashboard and daemon agree; each alert is fired by its fault, some by real ones at a real daemon."""

import gzip
import json
import re
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from syncd.daemon import otlp
from syncd.daemon.meter import Meter
from syncd.daemon.metrics import Figures
from tests.acceptance.plant import Plant, plant
from tests.servers import free_port, prometheus_server, promtool
from tests.tidy.tree import ROOT

SHIPPED = ROOT / "docs" / "monitoring"
METRICS = SHIPPED.parent / "en" / "metrics.md"
RULES = SHIPPED / "syncd.rules.yaml"
CASES = Path(__file__).with_name("syncd.rules.test.yaml")
METRIC = re.compile(r"\bsyncd_[a-z0-9_]+")
RUNBOOKS = ("runbook.md", "runbook.zh-CN.md")


def _alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_the_rules_are_right_and_each_alert_is_fired_by_its_fault() -> None:
    promtool("check", "rules", str(RULES))
    promtool("test", "rules", str(CASES))
    cases = CASES.read_text("utf-8")
    assert [a["alert"] for a in _alerts() if f'alertname="{a["alert"]}"' not in cases] == []


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_every_alert_has_its_page(runbook: str) -> None:
    text = (SHIPPED / runbook).read_text("utf-8")
    for alert in _alerts():
        said = alert["annotations"]
        assert {"summary", "summary_zh", "description", "description_zh"} <= set(said)
        key = "runbook_url" if runbook == "runbook.md" else "runbook_url_zh"
        assert said[key] == f"docs/monitoring/{runbook}#{alert['alert'].lower()}"
        section = text.partition(f"\n## {alert['alert']}\n")[2].partition("\n## ")[0]
        assert section.lstrip().startswith("```sh\nsyncd "), f"{alert['alert']}: the command to run comes first"
        assert len(re.findall(r"^\d\. ", section, re.MULTILINE)) == 3, f"{alert['alert']}: three checks"


@pytest.fixture
def watched(tmp_path: Path, new_database: Callable[[], str]) -> Iterator[tuple[Plant, str]]:
    """A plant whose daemon answers at an address, and which has a second pipeline that cannot run."""
    with plant(tmp_path, new_database(), new_database()) as made:
        address, text = f"127.0.0.1:{free_port()}", made.config.read_text("utf-8")
        lame = text.replace("pipelines:\n", "").replace("  demo:", "  lame:")
        lame = re.sub(r"ledger: .*", "ledger: {kind: sqlite, path: nowhere.db}", lame)
        made.config.write_text(f"{text}{lame}metrics: {{port: {address.rpartition(':')[2]}}}\n", "utf-8")
        yield made, address


def test_real_faults_fire_at_a_real_daemon(watched: tuple[Plant, str]) -> None:
    """Invariant 14, seen from outside. And every figure that rules and dashboard name is one that the daemon has."""
    made, address = watched
    with prometheus_server(address, RULES) as prometheus, made.running() as daemon:
        made.until("a pipeline that halted", lambda: "SyncdHalted lame" in prometheus.firing())
        made.settled()
        made.until("nothing else", lambda: prometheus.firing() == {"SyncdHalted lame", "SyncdNobodyPosts lame"})
        _are_all_there(address)
        carried = 'sum(syncd_changes_total{pipeline="demo"}) > 0'
        made.until("its changes to be scraped", lambda: prometheus.get("query", query=carried)["result"])

        name = made.finance.name
        made.finance.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        made.finance.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ? AND pid <> pg_backend_pid()",
            (name,),
        )
        made.until("a finance that takes no writes", lambda: "SyncdRetrying demo" in prometheus.firing())
        made.finance.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        made.until("the end of it", lambda: "SyncdRetrying demo" not in prometheus.firing())

        daemon.send_signal(signal.SIGKILL)
        made.until("a daemon that was killed", lambda: "SyncdDown" in prometheus.firing())


def _are_all_there(address: str) -> None:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        page = answer.read().decode()
    assert "postgres" not in page, "no address and no secret"
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    names = set(types) | {f"{name}_bucket" for name, kind in types.items() if kind == "histogram"}
    used = {
        metric for file in (RULES, SHIPPED / "dashboard.json") for metric in METRIC.findall(file.read_text("utf-8"))
    }
    assert used
    assert used - names == set()
    documented = set(re.findall(r"^\| `(syncd_\w+)`", METRICS.read_text("utf-8"), re.MULTILINE))
    assert {name for name in types if name.startswith("syncd_")} == documented
    slot = re.search(r'^syncd_slot_retained_bytes\{pipeline="demo"\} (\S+)$', page, re.MULTILINE)
    assert slot is not None
    assert float(slot[1]) >= 0


def test_the_dashboard_can_be_loaded() -> None:
    board = json.loads((SHIPPED / "dashboard.json").read_text("utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert board["uid"] == "syncd"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    inputs = {"${" + given["name"] + "}" for given in board["__inputs"]}
    assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} == inputs
    expressions = {target["expr"] for panel in panels for target in panel["targets"]}
    for expression in expressions:
        assert METRIC.search(expression)


def test_every_event_of_the_log_has_one_name_that_stands_in_the_documents() -> None:
    told = (SHIPPED / "README.md").read_text("utf-8")
    logged = re.compile(r"(?:log|said|told)\b[\w.()]*\.(?:info|warning|error|exception)\(\s*\"([^\"]+)\"")
    files = [path for folder in ("syncd", "connectors") for path in sorted((ROOT / folder).rglob("*.py"))]
    events = {event for path in files for event in logged.findall(path.read_text("utf-8"))}
    assert {"started", "stopped", "posting", "halted", "unexpected"} <= events
    assert [event for event in sorted(events) if not re.fullmatch(r"[a-z_]+", event) or f"`{event}`" not in told] == []


def test_a_collector_is_told_the_same_by_otlp() -> None:
    meter = Meter("main")
    meter.counts.postings["registration"] = 3
    meter.batches.add(0.01)
    meter.batches.add(0.2)
    bodies: Queue[bytes] = Queue()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(gzip_or_plain(self.rfile.read(int(self.headers["Content-Length"])), self.headers))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        answering = threading.Thread(target=server.serve_forever)
        answering.start()
        address = f"http://127.0.0.1:{server.server_port}/v1/metrics"
        with otlp.pushing(address, 3600, Figures("1.0", lambda: [meter])):
            pass
        server.shutdown()
        answering.join()
    told = ExportMetricsServiceRequest.FromString(bodies.get_nowait())
    found = {metric.name: metric for metric in told.resource_metrics[0].scope_metrics[0].metrics}
    (postings,) = found["syncd_postings"].sum.data_points
    assert (postings.as_double, found["syncd_postings"].sum.is_monotonic) == (3.0, True)
    (batches,) = found["syncd_batch_seconds"].histogram.data_points
    assert (batches.count, list(batches.bucket_counts)[:5]) == (2, [0, 1, 0, 1, 0])


def gzip_or_plain(body: bytes, headers: Mapping[str, str]) -> bytes:
    return gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
