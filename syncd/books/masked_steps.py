"""How rules judge a row, as it is shown to somebody who may not see all of it."""

from collections.abc import Sequence

from syncd.change import Kind
from syncd.desk import masking
from syncd.mapping.language.blocks.masked import reads
from syncd.mapping.program.failure import Failure
from syncd.mapping.program.follow import Judgement, Step


def judged(found: Sequence[Judgement], change: masking.Images, hidden: masking.Hidden) -> list[Judgement]:
    """How rules judge a row, as it is shown: steps that say a masked value, or are made of one. `change` is the row, as
    it is."""
    if not hidden:
        return [*found]
    held = masking.secrets(change, hidden)
    return [_judged(one, change.table, held, hidden) for one in found]


def _judged(one: Judgement, alias: str, held: Sequence[str], hidden: masking.Hidden) -> Judgement:
    names = hidden.get(f"rule:{one.rule.name}", frozenset())

    def failed(failure: Failure | None) -> Failure | None:
        if failure is None:
            return None
        return failure._replace(params=masking.params(failure.params, alias, one.rule.name, held, hidden))

    def step(given: Step) -> Step:
        read = [
            (name, masking.HIDDEN if name.lower() in names and value is not None else value)
            for name, value in given.read
        ]
        place = given.look.place
        is_of_let = place.word == "let" and place.name.lower() in names
        says = place.e.kind is not Kind.BOOLEAN and (is_of_let or reads(place.e, names))
        value = masking.HIDDEN if says and given.value is not None else given.value
        return given._replace(value=value, read=read, failure=failed(given.failure))

    return one._replace(steps=[step(given) for given in one.steps], failure=failed(one.failure))
