"""What `syncd warnings` asks of the record and of finance is understood by the servers too, and means the same."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import pytest

from syncd import migrate, wiring
from tests.acceptance.databases import connected
from tests.warnings.seeded import MAPPING

CONFIG: Final = """\
pipelines:
  main:
    mapping: {mapping}
    source: {{kind: changelog, dialect: sqlite, database: eam.db, zone: Asia/Shanghai}}
    ledger: {{kind: {kind}, dsn: "{dsn}"}}
"""
TABLES: Final = (
    "CREATE TABLE {fin}card (asset_code VARCHAR(40) PRIMARY KEY, name VARCHAR(40), class VARCHAR(40), dept VARCHAR(40),"
    " original_value NUMERIC(18, 2), disposed_on DATE)",
    "CREATE TABLE {fin}voucher (period VARCHAR(7), type VARCHAR(4), number INTEGER, date DATE, summary VARCHAR(80),"
    " external_key VARCHAR(80))",
    "CREATE TABLE {fin}entry (period VARCHAR(7), type VARCHAR(4), number INTEGER, line INTEGER, account VARCHAR(10),"
    " debit NUMERIC(18, 2), credit NUMERIC(18, 2), asset VARCHAR(40))",
)


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_voucher_by_hand_and_a_trip_there_and_back(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    new: Callable[[], str] = request.getfixturevalue("new_database" if kind == "postgres" else "new_mariadb")
    dsn = new()
    (tmp_path / "syncd.yaml").write_text(CONFIG.format(mapping=MAPPING, kind=kind, dsn=dsn), "utf-8")
    pipeline = wiring.pipeline(tmp_path / "syncd.yaml", None)
    fin = "fin." if kind == "postgres" else "fin_"
    with closing(connected(dsn)) as db:
        if kind == "postgres":
            db.execute("CREATE SCHEMA fin")
            db.execute("CREATE SCHEMA IF NOT EXISTS syncd")
        for table in TABLES:
            db.execute(table.format(fin=fin))
        db.execute(f"INSERT INTO {fin}card VALUES ('FA-1', '床', '车床', 'A', 15000, NULL)")
        for number, key in ((1, "registration/FA-1"), (2, None)):
            db.execute(
                f"INSERT INTO {fin}voucher VALUES ('2026-03', '记', ?, '2026-03-02', '固定资产', ?)", (number, key)
            )
            db.execute(f"INSERT INTO {fin}entry VALUES ('2026-03', '记', ?, 1, '1601', 15000, 0, 'FA-1')", (number,))
            db.execute(f"INSERT INTO {fin}entry VALUES ('2026-03', '记', ?, 2, '2202', 0, 15000, NULL)", (number,))
    with closing(pipeline.open_ledger()) as ledger:
        migrate.migrate(ledger, datetime.now(UTC))
        fields = {"name": "床", "class": "车床", "dept": "A", "original_value": "15000.00"}
        entries = [["1601", "15000.00", "0", None, {}], ["2202", "0", "15000.00", None, {}]]
        voucher = {
            "type": "记",
            "period": "2026-03",
            "date": "2026-03-02",
            "summary": "固定资产增加",
            "entries": entries,
        }
        made = [("registration", "记-1", {"of": "asset:1", "cards": [["FA-1", "open", fields]], "voucher": voucher})]
        made += [("moved", "", {"cards": [["FA-1", "change", {"dept": dept}]]}) for dept in "BA"]
        begun = "name, posting_seq, posting_hash, parked_seq, changes, posted, repeated"
        ledger.execute(
            [(f"INSERT INTO syncd.pipeline ({begun}) VALUES (?, ?, ?, ?, ?, ?, ?)", ("main", 3, "", 0, 3, 3, 0))]
        )
        columns = (
            "pipeline, seq, key, rule, subject, voucher, reverses, mapping_hash, position, committed_at, posted_at"
        )
        ledger.execute(
            [
                (
                    f"INSERT INTO syncd.posting ({columns}, content, hash) VALUES (?*)".replace(
                        "?*", ", ".join("?" * 13)
                    ),
                    ("main", n, f"{rule}/{n}", rule, "FA-1", ref, "", "", f"{n}", at, at, json.dumps(content), ""),
                )
                for n, (rule, ref, content) in enumerate(made, 1)
                for at in [f"2026-03-0{n + 1}T02:00:00.000000Z"]
            ]
        )
    report = pipeline.warnings(date(2026, 3, 1), date(2026, 3, 31))
    assert [(w.kind, w.rows) for w in report.warnings] == [
        ("round_trip", ("FA-1",)),
        ("by_hand", ("2026-03 记-2",)),
    ]
    assert report.postings == 3
    assert not pipeline.warnings(date(2026, 4, 1), date.max).warnings
