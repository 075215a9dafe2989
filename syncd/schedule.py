"""What happens by the clock, in the machine's time zone: collected vouchers fall due, the two sides are reconciled."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from syncd.supervisor import Schedule


class Job(NamedTuple):
    """Something to do by the clock."""

    cron: str
    run: Callable[[], None]


def of_rules(crons: Mapping[str, str]) -> Sequence[Schedule]:
    """The rules whose groups are posted by the clock. The posting thread keeps them, so that it alone posts."""
    return [Schedule(rule, next_after(cron)) for rule, cron in crons.items()]


def next_after(cron: str) -> Callable[[datetime], datetime | None]:
    """Gives the first time after a moment at which a cron expression is due. Raises ValueError for no cron."""
    trigger = CronTrigger.from_crontab(cron)
    return lambda moment: trigger.get_next_fire_time(None, moment)


def start(jobs: Iterable[Job]) -> BackgroundScheduler:
    """A running scheduler of these jobs, in a thread of its own; end it with `shutdown`."""
    scheduler = BackgroundScheduler(job_defaults={"coalesce": True, "misfire_grace_time": None})
    for job in jobs:
        scheduler.add_job(job.run, CronTrigger.from_crontab(job.cron))
    scheduler.start()
    return scheduler
