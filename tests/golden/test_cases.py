"""Every mapping that has golden cases keeps to them: the shipped ones, the example, and one for each legacy shape."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml

from syncd import workbench
from syncd.demo import company
from syncd.errors import MappingErrors
from syncd.files import shipped
from syncd.mapping.cases.cases import case_files, run_case
from syncd.mapping.language.load import load
from syncd.mapping.verbs.collect import Collect
from syncd.mapping.verbs.reverse import Reverse
from syncd.mapping.verbs.rule import Rule
from syncd.mapping.verbs.voucher import Voucher

SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HERE = Path(__file__).parent
MAPPINGS = [path for root in (shipped("mappings"), HERE) for path in sorted(root.rglob("*.yaml"))]
compiled = cache(load)
CASES = [(mapping, case) for mapping in MAPPINGS for case in case_files(mapping)]


@pytest.mark.parametrize(("mapping", "case"), CASES, ids=[f"{mapping.stem}-{case.stem}" for mapping, case in CASES])
def test_case(mapping: Path, case: Path) -> None:
    result = run_case(compiled(mapping), case, workbench.bench())
    assert not result.difference, f"{result.case}\n{result.difference}"


def test_every_rule_of_the_shipped_mapping_has_a_case() -> None:
    for mapping in shipped("mappings").glob("*.yaml"):
        said = "".join(case.read_text("utf-8") for case in case_files(mapping))
        rules = {rule.name: rule for rule in load(mapping).rules}
        posting = [name for name, rule in rules.items() if rule.verb(Voucher) or _cancels(rules, rule)]
        assert [name for name in posting if f"rule: {name}\n" not in said] == []


def _cancels(rules: Mapping[str, Rule], rule: Rule) -> bool:
    """Whether it cancels vouchers, and not merely a fact that nothing was posted for."""
    said = rule.verb(Reverse)
    return said is not None and (said.voucher is not None or any(rules[name].verb(Voucher) for name in said.rules))


def test_every_role_is_an_account_of_its_standards_chart() -> None:
    """Code and name: what the role table says is what the shipped chart of accounts has, and may be posted to."""
    for standard in ("ASBE", "SBE"):
        chart = {code: name for code, name, _, leaf in company.chart(standard) if leaf}
        roles = load(shipped("mappings", "demo.yaml"), {"standard": standard}).role_table
        assert roles is not None
        assert {account.code: account.name for account in roles.roles.values()}.items() <= chart.items()


def test_no_rule_names_an_account_itself() -> None:
    """Every account comes from the role table, so that another standard changes all of them."""
    for path in sorted(shipped("mappings", "demo").glob("*.yaml")):
        assert re.findall(r"account: \"'\d+'\"", path.read_text("utf-8")) == [], path.name


AUXILIARIES = {
    "1002": {"cash_flow"}, "1122": {"buyer"}, "1123": {"supplier"}, "1221": {"buyer"}, "2202": {"supplier"},
    "1601": {"dept", "class", "asset"}, "1602": {"dept", "class", "asset"}, "1603": {"dept", "class", "asset"},
    "1604": {"project"}, "1605": {"project"}, "1606": {"asset"}, "1901": {"asset"},
}  # fmt: skip
"""What entries to an account name, and whatever is below it; 1481 is cleared as 1606 is."""


def test_every_entry_names_what_its_account_is_told_apart_by() -> None:
    """Whom a receivable or a payable is of, and which asset: in every case of both standards. So each account ties."""
    lacking = [
        (path.stem, voucher["rule"], entry["account"], sorted(wanted - entry.keys()))
        for path in case_files(shipped("mappings", "demo.yaml"))
        for voucher in yaml.load(path.read_text("utf-8"), SAFE)["expect"].get("vouchers", ())
        for entry in voucher["entries"]
        for account, wanted in AUXILIARIES.items()
        if entry["account"].startswith(account) and not wanted <= entry.keys()
    ]
    assert lacking == []


def test_a_case_has_constants_of_its_own(tmp_path: Path) -> None:
    """What it calls one must be one."""
    (tmp_path / "case.yaml").write_text("case: c\nconstants: {standart: SBE}\nchanges: [{truncate: asset}]\n", "utf-8")
    with pytest.raises(MappingErrors) as caught:
        run_case(compiled(shipped("mappings", "demo.yaml")), tmp_path / "case.yaml", workbench.bench())
    (error,) = caught.value.errors
    assert (error.code, error.params["nearest"]) == ("unknown_name", "standard")


def test_every_voucher_says_what_the_papers_of_its_row_tell() -> None:
    """Who posted it, and where the row has them: attachments, document, who prepared and who reviewed."""
    silent = {}
    rules = {rule.name: rule for rule in load(shipped("mappings", "demo.yaml")).rules}
    for rule in rules.values():
        verb = rule.verb(Voucher) or (rule.verb(Reverse) if _cancels(rules, rule) else None)
        told = {"document_no", "attachments", "prepared_by", "reviewed_by"} & {c.name for c in rule.on.columns}
        asked = {name.removesuffix("_no") for name in told} | {"posted_by"}
        if rule.verb(Collect):
            asked = {"posted_by"}  # of many rows
        elif rule.on.alias == "asset" and rule.verb(Reverse):
            asked -= {"attachments"}  # of a row that is gone
        if verb and asked - verb.fields.keys():
            silent[rule.name] = asked - verb.fields.keys()
    assert silent == {}


def test_no_voucher_is_called_a_correction_of_nothing() -> None:
    """One that corrects says what: 订正…号凭证, or the day of the document."""
    texts = [
        rule.verb(Voucher).summary.text  # type: ignore[union-attr]
        for rule in load(shipped("mappings", "demo.yaml")).rules
        if rule.verb(Voucher)
    ]
    assert [text for text in texts if "更正" in text] == []
