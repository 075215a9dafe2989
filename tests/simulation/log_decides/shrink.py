"""A log that fails, made as small as it goes: what can be left out without making it pass is left out."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise

from syncd.change import Malformed
from tests.simulation.log_decides.logs import Deed, Log, Put, Transaction


def shrunk(log: Log, fails: Callable[[Log], bool], tries_max: int = 1_000) -> Log:
    """The smallest log that still fails, by leaving out one thing after the other."""
    tries, made_smaller = 0, True
    while made_smaller:
        made_smaller = False
        for smaller in _smaller(log):
            tries += 1
            if tries > tries_max:
                return log
            if fails(smaller):
                log, made_smaller = smaller, True
                break
    return log


def script(log: Log) -> str:
    """The log as Python that makes it."""
    lines = [f"    {_said(step)}," for step in log.steps]
    flags = f"before={log.before}" + ", lean=True" * log.lean + f", parts={log.parts}" * bool(log.parts)
    return "\n".join(["Log(", f"  {flags},", "  steps=(", *lines, "  ),", ")"])


def _smaller(log: Log) -> Iterator[Log]:
    steps = log.steps
    if len(steps) > 3:
        half = len(steps) // 2
        yield log._replace(steps=steps[half:], before=0)
        yield log._replace(steps=steps[:half])
    if log.before:
        yield log._replace(before=0)
        yield log._replace(before=log.before - 1)
    if log.lean:
        yield log._replace(lean=False)
    if log.parts:
        yield log._replace(parts=0)
    for n, step in enumerate(steps):
        yield log._replace(steps=(*steps[:n], *steps[n + 1 :]))
        if not isinstance(step, Deed):
            for smaller in _smaller_transactions(step):
                yield log._replace(steps=(*steps[:n], smaller, *steps[n + 1 :]))
    for n, (one, other) in enumerate(pairwise(steps)):  # two transactions say it as one
        if not isinstance(one, Deed) and not isinstance(other, Deed):
            yield log._replace(steps=(*steps[:n], (*one, *other), *steps[n + 2 :]))


def _smaller_transactions(step: Transaction) -> Iterator[Transaction]:
    if len(step) > 1:
        for n in range(len(step)):
            yield (*step[:n], *step[n + 1 :])
    for n, op in enumerate(step):
        if isinstance(op, Put):
            for name in op.values:
                fewer = {k: v for k, v in op.values.items() if k != name}
                yield (*step[:n], op._replace(values=fewer), *step[n + 1 :])


def _said(step: Transaction | Deed) -> str:
    if isinstance(step, Deed):
        return f"Deed({step.verb!r}, {step.nth})"
    return "(" + ", ".join(_op(op) for op in step) + ("," if len(step) == 1 else "") + ")"


def _op(op: object) -> str:
    kind, fields = type(op).__name__, list(op)  # type: ignore[call-overload]
    if kind == "Put":
        values = ", ".join(f"{name!r}: {_value(v)}" for name, v in fields[2].items())
        return f"Put({fields[0]!r}, {fields[1]!r}, {{{values}}})"
    return f"{kind}({', '.join(map(repr, fields))})"


def _value(value: object) -> str:
    if isinstance(value, Decimal):
        return f"D({str(value)!r})"
    return f"Malformed({value.raw!r}, {value.reason!r})" if isinstance(value, Malformed) else repr(value)
