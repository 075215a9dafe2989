"""One row followed through the rules of its table: what each looks at, in order, and what it says.

The rules that judge are those of the daemon. Beside each stands a watcher, which looks at what the rule is about to
look at, calls it, and notes what it said.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple

from syncd.change import Change
from syncd.mapping.program.block import place_params
from syncd.mapping.program.context import Context
from syncd.mapping.program.failure import INCALCULABLE, REPEAT, SAID_CHARACTERS, UNFORESEEN, Failure, incalculable
from syncd.mapping.program.places import JOIN, Look
from syncd.mapping.program.program import Bound, Functions, Program
from syncd.mapping.program.translator import Translator
from syncd.mapping.verbs.rule import Rule
from syncd.ports import EVERY_STEP, Book, Parked
from syncd.posting import Outcome, Posting

_WRITTEN: Final = ("card", "change", "entry", "voucher")
Said = Literal["posted", "ignored", "repeated", "refused"]


class Step(NamedTuple):
    """What a rule looks at, and its value for the row, or why it has none; `read` are the values of what it is made of,
    by name. It `stops` where the rule goes no further because of it."""

    look: Look
    value: object
    failure: Failure | None
    read: Sequence[tuple[str, object]]
    stops: bool = False


class Judgement(NamedTuple):
    """What a rule said of the row and on which grounds: `steps` end with what stops it, where that is one of them."""

    rule: Rule
    said: Said
    failure: Failure | None
    steps: Sequence[Step]
    postings: Sequence[Posting]


def follow(program: Program, change: Change, book: Book, row: Parked | None = None) -> tuple[Outcome, list[Judgement]]:
    """What becomes of a change by itself if everybody agreed, and how each rule of its table judges it, in the order
    in which they run; a rule behind one that refuses is not asked. `row` where it is a parked one. Nothing is
    written."""
    seen: list[Judgement] = []
    translator = Translator(watched(program, change.table, seen), says_documents=True)
    asked = Parked(0, "", change, EVERY_STEP) if row is None else row
    (outcome, *_) = translator.replay([asked], book).outcomes
    return outcome, seen


def watched(program: Program, alias: str, seen: list[Judgement]) -> Program:
    """The program, which notes how it judges a table's rows."""
    rules, bind = program.plan.rules.get(alias, ()), program.bind()
    looks, look = program.looks(alias)

    def bound(w: Context) -> Bound:
        made = bind(w)
        if alias not in made:
            return made
        subject, ask, judges, wants = made[alias]
        every = zip(rules, judges, looks, look(w), strict=True)
        watchers = [_watcher(w, n, *one, seen) for n, one in enumerate(every)]
        return {**made, alias: (subject, ask, watchers, wants)}

    return replace(program, bind=lambda: bound)


def _watcher(
    w: Context, n: int, rule: Rule, judge: Callable[..., Any], looks: Sequence[Look], functions: Sequence[Functions],
    seen: list[Judgement],
) -> Callable[..., Any]:  # fmt: skip
    """A rule that notes its judgement. One that is tried again is judged anew."""

    def steps_of(arguments: Sequence[Any], are_late: bool) -> dict[int, Step]:
        every = zip(looks, functions, strict=True)
        return {i: _step(look, *own, arguments) for i, (look, own) in enumerate(every) if look.is_late is are_late}

    def watched(*given: Any) -> Any:
        *arguments, out = given
        if n == 0:
            seen.clear()
        begun, read = len(out), len(w.reads)
        steps = steps_of(arguments, False)
        del w.reads[read:]  # what is only shown holds nobody back
        said: object = None
        try:
            said = judge(*given)
        except INCALCULABLE as error:
            said = incalculable(error)
            raise
        except UNFORESEEN as error:
            said = _unexpected(error)
            raise
        finally:
            steps |= steps_of(arguments, True) if said is True else {}
            seen.append(_judged(rule, said, [steps[i] for i in sorted(steps)], out[begun:]))
        return said

    return watched


def _step(look: Look, names: Callable[..., Any], value: Callable[..., Any], arguments: Sequence[Any]) -> Step:
    read, found = _value(names, arguments), _value(value, arguments)
    known = () if isinstance(read, Failure) else tuple(zip(look.names, read, strict=True))
    if isinstance(found, Failure):
        return Step(look, None, found, known)
    if look.place.word == JOIN:
        found, columns = found
        known += tuple((f"{look.place.name}.{name}", v) for name, v in zip(look.columns, columns, strict=True))
    return Step(look, found, None, known)


def _value(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """What a function gives, or why it gives nothing."""
    try:
        return function(*arguments)
    except INCALCULABLE as error:
        return incalculable(error)
    except UNFORESEEN as error:  # of what the rule would not ask of such a row
        return _unexpected(error)


def _unexpected(error: Exception) -> Failure:
    return Failure("unexpected", {"error": f"{type(error).__name__}: {error}"[:SAID_CHARACTERS]})


def _judged(rule: Rule, said: object, steps: Sequence[Step], postings: Sequence[Posting]) -> Judgement:
    asked = [step for step in steps if not _is_left_out(step, steps)]
    if said is True:  # what has no value was not needed
        return Judgement(rule, "posted", None, [step for step in asked if step.failure is None], tuple(postings))
    if said is REPEAT:
        last = max((i for i, step in enumerate(asked) if step.look.place.word in ("when", "once")), default=-1)
        return Judgement(rule, "repeated", None, asked[: last + 1], ())
    if isinstance(said, Failure):
        return Judgement(rule, "refused", said, _up_to(asked, lambda step: _refuses(step, said)), ())
    conditions = [step for step in asked if step.look.place.word == "when"]
    return Judgement(rule, "ignored", None, _up_to(conditions, lambda step: step.value is not True), ())


def _is_left_out(step: Step, steps: Sequence[Step]) -> bool:
    """Whether it is of an entry that is not there: its condition is not true, or its amount is zero, and all that is
    said of it is this."""
    place = step.look.place
    if not place.entry or place.each is not None or place.name == "when":
        return False
    own = {s.look.place.name: s for s in steps if s.look.place.entry == place.entry}
    if "when" in own and own["when"].value is not True:
        return True
    amount = own.get("debit") or own.get("credit")
    return amount is not None and amount is not step and amount.failure is None and amount.value == 0


def _up_to(steps: Sequence[Step], stops: Callable[[Step], bool]) -> Sequence[Step]:
    """The steps to the first that stops, with it; all where none does."""
    last = next((i for i, step in enumerate(steps) if stops(step)), None)
    return steps if last is None else [*steps[:last], steps[last]._replace(stops=True)]


def _refuses(step: Step, said: Failure) -> bool:
    """Whether a step is what a rule refuses a row for."""
    place = step.look.place
    if step.failure is not None:
        return step.failure == said
    if place.says:
        return step.value is not True and place.says == said.params
    if said.code == "unknown_account":
        return place.name == "account" and step.value == said.params["account"]
    if said.code == "unknown_lookup":  # finance's own, of what is written there
        return place.word in _WRITTEN and str(step.value) == said.params["code"]
    source = place_params("", place.e)["source"]
    return said.params.get("source") == source and said.params.get("line", "0") == str(place.entry)
