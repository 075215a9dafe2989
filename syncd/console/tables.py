"""Decision tables: as they stand, as a form, and what another content would do before it is kept."""

import os
import re
import shlex
import stat
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from grp import getgrgid
from pathlib import Path
from pwd import getpwuid
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from syncd import trial, wiring
from syncd.console import within
from syncd.console.page import SignedIn, Visitor, page
from syncd.console.signing import Signed
from syncd.desk import decision_tables
from syncd.errors import MappingError, MappingErrors, WrongUsage
from syncd.ports import Ledger

router = APIRouter()
FIELDS_MAX: Final = 600
"""Of one form: what a browser and a person can take."""
DRAFT_MAX: Final = 1_000_000
"""Letters: a form takes no larger field."""
ROWS_MAX: Final = 100
NEW_ROWS: Final = 3
DIFFERENCES_MAX: Final = 50
CHANGES_MAX: Final = 200
_LINE_ENDS: Final = re.compile(r"[\r\n]")
"""What a field of a form does not hold."""


class Shown(NamedTuple):
    """The rows of a form: by number, counted from 0, with their line and cells; how many are found, and the pages."""

    rows: Sequence[tuple[int, int, Sequence[str]]]
    found: int
    page: int
    pages: int


@router.get("/mapping/tables")
def listed(request: Request, who: SignedIn, pipeline: str = "") -> Response:
    """The decision tables that the mapping names."""
    with within.at(request, who, pipeline) as (part, _):
        found = trial.listed(part.mapping)
    return page(request, "tables.html", "console_tables", who, pipeline=part.name, found=found)


@router.get("/mapping/table")
def shown(request: Request, who: SignedIn, table: str, pipeline: str = "", find: str = "", at: int = 1) -> Response:
    """A table's rows; for who may ask for a mapping as a form."""
    with within.at(request, who, pipeline) as (part, ledger):
        one = trial.opened(part.mapping, table)
        meanings = trial.meanings(part.mapping, ledger)
    return _form(request, who, part, one, meanings, one.sheet, "", find, at)


@router.get("/mapping/table/file")
def sent(
    request: Request, who: SignedIn, table: str, pipeline: str = "", encoding: trial.Encoding = "utf-8"
) -> Response:
    """The table as CSV for a spreadsheet."""
    with within.at(request, who, pipeline) as (part, _):
        one = trial.opened(part.mapping, table)
    return _file(one.table.path.name, trial.sent(one, encoding))


async def _fields(request: Request) -> Mapping[str, str]:
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


Fields = Annotated[Mapping[str, str], Depends(_fields)]


@router.post("/mapping/table")
def changed(
    request: Request, signed: Signed, fields: Fields, pipeline: Annotated[str, Form()], table: Annotated[str, Form()],
    seen: Annotated[str, Form()],
    do: Annotated[Literal["try", "cases", "return", "edit", "save", "fetch"], Form()] = "edit",
    draft: Annotated[str, Form()] = "", find: Annotated[str, Form()] = "", at: Annotated[int, Form()] = 1,
    encoding: Annotated[Literal["", "utf-8", "gb18030"], Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:  # fmt: skip
    """What was typed or has come back as a file is tried, on the cases where they are asked for, or typed on; what was
    tried is kept, or fetched as the file that somebody else puts in place."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed.who, "accept_mapping", part)
        one = trial.opened(part.mapping, table, seen)
        if do == "save":
            return _save(part, ledger, one, _unpacked(draft), signed)
        if do == "fetch":
            return _file(one.table.path.name, _unpacked(draft))
        if do == "return":
            try:
                content, came = _returned(part, one, file, encoding)
            except MappingError as wrong:
                errors = wrong.errors if isinstance(wrong, MappingErrors) else (wrong,)
                return _tried(request, signed.who, part, one, one.content, None, errors)
            found = trial.tried(part, ledger, one, content, with_cases=False)
            return _tried(request, signed.who, part, one, content, found, found.errors, came)
        base = trial.drafted(one, _unpacked(draft)) if draft else one.sheet
        content = trial.filled(one, _typed([row.cells for row in base.rows], len(base.header), fields))
        if do == "edit":
            told = "" if content == one.content else _packed(content)
            meanings = trial.meanings(part.mapping, ledger)
            return _form(request, signed.who, part, one, meanings, trial.drafted(one, content), told, find, at)
        found = trial.tried(part, ledger, one, content, do == "cases")
        return _tried(request, signed.who, part, one, content, found, found.errors)


def _tried(
    request: Request, who: Visitor, part: wiring.Pipeline, one: trial.Opened, content: bytes,
    found: trial.Trial | None, errors: Sequence[MappingError], came: str = "",
) -> Response:  # fmt: skip
    is_writable = decision_tables.is_writable(one.table.path)
    return page(
        request, "table_tried.html", "console_table_tried", who, part.mapping.file.timezone, one=one, came=came,
        pipeline=part.name, found=found, errors=errors, draft=_packed(content),
        is_writable=is_writable, command="" if is_writable else _command(one.table.path), file=one.table.path.name,
        changes_max=CHANGES_MAX, differences_max=DIFFERENCES_MAX,
    )  # fmt: skip


def _save(part: wiring.Pipeline, ledger: Ledger, one: trial.Opened, content: bytes, signed: Signed) -> Response:
    difference = trial.checked(part.mapping, one, content)
    decision_tables.put(
        ledger, part.mapping.name, one.table.file, one.table.path, content, one.seen, difference.counts, signed.by
    )
    return RedirectResponse(f"/mapping?{urlencode({'pipeline': part.name, 'saved': one.table.file})}", 303)


def _form(
    request: Request, who: Visitor, part: wiring.Pipeline, one: trial.Opened, meanings: Mapping[str, str],
    sheet: trial.Sheet, draft: str, find: str, at: int,
) -> Response:  # fmt: skip
    rows = _found(sheet, meanings, find, at)
    return page(
        request, "table.html", "console_table", who, pipeline=part.name, one=one, sheet=sheet, rows=rows, find=find,
        draft=draft, meanings=meanings, may=within.may(who, "accept_mapping", part), encodings=trial.ENCODINGS,
        new_rows=NEW_ROWS, field=_field, gives=[sheet.header.index(name) for name in one.table.gives],
        keys=[sheet.header.index(name) for name in one.table.keys],
    )  # fmt: skip


def _found(sheet: trial.Sheet, meanings: Mapping[str, str], find: str, at: int) -> Shown:
    """The rows that hold all words that are looked for, or whose meaning does, page by page."""
    words = find.casefold().split()

    def is_meant(cells: Iterable[str]) -> bool:
        text = "\n".join(f"{cell} {meanings.get(cell, '')}" for cell in cells).casefold()
        return all(word in text for word in words)

    found = [(n, row.line, row.cells) for n, row in enumerate(sheet.rows) if is_meant(row.cells)]
    most = max(1, min(ROWS_MAX, FIELDS_MAX // (len(sheet.header) + 1)))
    pages = max(1, -(-len(found) // most))
    at = min(max(at, 1), pages)
    return Shown(found[(at - 1) * most : at * most], len(found), at, pages)


def _typed(rows: Sequence[tuple[str, ...]], width: int, fields: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The rows with what a form says of some of them: `cell.ROW.COLUMN`, `remove.ROW`, `new.NUMBER.COLUMN`."""

    def cell(row: int, column: int, was: str) -> str:
        said = fields.get(f"cell.{row}.{column}")
        return was if said is None or said == _field(was) else said.strip()

    kept = [
        tuple(cell(n, column, was) for column, was in enumerate(cells))
        for n, cells in enumerate(rows)
        if f"remove.{n}" not in fields
    ]
    new = [tuple(fields.get(f"new.{n}.{column}", "").strip() for column in range(width)) for n in range(NEW_ROWS)]
    return [row for row in (*kept, *new) if any(row)]


def _field(cell: str) -> str:
    """A cell as a field of a form gives it back."""
    return _LINE_ENDS.sub("", cell)


def _returned(
    part: wiring.Pipeline, one: trial.Opened, file: UploadFile | None, encoding: str
) -> tuple[bytes, trial.Encoding]:
    content = b"" if file is None else file.file.read(trial.BYTES_MAX + 1)
    if not content:
        raise WrongUsage("table_no_file")
    chosen = next((known for known in trial.ENCODINGS if known == encoding), None)
    return trial.returned(part.mapping, one, content, chosen)


def _packed(content: bytes) -> str:
    """A file as a field of a form, where line ends would not stay as they are."""
    packed = b64encode(zlib.compress(content)).decode()
    if len(packed) > DRAFT_MAX:
        raise WrongUsage("table_large")
    return packed


def _unpacked(draft: str) -> bytes:
    try:
        content = zlib.decompressobj().decompress(b64decode(draft, validate=True), trial.BYTES_MAX + 1)
    except (ValueError, zlib.error):
        raise WrongUsage("page_unreadable", names="draft") from None
    if len(content) > trial.BYTES_MAX:
        raise WrongUsage("table_large")
    return content


def _file(name: str, content: bytes) -> Response:
    said = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type="text/csv", headers={"content-disposition": said})


def _command(path: Path) -> str:
    """What puts a file that was fetched in place, as whose and how readable the one there is."""
    there = path.resolve()
    kept = there.stat()
    try:
        owner, group = getpwuid(kept.st_uid).pw_name, getgrgid(kept.st_gid).gr_name
    except KeyError:
        owner, group = str(kept.st_uid), str(kept.st_gid)
    mode = f"{stat.S_IMODE(kept.st_mode):04o}"
    target = os.fspath(there)
    return shlex.join(["sudo", "install", "-o", owner, "-g", group, "-m", mode, path.name, target])
