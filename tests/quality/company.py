"""An EAM on SQLite with two dozen right assets, to which a test adds what is wrong."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import Final

from syncd import wiring

HERE: Final = Path(__file__).parent
TABLES: Final = """
    CREATE TABLE department (id INTEGER PRIMARY KEY, code TEXT);
    CREATE TABLE class (code TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE asset (id INTEGER PRIMARY KEY, asset_code TEXT, name TEXT, class_code TEXT, department_id, status TEXT,
                        value TEXT, life_months INTEGER, residual_rate TEXT, bought_on TEXT);
    CREATE TABLE scrap (id INTEGER PRIMARY KEY, asset_id INTEGER, proceeds TEXT, on_day TEXT);
    INSERT INTO department VALUES (1, 'SC'), (2, 'XZ');
    INSERT INTO class VALUES ('JQSB', '机器设备'), ('DZSB', '电子设备');
"""
CONFIG: Final = """\
pipelines:
  main:
    mapping: {folder}/mapping.yaml
    source: {{kind: changelog, dialect: sqlite, database: {folder}/eam.db, zone: Asia/Shanghai}}
    ledger: {{kind: sqlite, path: {folder}/finance.db}}
"""
RIGHT: Final[Mapping[str, object]] = {
    "name": "机床", "class_code": "JQSB", "department_id": 1, "status": "in_use", "value": "15000.00",
    "life_months": 120, "residual_rate": "0.05", "bought_on": "2024-03-01",
}  # fmt: skip


def company(folder: Path, assets: int = 24) -> Path:
    """The folder with its configuration, the mapping in it to be edited."""
    copytree(HERE, folder, dirs_exist_ok=True, ignore=lambda _, names: [n for n in names if n.endswith(".py")])
    with closing(sqlite3.connect(folder / "eam.db")) as eam:
        eam.executescript(TABLES)
    (folder / "syncd.yaml").write_text(CONFIG.format(folder=folder), "utf-8")
    for n in range(1, assets + 1):
        other = {"class_code": "DZSB", "life_months": 36, "value": f"{6000 + n}.00"} if n % 2 else {}
        register(folder, n, f"FA-SC-{n:04}", **{"value": f"{15000 + 10 * n}.00"} | other)
    return folder


def register(folder: Path, number: int, code: str | None, **other: object) -> None:
    """An asset; what is not said is right."""
    row = {"id": number, "asset_code": code, **RIGHT, **other}
    _insert(folder, "asset", row)


def scrap(folder: Path, number: int, asset: int, on_day: str, proceeds: str = "100.00") -> None:
    """A disposal."""
    _insert(folder, "scrap", {"id": number, "asset_id": asset, "proceeds": proceeds, "on_day": on_day})


def _insert(folder: Path, table: str, row: Mapping[str, object]) -> None:
    marks = ", ".join("?" * len(row))
    with closing(sqlite3.connect(folder / "eam.db")) as eam:
        eam.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
        eam.commit()


def pipeline(folder: Path) -> wiring.Pipeline:
    """As its configuration says."""
    return wiring.pipeline(folder / "syncd.yaml", None)
