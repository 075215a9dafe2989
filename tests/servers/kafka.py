"""A real Kafka broker and a real Kafka Connect with Debezium's connectors, their jars fetched once by Maven."""

import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, NewTopic, ResourcePattern, ResourceType
from kafka.errors import KafkaError

from tests.servers.process import START_SECONDS_MAX, Process, free_port, own_directory

POM = Path(__file__).parents[1] / "kafka" / "pom.xml"
FETCHED = POM.parent / "target"
"""Where the jars are kept between runs."""
INSTALL = "{} is not installed: run `apt-get install openjdk-17-jre-headless maven`, or put it on PATH"
AVRO_CONVERTER = "io.apicurio.registry.utils.converter.AvroConverter"
CLUSTER = "c3luY2QtdGVzdHMtc3luYw"
TOOLS = {"kafka-configs.sh": "kafka.admin.ConfigCommand"}
OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
BROKER = """
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
controlled.shutdown.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=200
initial.broker.registration.timeout.ms=60000
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_syncd="secret";
"""
"""Who comes to the second port is `syncd`, and may do what was granted; who comes to the first, everything."""
WORKER = """
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
offset.flush.interval.ms=500
offset.storage.topic=connect-offsets
config.storage.topic=connect-configs
status.storage.topic=connect-status
offset.storage.replication.factor=1
config.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
scheduled.rebalance.max.delay.ms=0
plugin.discovery=service_load
group.id=connect
"""


class Kafka:
    """A broker that is its own controller; it may be killed and started again on the same port and data."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self._process = Process(directory)
        self._names = (f"topic-{n}" for n in count(1))
        self._properties = directory / "server.properties"
        self.guarded_port, controller = free_port(), free_port()
        open_to = f"PLAINTEXT://127.0.0.1:{self.port},SASL_PLAINTEXT://127.0.0.1:{self.guarded_port}"
        own = {
            "listeners": f"{open_to},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": open_to,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(directory / "data"),
        }
        self._properties.write_text(BROKER + _properties({**own, **settings}))
        self._process.once(
            _java("64m", "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER, "--config", self._properties)
        )

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def grant(self, kind: ResourceType, name: str, *operations: ACLOperation) -> None:
        """Let who comes to the guarded port do something."""
        pattern = ResourcePattern(kind, name)
        with self.admin() as admin:
            admin.create_acls([ACL("User:syncd", "*", one, ACLPermissionType.ALLOW, pattern) for one in operations])

    def start(self) -> None:
        """Start, and return once it leads its partitions."""
        self._process.start(_java("384m", "kafka.Kafka", self._properties), self._answers)

    def kill(self) -> None:
        """As if the power went."""
        self._process.stop(signal.SIGKILL)

    def restart(self) -> None:
        self.kill()
        self.start()

    def segment(self, topic: str) -> Path:
        """The file that holds a new topic's messages."""
        return self._properties.with_name("data") / f"{topic}-0" / f"{0:020d}.log"

    def create_topic(self, partitions: int = 1, name: str = "", **settings: str) -> str:
        """The name of a new topic; settings with `_` for `.`, as `retention_ms="1000"`."""
        name = name or next(self._names)
        configs = {key.replace("_", "."): value for key, value in settings.items()}
        with self.admin() as admin:
            admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        return name

    @contextmanager
    def admin(self) -> Iterator[Any]:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            yield admin
        finally:
            admin.close()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()  # or the client leaves a thread behind
            admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=1000)
        except (OSError, KafkaError):
            return False
        try:
            return bool(admin.describe_cluster()["brokers"])
        except KafkaError:
            return False
        finally:
            admin.close()


class Connect:
    """A worker of Kafka Connect; it may be killed and started again, and its connectors go on."""

    def __init__(self, directory: Path, kafka: Kafka) -> None:
        self.port = free_port()
        self._process = Process(directory)
        self._settings = directory / "worker.properties"
        own = {
            "bootstrap.servers": kafka.bootstrap,
            "listeners": f"http://127.0.0.1:{self.port}",
            "plugin.path": f"{jars('plugins').parent},{_converter()}",
        }
        self._settings.write_text(WORKER + _properties(own))

    def start(self) -> None:
        """Start, and return once it takes connectors."""
        main = "org.apache.kafka.connect.cli.ConnectDistributed"
        self._process.start(_java("512m", main, self._settings), self._answers)

    def kill(self) -> None:
        """As if the power went."""
        self._process.stop(signal.SIGKILL)

    def restart(self) -> None:
        self.kill()
        self.start()

    def put(self, name: str, **settings: str) -> None:
        """A connector of these settings, with `_` for `.`; returns once it runs."""
        self.ask("PUT", f"/connectors/{name}/config", {k.replace("_", "."): v for k, v in settings.items()})
        self.await_state(name, "RUNNING")

    def pause(self, name: str) -> None:
        self.ask("PUT", f"/connectors/{name}/pause")
        self.await_state(name, "PAUSED")

    def resume(self, name: str) -> None:
        self.ask("PUT", f"/connectors/{name}/resume")
        self.await_state(name, "RUNNING")

    def begin_anew(self, name: str, forgotten: Callable[[], object]) -> None:
        """Stop the connector, have it forget how far it was, and return once its new snapshot is in the topics.
        `forgotten` is called meanwhile."""
        self.ask("PUT", f"/connectors/{name}/stop")
        self.await_state(name, "STOPPED")
        forgotten()
        self.ask("DELETE", f"/connectors/{name}/offsets")
        self.resume(name)
        self.await_snapshot(name)

    def await_snapshot(self, name: str) -> None:
        """Wait until the connector's snapshot has ended and all its rows are in the topics."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            said = [one["offset"] for one in self.ask("GET", f"/connectors/{name}/offsets")["offsets"]]
            if said and all("snapshot" not in offset or offset.get("snapshot_completed") for offset in said):
                return
            assert time.monotonic() < deadline, f"the snapshot does not end: {said}"
            time.sleep(0.05)

    def delete(self, name: str) -> None:
        self.ask("DELETE", f"/connectors/{name}")

    def await_state(self, name: str, state: str) -> None:
        """Wait until the connector and its tasks are in a state; a failed one says why."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            status = self.ask("GET", f"/connectors/{name}/status") or {"connector": {"state": ""}, "tasks": []}
            states = {status["connector"]["state"], *(task["state"] for task in status["tasks"])}
            if states == {state} and (status["tasks"] or state == "STOPPED"):
                return
            assert "FAILED" not in states, json.dumps(status, indent=1)
            assert time.monotonic() < deadline, json.dumps(status, indent=1)
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """A call of the worker's interface, tried again while it rebalances; None for what is not there."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    said = answer.read()
                    return json.loads(said) if said else None
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read()
                if error.code == 404:
                    return None
                if error.code not in (409, 500) or time.monotonic() > deadline:
                    raise AssertionError(said.decode()) from error
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/connectors", timeout=5):
                return True
        except OSError:
            return False


def tool(command: str) -> None:
    """Run one of Kafka's own commands, as it stands in a shell."""
    name, *arguments = shlex.split(command)
    done = subprocess.run(_java("64m", TOOLS[name], *arguments), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def kafka_server(**settings: str) -> Iterator[Kafka]:
    """A started broker; `settings` override, as `log_retention_ms="1000"`."""
    with own_directory("kafka") as directory:
        broker = Kafka(directory, {key.replace("_", "."): value for key, value in settings.items()})
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()


@contextmanager
def kafka_connect(kafka: Kafka) -> Iterator[Connect]:
    """A started worker."""
    with own_directory("connect") as directory:
        worker = Connect(directory, kafka)
        try:
            worker.start()
            yield worker
        finally:
            worker.kill()


@cache
def jars(profile: str) -> Path:
    """The folder with the jars of a profile of the pom, fetched when the pom has changed; two processes of tests that
    need it at once both fetch, and either's is good."""
    folder = FETCHED / hashlib.sha256(POM.read_bytes()).hexdigest()[:12] / profile / "jars"
    if not folder.is_dir():
        fetched = folder.with_name(f"fetching-{os.getpid()}")
        command = [
            *(binary("mvn"), "--batch-mode", "--quiet", f"--file={POM}", f"--activate-profiles={profile}"),
            *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"Maven could not fetch what {POM} names:\n{done.stdout[-2000:]}"
        try:
            fetched.rename(folder)
        except OSError:
            shutil.rmtree(fetched)
    return folder


@cache
def _converter() -> Path:
    """The folder with the Avro converter, whose own jars do not list it for Connect to find."""
    folder = jars("converter")
    with zipfile.ZipFile(folder / "listed.jar", "w") as listed:
        listed.writestr("META-INF/services/org.apache.kafka.connect.storage.Converter", AVRO_CONVERTER)
    return folder.parent


def _java(heap: str, main: str, *arguments: object) -> list[str]:
    return [
        *(binary("java"), f"-Xmx{heap}", *OPTIONS, "-cp", f"{jars('servers')}/*", main),
        *map(str, arguments),
    ]


def _properties(settings: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def binary(name: str) -> str:
    found = shutil.which(name)
    assert found, INSTALL.format(name)
    return found
