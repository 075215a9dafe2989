"""A YAML file as plain data that still knows its lines.

YAML here is stricter than YAML: every key is text and stands once, `on` and `no` are words and not booleans, dates
stay text, and a number with a point is a Decimal. So what a person wrote is what a rule sees.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

import yaml

from syncd.errors import MappingError
from syncd.mapping.language.file.syntax import explained

Trail = tuple[str | int, ...]
"""The way from the top of a document to a place in it: keys and list indexes."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_THOUSANDS: Final = re.compile(r"[0-9]{3}(\.[0-9]+)?")
"""The rest of a number that a comma between braces has cut in two, 5,000,000."""
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_Loader: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's data, and the line of every key and list item in it, counted from 1. `files` says of what another file
    has brought which it was."""

    path: Path
    data: object
    lines: dict[Trail, int]
    files: dict[Trail, Path] = field(default_factory=dict)

    def where(self, trail: Sequence[str | int] = ()) -> str:
        """`file:line` of a place, or of the nearest place above it that is in the file."""
        trail = tuple(trail)
        while trail and trail not in self.lines:
            trail = trail[:-1]
        return f"{self.files.get(trail, self.path)}:{self.lines.get(trail, 1)}"

    def adopt(self, part: "Document", trail: Trail) -> None:
        """Take over where a place of another document is, and all that stands below it."""
        for place, line in part.lines.items():
            if place[: len(trail)] == trail:
                self.lines[place], self.files[place] = line, part.path


def read(path: Path) -> tuple[Document, list[MappingError]]:
    """The document and what is wrong with its keys. Raises MappingError when the file is not there, is not UTF-8
    or is no YAML, for then there is nothing more to say about it."""
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise explained(path, text, error, _is_yaml) from None
    except yaml.reader.ReaderError as error:
        letter = chr(ord(error.character) if isinstance(error.character, str) else error.character)
        line = text[: max(text.find(letter), 0)].count("\n") + 1
        said = f"{letter!r}: {error.reason}"
        raise MappingError("yaml_syntax", f"{path}:{line}", problem="shape_other", said=said) from None
    except yaml.YAMLError as error:
        raise MappingError("yaml_syntax", f"{path}:1", problem="shape_other", said=str(error)) from None
    document = Document(path, None, {})
    if node is None:
        return document, []
    errors: list[MappingError] = []
    data = _construct(node, (), document, errors, frozenset())
    return Document(path, data, document.lines), errors


def _is_yaml(text: str) -> bool:
    try:
        yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return False
    return True


def read_text(path: Path, content: bytes | None = None) -> str:
    """A file's text, or that of what is to stand in it. Raises MappingError when it is missing or not UTF-8, and names
    the line of the bad byte."""
    try:
        content = path.read_bytes() if content is None else content
    except OSError as error:
        raise MappingError("file_unreadable", str(path), problem=error.strerror or str(error)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MappingError("file_not_utf8", f"{path}:{line}", byte=f"0x{content[error.start]:02X}") from None


def _construct(
    node: yaml.Node, trail: Trail, document: Document, errors: list[MappingError], above: frozenset[int]
) -> object:
    document.lines.setdefault(trail, node.start_mark.line + 1)
    if id(node) in above:
        errors.append(MappingError("yaml_endless", document.where(trail)))
        return None
    above |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, trail, document, errors, above)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, (*trail, i), document, errors, above) for i, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    return _scalar(node)


def _mapping(
    node: yaml.MappingNode, trail: Trail, document: Document, errors: list[MappingError], above: frozenset[int]
) -> dict[str, object]:
    data: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            errors.append(MappingError("yaml_key", f"{document.path}:{line}"))
            continue
        key = str(key_node.value)
        if node.flow_style and _THOUSANDS.fullmatch(key) and not value_node.value:
            errors.append(MappingError("yaml_comma", f"{document.path}:{line}", cut=key))
            continue
        if key in data:
            first = document.lines[(*trail, key)]
            errors.append(MappingError("yaml_duplicate", f"{document.path}:{line}", key=key, first=first))
            continue
        document.lines[(*trail, key)] = line
        data[key] = _construct(value_node, (*trail, key), document, errors, above)
    return data


def _scalar(node: yaml.ScalarNode) -> object:
    text = str(node.value)
    if node.style:  # quoted, or a block: text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text
