"""A document and its lines, in the mapping's file."""

from syncd.init.files.render import Text, identifier, many, scalar
from syncd.init.source.eam import Lines, declared
from syncd.init.source.meaning import Meaning

ALIAS = "document"


def tables(text: Text, meaning: Meaning) -> None:
    """The table of lines."""
    lines = _lines(meaning)
    table = lines.table
    key = table.key or (*lines.of, *(table.unique[0] if table.unique else ()))
    text.add(f"  {identifier(table.name)}:")
    text.add(f"    table: {scalar(table.name)}", lines.guess, "lines")
    text.add(f"    key: {many(key)}")
    text.add("    columns:")
    reads = {column.name for column in lines.reads}
    for name in dict.fromkeys((*key, *lines.of, *reads)):
        kind = declared(table.by_name[name], "amount" if name in reads and len(reads) == 1 else "")
        text.add(f"      {scalar(name)}: {kind.value}", kind)


def block(text: Text, meaning: Meaning) -> None:
    """What holds header and lines together."""
    lines = _lines(meaning)
    text.add("")
    text.add("documents:")
    text.add(f"  {ALIAS}:")
    text.add(f"    header: {meaning.alias}")
    text.add(f"    lines: {{item: {{table: {identifier(lines.table.name)}, of: {many(lines.of)}}}}}")


def _lines(meaning: Meaning) -> Lines:
    assert meaning.assets.lines is not None, "asked of documents only"
    return meaning.assets.lines
