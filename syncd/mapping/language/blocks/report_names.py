"""`report: names:` compiled: where the names of codes stand that reports show beside them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from syncd.change import Kind
from syncd.mapping.language.blocks.readings import Decisions, Reading, read_rows
from syncd.mapping.language.rules import Resolver

if TYPE_CHECKING:
    from syncd.mapping.language.blocks.month_end import ReportBlock


def compile_names(report: "ReportBlock | None", resolver: Resolver, decisions: Decisions) -> Mapping[str, Reading]:
    """Column of the reports → the rows that say (code, name); what is wrong goes to the reader's errors."""
    found: dict[str, Reading] = {}
    for column, said in (report.names if report else {}).items():
        at = ("report", "names", column)
        reading = read_rows(resolver, decisions, said.table, [(said.code, Kind.TEXT), (said.name, Kind.TEXT)], at)
        if reading is not None:
            found[column] = reading
    return found
