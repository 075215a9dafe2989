"""A file's data as its model, and what is wrong with its shape, said in our words: which keys there are, where one that
stands at the wrong depth belongs, what a value may be. Pydantic finds the faults; its sentences are English alone.
"""

import json
import re
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncd.errors import MappingError
from syncd.mapping.expression.elsewhere import wide_mark
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.column_words import OURS, ours
from syncd.mapping.language.file.source import Document, Trail
from syncd.secrets import hidden

Block = TypeVar("Block", bound=BaseModel)
_VALUE_LETTERS_MAX: Final = 80
_OR: Final = " | "
_ALMOST: Final = 0.8
"""A key that is this near to one that may stand there is a slip, whatever else may be called so elsewhere."""

_PROBLEMS: Final = {
    "none_required": "shape_null",
    "string_type": "shape_text",
    "tuple_type": "shape_list",
    "dict_type": "shape_block",
    "model_type": "shape_keys",
    "bool_type": "shape_bool",
    "bool_parsing": "shape_bool",
    "int_type": "shape_integer",
    "int_parsing": "shape_integer",
    "int_from_float": "shape_integer",
    "is_instance_of": "shape_scalar",
    "decimal_type": "shape_number",
    "decimal_parsing": "shape_number",
    "too_short": "shape_empty",
    "string_too_short": "shape_empty",
    "select": "shape_select",
}
"""What pydantic calls a fault → what we say of it."""


def parse(block: type[Block], document: Document, errors: list[MappingError]) -> Block | None:
    """The document as a model; None when it has another shape, with every fault of it appended to `errors`."""
    try:
        return block.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        trails = [_trail(document.data, detail["loc"]) for detail in details]
        for i, (trail, detail) in enumerate(zip(trails, details, strict=True)):
            is_consequence = detail["type"] == "too_short" and any(t[: len(trail)] == trail != t for t in trails)
            if trail in trails[:i] or is_consequence or _is_cut(trail, detail):
                continue
            beside = [d for t, d in zip(trails, details, strict=True) if t == trail]
            if detail["type"] != "missing":
                errors.append(_fault(block, document, trail, beside))
            elif not _is_misspelt(block, trail, str(detail["loc"][-1]), trails, details):
                errors.append(_missing(block, document, trail, str(detail["loc"][-1])))
        return None


def _trail(data: object, loc: tuple[int | str, ...]) -> Trail:
    """Where in the file a fault is: pydantic also names the members of unions, which stand in no file."""
    trail: list[str | int] = []
    for step in loc:
        found = isinstance(data, dict) and step in data
        if found or (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            data = cast(Any, data)[step]
            trail.append(step)
    return tuple(trail)


def _fault(block: type[BaseModel], document: Document, trail: Trail, beside: Sequence[ErrorDetails]) -> MappingError:
    """What is wrong at a place, of which pydantic has said all that stands in `beside`."""
    where, place, detail = document.where(trail), _place(document, trail), beside[0]
    if trail and (found := wide_mark(str(trail[-1]))) is not None:
        return MappingError("yaml_wide", where, mark=found[0], plain=found[1].strip() or "U+0020")
    if detail["type"] == "extra_forbidden":
        return _unknown(block, document, trail)
    if detail["type"] == "literal_error" and _is_column(trail):
        said = _written(detail["input"])
        return MappingError("column_word", where, column=_column(trail), said=said, ours=ours(said), words=_OUR_WORDS)
    problem, params = _problem(block, trail, beside)
    value = hidden(_written(detail["input"]))[:_VALUE_LETTERS_MAX]
    return MappingError("wrong_shape", where, place=place, value=value, problem=problem, **params)


def _problem(block: type[BaseModel], trail: Trail, beside: Sequence[ErrorDetails]) -> tuple[str, Mapping[str, object]]:
    """What may stand at a place: the code of the message, and what fills it in."""
    detail = beside[0]
    context: Mapping[str, Any] = detail.get("ctx") or {}
    if any(one["type"] == "string_pattern_mismatch" for one in beside):
        is_name = any(letter in str(context.get("pattern", "\\W")) for letter in ("\\W", "/"))
        return ("shape_name", {}) if is_name else ("shape_form", {"form": context["pattern"]})
    if detail["input"] is None:
        return "shape_nothing", {}
    if len({one["loc"] for one in beside}) > 1:
        return "shape_scalar", {}
    if detail["type"] == "literal_error":
        allowed = [word or other for word, other in re.findall(r"'([^']*)'|(\d+)", str(context["expected"]))]
        found = _blocks(block, trail)
        forms = _forms(found) if any(map(_is_model, found)) else _listed(allowed)
        return "shape_one_of", {"allowed": forms, "nearest": nearest(str(detail["input"]), allowed)}
    for word in ("ge", "gt", "le", "lt"):
        if word in context:
            return f"shape_{word}", {"bound": context[word]}
    if detail["type"] == "model_type":
        return "shape_keys", {"forms": _forms(_blocks(block, trail))}
    known = _PROBLEMS.get(detail["type"])
    return (known, {}) if known is not None else ("shape_other", {"said": detail["msg"]})


def _unknown(block: type[BaseModel], document: Document, trail: Trail) -> MappingError:
    """A key that there is not: misspelt, at the wrong depth, or of another way to write the block."""
    where, key, above = document.where(trail), str(trail[-1]), trail[:-1]
    known = _known_keys(block, above)
    if key in known:
        beside = [name for name in _at(document.data, above) if name != key]
        forms = _forms(_blocks(block, above))
        place = _place(document, above)
        return MappingError("key_elsewhere", where, key=key, place=place, beside=_listed(beside), forms=forms)
    near = nearest(key, known, _ALMOST)
    belongs = "" if near else _belongs(block, document, above, key)
    near = near or ("" if belongs else nearest(key, known))
    return MappingError("unknown_key", where, key=key, place=_place(document, trail), nearest=near, belongs=belongs)


def _missing(block: type[BaseModel], document: Document, trail: Trail, key: str) -> MappingError:
    forms = _forms(_blocks(block, trail))
    several = forms if _OR in forms else ""
    return MappingError("missing_key", document.where(trail), key=key, place=_place(document, trail), forms=several)


def _is_misspelt(
    block: type[BaseModel], trail: Trail, key: str, trails: Sequence[Trail], details: Sequence[ErrorDetails]
) -> bool:
    """Whether a key is missing only because the key of another way to write the block is misspelt."""
    models = [model for model in _blocks(block, trail) if _is_model(model)]
    for other, detail in zip(trails, details, strict=True):
        if detail["type"] == "extra_forbidden" and other[:-1] == trail:
            near = nearest(str(other[-1]), _known_keys(block, trail))
            if near and not any({near, key} <= {*_keys(model)} for model in models):
                return True
    return False


def _belongs(block: type[BaseModel], document: Document, above: Trail, key: str) -> str:
    """Where a key stands that is written too high or too deep by a step or two; empty where nowhere near."""
    for model in filter(_is_model, _blocks(block, above)):
        for name, field in model.model_fields.items():
            if any(key in _keys(leaf) for leaf in _leaves(field.annotation) if _is_model(leaf)):
                return _place(document, (*above, field.alias or name))
    for length in range(len(above) - 1, -1, -1):
        if key in _known_keys(block, above[:length]):
            return _place(document, above[:length])
    return ""


def _is_cut(trail: Trail, detail: ErrorDetails) -> bool:
    """Whether it is the rest of a value that a comma between braces has cut in two: `{amount: numeric(12, 2)}`."""
    name = str(trail[-1]) if trail else ""
    return _is_column(trail) and detail["input"] is None and name.endswith(")") and "(" not in name


def _is_column(trail: Trail) -> bool:
    """Whether a place says what a column holds."""
    return "columns" in trail[-3:-1] if trail[:1] in (("tables",), ("references",)) else trail[:1] == ("kinds",)


def _column(trail: Trail) -> str:
    return str(trail[-2] if trail[-1] in ("type", "array") and len(trail) > 4 else trail[-1])


def _place(document: Document, trail: Trail) -> str:
    return ".".join(map(str, trail)) or document.path.name


def _at(data: Any, trail: Trail) -> Any:
    for step in trail:
        data = data[step]
    return data


def _written(value: object) -> str:
    """A value as a file has it, near enough to be found there."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _forms(found: Sequence[Any]) -> str:
    """The ways in which a block may be written, each by the keys that it needs."""
    forms: list[str] = []
    for one in found:
        if _is_model(one):
            needed = [field.alias or name for name, field in one.model_fields.items() if field.is_required()]
            forms.append(" + ".join(needed or _keys(one)))
        elif get_origin(one) is Literal:
            forms += map(str, get_args(one))
    return _OR.join(dict.fromkeys(forms))


def _known_keys(block: type[BaseModel], trail: Trail) -> list[str]:
    """The keys that the block at `trail` may have."""
    return [key for model in _blocks(block, trail) if _is_model(model) for key in _keys(model)]


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _blocks(block: type[BaseModel], trail: Trail) -> list[Any]:
    """What may stand at a place."""
    candidates: list[Any] = [block]
    for step in trail:
        candidates = [inner for outer in candidates for inner in _inside(outer, step)]
    return candidates


def _inside(outer: Any, step: str | int) -> list[Any]:
    if _is_model(outer):
        found = [f.annotation for name, f in outer.model_fields.items() if step in (name, f.alias)]
        return [leaf for annotation in found for leaf in _leaves(annotation)]
    if get_origin(outer) in (dict, tuple):
        return _leaves(get_args(outer)[1 if get_origin(outer) is dict else 0])
    return [outer]  # a value that stands for a list of one


def _leaves(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _leaves(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [leaf for member in get_args(annotation) for leaf in _leaves(member)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


_OUR_WORDS: Final = _listed(OURS)
