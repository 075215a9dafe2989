"""A value that is not what its column is declared to be, as a clerk finds it in `syncd parked show`: the EAM is
corrected, or the mapping where the EAM is right, and the row is posted once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd import wiring
from syncd.daemon.supervisor import Worker
from syncd.demo.stage import PIPELINE, Stage
from tests.advice import advised, heard
from tests.advice.command import BY, config_of, daemon, fine
from tests.advice.purchases import AMOUNT, MAPPING, buy, company


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with company(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture(scope="module")
def worker(stage: Stage) -> Iterator[Worker]:
    with _daemon(stage) as running:
        yield running


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("code", "reason", "column", "bad", "good"),
    [
        advised("malformed", "malformed_utf8", "remark", b"\xb3\xb5", "车", name="malformed_utf8"),
        advised("malformed", "malformed_nul", "remark", "a\0b", "ab", name="malformed_nul"),
        advised("malformed", "malformed_empty", "price", " ", "1", name="malformed_empty"),
        advised("malformed", "malformed_number", "price", "十五万", "150000", name="malformed_number"),
        advised("malformed", "malformed_huge", "rate", "1e999", "1", name="malformed_huge"),
        advised("malformed", "malformed_unending", "rate", float("inf"), "1", name="malformed_unending"),
        advised("malformed", "malformed_array", "tags", "{{a},{b}}", "{a,b}", name="malformed_array"),
        advised("malformed_zero_date", "malformed_zero_date", "noted_at", "0000-00-00", "2026-11-04"),
        advised("malformed_boolean", "malformed_boolean", "is_new", "neu", "1"),
        advised("malformed_integer", "malformed_integer", "months", "36.5", "36"),
        advised("malformed_float", "malformed_float", "rate", 0.1 + 0.2, 0.3),
        advised("malformed_places", "malformed_places", "price", "0.125", "0.13"),
        advised("malformed_date", "malformed_date", "bought_on", "20261104", "2026-11-04"),
        advised("malformed_timestamp", "malformed_timestamp", "noted_at", "half past one", "2026-11-04 13:30"),
    ],
)
def test_what_is_corrected_in_the_eam_is_tried_again_by_itself(
    stage: Stage, code: str, reason: str, column: str, bad: object, good: object
) -> None:
    subject = buy(stage, {column: bad})
    _is_told(stage, subject, code, reason)
    stage.eam.execute(f"UPDATE purchase SET {column} = ? WHERE code = ?", (good, subject))
    _is_posted_once(stage, subject)


@pytest.mark.parametrize(
    ("code", "column", "right", "declared", "was", "is_now"),
    [
        advised("malformed_boolean", "is_new", "neu", "is_new: text", "after.is_new", "after.is_new = 'neu'"),
        advised("malformed_integer", "months", "36.5", "months: decimal", "", ""),
        advised("malformed_places", "price", "0.125", "price: decimal", AMOUNT, f"round({AMOUNT}, 2)"),
        advised("malformed_float", "rate", 0.1 + 0.2, "rate: {decimal: 2}", "", ""),
        advised("malformed_zero_date", "sold_on", "0000-00-00", "sold_on: {type: date, zero: null}", "", ""),
        advised("malformed_date", "bought_on", "20261104", "bought_on: {date: '%Y%m%d'}", "", ""),
        advised("malformed_timestamp", "noted_at", "3.11.2026 9.30", "noted_at: {timestamp: '%d.%m.%Y %H.%M'}", "", ""),
    ],
)  # fmt: skip
def test_what_is_right_there_is_declared_as_it_is(
    stage: Stage, worker: Worker, code: str, column: str, right: str, declared: str, was: str, is_now: str
) -> None:
    subject = buy(stage, {column: right})
    _is_told(stage, subject, code, code)
    mapping = stage.directory / "mappings" / "purchases.yaml"
    usual = next(line.strip() for line in MAPPING.splitlines() if line.startswith(f"      {column}:"))
    mapping.write_text(MAPPING.replace(usual, declared).replace(was or usual, is_now or declared), "utf-8")
    try:
        _accept(stage, worker)
        stage.eam.execute("UPDATE purchase SET code = code WHERE code = ?", (subject,))
        _is_posted_once(stage, subject)
    finally:
        mapping.write_text(MAPPING, "utf-8")
        _accept(stage, worker)


def test_a_repair_reads_all_rows_of_a_column_that_is_declared_anew(tmp_path: Path) -> None:
    with company(tmp_path) as stage:
        with _daemon(stage):
            subjects = [buy(stage, {"months": "36.5"}) for _ in range(3)]
            for subject in subjects:
                _is_told(stage, subject, "malformed_integer", "malformed_integer")
        mapping = stage.directory / "mappings" / "purchases.yaml"
        mapping.write_text(MAPPING.replace("months: integer", "months: decimal"), "utf-8")
        fine(f"mapping accept {BY}", config_of(stage))
        fine(f"repair --force --yes {BY}", config_of(stage))
        for subject in subjects:
            _is_posted_once(stage, subject)


@contextmanager
def _daemon(stage: Stage) -> Iterator[Worker]:
    with daemon(config_of(stage), PIPELINE) as worker:
        stage.wait(lambda: stage.rows("SELECT position FROM syncd_pipeline") not in ([], [(None,)]))
        yield worker


def _accept(stage: Stage, worker: Worker) -> None:
    """The mapping as it stands; the daemon takes it up within seconds."""
    fine(f"mapping accept {BY}", config_of(stage))
    accepted = wiring.pipeline(config_of(stage), PIPELINE).mapping.hash
    stage.wait(lambda: accepted.startswith(worker.spec.mapping_hash))


def _is_told(stage: Stage, subject: str, code: str, reason: str) -> None:
    parked = stage.parked(subject)
    assert parked.params["reason"] == reason
    heard(code, fine(f"parked show {parked.id}", config_of(stage)))


def _is_posted_once(stage: Stage, subject: str) -> None:
    assert len(stage.posted("bought", [subject])) == 1
    stage.wait(lambda: not stage.rows("SELECT 1 FROM syncd_parked WHERE subject = ? AND settled_at IS NULL", subject))
