"""Heads of the hash chains in a file that only ever grows: a JSON object a line.

The text of a message that carried heads is read as well: what else stands in it is passed over, and a line that was
folded on its way is put together again."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from syncd.audit import Anchored
from syncd.errors import Transient

HEAD_BYTES_MAX: Final = 2_048
_BEGINNING: Final = b'{"pipeline"'


class AnchorFile:
    """A `ports.Anchor`. A line that was written in part, by a disk that was full, is passed over when it is read, and
    the next one begins anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, heads: Sequence[Anchored]) -> None:
        text = "".join(json.dumps(one._asdict(), ensure_ascii=False) + "\n" for one in heads)
        try:
            with self._path.open("ab") as file:
                if file.tell() and not self._is_whole():
                    text = "\n" + text
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Transient("anchor_failed", place=self._path, error=error.strerror or error) from None

    def read(self) -> Iterator[Anchored]:
        try:
            with self._path.open("rb") as file:
                yield from _heads(file)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Transient("anchor_failed", place=self._path, error=error.strerror or error) from None

    def _is_whole(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"


def _heads(lines: Iterable[bytes]) -> Iterator[Anchored]:
    text = b""
    for line in lines:
        text += line.strip(b"\r\n")
        while (end := text.find(b"}")) >= 0:
            begun = text.rfind(_BEGINNING, 0, end)
            one = _anchored(text[begun : end + 1]) if begun >= 0 else None
            if one is not None:
                yield one
            text = text[end + 1 :]
        begun = text.rfind(_BEGINNING)
        is_begun = 0 <= len(text) - begun <= HEAD_BYTES_MAX and begun >= 0
        text = text[begun:] if is_begun else text[1 - len(_BEGINNING) :]


def _anchored(line: bytes) -> Anchored | None:
    try:
        said = json.loads(line)
        texts = {name: str(said[name]) for name in ("pipeline", "chain", "hash", "at", "mac")}
        return Anchored(seq=int(said["seq"]), **texts)
    except (ValueError, KeyError, TypeError):
        return None
