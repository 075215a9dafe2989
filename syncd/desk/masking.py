"""What is shown of a source row to somebody who may not see all of it.

Rows are masked where they leave for people or machines: in pages, answers, commands. What is kept, hashed, compared and
edited is the row as it is.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from syncd.audit import CONTENTS
from syncd.desk.actions import Done
from syncd.desk.parked.operators import ParkedRow
from syncd.desk.parked.previews import Preview
from syncd.desk.shares import SharedRow
from syncd.desk.trace import Act, Life, ParkedStep, Traced
from syncd.record import decode_object

HIDDEN: Final = "•••"
"""What stands in place of a value."""
Hidden = Mapping[str, frozenset[str]]
"""Table, document, `DOCUMENT.LINES`, `rule:NAME` or `made:NAME` → the columns or names that somebody may not see; see
`mapping.language.blocks.masked`."""
HELD: Final = frozenset(
    (
        *(
            "raw",
            "code",
            "key",
            "amount",
            "asset_code",
            "account",
            "value",
            "date",
            "said",
            "error",
            "group",
            "nearest",
        ),
        *("debit", "credit", "difference"),
    )
)
"""Parameters of a rejection that repeat what a column holds, or what a rule has made of it."""
_NAMED: Final = ("column", "source", "expression")
"""Those that name a column."""
WHOLE_CHARACTERS: Final = 3
"""A value so short is looked for as a word of its own: it stands in many others."""


class Images(Protocol):
    """A change of a table as it is kept, and as it was before somebody typed other values, if they have."""

    @property
    def table(self) -> str: ...
    @property
    def change(self) -> str: ...
    @property
    def original(self) -> str | None: ...


class Tried(NamedTuple):
    """A change that is no parked row."""

    table: str
    change: str
    original: str | None


def hidden(masked: Mapping[str, Mapping[str, Collection[str]]], roles: Collection[str]) -> Hidden:
    """What somebody in these roles may not see; without any, all that is masked."""
    every = {
        place: frozenset(name for name, seen_by in names.items() if not {*seen_by} & {*roles})
        for place, names in masked.items()
    }
    return {place: names for place, names in every.items() if names}


def row(row: ParkedRow, hidden: Hidden) -> ParkedRow:
    """A parked row as it is shown: its images, and what its reason repeats of them."""
    if not hidden:
        return row
    held = secrets(row, hidden)
    told = params(row.params, row.table, row.rule, held, hidden)
    if row.code == "message_unreadable" or (row.original is not None and row.request):
        # the reason is of a row that is not at hand: whole, or edited since
        told = _told(told, _is_any(row.table, hidden))
    return row._replace(
        change=_change(row.table, row.change, hidden),
        original=None if row.original is None else _change(row.table, row.original, hidden),
        params=told,
        waits_for=_awaited(row, held, hidden),
    )


def secrets(row: Images, hidden: Hidden) -> Sequence[str]:
    """The values of a change that are not shown, as text, the longest first."""
    changes = [decode_object(change) for change in (row.change, row.original) if change]
    return _of_images(row.table, [image for one in changes for image in (one["before"], one["after"]) if image], hidden)


def _of_images(alias: str, images: Sequence[Mapping[str, Any]], hidden: Hidden) -> Sequence[str]:
    """The same of a table's images, as they are kept."""
    found = {one for image in images for one in _held(alias, image, hidden)}
    return sorted(found - {"", HIDDEN}, key=lambda one: (-len(one), one))


def image(alias: str, stored: Mapping[str, Any], hidden: Hidden, is_unreadable: bool = False) -> dict[str, Any]:
    """A row's image by column, as it is kept, of a table or a document. All of a row may stand in the text of a message
    that nobody understands."""
    if is_unreadable and _is_any(alias, hidden):
        return {name: value and HIDDEN for name, value in stored.items()}
    names = hidden.get(alias, frozenset())
    return {name: _shown(f"{alias}.{name}", value, name in names, hidden) for name, value in stored.items()}


def params(
    given: Mapping[str, str], alias: str, rule: str, held: Sequence[str], hidden: Hidden
) -> dict[str, str]:  # fmt: skip
    """The parameters of a rejection. `held` are the values that it may repeat; where the rule makes something of masked
    columns, or reads those of other rows, or the column that is named is masked, what it repeats is not shown at all.
    Finance may refuse what several rules have made, whose names `rule` joins."""
    names = hidden.get(alias, frozenset())
    words = {word for name in _NAMED for word in re.findall(r"\w+", str(given.get(name, "")))}
    is_repeated = bool(words & names) or any(f"made:{one}" in hidden for one in rule.split(", "))
    return {
        name: HIDDEN if is_repeated and name in HELD and value else text(value, held) for name, value in given.items()
    }


def encoded(alias: str, stored: str, hidden: Hidden) -> str:
    """A row as JSON, as `image`."""
    return json.dumps(image(alias, decode_object(stored), hidden), ensure_ascii=False)


def found(given: Mapping[str, object], alias: str, stored: Mapping[str, Any], hidden: Hidden) -> dict[str, object]:
    """What is told of a row in which something is wrong; `stored` is the row as it is kept."""
    said = {name: str(value) for name, value in given.items()}
    told = params(said, alias, "", _of_images(alias, [stored], hidden), hidden)
    return {name: value if told[name] == said[name] else told[name] for name, value in given.items()}


def reason(given: Mapping[str, str], rule: str, change: str, hidden: Hidden) -> dict[str, str]:
    """The parameters of a rejection of a change, as it is kept; they may be of what it was before somebody edited
    it."""
    alias = str(decode_object(change)["table"])
    told = params(given, alias, rule, secrets(Tried(alias, change, None), hidden), hidden)
    return _told(told, _is_any(alias, hidden))


def text(given: str, held: Sequence[str]) -> str:
    """A text without the values."""
    for one in held:
        if one in given:
            pattern = re.escape(one)
            pattern = rf"(?<![\w.]){pattern}(?![\w.])" if len(one) <= WHOLE_CHARACTERS else pattern
            given = re.sub(pattern, HIDDEN, given)
    return given


def _detail(given: Mapping[str, object], hidden: Hidden) -> dict[str, object]:
    """What is kept of an action: of an edit the values before and after by column, whichever table it was of."""
    names = _columns(hidden)
    is_edit = CONTENTS in given
    return {
        name: [HIDDEN, HIDDEN] if is_edit and name in names and name != CONTENTS else value
        for name, value in given.items()
    }


def _change(alias: str, change: str, hidden: Hidden) -> str:
    stored = decode_object(change)
    is_unreadable = stored["op"] == "unreadable"
    stored |= {s: stored[s] and image(alias, stored[s], hidden, is_unreadable) for s in ("before", "after")}
    return json.dumps(stored, ensure_ascii=False)


def _told(given: Mapping[str, str], is_repeated: bool) -> dict[str, str]:
    return {name: HIDDEN if is_repeated and name in HELD and value else value for name, value in given.items()}


def _awaited(row: ParkedRow, held: Sequence[str], hidden: Hidden) -> str:
    """What a row waits for; the key of a reference may be made of a masked column."""
    what, of, _ = row.waits_for.partition(":")
    return f"{what}:{HIDDEN}" if of and _makes(row.rule, hidden) else text(row.waits_for, held)


def _makes(rule: str, hidden: Hidden) -> bool:
    return any(f"made:{one}" in hidden for one in rule.split(", "))


def _is_any(alias: str, hidden: Hidden) -> bool:
    return any(place == alias or place.startswith(f"{alias}.") for place in hidden)


def _shown(place: str, value: Any, is_hidden: bool, hidden: Hidden) -> Any:
    if is_hidden:
        return value if value is None else HIDDEN
    if isinstance(value, list):
        return [image(place, one, hidden) if isinstance(one, dict) else one for one in value]
    return value


def _held(alias: str, stored: Mapping[str, Any], hidden: Hidden) -> Iterator[str]:
    names = hidden.get(alias, frozenset())
    for name, value in stored.items():
        if isinstance(value, list):
            lines = [one for one in value if isinstance(one, dict)]
            yield from (held for one in lines for held in _held(f"{alias}.{name}", one, hidden))
        elif name in names and value is not None:
            yield str(value.get("malformed", "")) if isinstance(value, dict) else str(value)


def preview(made: Preview, row: Images, hidden: Hidden) -> Preview:
    """What a row would make, as it is shown: vouchers are finance's own; why there would be none may repeat a value.
    `row` is the one that was tried, as it is."""
    if not hidden or made.rejection is None:
        return made
    said = made.rejection
    return made._replace(
        rejection=said._replace(params=params(said.params, row.table, said.rule, secrets(row, hidden), hidden))
    )


def traced(found: Traced, table_of: Mapping[str, str], hidden: Hidden) -> Traced:
    """A trace as it is shown. `table_of` says of each rule whose rows it looks at."""
    if not hidden:
        return found
    origins = [
        one._replace(
            shares=[_shared(share, hidden) for share in one.shares],
            actions=[_act(act, hidden) for act in one.actions],
        )
        for one in found.origins
    ]
    return found._replace(origins=origins, lives=lives(found.lives, table_of, hidden))


def lives(found: Sequence[Life], table_of: Mapping[str, str], hidden: Hidden) -> list[Life]:
    """The same of lives."""
    return [_life(life, table_of, hidden) for life in found] if hidden else [*found]


def _life(life: Life, table_of: Mapping[str, str], hidden: Hidden) -> Life:
    return life._replace(
        collected=[one._replace(row=_of_rule(one.rule, one.row, table_of, hidden)) for one in life.collected],
        parked=[one._replace(params=_reason(one, table_of, hidden)) for one in life.parked],
        actions=[_act(act, hidden) for act in life.actions],
    )


def _of_rule(rule: str, row: Mapping[str, Any], table_of: Mapping[str, str], hidden: Hidden) -> Mapping[str, Any]:
    """The row of a rule, which the mapping may no longer have."""
    return image(table_of[rule], row, hidden) if rule in table_of else _of_any(row, hidden)


def _reason(one: ParkedStep, table_of: Mapping[str, str], hidden: Hidden) -> Mapping[str, str]:
    """Its row is not at hand: of a table with masked columns nothing that repeats a value is shown, nor where nobody
    knows the table."""
    return _told(one.params, one.rule not in table_of or _is_any(table_of[one.rule], hidden))


def _shared(one: SharedRow, hidden: Hidden) -> SharedRow:
    return one._replace(row=image(one.source.partition(":")[0], one.row, hidden))


def _act(act: Act, hidden: Hidden) -> Act:
    return act._replace(detail=_detail(act.detail, hidden))


def done(act: Done, every: Sequence[Hidden]) -> Done:
    """An action as it is shown to somebody who may not see all of several pipelines."""
    for hidden in every:
        act = act._replace(detail=_detail(act.detail, hidden))
    return act


def answered(body: Mapping[str, Any], hidden: Hidden) -> Mapping[str, Any]:
    """What the EAM is told of a row, as it is shown: its columns, and the reason why it is parked, whole."""
    if not hidden or "row" not in body:
        return body
    is_repeated = body.get("state") == "parked" and body.get("reason")
    return {**body, "row": _of_any(body["row"], hidden)} | ({"reason": HIDDEN} if is_repeated else {})


def _of_any(row: Mapping[str, Any], hidden: Hidden) -> dict[str, Any]:
    """A row of a table that is not known: nothing is shown that has a masked column's name, nor of a document's
    lines."""
    names = _columns(hidden)

    def shown(row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: HIDDEN if name in names and value is not None else nested(value) for name, value in row.items()}

    def nested(value: object) -> object:
        return [shown(one) if isinstance(one, dict) else one for one in value] if isinstance(value, list) else value

    return shown(row)


def _columns(hidden: Hidden) -> frozenset[str]:
    """The names of all columns that are hidden, of whichever table."""
    return frozenset[str]().union(*(own for place, own in hidden.items() if not place.startswith(("rule:", "made:"))))
