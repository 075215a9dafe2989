"""Decision tables on the console: shown, searched, changed by a form or a file, tried before anything is kept."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from syncd import trial
from syncd.console import app
from syncd.console.passwords import Argon2
from syncd.desk import decision_tables
from syncd.desk.access import accounts, rights, tokens
from syncd.errors import Transient, WrongUsage
from syncd.ports import Ledger
from tests.advice import advice, heard
from tests.advice.command import fine, refused
from tests.console.site import BY, MAPPING, PASSWORD, Site
from tests.console.test_mapping import accepted
from tests.console.test_mapping import post as on_mapping
from tests.console.test_pages import form_of
from tests.console.test_parked import text
from tests.console.test_table import be

TABLE = "\ufeffaccount,dept,说明\r\n1601,SC,生产\r\n1601,XS,=销售\r\n"
ADDRESS = "/mapping/table?table=asset_account"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The account of an asset is looked up by its department."""
    folder = tmp_path_factory.mktemp("company")
    decided = MAPPING.replace("account: \"'1601'\"", "account: asset_account(after.dept)")
    named = "decisions:\n  asset_account: {file: assets.csv, keys: [dept], gives: account}\n"
    (folder / "assets.csv").write_text(TABLE, "utf-8", newline="")
    with closing(Site(folder, decided + named)) as made:
        made.asset("FA-1")
        made.carry()
        yield made


@pytest.fixture
def site(company: Site) -> Site:
    """The same, with the table as it was."""
    (company.folder / "assets.csv").write_text(TABLE, "utf-8", newline="")
    return company


@pytest.fixture
def reader(site: Site) -> Iterator[TestClient]:
    """Somebody of finance, who reads English."""
    with TestClient(app.create(site.config), follow_redirects=False, headers={"accept-language": "en"}) as made:
        be_known(made, site, "老陈")
        yield made


class _Trusting(Argon2):
    def matches(self, kept: str, password: str) -> bool:
        return True


def be_known(client: TestClient, site: Site, name: str) -> None:
    """Somebody signs in; a second of each test else."""
    with closing(site.pipeline.open_accounts()) as ledger:
        secret = accounts.sign_in(ledger, name, PASSWORD, _Trusting(), datetime.now(UTC))
    client.cookies.set("syncd_session", secret)


def file(site: Site) -> str:
    return (site.folder / "assets.csv").read_bytes().decode()


def fields(page: httpx.Response) -> dict[str, str]:
    """What a page's forms send along."""
    hidden = dict(re.findall(r'type="hidden" name="(seen|draft|table|pipeline)" value="([^"]*)"', page.text))
    return hidden | {"form": form_of(page)}


def post(client: TestClient, page: httpx.Response, do: str, **given: str) -> httpx.Response:
    return client.post("/mapping/table", data=fields(page) | {"do": do} | given)


def give_back(client: TestClient, content: bytes, **given: str) -> httpx.Response:
    """A file is uploaded."""
    sent = fields(client.get(ADDRESS)) | {"do": "return"} | given
    return client.post("/mapping/table", data=sent, files={"file": ("table.csv", content, "text/csv")})


def test_the_tables_are_listed_with_who_reads_them_and_found_by_what_they_hold(reader: TestClient, site: Site) -> None:
    assert "assets.csv asset_account 2 dept account registration" in text(reader.get("/mapping/tables"))
    assert 'value="生产"' in reader.get(ADDRESS).text
    assert 'value="生产"' not in reader.get(f"{ADDRESS}&find=销售").text
    be_known(reader, site, "viewer")
    page = reader.get(ADDRESS)
    assert "生产" in text(page)
    assert 'name="cell.' not in page.text, "who may not change it has no form"


def test_a_cell_is_changed_seen_saved_asked_for_and_accepted_by_a_second_person(reader: TestClient, site: Site) -> None:
    """What is not touched stays letter by letter; the action says who, why, and which content was there before."""
    edited = {"cell.0.0": "1002", "remove.1": "on", "new.0.0": "1601", "new.0.1": "GL", "new.0.2": "管理, 其他"}
    tried = post(reader, reader.get(ADDRESS), "try", **edited)
    assert "added 1 · removed 1 · changed 1" in text(tried)
    assert "<del>1601</del> <ins>1002</ins>" in tried.text
    assert "registration.voucher.entries.0.0: 1601 → 1002" in text(tried), "the effect on the last changes"
    assert file(site) == TABLE
    assert "nothing was done" in text(post(reader, reader.get(ADDRESS), "try")), "nothing was typed"
    before = site.ask("SELECT count(*) FROM syncd.action")
    assert post(reader, tried, "save").status_code == 409, "a reason is asked"
    saved = post(reader, tried, "save", reason="board minutes 12")
    assert file(site) == '\ufeffaccount,dept,说明\r\n1002,SC,生产\r\n1601,GL,"管理, 其他"\r\n'
    assert site.ask("SELECT count(*) FROM syncd.action") == [(int(str(before[0][0])) + 1,)]
    done = text(reader.get("/audit?action=change_table"))
    assert "老陈 changed a decision table mapping/company board minutes 12 table assets.csv before" in done
    assert "added 1 removed 1 changed 1" in done
    there = reader.get(saved.headers["location"])
    assert "assets.csv is saved" in text(there)
    assert not accepted(site)
    assert on_mapping(reader, "accept").status_code == 409, "a second person is asked"
    be_known(reader, site, "老周")
    assert on_mapping(reader, "accept").status_code == 303
    assert accepted(site)


def test_it_is_typed_on_over_what_was_tried_and_over_pages(
    reader: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was typed is lost by looking at another page or for other rows, and nothing is kept by it."""
    monkeypatch.setattr("syncd.console.tables.ROWS_MAX", 1)
    page = reader.get(ADDRESS)
    second = post(reader, page, "edit", at="2", **{"cell.0.0": "1002"})
    assert 'name="cell.1.1" value="XS"' in second.text
    assert 'name="cell.0.1"' not in second.text
    tried = post(reader, second, "try", **{"cell.1.0": "1002"})
    assert "changed 2" in text(tried)
    again = post(reader, tried, "edit", find="SC")
    assert 'name="cell.0.0" value="1002"' in again.text
    assert file(site) == TABLE


@advice("table_moved_on", "table_unchanged")
def test_of_two_people_the_second_is_told(reader: TestClient, site: Site) -> None:
    first = post(reader, reader.get(ADDRESS), "try", **{"cell.0.0": "1002"})
    second = post(reader, reader.get(ADDRESS), "try", **{"cell.1.0": "1002"})
    assert post(reader, first, "save", reason="x").status_code == 303
    now = file(site)
    heard("table_moved_on", text(post(reader, second, "save", reason="y")))
    assert file(site) == now
    heard("table_unchanged", text(post(reader, reader.get(ADDRESS), "try", **{"cell.0.0": "1002"})))
    anew = post(reader, reader.get(ADDRESS), "try", **{"cell.1.0": "1002"})
    assert post(reader, anew, "save", reason="y").status_code == 303
    assert file(site).count("1002") == 2


@pytest.mark.parametrize("encoding", trial.ENCODINGS)
def test_it_goes_to_a_spreadsheet_and_comes_back(reader: TestClient, site: Site, encoding: str) -> None:
    """No cell is a formula there, and what comes back is what was sent, in whichever encoding; columns may have
    moved."""
    sent = reader.get(f"/mapping/table/file?table=asset_account&encoding={encoding}")
    assert sent.headers["content-disposition"] == "attachment; filename*=UTF-8''assets.csv"
    assert sent.content.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8")
    rows = sent.content.removeprefix(b"\xef\xbb\xbf").decode(encoding)
    assert "'=销售" in rows
    assert "nothing was done" in text(give_back(reader, sent.content))
    moved = rows.replace("1601,SC,生产", "1002,SC,生产").splitlines()
    turned = "\n".join(",".join(reversed(row.split(","))) for row in moved).encode(encoding)
    tried = give_back(reader, turned)
    assert ("read as UTF-8" if encoding == "utf-8" else "read as GBK") in text(tried)
    assert post(reader, tried, "save", reason="x").status_code == 303
    assert file(site) == TABLE.replace("1601,SC", "1002,SC")


@advice("table_encoding", "table_columns", "table_no_file", "table_large")
def test_what_is_wrong_with_a_file_is_told_by_line_and_column(
    reader: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the loader's own reader and checks; and with what is advised it goes."""
    bad = "account,dept,说明\n1601,SC,生产\n1601,XS,".encode() + b"\xff\n"
    assert "assets.csv:3" in text(give_back(reader, bad))
    assert heard("table_encoding", text(give_back(reader, bad)))["column"] == "3"
    assert "read as" in text(give_back(reader, bad.replace(b"\xff", b"x")))
    less = text(give_back(reader, b"account,dept\n1002,SC\n"))
    heard("table_columns", less)
    assert "missing: 说明" in less
    assert "changed 1" in text(give_back(reader, "dept,说明,account\nSC,生产,1002\n".encode()))
    twice = text(give_back(reader, "account,dept,说明\n1601,SC,生产\n\n1002,SC,\n".encode()))
    assert "assets.csv:4 the key SC stands in line 2 already" in twice
    assert "Save" not in twice
    heard("table_no_file", text(give_back(reader, b"")))
    with monkeypatch.context() as patched:
        patched.setattr(trial, "BYTES_MAX", 20)
        heard("table_large", text(give_back(reader, TABLE.encode())))
    with monkeypatch.context() as patched:
        patched.setattr("syncd.console.tables.DRAFT_MAX", 20)
        heard("table_large", text(give_back(reader, TABLE.replace("1601", "1002").encode())))
    (site.folder / "assets.csv").write_text(TABLE.replace("1601,SC", "1002,SC"), "utf-8")
    assert "1601 → 1002" in text(on_mapping(reader, "compare"))


def test_what_the_loader_refuses_is_not_saved_and_an_unknown_account_is_told(reader: TestClient, site: Site) -> None:
    page = reader.get(ADDRESS)
    double = post(reader, page, "try", **{"cell.1.1": "SC", "cell.1.0": "1002"})
    assert "assets.csv:3 the key SC stands in line 2 already" in text(double)
    assert "Change it further" in text(double)
    draft = re.findall(r'name="draft" value="([^"]+)"', double.text)[0]
    assert post(reader, page, "save", draft=draft, reason="x").status_code == 409
    assert file(site) == TABLE
    assert "account 1688 " in text(post(reader, page, "try", **{"cell.0.0": "1688"}))


@advice("table_not_written")
def test_where_the_file_may_not_be_written_it_is_put_in_place_by_a_command(
    reader: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As under the shipped unit; the command, followed, ends at the content that was tried."""
    offered = post(reader, reader.get(ADDRESS), "try", **{"cell.0.0": "1002"})
    before = site.ask("SELECT count(*) FROM syncd.action")
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", _refused)
        heard("table_not_written", text(post(reader, offered, "save", reason="x")))
        assert [*site.folder.glob(".assets*")] == []
    assert file(site) == TABLE
    assert site.ask("SELECT count(*) FROM syncd.action") == before
    monkeypatch.setattr(decision_tables, "is_writable", lambda path: False)
    tried = post(reader, reader.get(ADDRESS), "try", **{"cell.0.0": "1002"})
    assert 'value="save"' not in tried.text
    fetched = post(reader, tried, "fetch")
    place = tmp_path / "downloads"
    place.mkdir()
    (place / "assets.csv").write_bytes(fetched.content)
    command = re.findall("<pre>(.*?)</pre>", tried.text)[0]
    sudo, *words = shlex.split(command)
    assert sudo == "sudo"
    subprocess.run(words, cwd=place, check=True)
    assert file(site) == TABLE.replace("1601,SC", "1002,SC")
    assert "not accepted" in text(reader.get("/mapping"))


def _refused(*_: object) -> None:
    raise OSError(30, "Read-only file system")


def test_what_finance_does_not_keep_stands_in_no_file(site: Site) -> None:
    """Who and why are lost with the connection: the file is as it was, also where nobody can be asked whether they are.
    Where they were kept, and only the answer is lost, the file stays."""
    path = site.folder / "assets.csv"
    with closing(site.pipeline.open_ledger()) as ledger:
        one = trial.opened(site.pipeline.mapping, "asset_account")

        def put(at: object) -> tuple[bytes, int]:
            decision_tables.put(at, "company", "assets.csv", path, b"x", one.seen, {}, decided_by())  # type: ignore[arg-type]
            return there()

        def there() -> tuple[bytes, int]:
            return path.read_bytes(), len(ledger.query("SELECT seq FROM syncd.action"))

        _, before = there()
        for is_back in (True, False):
            with pytest.raises(Transient):
                put(_Lost(ledger, False, is_back))
            assert there() == (one.content, before)
        assert put(_Lost(ledger, True, True)) == (b"x", before + 1)
        path.write_bytes(one.content)
        with pytest.raises(WrongUsage, match="table_moved_on"):  # whoever came between the look and the lock
            decision_tables.put(ledger, "company", "asset_account", path, b"x", "0" * 64, {}, decided_by())
    assert file(site) == TABLE


class _Lost:
    """A ledger whose connection is lost at the commit, before finance has it or behind that; and may be back."""

    def __init__(self, ledger: Ledger, is_kept: bool, is_back: bool) -> None:
        self._ledger, self._is_kept, self._is_back = ledger, is_kept, is_back

    def query(self, sql: str, params: Sequence[object] = ()) -> Sequence[Sequence[object]]:
        if not self._is_back:
            raise Transient("finance_lost")
        return self._ledger.query(sql, params)

    def desk(self) -> "_Lost":
        return self

    def __enter__(self) -> object:
        self._desk = self._ledger.desk()
        return self._desk.__enter__()

    def __exit__(self, *_: object) -> None:
        lost = Transient("finance_lost")
        self._desk.__exit__(*((None, None, None) if self._is_kept else (Transient, lost, None)))
        raise lost


def decided_by() -> decision_tables.Actor:
    return decision_tables.Actor("老陈", "x")


@advice("table_unknown")
def test_no_other_file_is_shown_or_written(reader: TestClient, site: Site) -> None:
    for name in ("../finance.db", "finance.yaml", "/etc/passwd", "asset_acount"):
        for address in ("/mapping/table", "/mapping/table/file"):
            answer = reader.get(address, params={"table": name})
            assert answer.status_code == 409
            assert "root:" not in answer.text
    heard("table_unknown", text(answer))
    assert "the nearest is asset_account" in text(answer)
    page = reader.get(ADDRESS)
    assert post(reader, page, "save", table="finance.yaml", draft="eJw=", reason="x").status_code == 409
    assert reader.get(ADDRESS).status_code == 200


def test_the_command_line_does_the_same(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table goes out in GBK, comes back changed, and is shown before it is kept, by who may ask for a mapping."""
    assert "assets.csv 2 dept account 1" in " ".join(fine("mapping table list", site.config).split())
    out = tmp_path / "out.csv"
    fine(f"mapping table show asset_account --csv {out} --encoding gb18030", site.config)
    assert "SC, 生产" in fine("mapping table show asset_account", site.config)
    out.write_bytes(out.read_bytes().replace(b"1601,SC", b"1002,SC"))
    said = fine(f"mapping table put asset_account {out} --try", site.config)
    assert "changed: 1601 → 1002, SC, 生产" in said
    assert "1 would become something else" in said
    assert file(site) == TABLE
    with closing(site.pipeline.open_accounts()) as ledger:
        now = datetime.now(UTC)
        token = tokens.add(ledger, "老陈", ["accept_mapping"], now + timedelta(days=1), BY, now)
    monkeypatch.setenv("SYNCD_TOKEN", token)
    fine(f"mapping table put asset_account {out} --reason minutes", site.config)
    assert file(site) == TABLE.replace("1601,SC", "1002,SC")
    assert site.ask("SELECT actor, reason FROM syncd.action ORDER BY seq DESC LIMIT 1") == [("老陈", "minutes")]
    out.write_bytes(out.read_bytes().replace(b"XS", b"SC"))
    assert "stands in line 2 already" in refused(f"mapping table put asset_account {out} --try", site.config)


def test_who_may_ask_for_a_mapping_may_change_its_tables(reader: TestClient, site: Site) -> None:
    """Role × page: everybody looks; the rest is of who may ask, whatever the form says."""
    tried = post(reader, reader.get(ADDRESS), "try", **{"cell.0.0": "1002"})
    reader.cookies.clear()
    for role in rights.ROLES:
        (site.folder / "assets.csv").write_text(TABLE, "utf-8", newline="")
        form, may = be(reader, site, role), role in rights.giving("accept_mapping")
        for address in ("/mapping/tables", ADDRESS, "/mapping/table/file?table=asset_account"):
            assert reader.get(address).status_code == 200
        assert ('name="cell.0.0"' in reader.get(ADDRESS).text) is may
        for do in ("try", "edit", "fetch", "return", "save"):
            answer = post(reader, tried, do, form=form, reason="x", **{"cell.0.0": "1002"})
            assert ("may not" in text(answer)) is not may, (role, do)
        assert (file(site) != TABLE) is may
