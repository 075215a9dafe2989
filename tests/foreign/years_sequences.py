"""A table a year, against a ledger of triggers, sequences, deferred constraints and partial unique indexes."""

from typing import Final

from tests.foreign.system import Story


def slip(number: int, asset: str, kind: str, amount: str, day: str) -> str:
    """What is written into this year's table."""
    return f"INSERT INTO \"资产变动_2026\" VALUES ({number}, '{asset}', '{kind}', {amount}, '{day}')"


def bought(number: int, asset: str, name: str, dept: str, amount: str, day: str) -> list[str]:
    """A new asset and its slip, in one transaction."""
    return [
        f"INSERT INTO \"资产\" VALUES ('{asset}', '{name}', '{dept}', NULL)",
        slip(number, asset, "购入", amount, day),
    ]


BEFORE: Final = [
    "转-1 2026-01-01 期初资产: 1601 +38000.40, 4001 -38000.40",
    "转-2 2026-02-03 购入 A-003 车床: 1601 SC +48000.00, 2202 -48000.00",
    "转-3 2026-02-05 改造 A-001 剪板机: 1601 SC +12500.50, 2202 -12500.50",
]
STORY: Final = Story(
    example="years-sequences",
    before=[
        bought(1, "A-003", "车床", "SC", "48000.00", "2026-02-03"),
        [slip(2, "A-001", "改造", "12500.50", "2026-02-05")],
    ],
    midst=[
        [
            *bought(3, "A-004", "台钻", "YF", "900.10", "2026-02-06"),
            'UPDATE "资产" SET "deptCode" = \'YF\', "调拨日期" = \'2026-02-09\' WHERE "assetNo" = \'A-003\'',
        ],
        ['UPDATE "资产变动_2026" SET "金额" = 12600.00 WHERE "变动单号" = 2'],
    ],
    after=[
        [slip(4, "A-002", "报废", "-8000.40", "2026-03-09"), slip(5, "A-004", "改造", "77.00", "2026-03-10")],
        ['DELETE FROM "资产变动_2026" WHERE "变动单号" = 5'],
    ],
    journal="""
        SELECT e.kind || '-' || e.number, e.entry_date, e.memo, a.code || ' ' || coalesce(c.code, ''),
               l.debit - l.credit
        FROM gl.entry e JOIN gl.line l ON l.entry_id = e.id JOIN gl.account a ON a.id = l.account_id
        LEFT JOIN gl.cost_center c ON c.id = l.cost_center_id ORDER BY e.number, l.line
    """,
    vouchers_before=BEFORE,
    vouchers=[
        *BEFORE,
        "转-4 2026-02-06 购入 A-004 台钻: 1601 YF +900.10, 2202 -900.10",
        "转-5 2026-02-09 调拨 A-003: 1601 YF +48000.00, 1601 SC -48000.00",
        "转-6 2026-02-05 注销2026年2月5日转-3号凭证: 1601 SC -12500.50, 2202 +12500.50",
        "转-7 2026-02-05 改造 A-001 剪板机: 1601 SC +12600.00, 2202 -12600.00",
        "转-8 2026-03-09 报废 A-002 空压机: 1606 +8000.40, 1601 SC -8000.40",
        "转-9 2026-03-10 改造 A-004 台钻: 1601 YF +77.00, 2202 -77.00",
        "转-10 2026-03-10 注销2026年3月10日转-9号凭证: 1601 YF -77.00, 2202 +77.00",
    ],
    held="gl.line",
    planted="UPDATE gl.asset SET cost = 48000.01 WHERE tag = 'A-003'",
    difference={"A-003": "0.01"},
    undone="UPDATE gl.asset SET cost = 48000.00 WHERE tag = 'A-003'",
)
