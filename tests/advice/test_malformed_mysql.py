"""A text of MariaDB's that nobody can read, and one that is too long for finance's server: the column or the server is
mended as `syncd parked show` says, and the row is posted once, by saving it again or by a repair.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from syncd.daemon.supervisor import Worker
from syncd.files import shipped
from tests.acceptance.plant import Plant, plant
from tests.advice import advice, heard
from tests.advice.command import BY, daemon, fine, refused
from tests.servers import MariaDb

MAPPING = """\
mapping: purchases
finance: finance/demo.yaml
tables:
  purchase:
    table: purchase
    key: id
    subject: code
    columns: {id: integer, code: text, price: money, remark: text, note: text}
rules:
  bought:
    on: purchase
    when: op = 'insert'
    once: after.code
    require:
      - {check: "coalesce(after.note, '-') <> ''", says: {zh: 无说明, en: it has no note}}
    voucher:
      type: "'记'"
      date: change.committed_on
      summary: after.code || ' ' || after.remark
      entries:
        - {account: "'1601'", debit: after.price}
        - {account: "'1002'", credit: after.price}
"""
TABLE = (
    "CREATE TABLE purchase (id INT PRIMARY KEY, code VARCHAR(40) NOT NULL, price DECIMAL(18,2) NOT NULL,"
    " remark VARCHAR(40) CHARACTER SET swe7, note LONGTEXT CHARACTER SET utf8mb4)"
)
PACKET_BYTES = 65_536


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mariadb: MariaDb) -> Iterator[Plant]:
    """Two databases on MariaDB."""
    directory = tmp_path_factory.mktemp("plant")
    shutil.copytree(shipped("mappings"), directory / "mappings")
    mapping = directory / "mappings" / "odd.yaml"
    mapping.write_text(MAPPING, "utf-8")
    eam, finance = mariadb.create_database(), mariadb.create_database()
    try:
        with plant(directory, eam, finance, mapping=mapping) as one:
            one.eam.execute(TABLE)
            yield one
    finally:
        mariadb.drop_database(eam)
        mariadb.drop_database(finance)


@advice("malformed_charset")
def test_a_column_of_a_character_set_that_nobody_reads_is_converted(made: Plant) -> None:
    with _daemon(made) as worker:
        made.eam.execute("INSERT INTO purchase VALUES (1, 'P-1', 120, 'Fräse', NULL)")
        _is_told(made, "P-1", "malformed_charset")
        made.eam.execute("ALTER TABLE purchase MODIFY remark VARCHAR(40) CHARACTER SET utf8mb4")
        made.until("the halt", lambda: worker.failure)
    fine(f"repair --yes {BY}", made.config)
    with _daemon(made):
        _is_posted_once(made, "P-1 Fräse")


@advice("malformed_too_long")
def test_finances_server_takes_longer_texts(made: Plant, mariadb: MariaDb) -> None:
    """What is parked for another reason is kept as finance takes it."""
    ((usual,),) = mariadb.run("SELECT @@global.max_allowed_packet")
    try:
        mariadb.run(f"SET GLOBAL max_allowed_packet = {PACKET_BYTES}")
        with _daemon(made):
            made.finance.execute("DELETE FROM gl_account WHERE code = '1002'")
            made.eam.execute("INSERT INTO purchase VALUES (2, 'P-2', 120, '', ?)", ("a note " * PACKET_BYTES,))
            _is_told(made, "P-2", "unknown_account")
            made.finance.execute("INSERT INTO gl_account VALUES ('1002', '银行存款', 'debit', 1)")
            fine(f"parked retry --subject P-2 {BY}", made.config)
            _is_told(made, "P-2", "malformed_too_long")
    finally:
        mariadb.run(f"SET GLOBAL max_allowed_packet = {usual}")
    fine(f"repair --force --yes {BY}", made.config)
    with _daemon(made):
        _is_posted_once(made, "P-2")
    assert "no gap" in refused(f"repair --preview {BY}", made.config, 3)


@contextmanager
def _daemon(made: Plant) -> Iterator[Worker]:
    with daemon(made.config, "demo") as worker:
        made.until("the snapshot", lambda: made.finance.value("SELECT position FROM syncd.pipeline") is not None)
        yield worker


def _is_told(made: Plant, subject: str, code: str) -> None:
    """The hint as the clerk reads it."""
    parked = "SELECT id, code, params FROM syncd.parked WHERE subject = ? AND settled_at IS NULL"
    made.until("the parked row", lambda: code in str(made.finance.rows(parked, subject)))
    heard(code, fine(f"parked show {made.finance.value(parked, subject)}", made.config))


def _is_posted_once(made: Plant, summary: str) -> None:
    posted = "SELECT count(*) FROM gl_voucher WHERE summary LIKE ?"
    made.until("the voucher", lambda: made.finance.value(posted, f"{summary}%") == 1)
    open_rows = "SELECT count(*) FROM syncd.parked WHERE settled_at IS NULL"
    made.until("nothing parked", lambda: made.finance.value(open_rows) == 0)
