"""Whatever a user may read exists in English and in Chinese, errors with a hint, and nothing else is kept."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from syncd.language import catalogue
from tests.tidy.tree import ROOT, python, tree

LANGUAGES = ("en", "zh")
FAULTS = (
    "Fault",
    "Transient",
    "RowRefused",
    "Halt",
    "Gap",
    "MappingError",
    "ExpressionError",
    "Uncomputable",
    "WrongUsage",
)
SPOKEN = ("say", "hint", "line")
CODE = re.compile(r"[a-z][a-z0-9_]*")


def test_every_message_is_in_both_languages() -> None:
    for code, entry in catalogue().items():
        for text in (entry, entry.get("hint", dict.fromkeys(LANGUAGES, "none"))):
            assert isinstance(text, dict), code
            assert all(str(text.get(language, "")).strip() for language in LANGUAGES), f"{code} lacks a language"


def test_a_message_is_filled_in_alike_in_both_languages() -> None:
    unlike = [c for c, e in catalogue().items() if _holes(e.get("en"), "en") != _holes(e.get("zh"), "zh")]
    assert not unlike, f"their parameters differ: {unlike}"


def test_every_code_that_is_used_exists() -> None:
    missing = sorted(code for code in _raised() | _said() if code not in catalogue())
    assert not missing, f"no message for {missing}"


def test_every_error_says_what_to_do() -> None:
    """But for those that stand within `uncomputable`: a user reads the hint of that."""
    own = {code for call, name in _calls() if name != "Uncomputable" and name in FAULTS for code in _code(call)}
    silent = sorted(code for code in own if code in catalogue() and "hint" not in catalogue()[code])
    assert not silent, f"no hint for {silent}"


def test_a_command_about_a_parked_row_is_printed_whole() -> None:
    """Invariant 15: without who and why it is refused."""
    texts = [text for entry in catalogue().values() for text in _hints(entry)]
    commands = [command for text in texts for command in re.findall(r"`(syncd [^`]*\{id\}[^`]*)`", text)]
    assert commands
    cut = [command for command in commands if "--actor NAME --reason TEXT" not in command and " show " not in command]
    assert not cut


def _hints(entry: Mapping[str, object]) -> Iterator[str]:
    hint = entry.get("hint")
    yield from map(str, hint.values()) if isinstance(hint, dict) else ()


def test_a_chinese_accountant_reads_no_word_that_means_something_else() -> None:
    """账外 suggests hidden assets, a period is 未结账 and not open, a voucher is 填制, an approval 审批."""
    said = {code: str(entry) for code, entry in catalogue().items()}
    mappings = {path.name: path.read_text("utf-8") for path in (ROOT / "mappings").rglob("*.yaml")}
    words = ("等待 finance", "批准", "账外", "(?<!入)账内", "制证", "流水线", "搁置", "(?:开放|打开)的(?:会计)?期间")
    wrong = re.compile("|".join((*words, "原值保留", "试算平衡")))
    found = {where: wrong.findall(text) for where, text in {**said, **mappings}.items() if wrong.search(text)}
    assert not found


def test_no_message_is_left_over() -> None:
    texts = {code for path in python("syncd", "connectors") for text in _texts(path) for code in CODE.findall(text)}
    texts |= {code for path in (ROOT / "syncd").rglob("*.html") for code in CODE.findall(path.read_text("utf-8"))}
    begun = tuple(_begun())
    left = [c for c in catalogue() if c not in texts and not c.startswith(begun)]
    assert not left, f"nobody says {left}"


def _texts(path: Path) -> Iterator[str]:
    """All texts in the code of a file, generated code among them, but for its docstrings."""
    bare = {id(node.value) for node in ast.walk(tree(path)) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def _holes(text: object, language: str) -> set[str]:
    """What is filled in; of what a mapping says in this language, `zh` or `allowed_zh`, the name alone."""
    return {re.sub(rf"(^|_){language}$", "", name) for name in re.findall(r"\{(\w+)[!~]?\}", str(text))}


def _raised() -> set[str]:
    return {code for call, name in _calls() if name in FAULTS for code in _code(call)}


def _said() -> set[str]:
    return {code for call, name in _calls() if name in SPOKEN for code in _code(call)}


def _calls() -> Iterator[tuple[ast.Call, str]]:
    for path in python("syncd", "connectors"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                yield node, node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _code(call: ast.Call) -> Iterator[str]:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and CODE.fullmatch(first.value):
        yield first.value


def _begun() -> Iterator[str]:
    """The beginnings of codes that are put together: `f"state_{state}"`, `"state_" + state`, `"state_" ~ state`."""
    for page in (ROOT / "syncd").rglob("*.html"):
        yield from re.findall(r'"([a-z_]+_)" ~', page.read_text("utf-8"))
    for path in python("syncd", "connectors"):
        for node in ast.walk(tree(path)):
            first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else None
            first = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) else first
            if (
                isinstance(first, ast.Constant)
                and isinstance(first.value, str)
                and re.fullmatch(r"[a-z_]+_", first.value)
            ):
                yield first.value
