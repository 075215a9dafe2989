"""Wrong usage is told in the reader's language, with exit code 2, and to a program as JSON."""

import json
import os
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest

from syncd import language
from syncd.cli import main
from syncd.cli.codes import WRONG

SLIPS = [
    ("stauts", "没有命令 stauts", "是否应为 status？"),
    ("parked sho 1", "没有命令 sho", "syncd parked --help"),
    ("status --pipelin x", "没有选项 --pipelin", "是否应为 --pipeline？"),
    ("status --nothing", "没有选项 --nothing", "全部选项见 `syncd status --help`"),
    ("status --pipeline", "选项 --pipeline 须带值", ""),
    ("status --json=3", "选项 --json 不带值", ""),
    ("parked show", "缺少 NUMBER", "syncd parked show --help"),
    ("parked edit 1 --reason x", "缺少 --set", ""),
    ("parked show x", "NUMBER 须为整数，x 不是整数", ""),
    ("parked show 1 2", "参数过多：2", ""),
    ("parked list --limit 0", "--limit 不能是 0", "最小为 1"),
    ("parked list --limit 9999999", "--limit 不能是 9999999", "最大为"),
    ("parked list --state foo", "--state 不能是 foo", "可选值：failed, behind"),
    ("mapping schema foo", "KIND 不能是 foo", "可选值：mapping, part, layout"),
    ("run --log x", "--log 不能是 x", "可选值：console, json"),
    ("--lang fr status", "--lang 不能是 fr", "可选值：en, zh"),
]


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import_module("syncd.cli.app")  # what help says is settled when it is imported, for the tests to come too
    monkeypatch.setenv("SYNCD_LANG", "zh")
    monkeypatch.setenv("COLUMNS", "200")
    yield
    language.choose(None)


@pytest.mark.parametrize(("typed", "said", "advice"), SLIPS)
def test_wrong_usage_is_told_in_chinese(
    typed: str, said: str, advice: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _syncd(typed, monkeypatch) == WRONG
    told = capsys.readouterr().err
    assert said in told
    assert advice in told
    english = [word for word in ("Invalid", "Missing", "No such", "Input", "Usage", "Error") if word in told]
    assert not english, told


def test_wrong_usage_is_json_for_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _syncd("parked show --json", monkeypatch) == WRONG
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["params"]["name"]) == ("usage_missing", "NUMBER")


def test_a_file_that_this_user_may_not_read_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Root reads everything, so nobody is asked."""
    with monkeypatch.context() as refused:
        refused.setattr(os, "access", lambda *_, **__: False)
        assert _syncd(f"status --config {__file__}", monkeypatch) == WRONG
    assert f"{__file__}: 文件无法读取：Permission denied" in capsys.readouterr().err


def test_a_group_alone_shows_what_it_holds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _syncd("parked", monkeypatch) == WRONG
    assert "retry" in capsys.readouterr().out


def _syncd(typed: str, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "argv", ["syncd", *typed.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code
