"""JSON, arrays, binary fractions, days of zeros and odd names in a mapping, from the EAM's values to the voucher."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.convert import row_converter
from syncd.errors import MappingErrors
from tests.unit.lab import BILLS, Lab, loaded

DOCUMENT = (Path(__file__).parents[2] / "docs/mapping.md").read_text("utf-8")
SAMPLE = next(block for block in re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.M | re.S) if "Asset Card" in block)
LATHE = {
    "Id": 1,
    "资产编码": "FA-1",
    "attrs": '{"kind": "FA", "names": ["车床", "lathe"]}',
    "tags": ["新", "进口"],
    "status": "in_use",
    "price": 0.1 + 0.2,
    "boughtOn": "0000-00-00",
    "order": "00000000",
}


def test_the_documents_example_posts_what_it_says() -> None:
    """Invariant 7: what the columns hold is read as declared, whatever they are called."""
    lab = Lab(SAMPLE)
    others = {"2": {"attrs": '{"kind": "MT"}'}, "3": {"tags": ["leased"]}, "4": {"attrs": "{kind"}}
    for values in (LATHE, *({**LATHE, "Id": int(n), "资产编码": f"FA-{n}", **also} for n, also in others.items())):
        row, flawed = row_converter(lab.mapping.tables["device"])([*values.values()])
        assert not flawed
        names = [column.name for column in lab.mapping.tables["device"].columns]
        lab.commit(lab.insert("device", **dict(zip(names, row, strict=True))))
    lab.rest()
    assert lab.cards == [("FA-1", "车床", "0.30", None, None)]
    assert [(day, said) for _, _, day, said in lab.vouchers] == [("2026-02-03", "新增 车床 新")]
    assert lab.parked == [("FA-4", "failed", "uncomputable")]


def _wrong(said: str, by: str) -> list[tuple[str, str]]:
    with pytest.raises(MappingErrors) as caught:
        loaded(SAMPLE.replace(said, by))
    return [(error.code, error.where.rpartition("/")[2]) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("said", "by", "code", "line"),
    [
        ("{array: text}", "{array: jsonb}", "column_word", 12),
        ("{array: text}", "{}", "column_form", 12),
        ("{array: text}", "{array: text, decimal: 2}", "column_form", 12),
        ("{array: text}", "{array: text, zero: null}", "column_zero", 12),
        ("{decimal: 2}", "{decimal: 2, zero: null}", "column_zero", 14),
        ("{type: date, zero: null}", "{type: money, zero: null}", "column_zero", 15),
        ("{type: date, zero: null}", "{zero: null}", "column_form", 15),
        ("after.tags[1]", "after.tags", "array_whole", 25),
        ("after.tags[1]", "after.tags['1']", "wrong_argument", 25),
        ("'leased' <> ALL", "7 <> ALL", "wrong_kinds", 20),
        ("after.attrs ->> 'kind' = 'FA'", "after.attrs -> 'kind' = 'FA'", "wrong_kinds", 20),
        ("after.attrs ->> 'kind'", "after.price ->> 'kind'", "wrong_argument", 20),
        ("after.attrs ->> 'kind' = 'FA'", "after.attrs ? 'kind'", "expression_syntax", 20),
    ],
)
def test_what_is_wrong_with_them_is_told_with_its_line(said: str, by: str, code: str, line: int) -> None:
    assert said in SAMPLE
    assert (code, f"lab.yaml:{line}") in _wrong(said, by)


def test_a_number_at_two_places_needs_no_rounding_in_a_voucher() -> None:
    """As money does not; one of three places does, and `check` says so."""
    assert not [w for w in loaded(SAMPLE).warnings if w.code == "entry_places"]
    row, _ = row_converter(loaded(SAMPLE).tables["device"])([*{**LATHE, "boughtOn": "2026-02-01"}.values()])
    assert row[5:7] == (Decimal("0.30"), date(2026, 2, 1))


def test_an_amount_kept_in_cents_is_written_as_money() -> None:
    """Invariant 7: a quotient has a dozen digits; finance, the record and people read two."""
    lab = Lab(BILLS.replace("amount: money", "amount: integer").replace("after.amount", "after.amount / 100.0"))
    lab.commit(lab.insert("bill", id=1, amount=1234567, on_=date(2026, 2, 3)))
    lab.commit(lab.insert("bill", id=2, amount=1200000, on_=date(2026, 2, 3)))
    lab.rest()
    assert lab.ask("SELECT debit, credit FROM gl_entry ORDER BY number, line") == [
        ("12345.67", "0"),
        ("0", "12345.67"),
        ("12000.00", "0"),
        ("0", "12000.00"),
    ]
