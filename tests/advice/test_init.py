"""The first day, and what goes wrong on it: each hint is done as it stands, and `syncd init` writes its files. No
password is in anything that it says or writes."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from syncd.cli import initiating
from syncd.demo import company
from syncd.demo.stage import opened
from tests.acceptance.databases import connected
from tests.advice import advice, heard
from tests.advice.command import fine, refused, syncd
from tests.first_day import systems
from tests.servers import Postgres, closed_port


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Two databases that nobody has described, and no address in the environment."""
    for side in ("eam", "finance"):
        with closing(opened(tmp_path / f"{side}.db")) as database:
            company.create(database, side, "sqlite")
            if side == "eam":
                company.settle_eam(database, systems.MONTH, 5)
    with patch.dict(os.environ), closing(opened(tmp_path / "finance.db")) as finance:
        for variable in ("EAM_DSN", "FINANCE_DSN"):
            os.environ.pop(variable, None)
        with closing(opened(tmp_path / "eam.db")) as eam:
            company.settle_finance(finance, eam, systems.MONTH)
        yield tmp_path


def _both(folder: Path, eam: str = "", finance: str = "") -> str:
    return f"init --out {folder / 'out'} --eam {eam or folder / 'eam.db'} --finance {finance or folder / 'finance.db'}"


@advice("init_needs_both")
def test_without_a_terminal_both_are_given_or_in_the_environment(folder: Path) -> None:
    told = heard("init_needs_both", refused(f"init --out {folder / 'out'} --eam {folder / 'eam.db'}"))
    assert told["option"] == "--finance"
    os.environ[told["variable"].strip()] = str(folder / "finance.db")
    fine(f"init --out {folder / 'out'} --eam {folder / 'eam.db'}")


@advice("init_no_variable")
def test_a_variable_that_is_not_there_is_exported(folder: Path) -> None:
    told = heard("init_no_variable", refused(_both(folder, eam="'${PLANT_DSN}'")))
    os.environ[told["name"]] = str(folder / "eam.db")
    fine(_both(folder, eam="'${PLANT_DSN}'"))


@pytest.mark.parametrize("url", ["postgresql://syncd:p@ss@127.0.0.1:9/eam", "mysql://syncd:p@ss@127.0.0.1:9/eam"])
@advice("init_raw_password")
def test_a_password_with_an_at_is_written_with_percents(folder: Path, url: str) -> None:
    said = refused(_both(folder, eam=url))
    heard("init_raw_password", said)
    assert "ss@" not in said
    told = syncd(_both(folder, eam=url.replace("p@ss", "p%40ss")))
    assert told.code == 4  # taken apart rightly; nobody listens there
    assert "p%40ss" not in told.said
    assert "p@ss" not in told.said


@advice("init_no_file", "init_url")
def test_what_is_no_address_is_corrected(folder: Path) -> None:
    heard("init_no_file", refused(_both(folder, eam=f"sqlite:///{folder}/plant.db")))
    heard("init_url", refused(_both(folder, eam=f"{folder}/plant.db")))
    heard("init_url", refused(_both(folder, eam="oracle://syncd:secret@127.0.0.1/eam")))
    fine(_both(folder, eam=f"sqlite:///{folder / 'eam.db'}"))


@advice("init_refused")
def test_a_file_that_is_no_database_is_another(folder: Path) -> None:
    (folder / "notes.txt").write_text("not a database, however long it may be" * 9, "utf-8")
    heard("init_refused", refused(_both(folder, eam=str(folder / "notes.txt")), code=3))
    fine(_both(folder))


@advice("init_empty", "init_no_vouchers", "init_no_assets")
def test_a_database_without_what_is_looked_for_is_another(folder: Path) -> None:
    opened(folder / "empty.db").close()
    heard("init_empty", refused(_both(folder, finance=str(folder / "empty.db")), code=3))
    told = heard("init_no_vouchers", refused(_both(folder, finance=str(folder / "eam.db")), code=3))
    assert "asset_class" in told["tables"]
    heard("init_no_assets", refused(_both(folder, eam=str(folder / "finance.db")) + " --assets gl_period", code=3))
    assert not (folder / "out").exists()
    fine(f"{_both(folder)} --assets asset --entries gl_entry")


@advice("init_exists")
def test_nothing_is_written_over_unasked(folder: Path) -> None:
    fine(_both(folder))
    mapping = folder / "out" / "mapping.yaml"
    mapping.write_text("mine", "utf-8")
    heard("init_exists", refused(_both(folder)))
    assert mapping.read_text("utf-8") == "mine"
    fine(f"{_both(folder)} --out {folder / 'elsewhere'}")
    fine(f"{_both(folder)} --force")
    assert mapping.read_text("utf-8") != "mine"


@advice("init_unreachable", "init_unreadable")
def test_a_server_that_is_not_there_and_a_role_that_may_not_look(
    folder: Path, postgres: Postgres, new_database: Callable[[], str]
) -> None:
    """The address goes into the configuration by name alone, whatever its password holds."""
    dsn = new_database()
    with closing(connected(dsn)) as eam:
        company.create(eam, "eam", "postgres")
        company.settle_eam(eam, systems.MONTH, 5)
        port = f":{postgres.port}/"
        said = refused(_both(folder, eam=f"postgresql://clerk:s%40cret@127.0.0.1:{closed_port()}/{eam.name}"), code=4)
        heard("init_unreachable", said)
        eam.execute("DROP ROLE IF EXISTS clerk")
        eam.execute("CREATE ROLE clerk LOGIN PASSWORD 's@cret'")
        url = f"postgresql://clerk:s%40cret@127.0.0.1{port}{eam.name}"
        said += refused(_both(folder, eam=url), code=3)
        grant = heard("init_unreadable", said)["grant"]
        eam.execute(grant.replace("…", "clerk"))
        os.environ["EAM_DSN"] = url
        said += fine(f"init --out {folder / 'out'} --finance {folder / 'finance.db'}")
        eam.execute("DROP OWNED BY clerk")
        eam.execute("DROP ROLE clerk")
    written = "".join(path.read_text("utf-8") for path in (folder / "out").rglob("*") if path.is_file())
    assert "${EAM_DSN}" in written
    for secret in ("s@cret", "s%40cret", "cret@"):
        assert secret not in said + written


@pytest.mark.parametrize("url", ["mysql://a:x@127.0.0.1:{port}/books", "postgresql://a:x@127.0.0.1:{port}/books"])
def test_the_side_that_is_not_there_is_named(folder: Path, url: str) -> None:
    """Finance is not called the EAM, whichever driver it was asked by."""
    said = refused(_both(folder, finance=url.format(port=closed_port())), code=4)
    heard("init_unreachable", said)
    assert "finance cannot be reached" in said


def test_a_terminal_is_asked_and_shows_no_password(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is asked for where nobody sees it, and stands percent-encoded in the address."""
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, hide_input: bool = False, **rest: object) -> str:
        asked.append((text, hide_input))
        return (
            "s@cret/1"
            if hide_input
            else f"postgresql://clerk@127.0.0.1:{port}/eam"
            if len(asked) == 1
            else "finance.db"
        )

    port = closed_port()
    monkeypatch.setattr(initiating.typer, "prompt", prompt)
    monkeypatch.setattr(initiating.sys.stdin, "isatty", lambda: True, raising=False)
    said = refused(f"init --out {folder / 'out'} --finance {folder / 'finance.db'}", code=4)
    assert [hidden for _, hidden in asked] == [False, True]
    assert "s@cret" not in said
    assert "s%40cret" not in said


def test_guesses_are_told_in_chinese(folder: Path) -> None:
    fine(f"--lang zh {_both(folder)}")
    written = (folder / "out" / "mapping.yaml").read_text("utf-8")
    assert "名称 after.name" in written
    assert "'购入 '" in written
    assert "language: en" not in written
    fine("mapping check", folder / "out" / "syncd.yaml")
