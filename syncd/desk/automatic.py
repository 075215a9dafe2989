"""What was posted without a person: by rule, in a period, and under which accepted mapping."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from syncd import statements
from syncd.money import ZERO
from syncd.ports import Ledger
from syncd.record import decode_voucher, moment

SQL: Final = statements.load("syncd.desk", "automatic.sql")
_STEP_OF: Final = re.compile("[:@]")
"""Stands in what a step is called behind the rule's name."""


class RuleCount(NamedTuple):
    """Vouchers of a rule in a period under one mapping: how many, and how many of them a person had agreed to."""

    rule: str
    mapping_hash: str
    vouchers: int
    approved: int

    @property
    def automatic(self) -> int:
        """How many nobody was asked about."""
        return self.vouchers - self.approved


class Automatic(NamedTuple):
    """A voucher that nobody was asked about. `debit` is in yuan."""

    voucher: str
    subject: str
    key: str
    debit: Decimal
    posted_at: datetime
    mapping_hash: str


def counts(ledger: Ledger, pipeline: str, period: str) -> list[RuleCount]:
    """By rule and mapping, the vouchers of a period (`YYYY-MM`). Costs one pass over the record for each type of
    voucher, within finance's database."""
    total, agreed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for like in _patterns(ledger, period):
        for rule, mapping_hash, count in ledger.query(SQL["counts"], (pipeline, like)):
            total[str(rule), str(mapping_hash)] += int(str(count))
        agreed.update((rule, mapping_hash) for _, rule, mapping_hash in _agreed(ledger, pipeline, like))
    return [RuleCount(*of, count, agreed[of]) for of, count in sorted(total.items())]


def vouchers(ledger: Ledger, pipeline: str, period: str, rule: str, limit: int) -> list[Automatic]:
    """The vouchers of a rule in a period that nobody was asked about, in order."""
    found: list[Automatic] = []
    for like in _patterns(ledger, period):
        agreed = {key for key, _, _ in _agreed(ledger, pipeline, like)}
        asked = (pipeline, like, rule, len(agreed) + limit)
        for key, subject, ref, mapping_hash, posted_at, content in ledger.query(SQL["vouchers"], asked):
            if str(key) not in agreed:
                voucher = decode_voucher(str(content))
                debit = sum((entry.debit for entry in voucher.entries), ZERO) if voucher else ZERO
                at = moment(str(posted_at))
                found.append(Automatic(str(ref), str(subject), str(key), debit, at, str(mapping_hash)))
    return found[:limit]


def _agreed(ledger: Ledger, pipeline: str, like: str) -> Iterator[tuple[str, str, str]]:
    """Key, rule and mapping of the vouchers to which a person had agreed; of a group, to one of its rows at least."""
    rows = [row for name in ("agreed", "agreed_in_group") for row in ledger.query(SQL[name], (pipeline, like))]
    seen: set[str] = set()
    for key, rule, mapping_hash, approved in rows:
        is_of_rule = any(_STEP_OF.split(step)[0] == rule for step in json.loads(str(approved)))
        if is_of_rule and str(key) not in seen:
            seen.add(str(key))
            yield str(key), str(rule), str(mapping_hash)


def _patterns(ledger: Ledger, period: str) -> Iterator[str]:
    """How the content of the period's vouchers looks, by their types: see `record.encode_content`."""
    for (kind,) in ledger.query(SQL["types"], (period, f"%:{period}")):
        yield f'%"voucher":{{"type":{json.dumps(str(kind), ensure_ascii=False)},"period":"{period}",%'
