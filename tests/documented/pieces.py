"""The examples of docs/mapping.md as they stand there, and what they leave out: `…`, and columns that they take for
granted."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from tests.tidy.tree import ROOT

PAGE: Final = ROOT / "docs" / "mapping.md"


@cache
def pieces() -> Mapping[str, str]:
    """Each block of YAML by its first word that tells it from the others."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    found: dict[str, str] = {}
    for block in blocks:
        name = _name(block)
        assert name not in found, f"two examples begin with {name}"
        found[name] = block
    return found


def _name(block: str) -> str:
    """Its first key, `reconcile`; with the second where several begin so: `tables device`, `rules registration`."""
    keys = re.findall(r"([A-Za-z_]+):", block)
    return " ".join(keys[:2]) if keys[0] in ("tables", "periods", "rules") else str(keys[0])


def filled(name: str, *missing: tuple[str, str]) -> str:
    """A piece with what it leaves out: each text once, and what stands there."""
    text = pieces()[name]
    for left_out, said in missing:
        assert text.count(left_out) == 1, f"{name}: {left_out}"
        text = text.replace(left_out, said)
    return text
