"""A company of one table and one rule, whose EAM takes anything for a value: loaded in a tenth of the time that the
demonstration's mapping takes."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path

from syncd.demo.stage import Stage, built
from syncd.files import shipped
from tests.advice.command import BY, config_of, fine

MAPPING = """\
mapping: purchases
finance: finance/demo.yaml
tables:
  purchase:
    table: purchase
    key: id
    subject: code
    columns:
      id: integer
      code: text
      price: money
      rate: decimal
      months: integer
      bought_on: date
      noted_at: timestamp
      is_new: boolean
      remark: text
      tags: {array: text}
      sold_on: date
rules:
  bought:
    on: purchase
    when: op = 'insert'
    once: after.code
    require:
      - {check: after.is_new, says: {zh: 非新购, en: it is not new}}
      - {check: after.months > 0, says: {zh: 无使用月数, en: it has no months}}
      - {check: after.noted_at IS NOT NULL, says: {zh: 无登记时间, en: nobody noted when}}
      - {check: "coalesce(cardinality(after.tags), 0) >= 0", says: {zh: 标签有误, en: its tags are wrong}}
      - {check: after.sold_on IS NULL, says: {zh: 已出售, en: it is sold}}
    voucher:
      type: "'记'"
      date: after.bought_on
      summary: after.code || ' ' || after.remark
      entries:
        - {account: "'1601'", debit: "after.price * after.rate"}
        - {account: "'1002'", credit: "after.price * after.rate"}
"""
COLUMNS = "code, price, rate, months, bought_on, noted_at, is_new, remark, tags, sold_on"
TABLE = f"CREATE TABLE purchase (id INTEGER PRIMARY KEY, {COLUMNS})"
GOOD = {
    "price": "120.00",
    "rate": "1",
    "months": 36,
    "bought_on": "2026-11-03",
    "noted_at": "2026-11-03 09:30:00",
    "is_new": "yes",
    "remark": "车床",
}
AMOUNT = "after.price * after.rate"
NUMBERS = count(1)


@contextmanager
def company(directory: Path) -> Iterator[Stage]:
    """On two SQLite files, with its triggers, migrated, its mapping accepted. It has no cards."""
    shutil.copytree(shipped("mappings"), directory / "mappings")
    (directory / "mappings" / "purchases.yaml").write_text(MAPPING, "utf-8")
    layout = directory / "mappings" / "finance" / "demo.yaml"
    kinds = "{life_months: integer, acquired_month: date, disposed_on: date, original_value"
    layout.write_text(layout.read_text("utf-8").replace("{original_value", kinds), "utf-8")
    with built(directory, 0, date(2026, 11, 20)) as made:
        config = config_of(made)
        fine("changelog remove", config)
        made.eam.execute(TABLE)
        config.write_text(config.read_text("utf-8").replace("shipped:demo.yaml", "mappings/purchases.yaml"), "utf-8")
        fine("changelog install", config)
        fine(f"mapping accept {BY}", config)
        yield made


def buy(stage: Stage, values: Mapping[str, object] = {}) -> str:
    """A purchase that holds these values; its code."""
    number = next(NUMBERS)
    row = {"id": number, "code": f"P-{number}"} | GOOD | values
    marks = ["CAST(? AS TEXT)" if isinstance(value, bytes) else "?" for value in row.values()]
    stage.eam.execute(f"INSERT INTO purchase ({', '.join(row)}) VALUES ({', '.join(marks)})", list(row.values()))
    return str(row["code"])
