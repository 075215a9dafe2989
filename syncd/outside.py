"""What stands outside finance and the EAM's log, brought together from the configuration: where heads are anchored,
where the EAM is answered, who is alerted. `wiring` gives it to its pipelines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.anchor import places
from connectors.notify.webhook import Webhook
from syncd import config
from syncd.connector import AnswerConnector, Answers
from syncd.delivery import Delivery
from syncd.errors import MappingError, no_driver
from syncd.outbox import heads
from syncd.outbox.alerts import Alerting, Alerts, Quiet
from syncd.outbox.causes import Limits
from syncd.outbox.overdue import Names
from syncd.outbox.relaying import Outbox, looks_at_nothing
from syncd.ports import Anchor, Finding, Ledger, Relay

ANSWERS: Final[Mapping[str, str]] = {
    "postgres": "connectors.answer.postgres",
    "mysql": "connectors.answer.mysql",
    "sqlite": "connectors.answer.sqlite",
}
"""By kind, the modules that answer an EAM."""
EXTRAS: Final = {"psycopg2": "postgres", "pymysql": "mysql", "apprise": "alerts"}
"""Driver module → the extra that installs it."""


@dataclass(frozen=True)
class Auditing:
    """What the configuration says of the audit: where heads are kept, what signs them, how often, and whose keys others
    write. Nothing of it is shown: one of them is a secret."""

    anchor: Anchor | None = None
    key: str = field(default="", repr=False)
    every: int = 0
    others: Sequence[str] = ()


@dataclass(frozen=True)
class Outside:
    """What a pipeline tells outside, all of it still closed. `targets` are addresses by name, secrets all; `heads_to`
    those that heads of the hash chains are sent to, and `webhook` takes them too, signed by `key`."""

    answer: AnswerConnector[Any] | None = None
    answer_settings: Any = field(default=None, repr=False)
    targets: Mapping[str, str] = field(default_factory=dict, repr=False)
    alerting: Alerting | None = None
    heads_to: Sequence[str] = ()
    webhook: str = field(default="", repr=False)
    key: str = field(default="", repr=False)

    @property
    def tells(self) -> bool:
        """Whether there is anybody whom it could have to tell something."""
        return self.answer is not None or bool(self.targets or self.webhook)

    def anchor(self, place: Anchor | None, open_ledger: Callable[[], Ledger]) -> Anchor | None:
        """Where heads are kept: in a place of their own, with those to whom they are sent; None where neither is."""
        names = [*self.heads_to, *([heads.WEBHOOK] if self.webhook else [])]
        language = "zh" if self.alerting is None else self.alerting.language
        return heads.Outgoing(open_ledger, names, language, place) if names else place

    def outbox(self, pipeline: str, open_ledger: Callable[[], Ledger], answers: Callable[[Ledger], Answers]) -> Outbox:
        """What sends it; `answers` are those of the mapping that is accepted. Raises Halt where the library is not
        installed that tells people."""
        if self.targets:
            self.notifications()
        look = looks_at_nothing if self.alerting is None else Alerts(self.alerting).look
        relays = _Relays(self)

        def renew_and_look(ledger: Ledger, names: Sequence[str], now: datetime) -> None:
            relays.renew(answers(ledger))
            look(ledger, names, now)

        return Outbox(pipeline, open_ledger, relays, renew_and_look)

    def check(self, answers: Answers) -> list[Finding]:
        """Whether the EAM lets itself be answered."""
        return [] if self.answer is None or not answers else self.answer.check(self.answer_settings, answers)

    def notifications(self) -> Relay:
        """The way to those who are alerted. Raises Halt when the library is not installed."""
        made: Relay = _imported("connectors.notify.notifications").Notifications(self.targets)
        return made


class _Relays:
    """The ways by kind, each opened when it is first used."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._answers: Answers = {}
        self._opened: dict[str, Relay] = {}

    def renew(self, answers: Answers) -> None:
        """From now on the statements of this mapping are done."""
        if answers != self._answers:
            self._answers = answers
            if (relay := self._opened.pop("answer", None)) is not None:
                relay.close()

    def __call__(self, delivery: Delivery) -> Relay | None:
        way = "people" if delivery.kind in ("alert", "anchor") else delivery.kind
        way = heads.WEBHOOK if delivery.target == heads.WEBHOOK else way
        if way not in self._opened:
            made = self._made(way)
            if made is None:
                return None
            self._opened[way] = made
        return self._opened[way]

    def _made(self, way: str) -> Relay | None:
        outside = self._outside
        if way == "answer" and outside.answer is not None:
            return outside.answer.connect(outside.answer_settings, self._answers)
        if way == heads.WEBHOOK and outside.webhook:
            return Webhook(outside.webhook, outside.key)
        return outside.notifications() if way == "people" and outside.targets else None


def outside(loaded: config.Loaded, name: str, answers: Answers, zone: ZoneInfo, states: Names) -> Outside:
    """What a pipeline tells outside; `states` is what the states of the life cycle are called. Raises MappingError
    where the mapping answers and the configuration does not say where."""
    chosen, anchor = loaded.config.pipelines[name], loaded.anchor()
    trail = ("pipelines", name, "answer")
    people = (loaded.alerts(), _alerting(loaded, name, zone, states))
    audit = () if anchor is None else (anchor.to, anchor.webhook or "", anchor.key or "")
    if chosen.answer is None:
        if answers:
            where = loaded.document.where(("pipelines", name))
            raise MappingError("config_no_answer", where, pipeline=name, tables=", ".join(answers))
        return Outside(None, None, *people, *audit)
    connector = answer_connector(loaded.connector(trail, chosen.answer.kind, ANSWERS))
    settings = loaded.settings(trail, chosen.answer, connector.settings)
    return Outside(connector, settings, *people, *audit)


def _alerting(loaded: config.Loaded, name: str, zone: ZoneInfo, states: Names) -> Alerting | None:
    said = loaded.config.alerts
    if said is None:
        return None
    limits = Limits(
        loaded.config.pipelines[name].late_after_s,
        said.parked_after_h * 3600,
        said.approval_after_h * 3600,
        said.delivery_after_h * 3600,
    )
    quiet = None
    if said.quiet is not None:
        from_, _, to = said.quiet.partition("-")
        quiet = Quiet(time.fromisoformat(from_), time.fromisoformat(to), zone)
    roles = {target: one.roles for target, one in said.targets.items()}
    return Alerting(roles, said.language, limits, quiet, zone, states)


def answer_connector(module: str) -> AnswerConnector[Any]:
    """What a module of ANSWERS offers. Raises Halt when its driver is not installed."""
    found: AnswerConnector[Any] = _imported(module).CONNECTOR
    return found


def anchor_file(path: Path) -> Anchor:
    """Heads that were kept in a file."""
    return places.in_file(path)


def auditing(loaded: config.Loaded) -> Auditing:
    """What the configuration says of the audit."""
    said, given = loaded.config.audit, loaded.anchor()
    if said is None:
        return Auditing()
    here = loaded.document.path.parent
    anchor: Anchor | None = None
    if given is not None and given.file:
        anchor = places.in_file(here / given.file)
    elif given is not None and given.dsn:
        anchor = places.in_database(given.dsn, here)
    return Auditing(anchor, (given and given.key) or "", said.every, tuple(said.others))


def _imported(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        raise no_driver(error.name, EXTRAS[error.name]) from None
