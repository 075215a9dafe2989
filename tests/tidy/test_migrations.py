"""A migration that has landed is frozen: a ledger somewhere has it, and today's version starts on that ledger."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import pytest

from syncd import __version__
from syncd.migrate import BROUGHT_BY, Migration, migrations
from tests.tidy.tree import ROOT

LANDED: Final[Mapping[str, str]] = {
    "0001_state": "fb93adea2b8bc1d1720af40c305a81fb9858113ec332c50b65d1b6c8e6ab4e6a",
    "0002_shape": "63c046d9bcb3c2d137f473a72bf18d7e2709a63b705f929254f7f9274d37f7fe",
    "0003_order": "c1a14bfd6883735e21e30497b50649a3941a7314d1c640c4827a22fd398d5908",
    "0004_recent": "85e55a0f6e5e74e868e0fa063aa7f2651da32376f447185a846837113694d432",
    "0005_folded": "6153f0041cffb7a26db11eef1f853d6f782d07ef490ca86e61f33b26f010b23a",
    "0006_groups": "2558d3f131f5fb40549de3898996d1d392902d51c36e50651bd4ab580c30fd96",
    "0007_renamed": "00bbcf08ff775a918e4893459311a7fa1ef0a24935bf9201a20b9275db828e79",
    "0007_source": "fa86f73fb78e9a262793b3368ab6917c5263cfd8a62efd94188bf7af2a52652a",
    "0008_source": "c092f1523a4c1fd4a26d35a3fc8583ced90218528ce05cde0caa430bbf068524",
    "0009_last_date": "3998be081f4a7364bc59beecdd8de3b7f732bc4a0247968e751cedeb67e57816",
    "0011_audit": "a4f4eb5bbc1b2ea99320ff84ce533c3d256cb7eb34e30bbf3aeead33cb7f5052",
    "0010_depreciation": "5d3239a180ff40fc66af9d8e168c860717d0ee9902313a0abfe4892190b5ed31",
    "0012_reconciled": "3d5854b02cad8b3cca14e82b31d96cbeec28e8590fe24d8f488e434b8241f8f6",
    "0013_closing": "69d01dde58f14dfbe53add7fc814f2a5a51595d65ea7a27475c6bc309a2138a9",
    "0014_lifecycle": "60a0bcc560111bb1eac74b716fe9c641974e3e1ae90cc2144919e4a06feb5185",
    "0015_outbox": "fc8840fd2ea4f9c02d3e665dc4c54b1486e72b20cb9713ee211a4e5e0afeb634",
    "0016_account": "84dae23280d2cd1ed78e4aefbbdae6a472cbd59759f3149211ccb663434fc70b",
    "0017_collected": "d988ddfdab6ff29b694750c27624ec7bf7e89f7f595d2afb0fd6586deed8e8d9",
    "0018_person": "a847a0497621d15a92bee0fc503f033b70a72cbf8c3c138f746567e8710041c1",
    "0019_oidc": "a3858eed3f3071ed05816be05c2e1dd16c628cbe82c2aec00045ea444275ceb0",
    "0020_sample": "f2c699af9fde89d029efbf96210da341a8d1fc7ce2374f0d1f0c25ede7ac8b02",
    "0021_action_target": "1859fb10154c583a7b2a42a4c11932c7240d405f5cf0f635ec25f02ab89fd79f",
}
"""Each file's SHA-256 as it landed. A line is added once, with the file, and never changed."""


@pytest.mark.parametrize("name", LANDED)
def test_invariant_16_a_landed_migration_never_changes(name: str) -> None:
    text = (ROOT / "migrations" / f"{name}.sql").read_bytes()
    assert sha256(text).hexdigest() == LANDED[name], "restore it; what is to change comes as a migration of its own"


def test_invariant_16_every_migration_is_frozen() -> None:
    assert [migration.name for migration in migrations()] == sorted(LANDED)


def test_invariant_16_the_version_moves_with_each_change_of_state() -> None:
    brought = [BROUGHT_BY[migration.name] for migration in migrations()]
    assert brought == sorted(brought, key=_parts), "a migration comes behind those of earlier versions"
    assert max(map(_parts, brought)) <= _parts(__version__)


def test_invariant_16_a_checksum_is_of_what_a_migration_does() -> None:
    """A comment that was mended, or a line that was broken, is no other migration; another column is."""
    (first, *_) = migrations()
    mended = Migration(first.name, first.text.replace("-- 1 once the group was released", "-- is due"))
    assert mended.text != first.text
    assert mended.checksum == first.checksum
    assert first._replace(text=first.text.replace(",\n", ",\n\n  ")).checksum == first.checksum
    assert first._replace(text=first.text.replace("BIGINT", "INTEGER", 1)).checksum != first.checksum


def test_invariant_16_what_earlier_versions_kept_as_checksum_is_known() -> None:
    """They kept one of the whole text: of the landed one, and of one before it that differed in a comment."""
    (first, *_) = migrations()
    earlier = first.text.replace("posting | standby | retrying", "posting | standby")
    assert earlier != first.text
    for text in (first.text, earlier):
        assert first.is_the_one(sha256(text.encode()).hexdigest())
    assert not first.is_the_one(sha256(b"another").hexdigest())


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
