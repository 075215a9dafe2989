"""Heads of the hash chains sent outside: by webhook, by mail, to a chat group. Who keeps the message has an anchor.

The text holds each head as a line of JSON, as an anchor's file does, so that `syncd audit verify --anchor` reads it
back.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Final

from syncd import decided
from syncd.audit import Anchored
from syncd.decided import Decided
from syncd.language import Language, say
from syncd.ports import Anchor, Ledger

WEBHOOK: Final = "audit.webhook"
"""The target that is the configuration's own webhook."""
_LAST: Final = (
    "SELECT d.pipeline, d.body FROM syncd.delivery d WHERE d.kind = 'anchor' AND d.seq = (SELECT max(e.seq)"
    " FROM syncd.delivery e WHERE e.pipeline = d.pipeline AND e.kind = 'anchor')"
)


class Outgoing:
    """A `ports.Anchor` that puts heads into the outbox, for targets by name, beside another one that keeps them where
    there is any. What it reads are that one's; without it, those that were sent last, which say no more than that."""

    def __init__(
        self, open_ledger: Callable[[], Ledger], targets: Sequence[str], language: Language, beside: Anchor | None
    ) -> None:
        self._open_ledger, self._targets, self._language, self._beside = open_ledger, targets, language, beside

    def append(self, heads: Sequence[Anchored]) -> None:
        if self._beside is not None:
            self._beside.append(heads)
        if not heads:
            return
        pipeline, at = heads[0].pipeline, heads[0].at
        reached = "-".join(str(one.seq) for one in heads)
        body = self._body(heads)
        made = [Decided(f"anchor/{reached}/{name}", "anchor", name, "heads", body) for name in self._targets]
        with closing(self._open_ledger()) as ledger, ledger.desk() as desk:
            decided.keep(desk, pipeline, made, at)

    def read(self) -> Iterator[Anchored]:
        if self._beside is not None:
            yield from self._beside.read()
            return
        with closing(self._open_ledger()) as ledger:
            for _, body in ledger.query(_LAST):
                yield from (Anchored(**head) for head in json.loads(str(body))["heads"])

    def _body(self, heads: Sequence[Anchored]) -> dict[str, object]:
        lines = "\n".join(json.dumps(one._asdict(), ensure_ascii=False) for one in heads)
        title = say("anchor_title", {"pipeline": heads[0].pipeline}, self._language)
        text = f"{say('anchor_text', {}, self._language)}\n\n{lines}\n"
        return {"level": "info", "title": title, "text": text, "heads": [one._asdict() for one in heads]}
