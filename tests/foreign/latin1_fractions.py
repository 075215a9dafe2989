"""An old MariaDB whose orders are a header and its lines, against a double-entry book of GUIDs and fractions."""

from typing import Final

from tests.foreign.system import Story


def line(order: int, number: int, kind: str, text: str, quantity: str, price: str) -> str:
    """A line of an order."""
    return f"INSERT INTO bestell_pos VALUES ({order}, {number}, '{kind}', '{text}', {quantity}, {price})"


def order(number: int, supplier: str) -> str:
    """The header, not released."""
    return f"INSERT INTO bestellung (best_nr, lieferant) VALUES ({number}, '{supplier}')"


def released(number: int, day: str) -> str:
    """The header says that it counts."""
    return f"UPDATE bestellung SET status = 'F', freigabe = '{day}' WHERE best_nr = {number}"


def paid(number: int, day: str, amount: str) -> str:
    """A part of it."""
    return f"INSERT INTO zahlung (best_nr, datum, betrag) VALUES ({number}, '{day}', {amount})"


BEFORE: Final = [
    "2026-0001 2026-01-01 10:59:00 opening: Equipment +30000.00, Equipment +8000.40, Equity -38000.40",
    "2026-0002 2026-02-05 10:59:00 order 1, Müller: Supplies +100.00, Services +60.00, Payables -160.00",
    "2026-0003 2026-02-10 10:59:00 paid on order 1: Payables +100.00, Bank -100.00",
]
STORY: Final = Story(
    example="latin1-fractions",
    before=[
        [line(1, 1, "M", "Öl", "4", "25")],
        [order(1, "Müller"), line(1, 2, "L", "Wartung", "1", "50"), line(1, 3, "M", "Fracht", "1", "9")],
        ["UPDATE bestell_pos SET preis = 60 WHERE best_nr = 1 AND pos = 2"],
        ["DELETE FROM bestell_pos WHERE best_nr = 1 AND pos = 3", released(1, "2026-02-05")],
        [paid(1, "2026-02-10", "100")],
    ],
    midst=[
        [
            line(2, 1, "M", "Schrauben", "1000", "0.03"),
            line(2, 2, "M", "Blech", "2.5", "10.1"),
            order(2, "Söhne & Co"),
            released(2, "2026-02-11"),
        ],
        ["UPDATE bestell_pos SET preis = 60.01 WHERE best_nr = 1 AND pos = 2"],
    ],
    after=[[paid(1, "2026-03-01", "60.01"), paid(2, "2026-03-01", "20.1")], [order(3, "Müller")]],
    journal="""
        SELECT t.num, t.post_date, t.description, a.name, s.value_num / (1.0 * s.value_denom)
        FROM transactions t JOIN splits s ON s.tx_guid = t.guid JOIN accounts a ON a.guid = s.account_guid
        ORDER BY t.num, s.rowid
    """,
    vouchers_before=BEFORE,
    vouchers=[
        *BEFORE,
        "2026-0004 2026-02-11 10:59:00 order 2, Söhne & Co: Supplies +30.00, Supplies +25.25, Payables -55.25",
        "2026-0005 2026-02-05 10:59:00 order 1, Müller: Services +0.01, Payables -0.01",
        "2026-0006 2026-03-01 10:59:00 paid on order 1: Payables +60.01, Bank -60.01",
        "2026-0007 2026-03-01 10:59:00 paid on order 2: Payables +20.10, Bank -20.10",
    ],
    held="",
    planted="UPDATE splits SET value_num = value_num - 1 WHERE action = '2' AND value_num < 0",
    difference={"2": "0.01"},
    undone="UPDATE splits SET value_num = value_num + 1 WHERE action = '2' AND value_num < 0",
)
