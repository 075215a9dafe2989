"""An old MariaDB of zero dates, DOUBLE and latin1, against a ledger of signed amounts, ids that the server gives, one
series of numbers and one closing date."""

from typing import Final

from tests.foreign.system import Story


def bought(number: str, name: str, centre: str, day: str, cost: str) -> list[str]:
    """A machine and what it cost, in one transaction."""
    return [
        f"INSERT INTO anlage (anl_nr, bezeichnung, kst, zugang) VALUES ('{number}', '{name}', '{centre}', '{day}')",
        f"INSERT INTO anlage_wert VALUES ('{number}', {cost})",
    ]


BEFORE: Final = [
    "4711 2026-01-01 Saldenvortrag: 0400 +38000.40, 9000 -38000.40",
    "4712 2026-02-03 Zugang M-0003 Drehbank groß: 0400 4100 +48000.10, 1600 -48000.10",
    # January is closed
    "4713 2026-02-01 Zugang M-0004 Förderband: 0400 4200 +0.30, 1600 -0.30",
]
STORY: Final = Story(
    example="latin1-signed",
    before=[
        bought("M-0003", "Drehbank groß", "4100", "2026-02-03", "48000.1"),
        bought("M-0004", "Förderband", "4200", "2026-01-20", "0.3"),
    ],
    midst=[
        bought("M-0005", "Öler", "4200", "2026-02-10", "1234567.89"),
        ["UPDATE anlage_wert SET ahk = ahk - 0.1 WHERE anl_nr = 'M-0003'"],
    ],
    after=[
        ["UPDATE anlage SET abgang = '2026-03-09' WHERE anl_nr = 'M-0001'"],
    ],
    journal="""
        SELECT b.serial_no, b.booked_on, b.text, concat(a.acct_no, ' ', coalesce(l.centre, '')), l.amount
        FROM booking b JOIN booking_line l ON l.booking_id = b.id JOIN account a ON a.id = l.account_id
        ORDER BY b.serial_no, l.id
    """,
    vouchers_before=BEFORE,
    vouchers=[
        *BEFORE,
        "4714 2026-02-10 Zugang M-0005 Öler: 0400 4200 +1234567.89, 1600 -1234567.89",
        "4715 2026-02-03 AHK M-0003: 1600 +0.10, 0400 4100 -0.10",
        "4716 2026-03-09 Abgang M-0001: 2310 4100 +38000.40, 0400 4100 -38000.40",
    ],
    held="booking_line",
    planted="UPDATE register SET cost = 48000.01 WHERE inv_no = 'M-0003'",
    difference={"M-0003": "0.01"},
    undone="UPDATE register SET cost = 48000.00 WHERE inv_no = 'M-0003'",
)
