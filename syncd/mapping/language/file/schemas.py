"""The JSON Schema of the files, for editors and for the reference: what the models say, in words, too."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, cast

from pydantic import BaseModel

from syncd.mapping.language.file.layout_file import LayoutFile
from syncd.mapping.language.file.model import HEAD, MappingFile
from syncd.mapping.language.file.shapes import Strict
from syncd.mapping.verbs.registry import VERBS
from syncd.mapping.verbs.voucher import EntryShape


def schema(of: Literal["mapping", "part", "layout"] = "mapping") -> dict[str, Any]:
    """The JSON Schema of a mapping file, of a part of one or of a layout file."""
    block: type[BaseModel] = LayoutFile if of == "layout" else MappingFile
    made = block.model_json_schema(by_alias=True, mode="validation")
    _describe(made, block)
    shapes: list[type[BaseModel]] = [EntryShape, *_models(Strict)]
    models = {model.__name__: model for model in shapes}
    for name, definition in made["$defs"].items():
        _describe(definition, models[name])
    if of == "part":
        made["properties"] = {key: value for key, value in made["properties"].items() if key not in HEAD}
        del made["required"]
    elif of == "mapping":
        brought = [key for key in made["required"] if key not in HEAD]
        made["required"] = [key for key in made["required"] if key in HEAD]
        made["anyOf"] = [{"required": brought}, {"required": ["parts"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": f"syncd {of}"}


def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    """Give every key its meaning: a verb that of its file, any other the string below it."""
    said = {verb.word: _lead(sys.modules[verb.__module__].__doc__ or "") for verb in VERBS} if _is_rule(model) else {}
    for made in reversed(model.__mro__):
        if issubclass(made, BaseModel) and not _is_made(made):
            said |= attribute_docs(made)
    aliases = {field.alias or name: name for name, field in model.model_fields.items()}
    for key, described in definition["properties"].items():
        described["description"] = said.get(aliases[key], "")


def attribute_docs(described: type) -> dict[str, str]:
    """The strings below the fields of a class."""
    body = cast(ast.ClassDef, ast.parse(textwrap.dedent(inspect.getsource(described))).body[0]).body
    return {
        field.target.id: " ".join(str(below.value.value).split())
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def _is_rule(model: type[BaseModel]) -> bool:
    return VERBS[0].word in model.model_fields


def _is_made(model: type[BaseModel]) -> bool:
    """Whether no source says it."""
    return model is BaseModel or _is_rule(model)


def _lead(text: str) -> str:
    """What a verb's file says of it: its first paragraph, behind its name."""
    said = " ".join(text.partition("\n\n")[0].split()).partition(": ")[2]
    return said[:1].upper() + said[1:]
