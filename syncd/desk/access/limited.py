"""What somebody is told of a trace who is let into some pipelines alone: several companies' assets may have one code in
one finance database.
"""

from collections.abc import Callable, Mapping, Sequence

from syncd.desk.trace import Life, Step, Traced

IsTheirs = Callable[[str], bool]
"""Whether somebody may look at the pipeline of this name."""


def traced(found: Traced, is_theirs: IsTheirs) -> Traced:
    """Without what is of other pipelines."""
    own = [origin for origin in found.origins if is_theirs(origin.pipeline)]
    return Traced(found.asked, own, lives(found.lives, is_theirs))


def lives(found: Sequence[Life], is_theirs: IsTheirs) -> list[Life]:
    """The same of lives: the card is as their own postings left it. What people did is kept without a pipeline, and is
    told where all of it is theirs."""
    told = [_life(life, is_theirs) for life in found]
    return [life for life in told if life.steps or life.collected or life.parked]


def _life(life: Life, is_theirs: IsTheirs) -> Life:
    steps = [step for step in life.steps if is_theirs(step.pipeline)]
    collected = [row for row in life.collected if is_theirs(row.pipeline)]
    parked = [row for row in life.parked if is_theirs(row.pipeline)]
    if (len(steps), len(collected), len(parked)) == (len(life.steps), len(life.collected), len(life.parked)):
        return life
    card: dict[str, object] = {}
    return Life(life.subject, [_step(step, card) for step in steps], collected, parked, (), card)


def _step(step: Step, card: dict[str, object]) -> Step:
    was: Mapping[str, object] = {**card}
    card.update({change.field: change.after for change in step.card})
    return step._replace(card=[change._replace(before=was.get(change.field)) for change in step.card])
