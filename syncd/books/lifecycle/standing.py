"""Where assets stand on a day: those in disposal with their deadlines, those at risk, and how long disposals take."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.depreciation import sources
from syncd.books.lifecycle import states
from syncd.books.lifecycle.states import Living, Stay
from syncd.mapping.layout.layout import FinanceLayout
from syncd.money import round_half_up
from syncd.ports import Ledger
from syncd.posting import Fields

CARDS_MAX: Final = 500
"""Of one question."""
MISSING: Final[Fields] = {}


class Standing(NamedTuple):
    """An asset in disposal. `role` is to whom the last step of its deadline went that has passed; empty for none."""

    asset: str
    name: str
    department: str
    state: str
    since: date
    days: int
    due: date | None
    days_over: int
    role: str


class AtRisk(NamedTuple):
    """An asset that has been in use for long and is not looked after; `maintained` is None where it never was."""

    asset: str
    name: str
    department: str
    used_since: date
    maintained: date | None


class Figures(NamedTuple):
    """How long disposals take, of a department or, where that is None, of all. `closed` are the disposals that have
    ended, `mean_days` of them from the first state of a disposal to the last; `open` those that have not, `overdue`
    those whose deadline has passed."""

    department: str | None
    closed: int
    mean_days: Decimal | None
    open: int
    overdue: int


class Target(NamedTuple):
    """What the mean cycle is held against."""

    before_days: Decimal
    target_days: Decimal
    is_reached: bool | None
    """None while nothing has been closed."""


class Report(NamedTuple):
    """All of it, on a day."""

    day: date
    standing: Sequence[Standing]
    figures: Sequence[Figures]
    target: Target | None


class Cards(NamedTuple):
    """How finance's cards are read: their fields of the department and of the name, empty where they have none."""

    layout: FinanceLayout
    department: str
    name: str


def report(ledger: Ledger, parts: Sequence[Living], held: Cards, day: date) -> Report:
    """Where assets stand on a day, and the figures of all disposals up to now, of a pipeline or of all its
    partitions."""
    stays: list[tuple[Stay, str]] = []
    closed: list[tuple[str, int]] = []
    for living in parts:
        states.fold(ledger.desk, living)
        meaning = living.meaning
        middle = [state for state in meaning.states if state not in meaning.start | meaning.final]
        mine = [stay for stay in states.standing(ledger, living, middle) if stay.since <= day]
        told = states.told(ledger, living, mine, day)
        stays += [(stay, steps[-1].role if steps else "") for stay, steps in zip(mine, told, strict=True)]
        closed += _cycles(states.histories(ledger, living, sorted(meaning.final)), living)
    stays.sort(key=lambda one: (one[0].since, one[0].asset))
    cards = _cards(ledger, held, [stay.asset for stay, _ in stays] + [asset for asset, _ in closed])
    found = [_standing(stay, cards.get(stay.asset, MISSING), held, day, role) for stay, role in stays]
    figures = _figures(found, [(_text(cards.get(asset, MISSING), held.department), days) for asset, days in closed])
    return Report(day, found, figures, _target(parts[0], figures[0].mean_days))


def at_risk(ledger: Ledger, parts: Sequence[Living], held: Cards, day: date) -> list[AtRisk]:
    """Assets in use for more than so many years and not maintained for so many, the oldest first."""
    risk = parts[0].meaning.risk
    if risk is None:
        return []
    old, idle = _years_before(day, risk.years), _years_before(day, risk.idle_years)
    found: list[tuple[date, str]] = []
    latest: dict[str, date] = {}
    for living in parts:
        for asset, on in sources.said_by(ledger, living.pipeline, risk.maintained, living.tables):
            if asset is not None and on is not None:
                latest[asset] = max(on, latest.get(asset, on))
        found += [
            (since, asset)
            for asset, state, since in sources.said_by(ledger, living.pipeline, risk.rows, living.tables)
            if asset is not None and since is not None and state in living.meaning.start
            if since < old and latest.get(asset, date.min) < idle
        ]
    cards = _cards(ledger, held, [asset for _, asset in found])
    return [
        AtRisk(
            *(asset, _text(cards.get(asset, MISSING), held.name), _text(cards.get(asset, MISSING), held.department)),
            *(since, latest.get(asset)),
        )
        for since, asset in sorted(found)
    ]


def cycle(stays: Sequence[Stay], living: Living) -> list[Stay]:
    """The last disposal of an asset: its states since it last left those of an asset in use, the last of them the
    final one once it is closed. Empty while it is in use."""
    found: list[Stay] = []
    for stay in stays:
        found = [] if stay.state in living.meaning.start else [*found, stay]
    return found


def _cycles(histories: Mapping[str, Sequence[Stay]], living: Living) -> list[tuple[str, int]]:
    """By asset the days of each disposal that was closed, in calendar days; one that was read as closed has none."""
    found: list[tuple[str, int]] = []
    for asset, stays in histories.items():
        began: date | None = None
        for stay in stays:
            if stay.state in living.meaning.start:
                began = None
            elif stay.state not in living.meaning.final:
                began = stay.since if began is None else began
            elif began is not None:
                found.append((asset, (stay.since - began).days))
                began = None
    return found


def _standing(stay: Stay, card: Fields, held: Cards, day: date, role: str) -> Standing:
    return Standing(
        *(stay.asset, _text(card, held.name), _text(card, held.department), stay.state, stay.since),
        *((day - stay.since).days, stay.due, stay.days_over(day), role),
    )


def _figures(standing: Sequence[Standing], closed: Sequence[tuple[str, int]]) -> list[Figures]:
    """Of all, then by department."""
    departments = sorted({one.department for one in standing} | {department for department, _ in closed})
    found: list[Figures] = []
    for department in (None, *departments):
        days = [n for of, n in closed if department is None or of == department]
        mine = [one for one in standing if department is None or one.department == department]
        mean = round_half_up(Decimal(sum(days)) / len(days)) if days else None
        found.append(Figures(department, len(days), mean, len(mine), sum(one.days_over > 0 for one in mine)))
    return found


def _target(living: Living, mean: Decimal | None) -> Target | None:
    before = living.meaning.before_days
    if before is None:
        return None
    days = before * (1 - living.meaning.shorter_by)
    return Target(before, days, None if mean is None else mean <= days)


def _cards(ledger: Ledger, held: Cards, codes: Sequence[str]) -> Mapping[str, Fields]:
    """The cards of some assets, by their codes."""
    found: dict[str, Fields] = {}
    asked = sorted(set(codes)) if held.layout.cards else []
    query = "IN (?*)".join(held.layout.card_query().rsplit("= ?", 1))
    for start in range(0, len(asked), CARDS_MAX):
        rows = ledger.query(query, (asked[start : start + CARDS_MAX],))
        found.update((str(row[0]), held.layout.card_row(row)) for row in rows)
    return found


def _text(card: Fields, field: str) -> str:
    value = card.get(field)
    return "" if value is None else str(value)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)
