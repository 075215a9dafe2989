"""A real Prometheus that scrapes one address each second and keeps the shipped rules, and the tool beside it."""

import json
import re
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.process import Process, free_port, own_directory

INSTALL = "Prometheus is not installed: run `apt-get install prometheus`"
CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
scrape_configs: [{{job_name: syncd, static_configs: [{{targets: ["{target}"]}}]}}]
"""


class Prometheus:
    """A server that answers queries."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, **params: str) -> Any:
        """What its HTTP interface answers under `data`."""
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}?{urllib.parse.urlencode(params)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def firing(self) -> set[str]:
        """The alerts that fire, with their pipeline where they have one."""
        alerts = [alert["labels"] for alert in self.get("alerts")["alerts"] if alert["state"] == "firing"]
        return {" ".join(filter(None, (labels["alertname"], labels.get("pipeline")))) for labels in alerts}


def promtool(*arguments: str) -> str:
    """Run the tool to its end; what it said."""
    done = subprocess.run([_binary("promtool"), *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def prometheus_server(target: str, rules: Path) -> Iterator[Prometheus]:
    """Started, with the rules as they are shipped but for how long a fault must last."""
    with own_directory("prometheus") as directory:
        port = free_port()
        (directory / "rules.yaml").write_text(re.sub(r"for: \d+\w", "for: 1s", rules.read_text("utf-8")), "utf-8")
        (directory / "prometheus.yaml").write_text(CONFIG.format(target=target), "utf-8")
        server, process = Prometheus(port), Process(directory)
        process.start(
            [
                _binary("prometheus"),
                f"--config.file={directory / 'prometheus.yaml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            lambda: _answers(server),
        )
        try:
            yield server
        finally:
            process.stop(signal.SIGTERM)


def _answers(server: Prometheus) -> bool:
    try:
        return bool(server.get("status/runtimeinfo"))
    except OSError:
        return False


def _binary(name: str) -> str:
    found = shutil.which(name)
    assert found, INSTALL
    return found
