"""What people did to a row, in words: no form of ours that stands for a value, no name of the record's own."""

import re
from datetime import UTC, datetime

from syncd.cli import wording
from syncd.cli.output import shown
from syncd.cli.pages import LANGUAGES, heading
from syncd.desk.trace import Act, about, told
from syncd.files import shipped
from syncd.language import hint, say
from syncd.mapping.language.load import Mapping, load
from syncd.mapping.layout.tables import HEADING

AT = datetime(2026, 2, 3, tzinfo=UTC)


def act(action: str, **detail: object) -> Act:
    return Act(AT, "li", action, "parked/1201", "read", detail)


def test_an_edit_says_what_was_typed_and_an_approval_whose_role_it_took() -> None:
    typed = {"malformed": "15万", "reason": "not_a_number"}
    edited = act("edit", original_value=[typed, "150000.00"], note=[None, "x"])
    assert told(edited) == "original_value: 15万 → 150000.00, note: NULL → x"
    agreed = act("approve", rule="registration", role="controller", step="registration:finance", instead_of="finance")
    assert told(agreed, "en") == "controller, for finance: registration"
    assert told(agreed, "zh") == "财务主管（代财务）：registration"
    second = act("approve", rule="registration", role="finance", step="registration:finance:2@0123")
    assert told(second, "en") == "finance: registration 2"
    assert told(act("reopen", role="finance"), "en") == "finance"
    assert told(act("reopen", role="finance"), "zh") == "财务"
    assert told(act("retry")) == ""
    assert (about(agreed, "en"), about(agreed, "zh")) == ("parked row 1201", "挂起行 1201")


def test_every_field_that_any_header_may_have_is_called_something_in_both_languages() -> None:
    """A layout's own are called as it calls them."""
    for name in HEADING:
        assert all(say(f"heading_{name}", {}, language) != f"heading_{name}" for language in LANGUAGES), name
    assert heading("batch_no") == "batch_no"


def test_no_page_of_the_shipped_mapping_has_a_name_or_a_word_of_the_program() -> None:
    """Each field of its cards and each state, origin and kind that its rules write is called something."""
    mapping = load(shipped("mappings") / "demo.yaml")
    end = mapping.month_end
    words = wording.of_mapping(mapping, {})
    for language in LANGUAGES:
        bare = [name for name in mapping.layout.card_kinds if words.field(name, [language]) == name]
        assert set(bare) <= {"name", "class", "workshop", "impairment"} if language == "en" else not bare
    texts = "".join(path.read_text("utf-8") for path in (shipped("mappings") / "demo").glob("*.yaml"))
    written: dict[str, set[str]] = {"disposal_kind": set(decision(mapping, "disposal_kind.csv"))}
    for field in ("status", "origin"):
        said = " ".join(re.findall(rf"(?m)^[^#\n]*\b{field}: (&?\w* ?\"'.*|.*CASE .*)$", texts))
        written[field] = set(re.findall(r"(?:THEN|ELSE|\") *'(\w+)'", said))
        assert len(written[field]) > 2
    for field, values in written.items():
        for value in values:
            assert words.value(field, value, LANGUAGES) != value, f"{field} {value}"
    assert words.value(end.fields["method"], "straight_line", LANGUAGES) == "年限平均法 · straight line"
    assert words.heading_value("movement", "sale", ["zh"]) == "出售"
    amounts = [shown(words.value("original_value", held, ["zh"])) for held in ("5000000.01", "0.00", "•••", None)]
    assert amounts == ["5,000,000.01", "0.00", "•••", "–"]
    key = "lifecycle/FA-1|in_use|to_dispose|2026-11-30|||s0000000000000056"
    assert words.stepped("lifecycle", key, LANGUAGES) == "在用 → 待处置 · in use → to dispose"
    assert words.stepped("registration", "registration/FA-1", LANGUAGES) == ""


def decision(mapping: Mapping, file: str) -> list[str]:
    """The kinds that a decision table of the mapping knows."""
    return [line.split(",")[0] for line in (mapping.files[0].parent / "demo" / file).read_text("utf-8").split()[1:]]


def test_a_role_is_called_as_people_call_it() -> None:
    """等待财务审批, not 等待 finance 审批; a role that has no other name stands as it is, and as commands take it."""
    told = {role: say("approval", {"role": role}, "zh") for role in ("finance", "boss", "资产管理员")}
    assert list(told.values()) == ["等待财务审批", "等待 boss 审批", "等待资产管理员审批"]
    steps = say("approval", {"role": "finance", "more": "controller, 总经理"}, "zh")
    assert steps == "等待财务审批，之后由财务主管、总经理审批"
    assert say("approval", {"role": "finance"}, "en") == "it waits for the approval of finance"
    assert "--role 'finance'" in hint("approval", {"role": "finance", "id": 1}, "zh")
