"""What keeps a MariaDB EAM from being read is said before anything is; what the hint asks for is done to the letter,
and `syncd check` finds no error any more."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from connectors.mysql.server import Facts, Server
from tests.advice import advice, advised, heard
from tests.advice.mysql_books import MAPPING, Books
from tests.integration.mysql_eam import SCHEMA, MysqlEam
from tests.servers import MariaDb, closed_port

Step = Callable[[Books], object]
Mend = Callable[[Books, Mapping[str, str]], object]
READER = "reader@'127.0.0.1'"
PASSWORD = "s%e:c@r/e?t#1"
SERVER_ID = 1
GRANTS = (
    f"GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO {READER}",
    "GRANT SELECT ON {0}.* TO " + READER,
)
WRONG, HALTED, TRIED_AGAIN = 2, 3, 4


@pytest.fixture(scope="module")
def of_all_cases(mariadb: MariaDb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Nothing is ever read by it: each case ends at the check."""
    dsn = mariadb.create_database()
    with closing(MysqlEam(dsn)) as eam:
        yield Books(eam, tmp_path_factory.mktemp("books"))
    mariadb.drop_database(dsn)


@pytest.fixture
def books(of_all_cases: Books) -> Iterator[Books]:
    """As they should be, and a user with no more rights than the documented."""
    books = of_all_cases
    grants = [grant.format(books.eam.name) for grant in GRANTS]
    books.eam.run(f"CREATE USER {READER} IDENTIFIED BY '{PASSWORD}'", *grants)
    yield books
    books.eam.run("DROP TABLE IF EXISTS asset, parent", *SCHEMA.split(";"), f"DROP USER {READER}")
    books.mapping.write_text(MAPPING, "utf-8")
    books.configure(kind="mysql", dsn=books.eam.dsn)


def dsn(books: Books, user: str = "reader", password: str = quote(PASSWORD, ""), database: str = "") -> str:
    address = books.eam.dsn.rpartition("@")[2].partition("/")[0]
    return f"mysql://{user}:{password}@{address}/{database or books.eam.name}"


def sql(*statements: str) -> Step:
    return lambda books: books.eam.run(*(statement.format(books.eam.name) for statement in statements))


def with_source(**settings: object) -> Callable[..., object]:
    """The source is set so; `dsn` may be a function of the books."""

    def configure(books: Books, *_: object) -> None:
        made = {name: value(books) if callable(value) else value for name, value in settings.items()}
        books.configure(**{"kind": "mysql", "dsn": books.eam.dsn} | made)

    return configure


def with_mapping(old: str, new: str) -> Callable[..., object]:
    def edit(books: Books, *_: object) -> None:
        text = books.mapping.read_text("utf-8")
        assert old in text
        books.mapping.write_text(text.replace(old, new), "utf-8")

    return edit


def both(*steps: Step) -> Step:
    return lambda books: [step(books) for step in steps]


def run_repair(books: Books, told: Mapping[str, str]) -> None:
    books.eam.run(told["repair"])


def run(*statements: str) -> Mend:
    """What a DBA does by the hint where no statement is printed."""
    return lambda books, told: sql(*statements)(books)


def by_triggers(books: Books, told: Mapping[str, str]) -> None:
    books.configure(kind="changelog", dialect="mysql", database=books.eam.dsn)
    books.syncd("changelog", "install")


def encode(books: Books, told: Mapping[str, str]) -> None:
    """Sign by sign, as the hint lists them."""
    hint = books.syncd("check", expect=WRONG)
    signs = dict(re.findall(r"'?(\S)'? as (%\w\w)", hint))
    books.configure(kind="mysql", dsn=dsn(books, password="".join(signs.get(sign, sign) for sign in PASSWORD)))


def take_option(books: Books, told: Mapping[str, str]) -> None:
    assert "ssl_disabled" in told["options"].split(", ")
    books.configure(kind="mysql", dsn=f"{dsn(books)}?ssl_disabled=true")


def run_grants(books: Books, told: Mapping[str, str]) -> None:
    printed = books.syncd("grants", "--side", "eam")
    books.eam.run(*re.findall(r"^(GRANT .*;)$", printed, re.MULTILINE))


CASCADES = (
    "CREATE TABLE parent (id BIGINT PRIMARY KEY)",
    "ALTER TABLE asset ADD CONSTRAINT kin FOREIGN KEY (id) REFERENCES parent (id) ON DELETE CASCADE",
)
AS_READER = with_source(dsn=dsn)
NO_SELECT = "REVOKE SELECT ON {0}.* FROM " + READER
INET = sql("ALTER TABLE asset MODIFY remark INET6")

CASES = [
    advised("mysql_dsn", with_source(dsn=lambda books: dsn(books, password=PASSWORD)), encode, WRONG),
    advised("mysql_dsn_option", with_source(dsn=lambda b: f"{dsn(b)}?charset=latin1"), take_option, WRONG),
    advised(
        "mysql_gone",
        with_source(dsn=f"mysql://reader:x@127.0.0.1:{closed_port()}/eam"),
        AS_READER,
        TRIED_AGAIN,
    ),
    advised(
        "mysql_connections",
        both(AS_READER, sql(f"ALTER USER {READER} WITH MAX_USER_CONNECTIONS 1")),
        run(f"ALTER USER {READER} WITH MAX_USER_CONNECTIONS 10"),
        TRIED_AGAIN,
    ),
    advised("mysql_login", with_source(dsn=lambda books: dsn(books, password="wrong")), AS_READER, HALTED),
    advised(
        "mysql_login",
        both(AS_READER, sql(f"ALTER USER {READER} ACCOUNT LOCK")),
        run(f"ALTER USER {READER} ACCOUNT UNLOCK"),
        HALTED,
        name="mysql_login-locked",
    ),
    advised("mysql_no_database", with_source(dsn=lambda b: f"{b.eam.dsn}_not"), AS_READER, HALTED),
    advised("mysql_no_right", both(AS_READER, sql(NO_SELECT)), run_grants, HALTED),
    advised("mysql_no_table", with_mapping("table: asset", "table: assets"), with_mapping("assets", "asset"), HALTED),
    advised(
        "mysql_no_table",
        both(AS_READER, sql(NO_SELECT, "CREATE TABLE parent (id INT)", "GRANT SELECT ON {0}.parent TO " + READER)),
        run_repair,
        HALTED,
        name="mysql_no_table-hidden",
    ),
    advised(
        "mysql_no_column",
        with_mapping("remark: text", "remarks: text"),
        with_mapping("remarks: text", "remark: text"),
        HALTED,
    ),
    advised(
        "mysql_wrong_type",
        both(sql("ALTER TABLE asset MODIFY remark DATE"), with_mapping("remark: text", "remark: integer")),
        with_mapping("remark: integer", "remark: date"),
        HALTED,
    ),
    advised("mysql_without_text", INET, with_mapping(", remark: text", ""), HALTED),
    advised(
        "mysql_without_text",
        INET,
        run("ALTER TABLE asset MODIFY remark CHAR(39)"),
        HALTED,
        name="mysql_without_text-char",
    ),
    advised("mysql_engine", sql("ALTER TABLE asset ENGINE = MyISAM"), run_repair, HALTED),
    advised("mysql_server_id_taken", with_source(server_id=SERVER_ID), with_source(server_id=4711), HALTED),
    advised(
        "mysql_server_id_taken",
        with_source(server_id=SERVER_ID),
        with_source(),
        HALTED,
        name="mysql_server_id_taken-left-out",
    ),
    advised("mysql_versioned", sql("ALTER TABLE asset ADD SYSTEM VERSIONING"), run_repair, HALTED),
    advised(
        "mysql_versioned",
        sql("ALTER TABLE asset ADD SYSTEM VERSIONING"),
        by_triggers,
        HALTED,
        name="mysql_versioned-triggers",
    ),
    advised("mysql_cascade", sql(*CASCADES), run_repair, HALTED),
    advised("mysql_cascade", sql(*CASCADES), with_source(cascades=True), HALTED, name="mysql_cascade-accepted"),
]


@pytest.mark.parametrize(("code", "spoil", "mend", "ends_with"), CASES)
def test_what_is_wrong_at_the_start_is_mended_as_it_says(
    books: Books, code: str, spoil: Step, mend: Mend, ends_with: int
) -> None:
    spoil(books)
    told = heard(code, books.syncd("dry-run", expect=ends_with))
    mend(books, told)
    books.syncd("check")


@advice("mysql_float")
def test_a_binary_fraction_is_read_at_its_places(books: Books) -> None:
    sql("ALTER TABLE asset MODIFY value DOUBLE")(books)
    told = heard("mysql_float", books.syncd("check"))
    with_mapping(f"{told['column']}: money", f"{told['column']}: {{decimal: 2}}")(books)
    assert "exact amounts" not in books.syncd("check")


# What only MySQL or an old version says of itself, MariaDB says in its place.


def pretend(monkeypatch: pytest.MonkeyPatch, **fields: object) -> dict[str, str]:
    """The server says this of itself; what is put into the answer it says of its variables from then on."""
    true_facts = Server.facts
    said: dict[str, str] = {}

    def facts(server: Server) -> Facts:
        found = true_facts(server)
        return found._replace(**fields, variables={**found.variables, **said})  # type: ignore[arg-type]

    monkeypatch.setattr(Server, "facts", facts)
    return said


@advice("mysql_partial_json")
def test_whole_json_values_are_asked_for(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    said = pretend(monkeypatch)
    said["binlog_row_value_options"] = "PARTIAL_JSON"
    repair = heard("mysql_partial_json", books.syncd("dry-run", expect=HALTED))["repair"]
    ran = re.match(r"SET GLOBAL (\w+) = '(\w*)'; -- ", repair)
    assert ran, repair
    said[ran[1]] = ran[2]
    books.syncd("check")


@advice("mysql_no_gtids")
def test_names_of_transactions_are_asked_for_or_left_out(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = f"GRANT ALL PRIVILEGES ON *.* TO {READER}"
    monkeypatch.setattr(Server, "grants", lambda server, facts: everything)
    said = pretend(monkeypatch, mariadb=False, version=(8, 0, 36))
    with_source(failover=True)(books)
    heard("mysql_no_gtids", told := books.syncd("dry-run", expect=HALTED))
    ((_, *lines, _),) = (text.splitlines() for text in re.findall(r"\[mysqld]\n.*restart", told, re.DOTALL))
    assert lines == ["gtid_mode = ON", "enforce_gtid_consistency = ON"]
    with_source()(books)
    books.syncd("check")
    with_source(failover=True)(books)
    said |= dict(line.split(" = ") for line in lines)
    books.syncd("check")


@advice("mysql_nameless")
def test_a_log_without_names_is_left_for_triggers(
    mariadb: MariaDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MariaDB before 10.5."""
    pretend(monkeypatch, version=(10, 4, 30))
    dsn = mariadb.create_database()
    with closing(MysqlEam(dsn)) as eam:
        eam.run("INSERT INTO asset VALUES (1, 'a', 10, NULL)")
        books = Books(eam, tmp_path)
        heard("mysql_nameless", books.syncd("dry-run", expect=HALTED))
        by_triggers(books, {})
        books.syncd("check")
        books.carried()
    mariadb.drop_database(dsn)
