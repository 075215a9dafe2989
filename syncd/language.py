"""What people read, in Chinese or English. The texts are in `syncd/messages/*.yaml`, one entry a code:

unknown_account:
  en: account {account} is not in the chart of accounts
  zh: 科目表中没有科目 {account}
  hint: {en: add it in finance or correct the mapping, zh: 请在财务系统中增设该科目，或更正映射}

`{reason!}` is the message whose code is the parameter `reason`; `{role~}` is what people call the value of `role`: the
message `called_finance` for `finance`, or the value as it is, in Chinese between blanks. What stands in brackets with a
parameter is left out where that is empty: `no column {column}[; the nearest is {nearest}]`.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml

Language = Literal["en", "zh"]
_chosen: Language | None = None
_TEXTS: Final = Path(__file__).with_name("messages")
_CODE: Final = re.compile(r"^(\w+):", re.MULTILINE)
_OPTIONAL: Final = re.compile(r"\[([^][]*\{(\w+)~?\}[^][]*)\]")


def choose(language: Language | None) -> None:
    """Fix the language of this process (`--lang`); None goes back to the locale."""
    global _chosen
    _chosen = language


def current() -> Language:
    """The language chosen, else that of SYNCD_LANG, LC_ALL, LC_MESSAGES or LANG; Chinese for zh_*."""
    if _chosen is not None:
        return _chosen
    for name in ("SYNCD_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def catalogue() -> Mapping[str, Mapping[str, object]]:
    """All messages by code."""
    return {code: _entry(code) for code in files()}


def _entry(code: str) -> Mapping[str, object]:
    """What stands at a code, nothing where it is unknown. A file is parsed when one of its codes is asked for: all of
    them take 50 ms, and most commands say a few things."""
    file = files().get(code)
    return {} if file is None else _parsed(file)[code]


@cache
def files() -> Mapping[str, Path]:
    """The file of each code, in their order. A code that stands in two files is an error of ours."""
    files: dict[str, Path] = {}
    for file in sorted(_TEXTS.glob("*.yaml")):
        codes = _CODE.findall(file.read_text("utf-8"))
        twice = files.keys() & set(codes) | {code for code, times in Counter(codes).items() if times > 1}
        assert not twice, f"{file.name}: codes defined twice: {sorted(twice)}"
        files |= dict.fromkeys(codes, file)
    return files


@cache
def _parsed(file: Path) -> Mapping[str, Mapping[str, object]]:
    loaded: Mapping[str, Mapping[str, object]] = yaml.load(file.read_text("utf-8"), Loader=_fast_loader()) or {}
    return loaded


def _fast_loader() -> type[yaml.SafeLoader]:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def say(code: str, params: Mapping[str, object] | None = None, language: Language | None = None) -> str:
    """The message for a code, filled in. An unknown code is shown as it is rather than hidden."""
    return _fill(_entry(code), params, language or current()) or _bare(code, params)


def hint(code: str, params: Mapping[str, object] | None = None, language: Language | None = None) -> str:
    """What to do about it; empty when the message says it all."""
    entry = _entry(code).get("hint", {})
    return _fill(entry, params, language or current()) if isinstance(entry, Mapping) else ""


def _fill(entry: Mapping[str, object], params: Mapping[str, object] | None, language: Language) -> str:
    text = _OPTIONAL.sub(lambda part: part[1] if (params or {}).get(part[2]) else "", str(entry.get(language, "")))
    for name, value in (params or {}).items():
        text = text.replace("{" + name + "}", str(value))
        if "{" + name + "!}" in text:
            text = text.replace("{" + name + "!}", say(str(value), params, language))
        if "{" + name + "~}" in text:
            text = text.replace("{" + name + "~}", _called(str(value), language))
    return text


def _called(value: str, language: Language) -> str:
    """What people call a value that commands take, or several with commas between them."""
    said = "、".join(str(_entry(f"called_{one}").get("zh", one)) for one in value.split(", "))
    if language == "en":
        return value
    before, behind = (" " if letter.isascii() else "" for letter in (said[:1], said[-1:]))
    return f"{before}{said}{behind}"


def _bare(code: str, params: Mapping[str, object] | None) -> str:
    return " ".join([code, *(f"{name}={value}" for name, value in (params or {}).items())])
