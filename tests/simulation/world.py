"""An EAM that behaves at random but as people do: devices are typed in, mistyped, corrected, improved, depreciated,
scrapped; references arrive late; transactions hold several of these. All of it lands in a `memory.Store`.

Three things people here do not do, because what finance should make of them depends on the moment somebody acts: they
do not change the value of a device that waits for approval, they do not delete a device that something else refers to,
and they do not delete an upgrade while depreciation of the device is computed and not approved."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from connectors.memory import Store, Write
from syncd.change import Malformed

APPROVAL_ABOVE = Decimal(5000)
REFUSED = Decimal("13.13")
"""An amount that finance does not take, whatever syncd thinks of it."""
LATE_DEPARTMENTS = (4, 5)
PERIODS = ("2026-01", "2026-02")

Amount = Decimal | Malformed
Asset = tuple[int, str, str, str, int, Amount, date]
"""id, asset_code, name, status, department_id, original_value, approved_on."""
Upgrade = tuple[int, int, Amount, date]
"""id, asset_id, amount, done_on."""


@dataclass
class World:
    """What the EAM's people know, and their database."""

    chance: Random
    store: Store = field(default_factory=Store)
    assets: dict[int, Asset] = field(default_factory=dict)
    departments: set[int] = field(default_factory=set)
    referred: set[int] = field(default_factory=set)
    upgrades: dict[int, Upgrade] = field(default_factory=dict)
    charged: set[tuple[int, str]] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    withdrawn: list[str] = field(default_factory=list)
    now: datetime = datetime(2026, 2, 3, tzinfo=UTC)
    ids: int = 0

    def begin(self) -> None:
        """What is there before syncd comes: departments, and devices in the old books."""
        writes = [self._department(i) for i in (1, 2, 3)]
        for _ in range(self.chance.randrange(3)):
            writes += self._old_device()
        self.commit(writes)

    def act(self) -> None:
        """One transaction."""
        acts = (
            self._register,
            self._register,
            self._correct,
            self._change,
            self._upgrade,
            self._depreciate,
            self._else,
        )
        writes: list[Write] = []
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            writes += self.chance.choice(acts)()
        if writes:
            self.commit(writes)

    def settle(self) -> None:
        """Late references arrive, depreciation runs are approved."""
        writes = [
            self._department(i) for i in LATE_DEPARTMENTS if i not in self.departments and self.chance.random() < 0.7
        ]
        writes += [self._approve_run(p) for p in PERIODS if p not in self.runs and self.chance.random() < 0.7]
        if writes:
            self.commit(writes)

    def commit(self, writes: list[Write]) -> None:
        self.now += timedelta(seconds=self.chance.randrange(1, 9000))
        self.store.commit(writes, self.now)

    def _department(self, number: int) -> Write:
        self.departments.add(number)
        return Write("dept", None, (number, f"D{number}", "workshop" if number % 2 else "office"))

    def _old_device(self) -> list[Write]:
        self.ids += 1
        asset = (self.ids, f"FA-{self.ids}", "old", "in_use", 1, Decimal("700.00"), date(2025, 12, 1))
        self.referred.add(self.ids)
        return [self._put(None, asset)]

    def _register(self) -> list[Write]:
        chance = self.chance
        self.ids += 1
        code = f"FA-{self.ids}"
        if self.withdrawn and chance.random() < 0.3:
            code = self.withdrawn.pop()
        asset = (
            self.ids,
            code,
            "lathe",
            "draft" if chance.random() < 0.15 else "in_use",
            chance.choice(LATE_DEPARTMENTS) if chance.random() < 0.12 else chance.choice((1, 2, 3)),
            chance.choice((self._mistyped(), Decimal("9000.00"))) if chance.random() < 0.3 else self._amount(),
            chance.choice((date(2026, 1, 20), date(2026, 2, 2), date(2025, 12, 15), date(2026, 1, 31))),
        )
        return [self._put(None, asset)]

    def _correct(self) -> list[Write]:
        """Somebody sees the mistake."""
        wrong = [a for a in self.assets.values() if _is_mistyped(a[5])]
        mistyped = [u for u in self.upgrades.values() if _is_mistyped(u[2])]
        if mistyped and (not wrong or self.chance.random() < 0.5):
            return self._correct_upgrade(self.chance.choice(mistyped))
        if not wrong:
            return []
        was = self.chance.choice(wrong)
        name = "corrected" if self.chance.random() < 0.3 else was[2]
        value: Amount = self._mistyped() if self.chance.random() < 0.2 else self._amount()
        return [self._put(was, (*was[:2], name, *was[3:5], value, was[6]))]

    def _correct_upgrade(self, was: Upgrade) -> list[Write]:
        pending = any((was[1], period) in self.charged and period not in self.runs for period in PERIODS)
        if self.chance.random() < 0.3 and not pending:
            del self.upgrades[was[0]]
            return [Write("upgrade", was, None)]
        better = (*was[:2], self._mistyped() if self.chance.random() < 0.2 else self._amount(), was[3])
        self.upgrades[was[0]] = better
        return [Write("upgrade", was, better)]

    def _change(self) -> list[Write]:
        was = self._any_asset()
        if was is None:
            return []
        match self.chance.randrange(5):
            case 0 if was[3] == "draft":
                return [self._put(was, (*was[:3], "in_use", *was[4:]))]
            case 1 if was[3] == "in_use":
                return [self._put(was, (*was[:2], f"name {self.chance.randrange(100)}", *was[3:]))]
            case 2 if isinstance(was[5], Malformed) or was[5] <= APPROVAL_ABOVE:
                return [self._put(was, (*was[:5], self._amount(), was[6]))]
            case 3 if was[3] == "in_use" and self.chance.random() < 0.5:
                return [self._put(was, (*was[:3], "scrapped", *was[4:6], date(2026, 2, 20)))]
            case 4 if was[0] not in self.referred:
                return self._delete(was)
        return []

    def _delete(self, was: Asset) -> list[Write]:
        del self.assets[was[0]]
        self.withdrawn.append(was[1])
        return [Write("asset", was, None)]

    def _upgrade(self) -> list[Write]:
        asset = self._any_asset("in_use")
        if asset is None:
            return []
        self.ids += 1
        amount: Amount = self._mistyped() if self.chance.random() < 0.2 else self._amount()
        self.referred.add(asset[0])
        self.upgrades[self.ids] = (
            self.ids,
            asset[0],
            amount,
            self.chance.choice((date(2026, 1, 5), date(2025, 12, 30))),
        )
        return [Write("upgrade", None, self.upgrades[self.ids])]

    def _depreciate(self) -> list[Write]:
        asset, period = self._any_asset("in_use"), self.chance.choice(PERIODS)
        if asset is None or (asset[0], period) in self.charged:
            return []
        self.charged.add((asset[0], period))
        self.referred.add(asset[0])
        department = self.chance.choice((1, 2, 3, 3, LATE_DEPARTMENTS[0]))
        amount = Decimal(self.chance.randrange(1, 5000)) / 100
        return [Write("deprec", None, (asset[0], period, department, amount, date.fromisoformat(f"{period}-28")))]

    def _else(self) -> list[Write]:
        """What comes late, and what changes nothing."""
        chance = self.chance.random()
        missing = [i for i in LATE_DEPARTMENTS if i not in self.departments]
        if missing and chance < 0.3:
            return [self._department(self.chance.choice(missing))]
        open_runs = [p for p in PERIODS if p not in self.runs]
        if open_runs and chance < 0.5:
            return [self._approve_run(open_runs[0])]
        asset = self._any_asset()
        if asset is not None and asset[0] not in self.referred and chance < 0.8:
            del self.assets[asset[0]]
            self.ids += 1
            return [self._put(asset, (self.ids, *asset[1:]))]
        if chance > 0.97:
            self.upgrades.clear()
            return [Write("upgrade", None, None)]
        return []

    def _approve_run(self, period: str) -> Write:
        self.runs.add(period)
        return Write("run", None, (period, "approved"))

    def _any_asset(self, status: str = "") -> Asset | None:
        assets = [a for a in self.assets.values() if not status or a[3] == status]
        return self.chance.choice(assets) if assets else None

    def _amount(self) -> Decimal:
        return Decimal(self.chance.randrange(1, 500_000)) / 100

    def _mistyped(self) -> Amount:
        return self.chance.choice((-self._amount(), REFUSED, Malformed("十五万", "malformed_number")))

    def _put(self, was: Asset | None, asset: Asset) -> Write:
        self.assets[asset[0]] = asset
        return Write("asset", was, asset)


def _is_mistyped(amount: Amount) -> bool:
    return isinstance(amount, Malformed) or amount <= 0 or amount == REFUSED
