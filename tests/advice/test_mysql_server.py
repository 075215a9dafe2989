"""What only a server of one's own can have: no log, lines in my.cnf that hide changes, certificates, no connection
left, a table without its file. What is printed is written into my.cnf as it is printed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pymysql
import pytest

from tests.advice import advice, heard
from tests.advice.mysql_books import Books
from tests.integration.mysql_eam import MysqlEam
from tests.servers import MariaDb, mariadb_server
from tests.servers.mariadb import ACCOUNT
from tests.servers.process import own_directory

OURS = ("log_bin", "server_id", "binlog_format", "binlog_row_image", "binlog_row_metadata")
NEEDS_A_PERSON, TRIED_AGAIN = 3, 4


class Server:
    """A server of which my.cnf says all that concerns the log."""

    def __init__(self, mariadb: MariaDb, books: Books) -> None:
        self.mariadb, self.books, self.my_cnf, self._log = mariadb, books, "", ""

    def restart(self, my_cnf: str, **settings: str) -> None:
        self.my_cnf = my_cnf
        self.mariadb.restart(my_cnf, **{"ssl_cert": "", "ssl_key": ""} | settings)
        self.books.eam.writer = self.books.eam.session()

    def with_log(self) -> Books:
        """As it is once the lines that are printed for it, and no others, stand in my.cnf."""
        self._log = self._log or self.printed("mysql_no_log")
        if self.my_cnf != self._log:
            self.restart(self._log)
        return self.books

    def printed(self, code: str) -> str:
        """The lines that are advised, as they stand in the terminal."""
        told = self.books.syncd("dry-run", expect=NEEDS_A_PERSON)
        heard(code, told)
        lines = re.search(r"^.*(\[mysqld]\n.*\n# then restart)$", told, re.MULTILINE | re.DOTALL)
        assert lines, told
        return f"{lines[1]}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb_server(**dict.fromkeys(OURS, "")) as mariadb, closing(MysqlEam(mariadb.create_database())) as eam:
        yield Server(mariadb, Books(eam, tmp_path_factory.mktemp("books")))


@advice("mysql_error")
def test_an_error_that_nobody_foresaw_is_found_in_the_manual(server: Server, tmp_path: Path) -> None:
    """1814, says the manual, wants the table's file to be imported."""
    server.with_log()
    with closing(MysqlEam(server.mariadb.create_database())) as eam:
        books = Books(eam, tmp_path)
        ((data,),) = eam.run("SELECT @@datadir")
        file = Path(str(data)) / eam.name / "asset.ibd"
        kept = file.with_suffix(".kept")
        eam.run("SET GLOBAL innodb_file_per_table = ON", "ALTER TABLE asset ENGINE = InnoDB")
        eam.run("FLUSH TABLES asset FOR EXPORT")
        os.link(file, kept)
        eam.run("UNLOCK TABLES", "ALTER TABLE asset DISCARD TABLESPACE")
        assert heard("mysql_error", books.syncd("dry-run", expect=NEEDS_A_PERSON))["number"] == "1814"
        kept.rename(file)
        eam.run("ALTER TABLE asset IMPORT TABLESPACE")
        books.syncd("check")
        books.carried()


@advice("mysql_no_log", "mysql_left_out", "mysql_replica")
def test_what_is_printed_goes_into_my_cnf(server: Server) -> None:
    """Invariant 15: from a server as it comes, and whatever in it keeps changes out of its log."""
    books, eam = server.with_log(), server.books.eam
    books.carried()
    whole = server.my_cnf
    server.restart(f"{whole}binlog_ignore_db = other\nbinlog_ignore_db = {eam.name}\n")
    taken_out = re.search(r"^# take out: (.*)$", server.printed("mysql_left_out"), re.MULTILINE)
    assert taken_out
    assert f"{taken_out[1]}\n" in server.my_cnf
    server.restart(server.my_cnf.replace(f"{taken_out[1]}\n", "") + "binlog_do_db = other\n")
    server.restart(server.my_cnf + server.printed("mysql_left_out"))
    books.carried()
    eam.run("CHANGE MASTER TO master_host = '127.0.0.1', master_user = 'nobody'")
    server.restart(server.my_cnf + server.printed("mysql_replica"))
    books.syncd("check")
    eam.run("STOP SLAVE", "RESET SLAVE ALL")
    books.carried()


@advice("mysql_certificate")
def test_a_certificate_that_is_corrected_is_trusted(server: Server) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(own_directory("certificates", ACCOUNT))
        folder.chmod(0o755)
        for name in ("right", "wrong"):
            certify(folder, name)
        books = server.with_log()
        server.restart(server.my_cnf, ssl_cert=f"{folder}/right.pem", ssl_key=f"{folder}/right.key")
        books.configure(kind="mysql", dsn=f"{books.eam.dsn}?ssl_ca={folder}/wrong.pem")
        heard("mysql_certificate", books.syncd("dry-run", expect=NEEDS_A_PERSON))
        books.configure(kind="mysql", dsn=f"{books.eam.dsn}?ssl_ca={folder}/right.pem")
        books.syncd("check")
        books.carried()
        books.configure(kind="mysql", dsn=books.eam.dsn)


def certify(folder: Path, name: str) -> None:
    """A key, and a certificate that it has signed itself."""
    openssl = shutil.which("openssl")
    assert openssl, "openssl is not installed: run `apt-get install openssl`"
    made = [f"-keyout={folder}/{name}.key", f"-out={folder}/{name}.pem"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    for option in (*made, "-addext=subjectAltName=IP:127.0.0.1"):
        command += option.split("=", 1)
    subprocess.run(command, check=True, capture_output=True)
    (folder / f"{name}.key").chmod(0o644)


@advice("mysql_connections")
def test_a_server_that_is_full_takes_connections_again(server: Server) -> None:
    books, eam = server.with_log(), server.books.eam
    reader = "reader@'127.0.0.1'"
    eam.run(f"CREATE USER {reader}", f"GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT ON *.* TO {reader}")
    eam.run("SET GLOBAL max_connections = 10")
    with ExitStack() as opened:
        with suppress(pymysql.OperationalError):
            for _ in range(11):
                there = pymysql.connect(host="127.0.0.1", port=server.mariadb.port, user="reader")
                opened.callback(there.close)
        books.configure(kind="mysql", dsn=server.mariadb.dsn(eam.name, "reader", ""))
        heard("mysql_connections", books.syncd("dry-run", expect=TRIED_AGAIN))
        eam.run("SET GLOBAL max_connections = 100")
        books.syncd("check")
    books.configure(kind="mysql", dsn=eam.dsn)
