"""An account carries the same auxiliaries in every voucher that the shipped mapping makes, over all its cases; where a
rule has others, it stands here with why. A workshop is carried where the department has one, a project where there is
one."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

import yaml

CASES: Final = Path(__file__).parents[2] / "mappings/demo.cases"
NO_AUXILIARY: Final = frozenset({"account", "debit", "credit", "summary", "project", "workshop"})
AS_POSTED: Final = frozenset({"by_hand_cancelled"})
"""What cancels a voucher by hand carries what that has."""

PAID: Final = "who was paid, where the document names a supplier"
NOBODY: Final = "what was found or given to the company is no department's earning"
OTHERS: Final[dict[str, dict[str, str]]] = {
    "1002": dict.fromkeys(("repair", "repair_taken_back", "disposal_cost"), PAID),
    "1604": {"monthly_depreciation": "the department whose asset is used for the construction"},
    "2211": dict.fromkeys(("project_cost", "project_cost_taken_back"), "wages owed, not a department's benefits"),
    "2401": {"grant_received": "no asset yet", "grant_assigned": "from no asset", "grant_offset": "the grant's"},
    "5301": {"registration": NOBODY, "surplus_to_income": NOBODY},
    "6117": {"disposal_vat_relief": "a relief of the company's tax"},
    "6301": {"registration": NOBODY},
    "6901": dict.fromkeys(("registration", "registration_taken_back", "surplus_to_equity"), NOBODY),
}  # fmt: skip


def carried() -> dict[tuple[str, str], dict[frozenset[str], Counter[str]]]:
    """By standard and account, by auxiliaries, the rules."""
    found: dict[tuple[str, str], dict[frozenset[str], Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for path in sorted(CASES.glob("*.yaml")):
        case: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        has_workshop = {d["code"] for d in case.get("given", {}).get("dept", []) if d.get("workshop")}
        for voucher in case["expect"].get("vouchers") or []:
            for entry in voucher["entries"]:
                names = {name for name, value in entry.items() if value is not None}
                standard, account = "SBE" if path.name.startswith("sbe_") else "ASBE", str(entry["account"])
                found[standard, account][frozenset(names - NO_AUXILIARY)][voucher["rule"]] += 1
                if entry.get("dept") in has_workshop:
                    found[f"{standard}, workshop of", account][frozenset(names & {"workshop"})][voucher["rule"]] += 1
    return found


def test_an_account_carries_the_same_auxiliaries_in_every_rule() -> None:
    """What most entries of it carry is what all do, but for those that are listed; and what is listed is so."""
    wrong, used = [], set()
    for (standard, account), kinds in carried().items():
        listed = OTHERS.get(account, {})
        plain = {kind: sum(n for rule, n in rules.items() if rule not in listed) for kind, rules in kinds.items()}
        usual = max(plain, key=lambda kind: plain[kind])
        for kind, rules in kinds.items():
            for rule in rules if kind != usual else ():
                used.add((account, rule))
                if rule not in listed and rule not in AS_POSTED:
                    wrong.append(f"{standard} {account} in {rule}: {sorted(kind)}, elsewhere {sorted(usual)}")
    assert wrong == []
    assert {(account, rule) for account, rules in OTHERS.items() for rule in rules} <= used
