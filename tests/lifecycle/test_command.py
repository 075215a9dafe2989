"""`syncd lifecycle` as it is typed: the list, who is at risk, the figures, the report; and invariant 15 for all that
the life cycle advises."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from syncd.books.lifecycle import deadlines
from tests.advice import advice, advised, heard
from tests.advice.command import BY, daemon, fine, refused, syncd
from tests.advice.mappings import silent, told
from tests.depreciation.site import NAME, carry
from tests.lifecycle.shop import LIFECYCLE, write
from tests.lifecycle.site import ShopSite


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ShopSite]:
    made = ShopSite(tmp_path)
    carry(made)  # the snapshot, which tells states and no steps
    yield made
    made.close()


def carried_until_parked(site: ShopSite, rows: int) -> None:
    """Until so many rows are parked and open."""
    carry(site)
    ((count,),) = site.ask("SELECT COUNT(*) FROM syncd.parked WHERE settled_at IS NULL")
    assert count == rows


def closed(site: ShopSite, code: str, began: str, ended: str) -> None:
    """A disposal from its first step to its last."""
    site.move(code, "to_dispose", began)
    for state in ("isolated", "awaiting_approval", "awaiting_writeoff", "scrapped"):
        site.move(code, state, ended)


def test_where_assets_stand_and_how_long_disposals_take(site: ShopSite) -> None:
    """Two closed after 20 and 50 days, one of them by a single transaction, one overdue, told late and so to nobody
    yet, one in time; against 60 days less 40 %."""
    for code, dept in (("FA-1", "IT"), ("FA-2", "SC"), ("FA-3", "IT"), ("FA-4", "SC")):
        site.enter(code, dept)
    closed(site, "FA-1", "2026-01-01", "2026-01-21")
    site.eam.execute("BEGIN")
    closed(site, "FA-2", "2026-01-01", "2026-02-20")
    site.eam.execute("COMMIT")
    site.move("FA-3", "to_dispose", "2026-02-15")
    site.move("FA-4", "to_dispose", "2026-02-27")
    carry(site)
    ended = syncd("lifecycle --as-of 2026-02-28", site.config)
    assert ended.code == 1
    for text in ("FA-3", "FA-4", "to dispose", "2026-02-22", "2026-03-06", "35", "within"):
        assert text in ended.said, ended.said
    only = syncd("lifecycle --overdue --as-of 2026-02-28", site.config)
    assert "FA-3" in only.said
    assert "FA-4" not in only.said
    found = json.loads(syncd("lifecycle --as-of 2026-02-28 --json", site.config).said)
    assert [(row["asset"], row["days"], row["due"], row["days_over"], row["role"]) for row in found["standing"]] == [
        ("FA-3", 13, "2026-02-22", 6, ""), ("FA-4", 1, "2026-03-06", 0, ""),
    ]  # fmt: skip
    assert [(f["department"], f["closed"], f["mean_days"], f["open"], f["overdue"]) for f in found["figures"]] == [
        (None, 2, "35.00", 2, 1), ("IT", 1, "20.00", 1, 1), ("SC", 1, "50.00", 1, 0),
    ]  # fmt: skip
    assert found["target"] == {"before_days": "60", "target_days": "36.00", "is_reached": True}
    assert "待处置" in syncd("--lang zh lifecycle --as-of 2026-02-28", site.config).said
    assert syncd("lifecycle --as-of 2026-02-20", site.config).code == 0


def test_the_daemon_tells_that_a_day_is_over(site: ShopSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock, where nothing comes from the EAM: both steps of the deadline, each once, in a daemon that runs."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(days=30)

    site.enter("FA-1")
    site.move("FA-1", "to_dispose", "2026-02-15")
    carry(site)
    monkeypatch.setattr(deadlines, "datetime", Later)
    monkeypatch.setattr(deadlines, "QUIET_S", 0.0)
    with daemon(site.config, NAME) as worker:
        while len(found := site.ask("SELECT role FROM fa_task WHERE task <> 'collect' ORDER BY role")) < 2:
            assert worker.is_alive()
    assert found == [("asset_manager",), ("director",)]
    assert fine("audit verify", site.config)


def test_assets_at_risk_are_old_and_not_maintained(site: ShopSite) -> None:
    """More than seven years, and two years without: not the day before, not one in disposal."""
    for code, ready_on in (
        ("OLD", "2018-12-31"),
        ("KEPT", "2018-12-31"),
        ("YOUNG", "2019-01-01"),
        ("GOING", "2010-01-01"),
    ):
        site.enter(code, ready_on=ready_on)
    site.eam.execute("INSERT INTO maintenance (code, done_on) VALUES ('OLD', '2023-12-31'), ('KEPT', '2024-01-01')")
    site.move("GOING", "to_dispose", "2026-01-01")
    carry(site)
    ended = syncd("lifecycle --high-risk --as-of 2026-01-01", site.config)
    assert ended.code == 1
    assert re.findall(r"^(OLD|KEPT|YOUNG|GOING)\b", ended.said, re.MULTILINE) == ["OLD"]
    found = json.loads(syncd("lifecycle --high-risk --as-of 2026-01-01 --json", site.config).said)
    assert [(row["asset"], row["maintained"]) for row in found["assets"]] == [("OLD", "2023-12-31")]
    assert "no asset" in fine("lifecycle --high-risk --as-of 2020-01-01", site.config)


def test_the_report_is_one_page_in_both_languages(site: ShopSite, tmp_path: Path) -> None:
    """Complete once the inspection report is there; nothing is loaded from elsewhere, nothing is markup that a name
    holds."""
    site.enter("FA-<b>1")
    site.move("FA-<b>1", "to_dispose", "2026-02-15")
    carry(site)
    page = tmp_path / "report.html"
    ended = syncd(f"lifecycle report 'FA-<b>1' -o {page}", site.config)
    assert ended.code == 1
    assert "it stands at “to dispose”" in ended.said
    for state in ("isolated", "awaiting_approval", "awaiting_writeoff"):
        site.move("FA-<b>1", state, "2026-03-01")
    site.write_off("FA-<b>1", "2026-03-01", None)
    with daemon(site.config, NAME) as worker:
        while not site.ask("SELECT 1 FROM syncd.parked WHERE state = 'approval'"):
            assert worker.is_alive()
        fine(f"approve 1 --role finance {BY}", site.config)
        while not site.ask("SELECT 1 FROM syncd.parked WHERE state = 'posted'"):
            assert worker.is_alive()
        site.move("FA-<b>1", "scrapped", "2026-03-02")
        while not site.ask("SELECT 1 FROM syncd.posting WHERE key LIKE 'lifecycle/%|scrapped|%'"):
            assert worker.is_alive()
        assert "15.00" in fine("lifecycle", site.config), "beside a daemon, too"
    ended = syncd(f"lifecycle report 'FA-<b>1' -o {page}", site.config)
    assert "“disposal” lacks “inspection report”" in ended.said
    site.eam.execute("UPDATE disposal SET inspection_no = 'JD-7'")
    carry(site)
    fine(f"lifecycle report 'FA-<b>1' -o {page}", site.config)
    text = page.read_text("utf-8")
    for part in (
        "资产处置合规报告", "Compliance report", "待处置 · to dispose", "2026-02-22", "逾期 7 天", "JD-7",
        "2026-03 记-1", "24,000.00", "王芳", "仓库管理员", "accountant", "资料齐全", "FA-&lt;b&gt;1",
        "时限 · due", "结束日 · last day", "<th>借方 · debit</th>", "<td>原值 · original value</td>",
        "<td>使用部门 · department</td>", "<td>使用状态 · use</td>", "制单 · prepared by: 王芳",
    ):  # fmt: skip
        assert part in text
    assert "<b>" not in text
    assert "posted by" not in text, "each who is called by what they did"
    assert not re.findall(r"(?:src|href)=|https?://", text)
    assert fine("audit verify", site.config)


BLOCKS = [
    advised(
        "lifecycle_unknown_state",
        "    in_use: [to_dispose]\n",
        "    in_use: [to_dispos]\n",
        "    in_use: [to_dispose]\n",
    ),
    advised(
        "lifecycle_unreached",
        "    awaiting_approval: [awaiting_writeoff, rejected]\n",
        "    awaiting_approval: [awaiting_writeoff]\n",
        "    awaiting_approval: [awaiting_writeoff, rejected]\n",
    ),
    advised(
        "lifecycle_final_deadline", "    awaiting_writeoff: {within: 10 days}\n", "    sold: {within: 10 days}\n", ""
    ),
]


@advice("lifecycle_overdue_key")
def test_what_check_advises_on_the_key_of_passed_deadlines(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = path.read_text("utf-8")
    key = "    key: [code, entry, step]\n"
    assert key in text
    path.write_text(text.replace(key, "    key: code\n"), "utf-8")
    assert heard("lifecycle_overdue_key", told("mapping", "check", path)[1])["names"].startswith("entry, step")
    path.write_text(text, "utf-8")
    assert silent(told("mapping", "check", path))


@pytest.mark.parametrize(("code", "right", "wrong", "mended"), BLOCKS)
def test_what_check_advises_on_states(tmp_path: Path, code: str, right: str, wrong: str, mended: str) -> None:
    assert right in LIFECYCLE
    path = write(tmp_path, LIFECYCLE.replace(right, wrong))
    output = told("mapping", "check", path)[1]
    heard(code, output)
    assert output.count("→") == 1
    assert ("nearest is to_dispose" in output) == (code == "lifecycle_unknown_state")
    text = path.read_text("utf-8")
    path.write_text(text.replace(wrong, mended), "utf-8")
    assert silent(told("mapping", "check", path))


@advice("lifecycle_no_subject")
def test_what_check_advises_on_a_table_without_a_subject(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = path.read_text("utf-8")
    path.write_text(text.replace("    subject: code\n", "", 1), "utf-8")
    heard("lifecycle_no_subject", told("mapping", "check", path)[1])
    path.write_text(text, "utf-8")
    assert silent(told("mapping", "check", path))


@advice("lifecycle_jump")
def test_a_jump_is_set_back_in_the_eam(site: ShopSite) -> None:
    site.enter("FA-1")
    site.move("FA-1", "scrapped", "2026-02-15")
    carried_until_parked(site, 1)
    said = heard("lifecycle_jump", fine("parked show 1", site.config))
    site.move("FA-1", said["from"], "2026-02-15")
    site.move("FA-1", "to_dispose", "2026-02-15")
    carry(site)
    assert site.ask("SELECT state FROM syncd.parked WHERE settled_at IS NULL") == []
    assert "FA-1" in fine("lifecycle --as-of 2026-02-16", site.config)


def learnt(site: ShopSite, right: str, learns: str) -> None:
    """The mapping is taught, accepted, and row 1 tried again."""
    text = site.mapping.read_text("utf-8")
    assert right in text
    site.mapping.write_text(text.replace(right, learns), "utf-8")
    fine(f"mapping accept {BY}", site.config)
    fine(f"parked retry 1 {BY}", site.config)
    carry(site)
    assert site.ask("SELECT state FROM syncd.parked WHERE settled_at IS NULL") == []


@pytest.mark.parametrize("code", [advised("lifecycle_jump", name="lifecycle_jump-learnt")])
def test_a_jump_that_was_right_is_learnt(site: ShopSite, code: str) -> None:
    site.enter("FA-1")
    site.move("FA-1", "sold", "2026-02-15")
    carried_until_parked(site, 1)
    heard(code, fine("parked show 1", site.config))
    learnt(site, "    in_use: [to_dispose]\n", "    in_use: [to_dispose, sold]\n")


@pytest.mark.parametrize("is_right", [False, True])
@pytest.mark.parametrize("code", [advised("lifecycle_state")])
def test_a_state_that_nobody_knows_is_corrected_or_learnt(site: ShopSite, code: str, is_right: bool) -> None:
    site.enter("FA-1")
    site.move("FA-1", "lost", "2026-02-15")
    carried_until_parked(site, 1)
    heard(code, fine("parked show 1", site.config))
    if is_right:
        site.mapping.write_text(
            site.mapping.read_text("utf-8").replace("  transitions:\n", "    lost: 遗失\n  transitions:\n"), "utf-8"
        )
        learnt(site, "    in_use: [to_dispose]\n", "    in_use: [to_dispose, lost]\n")
    else:
        site.move("FA-1", "to_dispose", "2026-02-15")
        carry(site)
        assert site.ask("SELECT state FROM syncd.parked WHERE settled_at IS NULL") == []


@pytest.mark.parametrize(
    ("code", "typed", "part"),
    [
        advised("lifecycle_no_block", "lifecycle", ""),
        advised("lifecycle_no_risk", "lifecycle --high-risk", LIFECYCLE[: LIFECYCLE.index("  high_risk:")]),
    ],
)
def test_what_the_mapping_does_not_say_is_written(tmp_path: Path, code: str, typed: str, part: str) -> None:
    site = ShopSite(tmp_path, part or "\n")
    heard(code, refused(typed, site.config))
    write(tmp_path)
    fine(f"mapping accept {BY}", site.config)
    fine(typed, site.config)
    site.close()


def test_a_block_that_comes_later_learns_from_a_snapshot_who_stands_where(tmp_path: Path) -> None:
    """Assets went through their states before the mapping knew of any; `snapshot --again` tells them, with the day that
    the EAM says, and what finance holds stays as it is."""
    site = ShopSite(tmp_path, "\n")
    carry(site)
    site.enter("FA-1")
    site.enter("FA-2")
    site.move("FA-1", "to_dispose", "2026-02-15")
    carry(site)
    before = site.ask("SELECT * FROM fa_card ORDER BY asset_code")
    write(tmp_path)
    fine(f"mapping accept {BY}", site.config)
    assert "none" in fine("lifecycle", site.config)
    fine(f"snapshot --again --yes {BY}", site.config)
    (row,) = json.loads(syncd("lifecycle --as-of 2026-03-01 --json", site.config).said)["standing"]
    assert (row["asset"], row["since"], row["days_over"]) == ("FA-1", "2026-02-15", 7)
    fine(f"snapshot --again --yes {BY}", site.config)
    assert len(json.loads(syncd("lifecycle --json", site.config).said)["standing"]) == 1
    assert site.ask("SELECT * FROM fa_card ORDER BY asset_code") == before
    site.close()


@advice("lifecycle_day")
def test_a_day_is_written_as_one(site: ShopSite) -> None:
    heard("lifecycle_day", refused("lifecycle --as-of yesterday", site.config))
    fine("lifecycle --as-of 2026-11-30", site.config)


@advice("lifecycle_no_disposal")
def test_an_asset_that_is_in_use_has_no_report(site: ShopSite, tmp_path: Path) -> None:
    site.enter("FA-1")
    carry(site)
    heard("lifecycle_no_disposal", refused(f"lifecycle report FA-1 -o {tmp_path / 'x.html'}", site.config))
    assert "none" in fine("lifecycle", site.config)
    assert "registration" in fine("trace FA-1", site.config)
    assert not (tmp_path / "x.html").exists()
