"""What both sides are held against each other by, in the mapping's file."""

from syncd.init.files.later_file import cards
from syncd.init.files.render import Text, bare, flow, identifier, member, scalar
from syncd.init.finance.layout import Layout
from syncd.init.seen.columns import in_money
from syncd.init.source.later import Later, Slips, begins
from syncd.init.source.meaning import RULE, Meaning


def reconcile(text: Text, meaning: Meaning, later: Later, layout: Layout) -> None:
    """Nothing where finance has no cards."""
    assets, found = meaning.assets, meaning.assets.movements
    if not meaning.cards or "original_value" not in meaning.cards or (assets.years and found is not None):
        return
    text.add("")
    text.say("init_reconcile_head")
    text.add("reconcile:")
    text.add(f"  on: {meaning.alias}")
    if assets.status is not None:
        text.add(f"  where: {scalar(meaning.when.value.partition(' AND ')[0].replace('after.', ''))}")
    elif "disposed_on" in assets.columns:
        text.add(f"  where: {scalar(bare(assets.columns['disposed_on'][0].name) + ' IS NULL')}")
    if isinstance(later.disposal, Slips):
        text.add(f"  unless: [{_rows(later.disposal, meaning)}]")
    if kept := cards(later):
        text.add(f"  cards: {scalar(kept)}")
    text.add(f"  asset_code: {scalar(bare(assets.code.name))}")
    if found is None:
        text.add(f"  original_value: {{rule: {RULE}, field: original_value}}")
    else:
        text.add("  original_value:")
        for table in (found.table, *found.years):
            said = [f"sum: {flow(in_money(bare(found.amount.name), found.amount))}", f"of: {identifier(table.name)}"]
            said += [f"by: {flow(bare(found.by))}", f"equals: {flow(bare(assets.code.name))}"]
            text.add(f"    - {{{', '.join(said)}}}")
    for measure in ("accumulated_depreciation", "impairment"):
        if measure in meaning.cards:
            own = f"{{rule: {RULE}, field: {measure}}}"
            slips = later.depreciation if measure == "accumulated_depreciation" else None
            if slips is not None and slips.amount is not None and begins(assets):
                charged = flow(in_money(bare(slips.amount.name), slips.amount))
                own = f"[{own}, {{sum: {charged}, {_rows(slips, meaning)[1:]}]"
            text.add(f"  {measure}: {own}")
    by = [one for one in ("dept", "class") if one in meaning.cards and layout.fields[one].sort == "text"]
    by = [one for one in by if one not in layout.looked_up]
    if by:
        text.add(f"  by: {{{', '.join(f'{one}: {{rule: {RULE}, field: {one}}}' for one in by)}}}")
    text.add(f'  accounts: {{original_value: ["{meaning.debit.value}"]}}')
    if assets.years:
        text.add("  also:")
    for table in assets.years:
        own = identifier(table.name)
        said = [f"on: {own}", f"original_value: {{rule: {RULE}_{own}, field: original_value}}"]
        measures = [one for one in ("accumulated_depreciation", "impairment") if one in meaning.cards]
        said += [f"{one}: {{rule: {RULE}_{own}, field: {one}}}" for one in measures]
        said += [f"by: {{{', '.join(f'{one}: {{rule: {RULE}_{own}, field: {one}}}' for one in by)}}}"] if by else []
        text.add(f"    - {{{', '.join(said)}}}")


def _rows(slips: Slips, meaning: Meaning) -> str:
    """The rows of a table that are an asset's."""
    is_code = slips.code == member("after", slips.by)
    equals = meaning.assets.code.name if is_code else meaning.assets.key[0]
    said = [f"of: {identifier(slips.table.name)}", f"by: {flow(bare(slips.by))}", f"equals: {flow(bare(equals))}"]
    return f"{{{', '.join([*said, *([f'where: {flow(slips.kept)}'] if slips.kept else [])])}}}"
