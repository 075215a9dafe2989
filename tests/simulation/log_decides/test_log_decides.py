"""Invariant 13: what is posted is a function of the log, the mapping, and what people did at which point of it.

pytest tests/simulation/log_decides --seeds 1 --first-seed 417      # replay one
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random
from typing import Final

import pytest

from tests.simulation.log_decides.carry import AT_ONCE, KILL, ONE_BY_ONE, TURNS_MAX, Books, Way, carried
from tests.simulation.log_decides.logs import Drop, Log, Move, Put, tried
from tests.simulation.log_decides.shrink import script, shrunk

LATER: Final = {"on_": date(2027, 1, 1)}
CAME_BACK: Final = Way("came back", arrivals=(2,), turns=(2, 2, 1), batches=(1, 2), hands=(0, 1, KILL, 1, 1, KILL, 2))
FOUND: Final = {
    "a correction that came to nothing is tried again after a restart": (
        Log(
            before=0,
            parts=1,
            steps=(
                (
                    *(Put("asset", (1,), {}), Put("dept", (1,), {"code": "D9"}), Move("asset", (1,), (4,))),
                    *(Put("work", (2,), {}), Drop("dept", (1,)), Put("dept", (2,), {}), Put("asset", (1,), {})),
                ),
            ),
        ),
        Way("killed", arrivals=(1,), turns=(1, 1, 2, 1, 1), batches=(3, 1, 2), faults=frozenset({59, 170, 174, 188})),
    ),
    "two rows wait, each behind the other's subject": (
        Log(
            before=0,
            steps=(
                (
                    *(Put("dept", (1,), {}), Put("asset", (2,), {"dept_id": 2}), Put("asset", (3,), {})),
                    *(Put("asset", (2,), {"asset_code": "FA-3"}), Put("upgrade", (3,), {**LATER, "asset_id": 2})),
                    *(Put("asset", (1,), {}), Put("asset", (2,), {}), Put("asset", (1,), {"asset_code": "FA-2"})),
                    Put("upgrade", (1,), {}),
                ),
            ),
        ),
        CAME_BACK,
    ),
    "a row of a group comes before the one that is corrected": (
        Log(
            before=0,
            steps=(
                (Put("asset", (2,), {}), Put("dept", (1,), {}), Put("asset", (1,), {})),
                (
                    *(Put("deprec", (2, "2026-02"), {}), Put("asset", (1,), {"name": "press", "asset_code": "FA-2"})),
                    Put("asset", (1,), {}),
                ),
                (
                    *(Put("asset", (2,), {"asset_code": "AF-1"}), Put("asset", (1,), {})),
                    Put("run", ("2026-02",), {}),
                ),
            ),
        ),
        Way("killed", arrivals=(3,), turns=(1,), batches=(1, 5), faults=frozenset({40, 172, 303})),
    ),
    "what finance refuses holds a change by the subject that its row had before": (
        Log(
            before=1,
            steps=(
                (Put("asset", (1,), {}), Put("dept", (1,), {})),
                (Put("upgrade", (1,), {"amount": Decimal("13.13")}),),
                (Put("asset", (1,), {"asset_code": "FA-2"}),),
            ),
        ),
        AT_ONCE,
    ),
}
"""Logs and ways that did not come to the books that they come to one by one."""
SEEDS_AT_ONCE: Final = 100
WAYS_A_LOG: Final = 1
"""Beside one by one. Each log could be carried in all of them: more logs find more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "first" in metafunc.fixturenames:
        first, seeds = metafunc.config.getoption("--first-seed"), metafunc.config.getoption("--seeds")
        starts = range(first, first + seeds, SEEDS_AT_ONCE)
        metafunc.parametrize(("first", "count"), [(s, min(SEEDS_AT_ONCE, first + seeds - s)) for s in starts])


def test_the_log_decides(first: int, count: int) -> None:
    """Invariant 13: one log carried in many ways, by pauses, batches, faults and daemons, comes to the same books."""
    for seed in range(first, first + count):
        if said := verdict(seed):
            pytest.fail(f"{said}\n\nreplay: pytest tests/simulation/log_decides --seeds 1 --first-seed {seed}")


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_once_holds(what: str) -> None:
    """Invariant 13."""
    log, way = FOUND[what]
    assert not differences(log, way)


def verdict(seed: int) -> str:
    """What differs, on the smallest log that shows it; empty when nothing does."""
    chance = Random(seed)
    log = tried(chance)
    plainly = outcome(log, ONE_BY_ONE)
    for way in chance.sample(ways(chance), WAYS_A_LOG):
        if compare(plainly, outcome(log, way)):
            smallest = shrunk(log, lambda smaller, way=way: bool(differences(smaller, way)))  # type: ignore[misc]
            return "\n".join([f"seed {seed}: {way}", script(smallest), *differences(smallest, way)])
    return ""


def ways(chance: Random) -> Sequence[Way]:
    """The ways that a log is carried in beside one by one."""

    def some(*of: int) -> tuple[int, ...]:
        return tuple(chance.choice(of) for _ in range(chance.choice((1, 2, 3, 5))))

    arrivals, turns, batches = some(1, 1, 2, 3), some(0, 1, 1, 2, TURNS_MAX), some(1, 1, 2, 3, 5)
    hands = (0, 1, *some(0, 1, 2, KILL, KILL), KILL, 2)
    points = frozenset(chance.randrange(1, 400) for _ in range(chance.choice((1, 2, 3, 6))))
    return (
        AT_ONCE,
        Way("cut anywhere", arrivals=arrivals, turns=turns, batches=batches),
        Way("killed", arrivals=arrivals, turns=some(1, 2), batches=batches, faults=points),
        Way("three daemons", arrivals=some(1, 2, 3), turns=some(1, 2), batches=batches, hands=hands),
        Way(
            "sets that begin anywhere", chance.choice((1, 2, 3, 5)), chance.choice((1, 2, 3)), arrivals, turns, batches
        ),
    )


def differences(log: Log, way: Way) -> list[str]:
    """What the books of one log do not agree in, carried one by one and in a way."""
    return compare(outcome(log, ONE_BY_ONE), outcome(log, way))


def compare(plainly: Books | str, otherwise: Books | str) -> list[str]:
    """What does not agree. That neither comes to an end is wrong as well."""
    if isinstance(plainly, str) or isinstance(otherwise, str):
        said = [outcome if isinstance(outcome, str) else "comes to an end" for outcome in (plainly, otherwise)]
        return [f"one by one: {said[0]}", f"otherwise: {said[1]}"]
    return [
        line
        for kind, one, other in zip(Books._fields, plainly, otherwise, strict=True)
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
        for line in (f"{kind} {name}", f"  one by one: {one.get(name)}", f"  otherwise: {other.get(name)}")
    ]


def outcome(log: Log, way: Way) -> Books | str:
    """The books, or what went wrong that never may."""
    try:
        return carried(log, way)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
