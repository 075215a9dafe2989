"""What is wrong with a mapping as a whole, beyond its expressions: errors, and warnings for what may be meant."""

from collections.abc import Collection, Mapping, Sequence

from syncd.errors import MappingError
from syncd.mapping.expression.terms import NEAR_CODE, nearest
from syncd.mapping.expression.zones import is_zone
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.file.names import CARD_EXISTS, check_names
from syncd.mapping.language.reach import reaches
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.tables import choosing
from syncd.mapping.verbs.change import Change
from syncd.mapping.verbs.rename import Rename
from syncd.mapping.verbs.reverse import misuses_name
from syncd.mapping.verbs.rule import Checking, Rule
from syncd.mapping.verbs.voucher import Voucher
from syncd.ports import Finding


def check_file(file: MappingFile, reader: ExpressionReader) -> None:
    """What can be seen before the rules are read."""
    for alias in file.tables.keys() & file.references.keys():
        reader.fault("table_twice", ("references", alias), table=alias)
    check_names(file, reader)
    if not is_zone(file.timezone):
        reader.fault("bad_timezone", ("timezone",), timezone=file.timezone)


def check_cards(file: MappingFile, has_cards: bool, reader: ExpressionReader) -> None:
    """Nothing is said of cards where finance has none."""
    if has_cards:
        return
    for name, block in file.rules.items():
        for verb in ("card", "change"):
            if block.said(verb) is not None:
                reader.fault("no_cards", ("rules", name, verb), place=f"{name}.{verb}")
    for block_name in ("reconcile", "depreciation"):
        if getattr(file, block_name) is not None:
            reader.fault("no_cards", (block_name,), place=block_name)


def check_rules(
    file: MappingFile, rules: Sequence[Rule], layout: FinanceLayout, reader: ExpressionReader
) -> list[MappingError]:
    """Errors go to the reader; what is returned are warnings."""
    warnings = ExpressionReader(reader.document)
    checking = Checking(rules, reader, warnings)
    for rule in rules:
        if rule.release or rule.of:
            continue
        place = ("rules", rule.name)
        for verb in rule.verbs:
            verb.check(rule, checking)
        for block in ("depreciation", "lifecycle") if rule.verb(Rename) else ():
            if getattr(file, block) is not None:
                reader.fault("rename_computed", (*place, Rename.word), rule=rule.name, block=block)
        voucher = rule.verb(Voucher)
        summaries = () if voucher is None else voucher.summaries
        for e in rule.expressions():
            if misuses_name(e, any(e is summary for summary in summaries)):
                reader.fault("reversed_misused", place, expression=e.text)
        for field in sorted(
            choosing(layout.cards).intersection(change.fields if (change := rule.verb(Change)) else ())
        ):
            reader.fault("card_when_changed", (*place, "change", field), rule=rule.name, field=field)
        for field in sorted(_card_fields_read(rule, layout)):
            if field not in (*layout.reads, CARD_EXISTS):
                reader.fault("unread_field", place, field=field)
        for alias in sorted(_unused_joins(rule)):
            warnings.fault("unused_join", (*place, "join", alias), rule=rule.name, join=alias)
        if not any(verb.has_effect for verb in rule.verbs):
            warnings.fault("no_effect", place, rule=rule.name)
    joined = {j.table.alias for rule in rules for j in rule.all_joins}
    parts = {document.header for document in file.documents.values()}
    parts |= {lines.table for document in file.documents.values() for lines in document.lines.values()}
    for alias in file.references:
        if alias not in joined:
            warnings.fault("unused_reference", ("references", alias), table=alias)
    for alias in (*file.tables, *file.documents):
        place = ("tables" if alias in file.tables else "documents", alias)
        own = [rule for rule in rules if rule.on.alias == alias]
        if not own and alias in parts:
            continue
        if not own and alias not in joined:
            warnings.fault("no_rule_for_table", place, table=alias)
        elif own and not any(reaches(rule.when, "insert") for rule in own):
            warnings.fault("no_rule_for_insert", place, table=alias)
    return warnings.errors


def unknown_accounts(named: Mapping[str, str], known: Collection[object]) -> list[Finding]:
    """What to say of the accounts that finance does not know, of those that rules name (account → rule)."""
    codes = [str(account) for account in known]
    return [
        Finding("error", "account_missing", {"account": account, "rule": rule, "nearest": near})
        for account, rule in named.items()
        if account not in codes
        for near in [nearest(account, codes, NEAR_CODE)]
    ]


def _names(rule: Rule) -> set[str]:
    """Every name that a rule reads."""
    keys = {n for join in rule.all_joins for k in join.key for n in k.names}
    return keys | {n for e in rule.expressions() for n in e.names}


def _card_fields_read(rule: Rule, layout: FinanceLayout) -> set[str]:
    change = rule.verb(Change)
    found = {n.partition(".")[2] for n in _names(rule) if n.partition(".")[0] in ("card", *rule.cards)}
    return found | layout.companions(change.fields if change else ())


def _unused_joins(rule: Rule) -> set[str]:
    """The rule's own joins of which nothing is read, be it by another join."""
    read = {n.partition(".")[0] for n in _names(rule) if "." in n}
    return {join.alias for join in rule.own_joins if join.alias.lower() not in read}
