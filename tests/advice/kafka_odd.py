"""Messages that nobody understands among others, and what is done about them."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.acceptance.envelopes import envelope, key
from tests.advice.kafka_books import BY, Books, until


class Mended(NamedTuple):
    """What `syncd check` finds before, and once who writes the messages was put right."""

    found: str
    found_after: str


def put_right(books: Books, odd: Mapping[str, Callable[[int], bytes | None]]) -> Mended:
    """A topic for each odd message, in which an asset is bought and then changed by that. The connector is put right
    and takes a new snapshot, the books are repaired, and what still stands there is given up."""
    topics = {number: books.kafka.create_topic() for number in range(1, len(odd) + 1)}
    books.setting(topics=[*topics.values()])
    for (number, topic), message in zip(topics.items(), odd.values(), strict=True):
        books.say(number, None, 100, topic=topic)
        books.send(message(number), own=key(code=f"FA-{number}"), topic=topic)
    found = books.check()
    with books.running():
        until("all are parked", lambda: len(books.parked()) == len(odd) and len(books.values()) == len(odd))
    books.number += 1000
    for number, topic in topics.items():
        mark = "first" if number == 1 else "last" if number == len(odd) else "true"
        books.snapshot({number: 120}, (mark, mark), again=False, topic=topic)
    books.repair()
    for parked, *_ in books.parked():
        shown = books.syncd("parked", "show", str(parked))
        (step,) = re.findall("`syncd (parked discard [0-9]+) --actor NAME --reason TEXT`", shown)
        books.syncd(*step.split(), *BY)
    for number, topic in topics.items():
        books.say(number, 120, 130, topic=topic)
        books.send(*[envelope("note", n, None, {"id": n}) for n in range(2000, 2000 + 200 // len(odd))], topic=topic)
    books.carries({f"FA-{number}": 130 for number in topics})
    return Mended(found, books.check())
