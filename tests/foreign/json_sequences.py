"""Text keys, JSON, arrays and row security, against a ledger of triggers, sequences and deferred constraints."""

import json
from typing import Final

from tests.foreign.system import Story
from tests.foreign.years_sequences import STORY as SAME_LEDGER


def entered(tag: str, plant: str, state: str, sheet: object, labels: str, centres: str) -> str:
    """A piece of equipment is entered."""
    return (
        "INSERT INTO equipment (tag, plant, state, sheet, labels, cost_centres)"
        f" VALUES ('{tag}', '{plant}', '{state}', '{json.dumps(sheet)}', '{{{labels}}}', '{{{centres}}}')"
    )


def sheet(name: str, price: object, day: str) -> object:
    return {"name": name, "purchase": {"price": price, "on": day}, "serials": ["S-1", "S-2"]}


BEFORE: Final = [
    "转-1 2026-01-01 期初资产: 1601 +38000.40, 4001 -38000.40",
    "转-2 2026-02-03 in service P-101/A Pump: 1601 SC +48000.00, 2202 -48000.00",
    "转-3 2026-02-20 overhaul WO-1 of P-001: 1601 SC +1200.50, 2202 -1200.50",
]
OVERHAUL: Final = {"state": "closed", "on": "2026-02-20", "parts": [{"cost": 1200.5, "capital": True}, {"cost": 9}]}
STORY: Final = Story(
    example="json-sequences",
    before=[
        [entered("P-101/A", "north", "planned", sheet("Pump", "48000.00", "2026-02-03"), "", "SC,YF")],
        ["UPDATE equipment SET state = 'in_service' WHERE tag = 'P-101/A'"],
        [f"INSERT INTO work_order VALUES ('WO-1', 'P-001', 'north', '{json.dumps(OVERHAUL)}')"],
        [entered("L-002", "south", "in_service", sheet("Van", 900, "2026-02-21"), "ex,leased", "SC")],
    ],
    midst=[
        [
            entered("K-7", "south", "in_service", sheet("Kiln", 0.3, "2026-02-22"), "", "YF"),
            "UPDATE equipment SET cost_centres = '{YF}', changed_on = '2026-02-25' WHERE tag = 'P-101/A'",
        ],
        ["INSERT INTO work_order VALUES ('WO-2', 'K-7', 'south', '{\"state\": \"open\"}')"],
        ["UPDATE equipment SET sheet = sheet || '{\"serials\": []}' WHERE tag = 'P-001'"],
    ],
    after=[
        [
            'UPDATE work_order SET body = \'{"state": "closed", "on": "2026-03-01", "parts":'
            ' [{"cost": "5.00", "capital": false}]}\' WHERE no = \'WO-2\''
        ],
        ["UPDATE equipment SET state = 'retired', changed_on = '2026-03-09' WHERE tag = 'C-001'"],
    ],
    journal=SAME_LEDGER.journal,
    vouchers_before=BEFORE,
    vouchers=[
        *BEFORE,
        "转-4 2026-02-22 in service K-7 Kiln: 1601 YF +0.30, 2202 -0.30",
        "转-5 2026-02-25 moved P-101/A: 1601 YF +48000.00, 1601 SC -48000.00",
        "转-6 2026-03-09 retired C-001: 1606 +8000.40, 1601 SC -8000.40",
    ],
    held="gl.line",
    planted="UPDATE gl.asset SET cost = 48000.01 WHERE tag = 'P-101/A'",
    difference={"P-101/A": "0.01"},
    undone="UPDATE gl.asset SET cost = 48000.00 WHERE tag = 'P-101/A'",
)
