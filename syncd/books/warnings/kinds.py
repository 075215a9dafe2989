"""The kinds of warning: each from facts of the record to what is worth a look, and how sure that is."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final

from syncd.books.warnings.notice import Committed, Disposed, Moved, Notice, Opened, Window, notice
from syncd.money import round_half_up
from syncd.spread import SLIP_TOLERANCE, Spread

USUAL_DECADES: Final = 0.3
"""Within a factor of two of the median an amount is usual."""
HOURS_OFF_MAX: Final = 3.0
"""So many hours outside working time is as odd as it gets; so is a day off."""
_NUMBER: Final = re.compile(r"(\d+)\D*\Z")


def amounts(opened: Iterable[Opened], spreads: Mapping[str, Spread], limit: float) -> Iterator[Notice]:
    """Far from the class's history, and where a slip of the decimal point explains it."""
    for card in opened:
        found = spreads[card.class_].distance(card.value) if card.class_ in spreads else None
        if found is None or abs(found.deviations) <= limit:
            continue
        far = f"{abs(found.deviations):.1f}"
        said = {"value": card.value, "class": card.class_, "median": found.median, "far": far}
        if found.places:
            sure = spreads[card.class_].share_near(USUAL_DECADES) * (1 - found.off / (2 * SLIP_TOLERANCE))
            meant = round_half_up(card.value.scaleb(-found.places))
            yield notice("tenfold", card.day, [card.asset_code], sure, **said, meant=meant)
        else:
            yield notice("far_amount", card.day, [card.asset_code], 1 - limit / (2 * abs(found.deviations)), **said)


def round_trips(moved: Iterable[Moved], window: Window, days_max: int) -> Iterator[Notice]:
    """There and back. `moved` are each asset's departments in order, asset by asset."""
    last: list[Moved] = []
    for now in moved:
        if last and last[-1].asset_code != now.asset_code:
            last = []
        if last and last[-1].department == now.department:
            continue
        last = [*last[-2:], now]
        if len(last) < 3 or last[0].department != now.department:
            continue
        days = (window.day(now.at) - window.day(last[1].at)).days
        if days <= days_max and window.holds(window.day(now.at)):
            said = {"from": now.department, "to": last[1].department, "days": days}
            yield notice("round_trip", window.day(now.at), [now.asset_code], 1 - days / (2 * days_max), **said)


def under_thresholds(disposed: Iterable[Disposed], thresholds: Sequence[Decimal], near: Decimal) -> Iterator[Notice]:
    """Disposals just below an amount above which somebody would have had to approve."""
    for one in disposed:
        for threshold in thresholds:
            gap = (threshold - one.amount) / threshold
            if 0 <= gap <= near:
                said = {"value": one.amount, "threshold": threshold, "voucher": one.voucher}
                yield notice("under_threshold", one.day, [one.asset_code], float(1 - gap / (2 * near)), **said)


def split_purchases(opened: Iterable[Opened], thresholds: Sequence[Decimal], days: int) -> Iterator[Notice]:
    """Purchases from one supplier that no one had to approve and that together somebody would have."""
    by_supplier: dict[str, list[Opened]] = defaultdict(list)
    for card in opened:
        if card.supplier:
            by_supplier[card.supplier].append(card)
    for threshold in thresholds:
        for supplier, bought in by_supplier.items():
            parts = sorted((card for card in bought if card.value <= threshold), key=lambda card: card.day)
            while parts:
                until = parts[0].day + timedelta(days=days)
                run = [card for card in parts if card.day < until]
                total = sum((card.value for card in run), Decimal(0))
                if len(run) < 2 or total <= threshold:
                    parts = parts[1:]
                    continue
                parts = parts[len(run) :]
                same_day = run[0].day == run[-1].day
                sure = float(total / len(run) / threshold) + 0.3 * same_day
                said = {"supplier": supplier, "value": total, "threshold": threshold, "days": days}
                yield notice("split_purchase", run[-1].day, [card.asset_code for card in run], sure, **said)


def odd_hours(committed: Iterable[Committed], window: Window, hours: str, weekdays: str) -> Iterator[Notice]:
    """What was committed in the EAM outside working hours, a transaction a warning."""
    opens, closes = (time.fromisoformat(text) for text in hours.split("-"))
    first, last = (int(text) for text in weekdays.split("-"))
    odd: dict[datetime, list[str]] = defaultdict(list)
    count = 0
    for one in committed:
        count += 1
        at = one.at.astimezone(window.zone)
        if not (first <= at.isoweekday() <= last and opens <= at.time() <= closes):
            odd[at].append(one.subject)
    share = sum(map(len, odd.values())) / count if count else 0.0
    for at, subjects in sorted(odd.items()):
        off = HOURS_OFF_MAX if not first <= at.isoweekday() <= last else _hours_off(at.time(), opens, closes)
        sure = (1 - share) * (0.5 + 0.5 * min(1.0, off / HOURS_OFF_MAX))
        yield notice("odd_hours", at.date(), subjects, sure, at=f"{at:%Y-%m-%d %H:%M}", hours=hours)


def _hours_off(at: time, opens: time, closes: time) -> float:
    """How many hours before or after working time."""
    hour, begin, end = (t.hour + t.minute / 60 for t in (at, opens, closes))
    return min((begin - hour) % 24, (hour - end) % 24)


def alike_devices(opened: Iterable[Opened]) -> Iterator[Notice]:
    """The same device twice, by different hands or at different times: what one transaction brings is a batch."""
    groups: dict[tuple[object, ...], list[Opened]] = defaultdict(list)
    for card in opened:
        groups[card.name, card.class_, card.value, card.supplier, card.day].append(card)
    for (name, *_), cards in groups.items():
        commits = Counter(card.at for card in cards)
        if len(commits) < 2:
            continue
        codes = [card.asset_code for card in cards]
        sure = 0.8 / (len(cards) - 1) * (0.4 if _run_on(codes) else 1.0)
        said = {"name": name, "value": cards[0].value, "supplier": cards[0].supplier or "–"}
        yield notice("alike_devices", cards[0].day, codes, sure, **said)


def _run_on(codes: Sequence[str]) -> bool:
    """Whether the codes' numbers follow one another, as they do when a batch is entered one by one."""
    numbers = sorted(int(found[1]) for code in codes if (found := _NUMBER.search(code)))
    return len(numbers) == len(codes) and numbers[-1] - numbers[0] == len(codes) - 1
