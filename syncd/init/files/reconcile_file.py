"""What both sides are held against each other by, in the mapping's file."""

from syncd.init.files.render import Text, flow, identifier, member, scalar
from syncd.init.finance.layout import Layout
from syncd.init.source.meaning import RULE, Meaning


def reconcile(text: Text, meaning: Meaning, layout: Layout) -> None:
    """Nothing where finance has no cards, or assets lie in a table a year."""
    assets, found = meaning.assets, meaning.assets.movements
    if not meaning.cards or "original_value" not in meaning.cards or assets.years:
        return
    text.add("")
    text.say("init_reconcile_head")
    text.add("reconcile:")
    text.add(f"  on: {meaning.alias}")
    if assets.status is not None:
        text.add(f"  where: {scalar(meaning.when.value.partition(' AND ')[0].replace('after.', ''))}")
    elif "disposed_on" in assets.columns:
        text.add(f"  where: {scalar(_bare(assets.columns['disposed_on'][0].name) + ' IS NULL')}")
    text.add(f"  asset_code: {scalar(_bare(assets.code.name))}")
    if found is None:
        text.add(f"  original_value: {{rule: {RULE}, field: original_value}}")
    else:
        text.add("  original_value:")
        for table in (found.table, *found.years):
            said = [f"sum: {flow(_bare(found.amount.name))}", f"of: {identifier(table.name)}"]
            said += [f"by: {flow(_bare(found.by))}", f"equals: {flow(_bare(assets.code.name))}"]
            text.add(f"    - {{{', '.join(said)}}}")
    for measure in ("accumulated_depreciation", "impairment"):
        if measure in meaning.cards:
            text.add(f"  {measure}: {{rule: {RULE}, field: {measure}}}")
    by = [one for one in ("dept", "class") if one in meaning.cards and layout.fields[one].sort == "text"]
    by = [one for one in by if one not in layout.looked_up]
    if by:
        text.add(f"  by: {{{', '.join(f'{one}: {{rule: {RULE}, field: {one}}}' for one in by)}}}")
    text.add(f'  accounts: {{original_value: ["{meaning.debit.value}"]}}')


def _bare(column: str) -> str:
    return member("", column).lstrip(".")
