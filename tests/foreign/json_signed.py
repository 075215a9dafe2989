"""Text keys, JSON, arrays and row security, against a ledger of signed amounts on another server."""

from typing import Final

from tests.foreign.json_sequences import entered, sheet
from tests.foreign.latin1_signed import STORY as SAME_LEDGER
from tests.foreign.system import Story

BEFORE: Final = [
    "4711 2026-01-01 Saldenvortrag: 0400 +38000.40, 9000 -38000.40",
    # January is closed
    "4712 2026-02-01 in service P-101/A Pump: 0400 4100 +48000.00, 1600 -48000.00",
]
STORY: Final = Story(
    example="json-signed",
    before=[
        [entered("P-101/A", "north", "in_service", sheet("Pump", "48000.00", "2026-01-20"), "", "4100,4200")],
        [entered("L-002", "south", "in_service", sheet("Van", 900, "2026-02-21"), "leased", "4100")],
    ],
    midst=[
        [
            entered("K-7", "south", "in_service", sheet("Öfen", 0.3, "2026-02-22"), "", "4200"),
            "UPDATE equipment SET sheet = jsonb_set(sheet, '{purchase,price}', '\"48000.10\"') WHERE tag = 'P-101/A'",
        ],
    ],
    after=[["UPDATE equipment SET state = 'retired', changed_on = '2026-03-09' WHERE tag = 'C-001'"]],
    journal=SAME_LEDGER.journal,
    vouchers_before=BEFORE,
    vouchers=[
        *BEFORE,
        "4713 2026-02-22 in service K-7 Öfen: 0400 4200 +0.30, 1600 -0.30",
        "4714 2026-02-01 cancels 4712 of 2026-02-01: 0400 4100 -48000.00, 1600 +48000.00",
        "4715 2026-02-01 in service P-101/A Pump: 0400 4100 +48000.10, 1600 -48000.10",
        "4716 2026-03-09 retired C-001: 2310 +8000.40, 0400 SC -8000.40",
    ],
    held="booking_line",
    planted="UPDATE register SET cost = 48000.11 WHERE inv_no = 'P-101/A'",
    difference={"P-101/A": "0.01"},
    undone="UPDATE register SET cost = 48000.10 WHERE inv_no = 'P-101/A'",
)
