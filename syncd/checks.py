"""What is looked at before anything runs: what both ends say of themselves, and what the mapping asks of them."""

from collections.abc import Mapping
from contextlib import closing

from connectors import reading
from syncd.change import Kind
from syncd.desk.access import accounts, people, rights
from syncd.errors import Fault
from syncd.mapping.language import load as meanings
from syncd.mapping.language.accounts import misnamed
from syncd.mapping.language.check import unknown_accounts
from syncd.mapping.language.sample import sample
from syncd.ports import Finding, Ledger
from syncd.wiring import Pipeline


def check(pipeline: Pipeline) -> list[Finding]:
    """What both ends say of themselves before anything runs."""
    of_finance = check_finance(pipeline)
    with closing(pipeline.open_source()) as source:
        answers = pipeline.outside.check(pipeline.mapping.answers)
        of_mapping = check_zone(pipeline) + check_documents(pipeline) + check_people(pipeline)
        return source.check() + of_finance + of_mapping + answers


def check_people(pipeline: Pipeline) -> list[Finding]:
    """The roles that nobody holds, by accounts where there are any; and whether `people` is said beside them."""
    asked = sorted({*pipeline.mapping.approvers, rights.CONTROLLER})
    try:
        with closing(pipeline.open_accounts()) as ledger:
            known = accounts.every(ledger)
    except Fault:  # that ledger's own check tells it, tables of an earlier version too
        return []
    if not known:
        return people.unheld(pipeline.people, asked)
    held = rights.people([one for one in known if one.is_open], pipeline.place)
    unheld = [one._replace(code="account_unheld") for one in people.unheld(held, asked)]
    return unheld + ([Finding("warning", "people_both", {})] if pipeline.people is not None else [])


def check_finance(pipeline: Pipeline) -> list[Finding]:
    """What finance says of itself; where it looks right it is tried."""
    with closing(pipeline.open_ledger()) as ledger:
        findings = ledger.check()
        if any(finding.level == "error" for finding in findings):
            return findings
        tried = check_accounts(pipeline.mapping, ledger) + _attempt(pipeline.mapping, ledger)
        return [f for f in findings if not (tried and f.level == "ok")] + tried


def _attempt(checked: meanings.Mapping, ledger: Ledger) -> list[Finding]:
    chart = reading.lookup(ledger, checked.layout.lookups[checked.layout.file.accounts])
    return ledger.attempt(sample(checked, reading.periods(ledger, checked.layout), chart))


def check_zone(pipeline: Pipeline) -> list[Finding]:
    """Whose clock the EAM's times without a zone are on, where the books are on another and nobody has said."""
    assumed, books = pipeline.source_settings.zone, pipeline.mapping.file.timezone
    said = "zone" in (pipeline.config.source.model_extra or {})
    columns = (column for table in pipeline.mapping.source_tables.values() for column in table.columns)
    if said or assumed == books or all(column.kind is not Kind.TIMESTAMP for column in columns):
        return []
    return [Finding("warning", "source_zone", {"zone": assumed, "timezone": books})]


def check_documents(pipeline: Pipeline) -> list[Finding]:
    """The rules that would post documents by halves, row by row."""
    doubts = pipeline.mapping.judged_by_row(pipeline.eam_dialect)
    return [Finding("warning", doubt.code, doubt.params) for doubt in doubts]


def check_accounts(checked: meanings.Mapping, ledger: Ledger) -> list[Finding]:
    """What is to be said of the accounts that a mapping names, beside those that finance has."""
    chart = checked.layout.lookups[checked.layout.file.accounts]
    known = [row[0] for row in ledger.query(chart.query)]
    compared = {code: rule for code, rule in _compared(checked).items() if code not in checked.accounts}
    # What is compared may hold an account that nobody may post to any more.
    missing = unknown_accounts(checked.accounts, known)
    missing += [finding._replace(level="warning") for finding in unknown_accounts(compared, known)]
    if checked.role_table is None:
        return missing
    return missing + misnamed(checked.role_table, account_names(checked, ledger))


def account_names(checked: meanings.Mapping, ledger: Ledger) -> Mapping[str, str]:
    """What finance calls its accounts, by their codes; nothing where the layout does not say where that stands."""
    chart = checked.layout.lookups[checked.layout.file.accounts]
    names = reading.lookup(ledger, chart._replace(gives=chart.called)) if chart.called else {}
    return {str(code): str(name) for code, name in names.items()}


def _compared(checked: meanings.Mapping) -> dict[str, str]:
    """The accounts that the reconciliation adds up, and where the mapping says so."""
    measures = checked.reconcile
    found = {code: f"balances.{one.name}" for one in checked.balances for code in one.accounts}
    of_cards = () if measures is None else (code for codes in measures.accounts.values() for code in codes)
    return found | dict.fromkeys(of_cards, "reconcile.accounts")
