"""Assets of a schema that is not ours: costs in a table of their own on one side, cards that share a table with other
things on the other, binary fractions on both, names in capitals, accounts credit less debit. What is planted in any
measured field is found, by checksums where both sides are servers."""

from collections.abc import Iterator

import pytest

from syncd.books.reconciliation.reconcile import Report
from tests.open_items.office import Office, World, founded

LAYOUT = """
finance: shared
lookups: {{account: {{table: konto, code: code, gives: id}}}}
accounts: account
periods: open
numbering: {{table: Beleg, number: number, year: year}}
dims: [asset]
kinds: {{original_value: money, accumulated_depreciation: money, impairment: money}}
card:
  - table: Artikel
    key: [Art, Nr]
    where: '"Art" = ''FA'''
    generated: id
    columns: {{Art: "'FA'", Nr: card.asset_code, Stelle: card.dept, order: card.class}}
  - {{table: Wert, key: item_id, columns: {{item_id: card.id, AHK: card.original_value,
      AfA: card.accumulated_depreciation, impaired: card.impairment}}}}
voucher:
  - {{table: Beleg, key: [id], columns: {{id: uuid(voucher.key), year: voucher.year, number: voucher.number,
      day: voucher.date, skey: voucher.key}}}}
entry:
  - {{table: Zeile, key: [id, line], columns: {{id: uuid(voucher.key), line: entry.line, asset: entry.asset,
      account: account(entry.account), {amounts}}}}}
"""
MAPPING = """
mapping: shared
finance: office.yaml
tables:
  machine:
    table: Anlage
    key: Nr
    subject: '"Nr"'
    join: {cost: '"Nr"', place: '"Stelle"'}
    columns: {Nr: text, Stelle: integer, order: text, Zugang: date}
  cost:
    table: Kosten
    key: Nr
    subject: '"Nr"'
    columns: {Nr: text, AHK: {decimal: 2}, AfA: {decimal: 2}, gone: money}
references:
  place: {table: Platz, key: id, columns: {id: integer, code: text, kind: text}}
  supplier: {table: supplier, key: id, columns: {id: integer, code: text}}
rules:
  machine:
    on: machine
    when: place.kind = 'own'
    join: {anybody: {table: supplier, key: 1, optional: true}}
    card: {asset_code: after."Nr", original_value: cost."AHK", accumulated_depreciation: cost."AfA",
           impairment: "coalesce(cost.gone, 0)", dept: place.code, class: after."order"}
    voucher:
      type: "'AN'"
      date: after."Zugang"
      summary: "'Zugang' || coalesce(anybody.code, '')"
      entries:
        - {account: "'1601'", debit: cost."AHK", asset: after."Nr"}
        - {account: "'1602'", credit: cost."AfA", asset: after."Nr"}
        - {account: "'1603'", credit: "coalesce(cost.gone, 0)", asset: after."Nr"}
        - {account: "'1002'", credit: "cost.\\"AHK\\" - cost.\\"AfA\\" - coalesce(cost.gone, 0)"}
reconcile:
  on: machine
  join: {paid: {table: cost, key: '"Nr"'}}
  where: place.kind = 'own' AND paid."AHK" > 0
  asset_code: paid."Nr"
  original_value: paid."AHK"
  accumulated_depreciation: {sum: '"AfA"', of: cost, by: '"Nr"', equals: '"Nr"'}
  impairment: coalesce(paid.gone, 0)
  by: {dept: place.code, class: '"order"'}
  accounts: {original_value: "1601", accumulated_depreciation: "1602", impairment: "1603"}
"""
EAM = """
PRAGMA journal_mode = WAL;
CREATE TABLE supplier (id INTEGER PRIMARY KEY, code VARCHAR(20));
CREATE TABLE "Platz" (id INTEGER PRIMARY KEY, code VARCHAR(20), kind VARCHAR(20));
CREATE TABLE "Anlage" ("Nr" VARCHAR(20) PRIMARY KEY, "Stelle" INTEGER, "order" VARCHAR(20), "Zugang" DATE);
CREATE TABLE "Kosten" ("Nr" VARCHAR(20) PRIMARY KEY, "AHK" {float}, "AfA" {float}, gone VARCHAR(20));
INSERT INTO supplier VALUES (1, 'L1');
INSERT INTO "Platz" VALUES (1, 'D1', 'own'), (2, 'D2', 'own'), (3, 'D3', 'leased');
"""
FINANCE = """
CREATE TABLE konto (id INTEGER PRIMARY KEY, code VARCHAR(10));
INSERT INTO konto VALUES (1, '1002'), (2, '1601'), (3, '1602'), (4, '1603');
CREATE TABLE "Artikel" (id {serial}, "Art" VARCHAR(4), "Nr" VARCHAR(20), "Stelle" VARCHAR(20), "order" VARCHAR(20),
                        UNIQUE ("Art", "Nr"));
CREATE TABLE "Wert" (item_id INTEGER PRIMARY KEY, "AHK" {double}, "AfA" {double}, impaired {double});
CREATE TABLE "Beleg" (id VARCHAR(40) PRIMARY KEY, year INTEGER, number INTEGER, day DATE, skey VARCHAR(200));
CREATE TABLE "Zeile" (id VARCHAR(40), line INTEGER, account INTEGER, asset VARCHAR(20), amount {double},
                      PRIMARY KEY (id, line));
INSERT INTO "Artikel" ("Art", "Nr", "Stelle") VALUES ('MAT', 'M-1', 'D1')
"""
WORK = [
    f"INSERT INTO \"Kosten\" VALUES ('M-{n}', {1000 * n}.10, {n}.35, {'NULL' if n % 2 else repr(f'{n}.5')})"
    for n in range(1, 7)
] + [
    f"INSERT INTO \"Anlage\" VALUES ('M-{n}', {1 + n % 3}, 'K{n % 2}', '2026-02-0{n}')" for n in range(1, 7)
]  # fmt: skip
SHARED = World(MAPPING, LAYOUT, EAM, FINANCE, WORK)


@pytest.fixture(scope="module", params=["sqlite", "postgres", "mysql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    server = {"postgres": "postgres", "mysql": "mariadb"}.get(request.param)
    new = (lambda: "") if server is None else request.getfixturevalue(server).create_database
    eam, finance = new(), new()
    with founded(tmp_path_factory.mktemp(request.param), "credit less debit", eam, finance, SHARED) as made:
        yield made


def found(report: Report) -> set[tuple[str, str, str]]:
    told = [d for d in report.differences if d.field != "carrying_amount"]
    return {(d.asset_code, d.field, d.cause.code if d.cause else "") for d in told}


def test_what_was_carried_differs_in_nothing(office: Office) -> None:
    """Four machines are ours; the article of the same name is no card, and what the accounts hold is what cards say."""
    report = office.pipeline.reconcile()
    assert (report.assets, found(report), report.alerting, [*report.unsaid]) == (4, set(), 0, [])
    assert report.way == ("rows" if office.eam.kind == "sqlite" else "checksums")
    assert [(str(c.balance), str(c.cards.normalize())) for c in report.controls] == [
        ("14000.40", "14000.4"), ("15.40", "15.4"), ("11.00", "11")
    ]  # fmt: skip


@pytest.mark.parametrize("field", ["original_value", "accumulated_depreciation", "impairment", "dept", "class"])
def test_a_difference_planted_in_a_shared_card_is_found(office: Office, field: str) -> None:
    """Whichever field: it alone, and that finance has changed it; of an amount the accounts say otherwise."""
    amounts = {"original_value": '"AHK"', "accumulated_depreciation": '"AfA"', "impairment": "impaired"}
    column = amounts.get(field) or {"dept": '"Stelle"', "class": '"order"'}[field]
    table, key = ("Wert", "item_id") if field in amounts else ("Artikel", "id")
    (item,) = office.finance.rows('SELECT id FROM "Artikel" WHERE "Nr" = \'M-4\' AND "Art" = \'FA\'')
    was = office.finance.value(f'SELECT {column} FROM "{table}" WHERE {key} = ?', item[0])
    now = f"{float(was) + 0.01:.2f}" if field in amounts else "planted"
    office.finance.execute(f'UPDATE "{table}" SET {column} = ? WHERE {key} = ?', (now, item[0]))
    try:
        report = office.pipeline.reconcile()
    finally:
        office.finance.execute(f'UPDATE "{table}" SET {column} = ? WHERE {key} = ?', (was, item[0]))
    assert found(report) == {("M-4", field, "cause_card_changed")}
    assert len([c for c in report.controls if c.balance != c.cards]) == (field in amounts)


def test_a_voucher_by_hand_in_one_signed_amount_is_named(office: Office) -> None:
    """Credit less debit: 1602 −500.00 by hand, which is a debit. Vouchers have a day and no period: what lies there
    from before syncd posted is an opening balance, and nobody is told to reverse it."""
    for key, day, amount in (("hand", "2026-02-20", -500), ("opening", "2025-12-31", 70)):
        office.finance.execute('INSERT INTO "Beleg" VALUES (?, 2026, 900, ?, NULL)', (key, day))
        office.finance.execute("INSERT INTO \"Zeile\" VALUES (?, 1, 3, 'M-4', ?)", (key, amount))
    try:
        report = office.pipeline.reconcile()
    finally:
        for table in ("Zeile", "Beleg"):
            office.finance.execute(f"DELETE FROM \"{table}\" WHERE id IN ('hand', 'opening')")
    assert [(m.account, m.asset_code, m.amount) for m in report.manual] == [("1602", "M-4", -500)]


def test_a_cost_that_is_on_its_way_is_none(office: Office) -> None:
    """The mirror finds the joined row by its key, on the asset's own and in a sum."""
    office.eam.execute('UPDATE "Kosten" SET "AHK" = 9999.99, "AfA" = 8 WHERE "Nr" = \'M-1\'')
    try:
        report = office.pipeline.reconcile()
    finally:
        office.eam.execute('UPDATE "Kosten" SET "AHK" = 1000.10, "AfA" = 1.35 WHERE "Nr" = \'M-1\'')
    assert (found(report), [one.code for one in report.waiting]) == (set(), ["M-1"])
