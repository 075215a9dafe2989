"""Why a text is no YAML, in our words: the parser speaks English, and of what it expected, not of what a person did."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from syncd.errors import MappingError
from syncd.mapping.expression.elsewhere import narrowed, wide_mark

_GOES_ON: Final = re.compile(r""":\s+(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")\s*[^\s#,}\]]""")
"""A value that begins with a quoted text and goes on behind it: an expression, which wants quotes of its own."""
_SAID: Final = {
    "tab": "yaml_has_tab",
    "'\\t'": "yaml_has_tab",
    "could not find expected ':'": "yaml_no_colon",
    "mapping values are not allowed": "yaml_second_colon",
    "did not find expected ','": "yaml_open_bracket",
    "expected key": "yaml_indent",
    "'-' indicator": "yaml_indent",
    "block end": "yaml_indent",
    "cannot start any token": "yaml_first_letter",
    "unexpected end of stream": "yaml_open_quote",
    "undefined alias": "yaml_no_anchor",
}
"""What the parser says in part → what we say."""


def explained(path: Path, text: str, error: yaml.MarkedYAMLError, is_yaml: Callable[[str], bool]) -> MappingError:
    """What is wrong with a text that the parser refuses; `is_yaml` tries another."""
    lines = text.split("\n")
    told = error.problem_mark.line if error.problem_mark else 0
    begun = error.context_mark.line if error.context_mark else told
    for n in range(max(min(begun, told) - 1, 0), min(told + 1, len(lines))):
        found = wide_mark(lines[n])
        if found is not None and not lines[n][: len(lines[n]) - len(lines[n].lstrip())].isascii():
            return MappingError("yaml_wide", f"{path}:{n + 1}", mark=found[0], plain="U+0020")
        if found is not None:
            mended = narrowed(lines[n]).replace(":", ": ")
            if is_yaml("\n".join([*lines[:n], mended, *lines[n + 1 : told + 1]])):
                return MappingError("yaml_wide", f"{path}:{n + 1}", mark=found[0], plain=found[1].strip() or "U+0020")
    for n in dict.fromkeys((begun, told)):
        if n < len(lines) and _GOES_ON.search(lines[n]):
            return MappingError("yaml_syntax", f"{path}:{n + 1}", problem="yaml_goes_on")
    said = error.problem or error.context or ""
    has_tab = any("\t" in line[: len(line) - len(line.lstrip())] for line in lines[begun : told + 1])
    problem = (
        "yaml_has_tab" if has_tab else next((ours for theirs, ours in _SAID.items() if theirs in said), "shape_other")
    )
    at = begun if problem in ("yaml_no_colon", "yaml_open_quote", "yaml_open_bracket") else told
    return MappingError("yaml_syntax", f"{path}:{at + 1}", problem=problem, said=said)
