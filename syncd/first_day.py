"""The first day: two databases are read, a mapping, a layout and all that goes with them are proposed and written."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple

from syncd import registry, whole_files, wiring, workbench
from syncd.config import is_raw
from syncd.dialects import Dialect
from syncd.errors import Fault, Halt, MappingError, MappingErrors, Transient, WrongUsage, no_driver
from syncd.init.files import golden, layout_file, mapping_file
from syncd.init.files.render import Question, scalar
from syncd.init.finance import books, cards, layout
from syncd.init.seen.guess import Why
from syncd.init.seen.schema import Schema
from syncd.init.source import eam, later, meaning
from syncd.language import current, say
from syncd.mapping.cases import cases
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.secrets import hidden, unquoted

Side = Literal["eam", "finance"]
VARIABLES: Final[Mapping[Side, str]] = {"eam": "EAM_DSN", "finance": "FINANCE_DSN"}
CONFIG, MAPPING, LAYOUT = "syncd.yaml", "mapping.yaml", "finance.yaml"
GRANTS: Final[Mapping[Side, str]] = {"eam": "grants-eam.sql", "finance": "grants-finance.sql"}
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEMES: Final[Mapping[str, Dialect]] = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
_OF_ADDRESS: Final = ("mysql_login", "mysql_certificate", "mysql_no_database")
"""What a server says of a connection that is not to be had as it is asked for."""


class Address(NamedTuple):
    """Where a database is. `text` may hold a password and is never shown; `variable` is the environment variable that
    the configuration names in its place, empty for a file."""

    side: Side
    dialect: Dialect
    text: str
    variable: str


class Asked(NamedTuple):
    """A question: where its answer belongs, what it is about, what is proposed, how sure and why."""

    where: str
    what: str
    proposed: str
    sure: float
    why: str


@dataclass
class Founded:
    """What was written. `errors` are what `syncd mapping check` and the cases find in it."""

    files: list[Path] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)
    guesses: int = 0
    errors: list[MappingError] = field(default_factory=list)
    cases: int = 0
    unset: list[str] = field(default_factory=list)
    """Environment variables that the commands that follow need and this shell does not have."""
    skipped: dict[Side, Sequence[str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    left: Sequence[Why] = ()
    """What the schema shows and nothing is proposed for, as messages of the catalogue."""


def address(side: Side, given: str) -> Address:
    """A database as a person names it: a URL, `${NAME}`, the path of a SQLite file. Raises WrongUsage."""
    named = _VARIABLE.fullmatch(given.strip())
    text = given.strip()
    if named:
        if named[1] not in os.environ:
            raise WrongUsage("init_no_variable", name=named[1])
        text = os.environ[named[1]]
    if is_raw(text):
        raise WrongUsage("init_raw_password", side=say(f"init_{side}"))
    scheme = text.partition("://")[0] if "://" in text else ""
    dialect = _SCHEMES.get(scheme) or ("postgres" if re.search(r"\bdbname\s*=", text) else None)
    if dialect == "mysql":
        text = "mysql://" + text.partition("://")[2]
    if dialect == "sqlite" or (dialect is None and not scheme and Path(text).is_file()):
        path = text.removeprefix("sqlite:///") if scheme else text
        if not Path(path).is_file():
            raise WrongUsage("init_no_file", side=say(f"init_{side}"), path=path)
        return Address(side, "sqlite", path, "")
    if dialect is None:
        raise WrongUsage("init_url", side=say(f"init_{side}"))
    held = named[1] if named else next((n for n in (VARIABLES[side], *os.environ) if os.environ.get(n) == text), "")
    return Address(side, dialect, text, held or VARIABLES[side])


def read(at: Address) -> Schema:
    """What a database says of itself. Raises Halt or Transient; no password stands in them."""
    side = say(f"init_{at.side}")
    try:
        schema = _reader(at.dialect)(at.text)
    except WrongUsage:
        raise
    except Fault as fault:  # of a connector that takes it for the EAM
        if "error" not in fault.params:
            raise
        code = "init_unreachable" if isinstance(fault, Transient) or fault.code in _OF_ADDRESS else "init_refused"
        raise type(fault)(code, side=side, error=fault.params["error"]) from None
    except Exception as error:  # a driver's own: that of its connection, or of what it was asked
        raise _refused(side, error) from None
    if not schema.tables:
        raise Halt("init_empty", side=side)
    if len(schema.skipped) == len(schema.tables):
        raise Halt("init_unreadable", side=side, tables=", ".join(schema.skipped[:5]), grant=_grant(schema))
    return schema


def _reader(dialect: Dialect) -> Callable[[str], Schema]:
    try:
        if dialect == "postgres":
            from connectors.catalogue import postgres

            return postgres.read
        if dialect == "mysql":
            from connectors.catalogue import mysql

            return mysql.read
    except ModuleNotFoundError as error:
        if error.name not in registry.EXTRAS:
            raise
        raise no_driver(error.name, registry.EXTRAS[error.name]) from None
    from connectors.catalogue import sqlite

    return sqlite.read


def _refused(side: str, error: Exception) -> Fault:
    said = unquoted(hidden(" ".join(str(error).split())))
    lost = type(error).__name__ in ("OperationalError", "InterfaceError") and getattr(error, "pgcode", None) is None
    return Transient("init_unreachable", side=side, error=said) if lost else Halt("init_refused", side=side, error=said)


def _grant(schema: Schema) -> str:
    schemas = sorted({name.rpartition(".")[0] or "public" for name in schema.skipped})
    return (
        " ".join(f"GRANT SELECT ON ALL TABLES IN SCHEMA {one} TO …;" for one in schemas)
        if schema.dialect == "postgres"
        else "GRANT SELECT ON *.* TO …;"
    )


def found(
    ends: Mapping[Side, Address], folder: Path, may: Callable[[Path], bool], assets: str = "", entries: str = ""
) -> Founded:
    """Read both, propose, and write into a folder. `may` is asked before a file that is there is written over; `assets`
    and `entries` are tables that a person names. Raises WrongUsage where it may not, Halt where nothing is found."""
    schemas = {side: read(at) for side, at in ends.items()}
    kept = books.find(schemas["finance"], entries)
    if kept is None:
        raise Halt("init_no_vouchers", tables=_names(schemas["finance"]))
    held = eam.find(schemas["eam"], assets)
    if held is None:
        raise Halt("init_no_assets", tables=_names(schemas["eam"]))
    made = layout.propose(kept)
    made.cards = cards.card_columns(kept, made)
    chinese = schemas["finance"].is_chinese
    made.language = current() if chinese is None else "zh" if chinese else "en"
    said = meaning.propose(held, kept, made)
    documents = None if held.is_document else eam.find_beside(schemas["eam"], held)
    beside = None if documents is None else meaning.propose(documents, kept, made)
    if beside is not None and not beside.is_whole:
        beside = None
    follows = later.propose(schemas["eam"], said, beside, kept, made)
    name = re.sub(r"\W+", "_", folder.resolve().name).strip("_").lower() or "books"
    dims = {*said.dims, *(beside.dims if beside is not None else ())}
    layout_file.write(kept, made, mapping_file.called(name), said.cards, dims)
    mapping = mapping_file.write(said, made, name, LAYOUT, beside, follows)
    texts = {
        CONFIG: _config(ends, schemas, name),
        MAPPING: mapping.text(),
        LAYOUT: made.text.text(),
        **{f"{Path(MAPPING).stem}.cases/{case.name}.yaml": case.text for case in golden.cases(said)},
    }
    _refuse(folder, [*texts, *GRANTS.values()], may)
    done = Founded(guesses=mapping.guesses + made.text.guesses)
    for file, text in texts.items():
        _write(folder / file, text, done)
    for file, questions in ((MAPPING, mapping.questions), (LAYOUT, made.text.questions)):
        done.questions += [_asked(folder / file, question, texts[file]) for question in questions]
    done.left = follows.left
    done.skipped = {side: schema.skipped for side, schema in schemas.items() if schema.skipped}
    done.unset = [at.variable for at in ends.values() if at.variable and os.environ.get(at.variable) != at.text]
    _try(folder, ends, done)
    source = "changelog" if schemas["eam"].log == "triggers" else schemas["eam"].dialect
    done.commands = _commands(folder, source, done)
    return done


def _names(schema: Schema) -> str:
    return ", ".join(table.name for table in schema.tables[:8]) + (" …" if len(schema.tables) > 8 else "")


def _refuse(folder: Path, files: Sequence[str], may: Callable[[Path], bool]) -> None:
    """Ask before anything that is there is written over, and before anything is written."""
    for file in files:
        path = folder / file
        if path.exists() and not may(path):
            raise WrongUsage("init_exists", path=path)


def _write(path: Path, text: str, done: Founded) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole_files.write(path, text)
    done.files.append(path)


def _asked(path: Path, question: Question, text: str) -> Asked:
    line = text.splitlines()[question.line - 1]
    proposed = line.partition("  # ?")[0].strip().lstrip("- ")
    why = "; ".join(say(one.code, one.params) for one in question.guess.why)
    return Asked(f"{path}:{question.line}", question.what, proposed, question.guess.sure, why)


def _config(ends: Mapping[Side, Address], schemas: Mapping[Side, Schema], name: str) -> str:
    """The configuration. A password stands in it by the name of an environment variable alone."""

    def dsn(at: Address) -> str:
        return f'"${{{at.variable}}}"' if at.variable else scalar(str(Path(at.text).resolve()))

    source, ledger = ends["eam"], ends["finance"]
    if schemas["eam"].log == "triggers":
        said = f"{{kind: changelog, dialect: {source.dialect}, database: {dsn(source)}}}"
    else:
        said = f"{{kind: {source.dialect}, dsn: {dsn(source)}}}"
    key = "path" if ledger.dialect == "sqlite" else "dsn"
    lines = [
        f"# {say('init_config_head')}",
        "pipelines:",
        f"  {name}:",
        f"    mapping: {MAPPING}",
        f"    source: {said}",
        f"    ledger: {{kind: {ledger.dialect}, {key}: {dsn(ledger)}}}",
    ]
    return "\n".join([*lines, ""])


def _try(folder: Path, ends: Mapping[Side, Address], done: Founded) -> None:
    """Check what was written, run its cases, and write the grants."""
    try:
        mapping = load(folder / MAPPING)
    except MappingErrors as errors:
        done.errors = list(errors.errors)
        return
    except MappingError as error:
        done.errors = [error]
        return
    _golden(mapping, done)
    before = {at.variable: os.environ.get(at.variable) for at in ends.values() if at.variable}
    os.environ.update({at.variable: at.text for at in ends.values() if at.variable})
    try:
        pipeline = wiring.pipeline(folder / CONFIG, None)
        for side, file in GRANTS.items():
            with suppress(Fault):  # a role that may not look says so again where `syncd grants` is asked
                if statements := pipeline.grants(side):
                    _write(folder / file, "\n".join([*statements, ""]), done)
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value


def _golden(mapping: Loaded, done: Founded) -> None:
    """Run the cases and keep the first that post; those that park only where no others are left."""
    spare: list[cases.Result] = []
    for path in [path for path in done.files if path.parent.suffix == ".cases"]:
        try:
            result = cases.run_case(mapping, path, workbench.bench())
        except MappingError as error:
            done.errors.append(error)
            continue
        if "parked:" in result.actual or done.cases == golden.CASES_MAX:
            spare.append(result)
        else:
            result.write()
            done.cases += 1
    for result in spare:
        if "parked:" in result.actual and done.cases < golden.CASES_MAX:
            result.write()
            done.cases += 1
        else:
            result.path.unlink()
            done.files.remove(result.path)


def _commands(folder: Path, source: str, done: Founded) -> list[str]:
    """What is typed from here to the first voucher."""
    here = "" if folder.resolve() == Path.cwd().resolve() else f" --config {folder / CONFIG}"
    first = f"syncd mapping test{here}" if source != "changelog" else f"syncd changelog install{here}"
    return [
        first,
        f"syncd migrate{here}",
        f"syncd check{here}",
        f"syncd mapping accept --actor NAME --reason go-live{here}",
        f"syncd run{here}",
    ]
