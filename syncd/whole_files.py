"""Files that people open: whole, or as they were."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_DEVICES: Final = ("/dev/", "/proc/")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what a file is to hold from now on, beside it. It stands at the path once all of it is written;
    until then, and if the process ends, what was there stays. Whose it is and who may read it stays as well. What is no
    plain file, `/dev/stdout` say, is written as it is. Raises OSError that names the path."""
    real = Path(os.path.realpath(path))
    if str(path).startswith(_DEVICES) or (real.exists() and not real.is_file()):
        yield path
        return
    part = real.with_name(f".{real.name}.{os.urandom(4).hex()}")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        if real.exists():
            shutil.copymode(real, part)
            with suppress(OSError):  # where that may be said
                owned = real.stat()
                os.chown(part, owned.st_uid, owned.st_gid)
        os.replace(part, real)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(part):
            error.filename = str(path)
        raise


def write(path: Path, text: str) -> None:
    """A text file in UTF-8."""
    with replacing(path) as part:
        part.write_text(text, "utf-8")
