"""What is wrong with a mapping as a whole, beyond its expressions: errors, and warnings for what may be meant."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from zoneinfo import available_timezones

from syncd.errors import MappingError
from syncd.mapping.balance import Balance, balance
from syncd.mapping.layout import FinanceLayout
from syncd.mapping.model import MappingFile
from syncd.mapping.reach import reaches
from syncd.mapping.rules import Rule, Template
from syncd.mapping.scope import Reader
from syncd.mapping.terms import NEAR_CODE, Function, nearest
from syncd.ports import Finding

_CRON_PART: Final = r"(\*|[0-9a-zA-Z]+(-[0-9a-zA-Z]+)?)(/[0-9]+)?"
_CRON_FIELD: Final = re.compile(rf"{_CRON_PART}(,{_CRON_PART})*")


def check_file(file: MappingFile, reader: Reader) -> None:
    """What can be seen before the rules are read."""
    for alias in file.tables.keys() & file.references.keys():
        reader.fault("table_twice", ("references", alias), table=alias)
    if file.timezone not in available_timezones():
        reader.fault("bad_timezone", ("timezone",), timezone=file.timezone)
    for name, block in file.rules.items():
        if block.card is not None and block.change is not None:
            reader.fault("card_and_change", ("rules", name, "change"), rule=name)
        cron = block.collect.post if block.collect else ""
        if isinstance(cron, str) and cron and not _is_cron(cron):
            reader.fault("bad_cron", ("rules", name, "collect", "post"), cron=cron)


def check_rules(file: MappingFile, rules: Sequence[Rule], layout: FinanceLayout, reader: Reader) -> list[MappingError]:
    """Errors go to the reader; what is returned are warnings."""
    warnings = Reader(reader.document)
    for rule in rules:
        if rule.release:
            continue
        place = ("rules", rule.name)
        if rule.voucher is not None:
            _check_balance(rule, rule.voucher, reader, warnings)
        for field in sorted(_card_fields_read(rule, layout)):
            if field not in layout.reads:
                reader.fault("unread_field", place, field=field)
        for alias in sorted(_unused_joins(rule)):
            warnings.fault("unused_join", (*place, "join", alias), rule=rule.name, join=alias)
        effects = (rule.card, rule.change, rule.voucher, rule.write, rule.reverse, rule.collect, rule.require)
        if not any(effects):
            warnings.fault("no_effect", place, rule=rule.name)
    joined = {j.table.alias for rule in rules for j in rule.joins.values()}
    for alias in file.references:
        if alias not in joined:
            warnings.fault("unused_reference", ("references", alias), table=alias)
    for alias in file.tables:
        own = [rule for rule in rules if rule.on.alias == alias]
        if not own and alias not in joined:
            warnings.fault("no_rule_for_table", ("tables", alias), table=alias)
        elif own and not any(reaches(rule.when, "insert") for rule in own):
            warnings.fault("no_rule_for_insert", ("tables", alias), table=alias)
    return warnings.errors


def accounts(rules: Sequence[Rule], gives: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Every account that a rule may post to by name: account → the rule. `gives` are the answers of each decision
    table; an account that comes from a row is known only when the row does."""
    found: dict[str, str] = {}
    for rule in rules:
        for line in rule.voucher.lines if rule.voucher else ():
            term = line.account.term
            answers: Sequence[str] = ()
            if term.op == "literal":
                answers = (str(term.detail),)
            elif term.op == "function" and isinstance(term.detail, Function):
                answers = gives.get(term.detail.python, ())
            for account in answers:
                found.setdefault(account, rule.name)
    return found


def unknown_accounts(named: Mapping[str, str], known: Collection[object]) -> list[Finding]:
    """What to say of the accounts that finance does not know, of those that rules name (account → rule)."""
    codes = [str(account) for account in known]
    return [
        Finding("error", "account_missing", {"account": account, "rule": rule, "nearest": near})
        for account, rule in named.items()
        if account not in codes
        for near in [nearest(account, codes, NEAR_CODE)]
    ]


def _check_balance(rule: Rule, template: Template, reader: Reader, warnings: Reader) -> None:
    found = balance(template, rule)
    if found is Balance.ALWAYS:
        return
    sides = {s: " + ".join(x.amount.text for x in template.lines if x.side == s) or "0" for s in ("debit", "credit")}
    code, to = ("voucher_never_balances", reader) if found is Balance.NEVER else ("voucher_may_not_balance", warnings)
    to.fault(code, ("rules", rule.name, "voucher", "entries"), rule=rule.name, **sides)


def _names(rule: Rule) -> set[str]:
    """Every name that a rule reads."""
    keys = {n for join in rule.joins.values() for k in join.key for n in k.names}
    return keys | {n for e in rule.expressions() for n in e.names}


def _card_fields_read(rule: Rule, layout: FinanceLayout) -> set[str]:
    return {n[5:] for n in _names(rule) if n.startswith("card.")} | layout.companions(rule.change or ())


def _unused_joins(rule: Rule) -> set[str]:
    """The rule's own joins of which nothing is read, be it by another join."""
    read = {n.partition(".")[0] for n in _names(rule)}
    return {alias for alias, join in rule.joins.items() if not join.variable.startswith("t") and alias not in read}


def _is_cron(text: str) -> bool:
    fields = text.split()
    return len(fields) == 5 and all(_CRON_FIELD.fullmatch(f) for f in fields)
