"""A configuration that is wrong is refused with its line and the name that was probably meant."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.changelog import setup
from syncd import config
from syncd.errors import MappingError
from syncd.language import hint

GOOD = """\
pipelines:
  main:
    mapping: mapping.yaml
    source: {kind: fast, dsn: "host=${EAM_HOST}", port: 5432}
    ledger: {kind: fast, dsn: here}
"""
CONNECTORS = {"fast": "connectors.fast"}


@dataclass(frozen=True)
class Settings:
    dsn: str
    port: int = 5432
    file: Path = Path("one.db")
    zone: str = "Asia/Shanghai"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAM_HOST", "eam-db")


def test_variables_are_filled_in_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    assert _settings(_write(tmp_path, GOOD)) == Settings("host=eam-db", 5432, tmp_path / "one.db")


@pytest.mark.parametrize(("dialect", "database"), [("sqlite", "{folder}/eam.db"), ("postgres", "eam.db")])
def test_a_setting_is_a_path_where_its_database_is_a_file(tmp_path: Path, dialect: str, database: str) -> None:
    """The EAM's file is found where finance's is, whatever folder a command is typed in."""
    text = GOOD.replace(
        '{kind: fast, dsn: "host=${EAM_HOST}", port: 5432}', f"{{kind: x, dialect: {dialect}, database: eam.db}}"
    )
    document = config.load(_write(tmp_path, text))
    found = document.settings(("pipelines", "main", "source"), document.config.pipelines["main"].source, setup.Settings)
    assert found.database == database.format(folder=tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "advice"),
    [
        ("mapping:", "maping:", "unknown_key", 3, "mapping"),
        ("    mapping: mapping.yaml\n", "", "missing_key", 2, ""),
        ("mapping.yaml", "other.yaml", "config_no_file", 3, ""),
        ("dsn: here", "dns: here", "config_unknown_name", 5, "dsn"),
        (", dsn: here", "", "config_missing_name", 5, ""),
        ("port: 5432", "port: many", "config_value", 4, ""),
        ("port: 5432", "port: 5432, zone: Asia/Shanghi", "bad_timezone", 4, ""),
        ("EAM_HOST", "EAM_HOTS", "config_no_variable", 4, ""),
        ("kind: fast, port", "kind: fsat, port", "config_unknown_kind", 4, "fast"),
        ("    ledger", "   ledger", "yaml_syntax", 5, ""),
        ("main:", "main:\n    mapping: again", "yaml_duplicate", 4, ""),
    ],
)
def test_an_error_names_its_line_and_the_nearest_name(
    tmp_path: Path, old: str, new: str, code: str, line: int, advice: str
) -> None:
    text = GOOD.replace('kind: fast, dsn: "host', 'kind: fast, port: 5432, dsn: "host').replace(", port: 5432}", "}")
    assert old in text
    path = _write(tmp_path, text.replace(old, new))
    with pytest.raises(MappingError) as raised:
        _settings(path)
    assert (raised.value.code, raised.value.where) == (code, f"{path}:{line}")
    assert advice in hint(code, raised.value.params, "en")


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "syncd.yaml"
    path.write_bytes(GOOD.encode() + "# 资产".encode("gbk"))
    with pytest.raises(MappingError) as raised:
        config.load(path)
    assert (raised.value.code, raised.value.where) == ("file_not_utf8", f"{path}:6")


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    path = _write(tmp_path, GOOD.replace("dsn: here", "dsn: [secret]"))
    with pytest.raises(MappingError) as raised:
        _settings(path)
    assert "secret" not in str(raised.value)


def _write(directory: Path, text: str) -> Path:
    (directory / "mapping.yaml").touch()
    path = directory / "syncd.yaml"
    path.write_text(text, "utf-8")
    return path


def _settings(path: Path) -> object:
    """What the source is given, once everything else has been looked at too."""
    loaded = config.load(path)
    loaded.mapping_path("main")
    pipeline = loaded.config.pipelines["main"]
    for side, end in (("ledger", pipeline.ledger), ("source", pipeline.source)):
        loaded.connector(("pipelines", "main", side), end.kind, CONNECTORS)
        made: object = loaded.settings(("pipelines", "main", side), end, Settings)
    return made
