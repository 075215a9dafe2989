"""The shipped mappings, copied to where a test may edit them."""

import re
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree

from syncd.files import shipped


def copied(to: Path) -> Path:
    """The folder `to` with the shipped mappings; its demo.yaml holds itself what its parts hold, so that a text of it
    can be replaced wherever it stands."""
    folder = copytree(shipped("mappings"), to, dirs_exist_ok=True)
    main = folder / "demo.yaml"
    main.write_text(flat(main), "utf-8")
    return folder


def flat(main: Path) -> str:
    """The text of a mapping with that of its parts, block by block; each part's anchors keep a name of their own."""
    text = main.read_text("utf-8")
    ((listed, names),) = re.findall(r"(?ms)^(parts: \[(.*?)\]\n)", text)
    texts = [text.replace(listed, "")]
    for n, name in enumerate(names.split(",")):
        part = (main.parent / name.strip()).read_text("utf-8")
        for anchor in re.findall(r"&(\w+)", part):
            part = re.sub(rf"(?<=[&*]){anchor}\b", f"{anchor}_{n}", part)
        texts.append(part)
    blocks: dict[str, str] = {}
    for said in texts:
        head, *found = re.split(r"(?m)^(?=\w+:)", said)
        blocks.setdefault("", head)
        for block in found:
            first, rest = block.split("\n", 1)
            blocks[first] = f"{blocks[first]}{rest}" if first in blocks else block
    rules, measures = blocks.pop("rules:"), blocks.pop("reconcile:")
    return "".join([*blocks.values(), rules.rstrip("\n"), "\n\n", measures])


def without_kinds(head: str) -> str:
    """What stands before the rules, without kinds of R&D cost and of movement and the stages of disposals: they name
    rules that may not be kept."""
    head = re.sub(r"(?m)^  (movements|disposals):.*\n(?:    .*\n)+", "", head)
    return re.sub(r"(?m)^    research:\n(?:      .*\n)+", "", head)


def with_shared(kept: Sequence[str], rules: Sequence[str], head: str) -> list[str]:
    """Of the texts of all rules those that are kept, those whose blocks they share and those that they reverse; `head`
    stands before them."""
    found = [*kept]
    while True:
        text = head + "".join(found)
        missing = {*re.findall(r"\*(\w+)", text)} - {*re.findall(r"&(\w+)", text)}
        named = ", ".join(re.findall(r"reverse: \{rules: \[([^\]]+)\]", text)).split(", ")
        more = [
            rule
            for rule in rules
            if rule not in found and (missing & {*re.findall(r"&(\w+)", rule)} or rule.split(":")[0].strip() in named)
        ]
        if not more:
            return [rule for rule in rules if rule in found]
        found += more
