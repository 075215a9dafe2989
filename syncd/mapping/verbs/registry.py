"""The verbs, in the order in which they speak: what exists already, what refuses, what is made, who keeps it."""

from collections.abc import Sequence
from typing import Final

from syncd.mapping.verbs.approve import Approve
from syncd.mapping.verbs.budget import Budget
from syncd.mapping.verbs.card import Card
from syncd.mapping.verbs.change import Change
from syncd.mapping.verbs.collect import Collect
from syncd.mapping.verbs.edited import Edited
from syncd.mapping.verbs.once import Once
from syncd.mapping.verbs.rename import Rename
from syncd.mapping.verbs.reopen import Reopen
from syncd.mapping.verbs.require import Require
from syncd.mapping.verbs.reverse import Reverse
from syncd.mapping.verbs.rule import Verb
from syncd.mapping.verbs.voucher import Voucher
from syncd.mapping.verbs.write import Write

VERBS: Final[Sequence[type[Verb]]] = (
    Once,
    Reverse,
    Reopen,
    Card,
    Change,
    Rename,
    Require,
    Voucher,
    Write,
    Edited,
    Approve,
    Budget,
    Collect,
)
