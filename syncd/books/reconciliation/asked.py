"""What a reconciliation is asked to compare."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from syncd.change import Table
from syncd.mapping.language.blocks.balances import Balance
from syncd.mapping.language.blocks.by_hand import ByHand
from syncd.mapping.language.blocks.measures import Measures
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import Period


class Asked(NamedTuple):
    """What is reconciled. `zone` is the EAM's clock; `wait` waits until the log is carried as far as it was at a
    moment, on the EAM's clock and on ours, and says whether it is; it must not wait for what nobody carries. `periods`
    are finance's, those whose tables there are."""

    measures: Measures | None
    balances: Sequence[Balance]
    layout: FinanceLayout
    tables: Mapping[str, Table]
    pipeline: str
    zone: str
    wait: Callable[[datetime, datetime], bool]
    periods: Sequence[Period]
    is_partitioned: bool = False
    by_hand: ByHand | None = None
