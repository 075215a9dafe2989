"""Writes the pages of docs/zh and docs/en that the program itself knows: messages, metrics, settings, commands.

`python -m docs.pages` writes them, `python -m docs.pages --check` names those that are not as it would write them. A
language is a process, for what the commands' help says is settled when they are imported.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import typer
import yaml

from docs.reference import Section, commands, settings, table
from syncd import language
from syncd.daemon.metrics import Figures

DOCS: Final = Path(__file__).parent
LANGUAGES: Final[tuple[language.Language, ...]] = ("zh", "en")
CHINESE: Final = DOCS / "settings.zh.yaml"
RULES: Final = DOCS / "monitoring" / "syncd.rules.yaml"
FORMS: Final = {"counter": "_total", "histogram": "_bucket, _sum, _count"}
"""What Prometheus adds to the name of such a figure."""

_Both = Mapping[str, Mapping[str, str]]
_TEXTS: Final[Mapping[str, _Both]] = yaml.safe_load((DOCS / "pages.yaml").read_text("utf-8"))
TITLES, SAID = _TEXTS["titles"], _TEXTS["said"]


def pages(of: language.Language) -> Mapping[str, str]:
    """Each page's text by its name. To be asked once in a process, before anything imports the commands."""
    language.choose(of)
    made = {"messages": _messages, "metrics": _metrics, "settings": _settings, "commands": _commands}
    return {f"{name}.md": _page(name, of, lines(of)) for name, lines in made.items()}


def _page(name: str, of: str, lines: Iterator[str]) -> str:
    return "\n".join([f"# {SAID[name][of]}", "", SAID[f"{name}_lead"][of], "", *lines]).rstrip() + "\n"


def _messages(of: str) -> Iterator[str]:
    entries = language.catalogue()
    files: dict[str, list[str]] = {name: [] for name in TITLES}
    for code, file in language.files().items():
        if "hint" in entries[code]:
            files.setdefault(file.stem, []).append(code)
    for name, codes in files.items():
        if codes:
            yield from (f"## {TITLES.get(name, {}).get(of, name)}", "")
        for code in codes:
            hint = cast(Mapping[str, object], entries[code]["hint"])
            yield from (f"### `{code}`", "", _plain(entries[code][of]), "", f"→ {_plain(hint[of])}", "")


def _plain(text: object) -> str:
    """Without the marks by which a message is filled in; what looks like HTML is not."""
    bare = re.sub(r"\[([^][]*\{\w+~?\}[^][]*)\]", r"\1", str(text)).replace("!}", "}").replace("~}", "}")
    for mark, whose in (("{zh}", "（映射中所写）"), ("{en}", "(as the mapping says)")):
        bare = bare.replace(mark, whose)
    return re.sub(r"<(?=\w)", "&lt;", " ".join(bare.split()))


def _metrics(of: language.Language) -> Iterator[str]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    rows = []
    for family in Figures("", list).collect():
        name = family.name + (FORMS["counter"] if family.type == "counter" else "")
        alerts = [r["alert"] for r in group["rules"] if re.search(rf"\b{name}\b", r["expr"])]
        links = " ".join(f"[{alert}]({SAID['runbook'][of]}#{alert.lower()})" for alert in alerts)
        labels = ", ".join(label for label in family._labelnames if label != "pipeline")
        meaning = language.say(f"metric_{family.name.removeprefix('syncd_')}", language=of)
        rows.append((f"`{name}`", labels, meaning, links))
    yield from table([SAID[key][of] for key in ("metric", "labels", "meaning", "alerts")], rows)


def _settings(of: str) -> Iterator[str]:
    for section in translated() if of == "zh" else settings():
        yield from (f"## {section.title}", "", section.lead, "")
        yield from table([SAID[key][of] for key in ("setting", "default", "meaning")], section.rows)


def translated() -> Iterator[Section]:
    """The settings in Chinese. Raises KeyError for one that settings.zh.yaml does not have."""
    chinese: Mapping[str, Mapping[str, str]] = yaml.safe_load(CHINESE.read_text("utf-8"))
    for section in settings():
        said = chinese[section.title]
        rows = [(name, default, said[name.strip("`")]) for name, default, _ in section.rows]
        title = "顶层" if section.title == "Top level" else section.title
        for english, word in (("source", "数据源"), ("ledger", "财务库"), ("answer", "回写")):
            title = title.replace(f"{english} kind", f"{word} kind")
        yield Section(title, said["_"], rows)


def _commands(of: str) -> Iterator[str]:
    from syncd.cli.app import app

    for path, command in commands(cast(Any, typer.main.get_command(app)), ()):
        arguments = [(p.metavar or p.name).upper() for p in command.params if p.param_type_name == "argument"]
        yield from (f"## {' '.join(['syncd', *path, *arguments])}", "", " ".join(command.help.split()), "")
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        if options:
            rows = ((f"`{', '.join(p.opts)}`", p.help or "") for p in options)
            yield from table([SAID[key][of] for key in ("option", "meaning")], rows)


def _written(of: language.Language, check: bool) -> int:
    """How many pages were not as they should be; they are now, unless it only checks."""
    stale = 0
    for name, text in pages(of).items():
        page = DOCS / of / name
        if not page.exists() or page.read_text("utf-8") != text:
            stale += 1
            if check:
                sys.stdout.write(f"docs/{of}/{name} is not as `make docs` writes it\n")
            else:
                page.write_text(text, "utf-8")
    return stale


def main(arguments: list[str]) -> int:
    """The pages of the language that is named, or of each in a process of its own. The exit status."""
    check = "--check" in arguments
    if of := [one for one in LANGUAGES if one in arguments]:
        stale = _written(of[0], check)
        return int(check and stale > 0)
    each = [[sys.executable, "-m", "docs.pages", one, *arguments] for one in LANGUAGES]
    env = os.environ | {"COLUMNS": "200"}
    return max(subprocess.run(command, cwd=DOCS.parent, env=env, check=False).returncode for command in each)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
