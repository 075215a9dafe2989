"""An account that rules name and finance does not have: `syncd check` says so, and either side may be put right."""

from datetime import date
from pathlib import Path
from shutil import copytree

from syncd.demo.stage import built
from syncd.files import shipped
from tests.advice import advice, heard
from tests.advice.mappings import edit, silent, told

ROLES = "mappings/demo/accounts.csv"
COMPARED = 'impairment: "1603"}'
PREPAID = "ASBE,prepayments,1123,"


@advice("account_missing")
def test_an_account_that_finance_lacks_is_added_or_not_named_any_more(tmp_path: Path) -> None:
    copytree(shipped("mappings"), tmp_path / "mappings")
    with built(tmp_path, 1, date(2026, 11, 20)) as stage:
        config = tmp_path / "syncd.yaml"
        edit(tmp_path, [("syncd.yaml", "shipped:", "mappings/"), (ROLES, PREPAID, PREPAID.replace("1123", "1129"))])
        ended, output = told("check", "--config", config)
        assert (ended, heard("account_missing", output)["account"]) == (1, "1129")
        stage.finance.execute("INSERT INTO gl_account VALUES ('1129', '预付账款', 'debit', 1)")
        assert silent(told("check", "--config", config))

        stage.finance.execute("DELETE FROM gl_account WHERE code = '1129'")
        assert told("check", "--config", config)[0] == 1
        edit(tmp_path, [(ROLES, PREPAID.replace("1123", "1129"), PREPAID)])
        accepted = told("mapping", "accept", "--config", config, "--actor", "finance", "--reason", "the right account")
        assert silent(accepted)
        assert silent(told("check", "--config", config))

        # what is compared alone is an account, too: with a wrong one nothing would ever be found on it
        edit(tmp_path, [("mappings/demo.yaml", COMPARED, COMPARED.replace("1603", "16O3"))])
        assert told("mapping", "accept", "--config", config, "--actor", "finance", "--reason", "a slip")[0] == 0
        ended, output = told("check", "--config", config)
        found = heard("account_missing", output)
        assert (ended, found["account"], found["rule"]) == (0, "16O3", "reconcile.accounts")
        edit(tmp_path, [("mappings/demo.yaml", COMPARED.replace("1603", "16O3"), COMPARED)])
        assert silent(told("mapping", "accept", "--config", config, "--actor", "finance", "--reason", "corrected"))
        assert silent(told("check", "--config", config))


@advice("account_name", "account_other")
def test_an_account_that_finance_calls_otherwise_is_called_so_or_corrected(tmp_path: Path) -> None:
    copytree(shipped("mappings"), tmp_path / "mappings")
    agreed = ("--actor", "finance", "--reason", "as finance has it")
    with built(tmp_path, 1, date(2026, 11, 20)) as stage:
        config = tmp_path / "syncd.yaml"
        edit(tmp_path, [("syncd.yaml", "shipped:", "mappings/")])
        stage.finance.execute("UPDATE gl_account SET name = '营业外收入' WHERE code = '530101'")
        stage.finance.execute("UPDATE gl_account SET name = '固定资产原值' WHERE code = '1601'")
        accepted = told("mapping", "accept", "--config", config, *agreed)
        assert accepted[0] == 0, accepted
        ended, output = told("check", "--config", config)
        named = heard("account_name", output)
        assert (ended, named["account"], named["finance"]) == (1, "1601", "固定资产原值")
        other = heard("account_other", output)
        assert (other["account"].split()[-1], other["role"], other["other"].split()[0]) == (
            "530101",
            "non_operating_income",
            "ASBE",
        )

        edit(tmp_path, [(ROLES, "ASBE,fixed_assets,1601,固定资产", f"ASBE,fixed_assets,1601,{named['finance']}")])
        edit(tmp_path, [(ROLES, "530101,研发支出—费用化支出", "530102,研发支出—资本化支出")])
        assert silent(told("mapping", "accept", "--config", config, *agreed))
        assert silent(told("check", "--config", config))
