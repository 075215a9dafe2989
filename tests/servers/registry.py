"""A real schema registry, Apicurio's, with the interface that Confluent's has, fetched once by Maven."""

import signal
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.servers.kafka import AVRO_CONVERTER, OPTIONS, binary, jars
from tests.servers.process import Process, free_port, own_directory


class Registry:
    """A registry that keeps its schemas in memory."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._process = Process(directory)

    @property
    def url(self) -> str:
        """What a reader is given: the interface as Confluent's."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def converters(self) -> dict[str, str]:
        """A connector's properties that let it write Avro as syncd's documents say."""
        own = {
            "": AVRO_CONVERTER,
            ".apicurio.registry.url": f"http://127.0.0.1:{self.port}/apis/registry/v2",
            ".apicurio.registry.auto-register": "true",
            ".apicurio.registry.as-confluent": "true",
            ".apicurio.registry.headers.enabled": "false",
            ".apicurio.registry.use-id": "contentId",
        }
        sides = {f"{side}.converter{name}": value for side in ("key", "value") for name, value in own.items()}
        return {**sides, "schema.name.adjustment.mode": "avro"}

    def start(self) -> None:
        """Start, and return once it answers."""
        own = ["-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={self.port}"]
        self._process.start([binary("java"), "-Xmx256m", *OPTIONS, *own, "-jar", str(_runner())], self._answers)

    def kill(self) -> None:
        self._process.stop(signal.SIGKILL)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=5):
                return True
        except OSError:
            return False


@contextmanager
def schema_registry() -> Iterator[Registry]:
    """A started registry."""
    with own_directory("registry") as directory:
        registry = Registry(directory)
        try:
            registry.start()
            yield registry
        finally:
            registry.kill()


@cache
def _runner() -> Path:
    """The registry's jar, unpacked beside what was fetched."""
    (packed,) = jars("registry").glob("*.tar.gz")
    folder = packed.parents[1] / "unpacked"
    if not folder.is_dir():
        with tarfile.open(packed) as archive:
            archive.extractall(folder.with_name("unpacking"), filter="data")
        folder.with_name("unpacking").rename(folder)
    (runner,) = folder.glob("*-runner.jar")
    return runner
