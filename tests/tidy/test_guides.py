"""The guides in docs/zh and docs/en say the same, link to what there is, and show commands that syncd has."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from docs.reference import settings
from tests.tidy.test_documents import shown, typed
from tests.tidy.tree import ROOT

DOCS: Final = ROOT / "docs"
LANGUAGES: Final = ("zh", "en")
NAMES: Final = tuple(sorted(path.name for path in (DOCS / "zh").glob("*.md")))
GUIDES: Final = [f"{language}/{name}" for language in LANGUAGES for name in NAMES]
WORDS: Final = {
    "帐": "账",
    "流水线": "管道",
    "守护程序": "守护进程",
    "死信": "挂起行",
    "挂起的行": "挂起行",
    "发件箱": "待发内容",
    "测试用例": "样例",
    "报警": "告警",
    "槽位": "复制槽",
    "断点": "检查点",
    "会计科目表": "科目表",
    "反审核": "反结账",
    "决策矩阵": "决策表",
    "过账": "入账",
    "认可映射": "确认映射",
    "略过": "忽略",
    "冲销": "冲回",
    "修补": "修复",
    "值得一看": "提示",
    "表结构说明": "布局",
}
"""What syncd's messages call otherwise: one Chinese word for a thing."""


def test_both_languages_have_the_same_guides() -> None:
    assert tuple(sorted(path.name for path in (DOCS / "en").glob("*.md"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_sections(name: str) -> None:
    """Heading by heading, row by row, block by block, each of the same kind: nothing is said in one alone."""
    chinese, english = (_shape((DOCS / language / name).read_text("utf-8")) for language in LANGUAGES)
    assert chinese == english


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_show_the_same_commands(name: str) -> None:
    """But for names, reasons and what is said in a language."""
    chinese, english = (
        [re.findall(r"(?<!\S)(?:[a-z][a-z-]*|--?[a-z-]+)(?!\S)", line) for line in _lines(DOCS / language / name)]
        for language in LANGUAGES
    )
    assert [line[:3] for line in chinese] == [line[:3] for line in english]


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_in_a_guide_is_one_that_syncd_has(name: str) -> None:
    """In the blocks, which can be typed as they stand, and within sentences, where what is to be filled in is left
    out."""
    for words in shown(DOCS / name, "syncd"):
        typed(words)
    text = re.sub(r"^```.*?^```", "", (DOCS / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for command in re.findall(r"`syncd ([^`]+)`", text):
        try:
            typed(shlex.split(re.sub(r"\{(id|number)\}|\b(NUMBER|编号)", "1", command)))
        except Exception as error:  # typer keeps the classes of its own errors to itself
            if type(error).__name__ != "MissingParameter" and "requires an argument" not in str(error):
                raise AssertionError(f"syncd {command}: {error}") from error


@pytest.mark.parametrize("name", GUIDES)
def test_every_link_of_a_guide_leads_somewhere(name: str) -> None:
    page = DOCS / name
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


CHINESE: Final = (
    "README.zh-CN.md",
    "docs/accounting.md",
    "docs/monitoring/runbook.zh-CN.md",
    "docs/settings.zh.yaml",
    "docs/pages.yaml",
)


def test_there_is_one_word_for_a_thing() -> None:
    """In the guides, the messages, and whatever else is written in Chinese."""
    files = [*(ROOT / name for name in CHINESE), *DOCS.glob("zh/*.md"), *ROOT.glob("syncd/messages/*.yaml")]
    texts = {path.name: path.read_text("utf-8") for path in files}
    assert [
        (name, word, better) for name, text in texts.items() for word, better in WORDS.items() if word in text
    ] == []


def _shape(text: str) -> list[str]:
    """What a page is made of: levels of headings, kinds of blocks, rows of tables."""
    text = re.sub(r"^```(\w*)\n.*?^```", r"```\1", text, flags=re.MULTILINE | re.DOTALL)
    return [found.group() for found in re.finditer(r"^(?:#+ |```\w*|\||\d+\. |- )", text, re.MULTILINE)]


def _lines(page: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0] for block in blocks for line in block.splitlines() if line.strip()]


def _anchors(page: Path) -> set[str]:
    """As pages of Markdown are rendered: lower case, blanks as dashes, without signs."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE) if page.suffix == ".md" else []
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_guide_is_forgotten_in_the_map() -> None:
    """Each language's front page links each of its guides."""
    for language in LANGUAGES:
        front = (DOCS / language / "README.md").read_text("utf-8")
        assert [name for name in NAMES if name != "README.md" and f"]({name})" not in front] == []


def test_the_site_has_every_guide_and_nothing_that_is_not_there() -> None:
    shown = re.findall(r"[\w/.-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2])
    assert [path for path in shown if not (DOCS / path).exists()] == []
    deep = [path.name for path in DOCS.glob("*.md") if path.name != "README.md"]
    assert {*GUIDES, *deep} - set(shown) == set()


def test_a_command_that_is_not_there_is_noticed() -> None:
    for wrong in ("parkt list", "parked list --stat failed", "parked retry --cod x"):
        with pytest.raises(Exception, match=r"usage|option"):
            typed(wrong.split())


def test_the_pages_of_the_program_are_as_it_would_write_them() -> None:
    """Messages, metrics, settings and commands, in both languages; `make docs` writes them."""
    checked = subprocess.run(
        [sys.executable, "-m", "docs.pages", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_setting_is_explained_in_chinese_and_no_other() -> None:
    said = yaml.safe_load((DOCS / "settings.zh.yaml").read_text("utf-8"))
    assert {name: set(keys) - {"_"} for name, keys in said.items()} == {
        section.title: {row[0].strip("`") for row in section.rows} for section in settings()
    }
