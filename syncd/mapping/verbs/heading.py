"""What a voucher's header says beside type, day and summary: attachments, who prepared it, document and contract."""

from collections.abc import Mapping

from syncd.mapping.expression.terms import nearest
from syncd.mapping.layout.tables import HEADING
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.rule import Fields, Reading


def read_fields(said: Mapping[str, str], reading: Reading, *place: str | int) -> Fields:
    """The fields of a header that every voucher may have, and those that the layout declares."""
    known = (*HEADING, *reading.resolver.voucher_fields)
    found: Fields = {}
    for name, text in said.items():
        if name not in known:
            reading.fault("unknown_voucher_field", *place, name, field=name, nearest=nearest(name, known))
        elif (value := reading.one(text, *place, name, kind=HEADING.get(name))) is not None:
            found = {**found, name: value}
    return found


def fields_source(block: Block, fields: Fields) -> str:
    """The source of their values, once everything that they read is in its variable."""
    block.need(n for e in fields.values() for n in e.names)
    return f"{{{', '.join(f'{name!r}: {e.python()}' for name, e in fields.items())}}}" if fields else "NO_FIELDS"
