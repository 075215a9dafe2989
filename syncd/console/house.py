"""What the pages are about: the pipelines of a configuration as it stands, and who is signed in."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from syncd import config, wiring
from syncd.console.passwords import Argon2
from syncd.errors import Halt
from syncd.ports import Ledger


class House:
    """One configuration. Accounts lie in the ledger of its first pipeline, so that one name is one person in all."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.hasher: Final = Argon2()
        self.causes: Final[dict[str, tuple[object, Any]]] = {}
        """By pipeline what `causes` has found, and what it is good for."""
        self._lock = Lock()
        self._stamp: tuple[tuple[Path, int], ...] = ()
        self._pipelines: Mapping[str, wiring.Pipeline] = {}

    @property
    def pipelines(self) -> Mapping[str, wiring.Pipeline]:
        """By name, read again when a file of theirs has changed: compiling a mapping takes longer than a page may."""
        with self._lock:
            if not self._stamp or self._stamp != self._stamped():
                self._pipelines = wiring.pipelines(self.path)
                self._stamp = self._stamped()
            return self._pipelines

    def pipeline(self, name: str) -> wiring.Pipeline:
        """One of them; raises Halt for one that the configuration does not have."""
        whole, _, number = name.partition(wiring.PART)
        found = self.pipelines.get(whole)
        if found is None:
            raise Halt("page_no_pipeline", pipeline=name)
        return found.part(number) if number else found

    @property
    def openid(self) -> config.OpenIdConfig | None:
        """Who tells who somebody is, as the configuration says now."""
        return config.load(self.path).openid()

    @property
    def takes_passwords(self) -> bool:
        """Whether people may sign in by a password, as the configuration says now."""
        return config.load(self.path).config.takes_passwords

    @contextmanager
    def accounts(self) -> Iterator[Ledger]:
        """The ledger that holds the accounts."""
        with closing(next(iter(self.pipelines.values())).open_ledger()) as ledger:
            yield ledger

    def _stamped(self) -> tuple[tuple[Path, int], ...]:
        files = sorted({self.path, *(file for p in self._pipelines.values() for file in p.mapping.files)})
        return tuple((file, file.stat().st_mtime_ns) for file in files if file.is_file())
