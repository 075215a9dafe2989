"""Alerts: one for a cause until it is solved, then one that it is.

They go through the outbox, so that a restart neither loses nor repeats one; what people were told of stands in the
ledger."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from syncd import decided
from syncd.decided import Decided
from syncd.language import Language, say
from syncd.outbox import causes, overdue
from syncd.outbox.causes import Cause, Limits
from syncd.ports import Desk, Ledger
from syncd.record import timestamp

LOOKED_EVERY_S: Final = 5.0
SOLVED_AFTER_S: Final = 60.0
"""What is gone for so long is solved: what comes and goes within it is told once."""
_OPEN: Final = "SELECT cause, since, params FROM syncd.alert WHERE pipeline = ?"
_TELL: Final = "INSERT INTO syncd.alert (pipeline, cause, since, params) VALUES (?, ?, ?, ?)"
_SOLVE: Final = "DELETE FROM syncd.alert WHERE pipeline = ? AND cause = ?"
_TOLD: Final = "SELECT count(*) FROM syncd.delivery WHERE pipeline = ? AND key IN (?*) AND attempts > 0"
_UNTELL: Final = "DELETE FROM syncd.delivery WHERE pipeline = ? AND key IN (?*)"

_HASTEN: Final = (
    "UPDATE syncd.delivery SET next_at = ? WHERE pipeline = ? AND kind = 'alert' AND subject = ? AND state = 'waiting'"
)
"""What stands before a message that cannot wait does not wait either: they go in order."""


class Quiet(NamedTuple):
    """From when to when nobody is woken, where the books are."""

    from_: time
    to: time
    zone: ZoneInfo

    def ends(self, now: datetime) -> datetime | None:
        """When it ends that lasts now; None outside."""
        here = now.astimezone(self.zone)
        at, is_over_night = here.time(), self.from_ > self.to
        if not (at >= self.from_ or at < self.to if is_over_night else self.from_ <= at < self.to):
            return None
        day = here.date() + timedelta(days=1 if is_over_night and at >= self.from_ else 0)
        return datetime.combine(day, self.to, self.zone)


class Alerting(NamedTuple):
    """What the configuration says of alerts: by a target's name the roles it serves, all where it has none. `zone` is
    that of the books, `states` what the states of the life cycle are called."""

    targets: Mapping[str, Sequence[str]]
    language: Language
    limits: Limits
    quiet: Quiet | None = None
    zone: tzinfo = UTC
    states: overdue.Names | None = None


class Alerts:
    """Looks at pipelines, and decides what is told."""

    def __init__(self, alerting: Alerting, solved_after_s: float = SOLVED_AFTER_S) -> None:
        self._alerting, self._solved_after_s = alerting, solved_after_s
        self._looked_at: datetime | None = None
        self._first_seen: dict[tuple[str, str], datetime] = {}
        self._gone_since: dict[tuple[str, str], datetime] = {}

    def look(self, ledger: Ledger, names: Sequence[str], now: datetime) -> None:
        """Decide what is to be told of pipelines; every few seconds at most."""
        if self._looked_at is not None and 0 <= (now - self._looked_at).total_seconds() < LOOKED_EVERY_S:
            return
        self._looked_at = now
        for name in names:
            said = self._alerting
            found = causes.of(ledger, name, said.limits, said.language, now, said.zone, said.states)
            self.decide(ledger, name, found, now)

    def decide(self, ledger: Ledger, pipeline: str, found: Sequence[Cause], now: datetime) -> None:
        """Tell of what is new among the causes that there are, and of what is solved."""
        told = {str(cause): (str(since), str(params)) for cause, since, params in ledger.query(_OPEN, (pipeline,))}
        new = [one for one in found if one.name not in told and self._lasts(pipeline, one, now)]
        for place in [p for p in self._first_seen if p[0] == pipeline and p[1] not in {one.name for one in found}]:
            del self._first_seen[place]
        solved = self._solved(pipeline, told.keys() - {one.name for one in found}, now)
        if not (new or solved):
            return
        at = timestamp(now)
        with ledger.desk() as desk:
            for one in new:
                params = {"code": one.code, "role": one.role, "params": dict(one.params)}
                desk.execute(_HASTEN, (at, pipeline, one.name)) if one.is_urgent else None
                desk.execute(_TELL, (pipeline, one.name, at, json.dumps(params, ensure_ascii=False)))
                decided.keep(desk, pipeline, self._opening(pipeline, one, at, now), at)
            for name in solved:
                self._say_solved(desk, pipeline, name, told[name], now)

    def _lasts(self, pipeline: str, one: Cause, now: datetime) -> bool:
        first = self._first_seen.setdefault((pipeline, one.name), now)
        return (now - first).total_seconds() >= one.after_s

    def _solved(self, pipeline: str, gone: set[str], now: datetime) -> list[str]:
        self._gone_since = {p: at for p, at in self._gone_since.items() if p[0] != pipeline or p[1] in gone}
        since = {name: self._gone_since.setdefault((pipeline, name), now) for name in sorted(gone)}
        return [name for name, at in since.items() if (now - at).total_seconds() >= self._solved_after_s]

    def _opening(self, pipeline: str, one: Cause, at: str, now: datetime) -> list[Decided]:
        language = self._alerting.language
        body = {
            "level": "failure" if one.is_urgent else "warning",
            "title": say("alert_title", {"pipeline": pipeline}, language),
            "text": f"{say(one.code, one.params, language)}\n{say(f'todo_{one.code}', one.params, language)}",
        }
        not_before = None if one.is_urgent else self._not_before(now)
        return [
            Decided(_key(one.name, at, target), "alert", target, one.name, body, not_before)
            for target in self._targets(one.role)
        ]

    def _say_solved(self, desk: Desk, pipeline: str, name: str, told: tuple[str, str], now: datetime) -> None:
        since, kept = told[0], json.loads(told[1])
        targets = self._targets(kept["role"])
        keys = [_key(name, since, target) for target in targets]
        desk.execute(_SOLVE, (pipeline, name))
        ((begun,),) = desk.query(_TOLD, (pipeline, keys))
        if not begun:  # nobody has heard of it yet, and need not
            desk.execute(_UNTELL, (pipeline, keys))
            return
        language = self._alerting.language
        what = say(kept["code"], kept["params"], language)
        body = {
            "level": "success",
            "title": say("alert_title_solved", {"pipeline": pipeline}, language),
            "text": say("alert_solved", {"what": what}, language),
        }
        made = [
            Decided(f"{key}/solved", "alert", target, name, body, self._not_before(now))
            for key, target in zip(keys, targets, strict=True)
        ]
        decided.keep(desk, pipeline, made, timestamp(now))

    def _not_before(self, now: datetime) -> datetime | None:
        return None if self._alerting.quiet is None else self._alerting.quiet.ends(now)

    def _targets(self, role: str) -> list[str]:
        """Those that serve a role or every role; all, where nobody does: what no one hears of is worse."""
        targets = self._alerting.targets
        return [name for name, roles in targets.items() if not roles or role in roles] or [*targets]


def trial(language: Language) -> dict[str, Any]:
    """What `syncd alert test` sends."""
    return {"level": "info", "title": say("alert_test_title", {}, language), "text": say("alert_test", {}, language)}


def _key(cause: str, since: str, target: str) -> str:
    return f"alert/{cause}/{since}/{target}"
