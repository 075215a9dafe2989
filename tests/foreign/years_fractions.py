"""A table a year, against a double-entry book of GUIDs and fractions that has no cards, no periods and no types."""

from typing import Final

from tests.foreign.years_sequences import STORY as SAME_EAM

BEFORE: Final = [
    "2026-0001 2026-01-01 10:59:00 opening: Equipment +30000.00, Equipment +8000.40, Equity -38000.40",
    "2026-0002 2026-02-03 10:59:00 bought A-003: Equipment +48000.00, Payables -48000.00",
    "2026-0003 2026-02-05 10:59:00 bought A-001: Equipment +12500.50, Payables -12500.50",
]
STORY: Final = SAME_EAM._replace(
    example="years-fractions",
    journal="""
        SELECT t.num, t.post_date, t.description, a.name, s.value_num / (1.0 * s.value_denom)
        FROM transactions t JOIN splits s ON s.tx_guid = t.guid JOIN accounts a ON a.guid = s.account_guid
        ORDER BY t.num, s.value_num < 0, s.rowid
    """,
    vouchers_before=BEFORE,
    vouchers=[
        *BEFORE,
        "2026-0004 2026-02-06 10:59:00 bought A-004: Equipment +900.10, Payables -900.10",
        "2026-0005 2026-02-05 10:59:00 cancels 2026-0003 of 2026-02-05: Payables +12500.50, Equipment -12500.50",
        "2026-0006 2026-02-05 10:59:00 bought A-001: Equipment +12600.00, Payables -12600.00",
        "2026-0007 2026-03-09 10:59:00 scrapped A-002: Scrapped +8000.40, Equipment -8000.40",
        "2026-0008 2026-03-10 10:59:00 bought A-004: Equipment +77.00, Payables -77.00",
        "2026-0009 2026-03-10 10:59:00 cancels 2026-0008 of 2026-03-10: Payables +77.00, Equipment -77.00",
    ],
    held="",
    planted="UPDATE splits SET value_num = value_num + 1 WHERE memo = '车床'",
    undone="UPDATE splits SET value_num = value_num - 1 WHERE memo = '车床'",
)
