"""The end of the month: its depreciation from preview to vouchers, what must hold, the close, and the reports."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from syncd.books.close.item import Item
from syncd.books.depreciation import preview, recomputation
from syncd.books.depreciation.plan import month_read
from syncd.books.reports import folders
from syncd.books.reports.package import Printed
from syncd.demo import eam
from syncd.demo.stage import ACTOR, PIPELINE, Stage
from syncd.desk import closing as desk
from syncd.desk import status
from syncd.language import Language
from syncd.money import ZERO


class Beside(NamedTuple):
    """A department's depreciation of a month: what syncd computes from the cards, and what the EAM sent, in yuan."""

    code: str
    name: str
    assets: int
    computed: Decimal
    sent: Decimal


class Previewed(NamedTuple):
    """A month's run before it is approved. `differing` counts the assets on which both sides disagree."""

    assets: int
    differing: int
    departments: Sequence[Beside]


def previewed(stage: Stage) -> Previewed:
    """The preview of the month's run, beside what the EAM sent."""
    period = eam.period_of(stage.today)
    month, computing = month_read(period), stage.pipeline.depreciation
    assert computing is not None, "the shipped mapping says how assets depreciate"
    with closing(stage.pipeline.open_ledger()) as ledger:
        run = preview.preview(ledger, computing, stage.pipeline.periods(ledger), month, _nobody)
        differing = sum(one is not None for one in recomputation.check(ledger, computing, month, _nobody))
    computed: dict[str, tuple[int, Decimal]] = {}
    for group, (assets, amount) in run.groups.items():
        count, total = computed.get(group.department, (0, ZERO))
        computed[group.department] = count + assets, total + amount
    sent: dict[str, Decimal] = {}
    for code, amount in stage.eam.execute(
        "SELECT p.code, d.amount FROM depreciation d JOIN department p ON p.id = d.department_id WHERE d.period = ?",
        (period,),
    ):
        sent[code] = sent.get(code, ZERO) + Decimal(amount)
    departments = [
        Beside(code, name, *computed.get(code, (0, ZERO)), sent.get(code, ZERO))
        for code, name in stage.rows("SELECT code, name FROM gl_department ORDER BY code")
        if code in computed or code in sent
    ]
    return Previewed(run.assets, differing, departments)


def items(stage: Stage) -> Sequence[Item]:
    """What must hold before the month is closed, once the daemon has said that nothing is left to read."""
    with closing(stage.pipeline.open_ledger()) as ledger:
        stage.wait(lambda: (said := status.last_report(ledger, PIPELINE)) is not None and said.oldest is None)
        return stage.pipeline.close_items(ledger, eam.period_of(stage.today))


def close(stage: Stage) -> Sequence[Item]:
    """The month closed, where all holds; the items that were looked at."""
    period = eam.period_of(stage.today)
    with closing(stage.pipeline.open_ledger()) as ledger:
        seen = desk.numbers(ledger, stage.pipeline.mapping.layout.kept(period))
        looked_at = items(stage)
        if not any(item.state == "fails" for item in looked_at):
            stage.pipeline.close_period(ledger, period, seen, looked_at, ACTOR)
    return looked_at


def reports(stage: Stage, language: Language) -> tuple[Path, Sequence[str]]:
    """The month's reports; the folder, and what stands in it."""
    period = eam.period_of(stage.today)
    folder = stage.directory / "reports" / f"{PIPELINE}-{period}"
    now = datetime.now(UTC).astimezone(stage.pipeline.mapping.zone)
    with closing(stage.pipeline.open_ledger()) as ledger:
        made = stage.pipeline.reports(ledger, period, Printed("", ACTOR.name, now, ("", "", "")))
    folders.write(made, folder, language)
    return folder, list(_written(folder))


def _written(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        yield f"{path.name}/" if path.is_dir() else path.name


def _nobody(done: int, total: int) -> None:
    """It takes no time worth a bar."""
