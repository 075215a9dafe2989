"""Every row of the EAM held against what the rules would make of it, in one pass a table."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from syncd.books.quality import codes
from syncd.books.quality.eam import Rows
from syncd.books.quality.findings import REQUIRED, WEIGHTS, Default, Report, Sort, Suggested, grouped
from syncd.books.quality.store import Asset, Found, Store
from syncd.change import Column, Kind, Malformed, Row, Table, Value, key_text
from syncd.desk import masking
from syncd.mapping.expression.parse import Missing, Uncomputable
from syncd.mapping.expression.terms import Name, nearest
from syncd.mapping.language.blocks.screens import DISPOSED, DataQuality, Declared, Opener
from syncd.mapping.program.screen import CODE, Absent, Check, Screen, Screened, compile_screen, reads
from syncd.mapping.verbs.change import Change
from syncd.mapping.verbs.require import Require
from syncd.mapping.verbs.rule import Rule
from syncd.money import decimal, round_half_up
from syncd.record import decode_object, row_encoder
from syncd.spread import Spread, median_of

EARLIEST: Final = date(1950, 1, 1)
VALUE: Final = "value"
_NONE: Final[frozenset[int]] = frozenset()
NEAR_AMONG_MAX: Final = 2_000
"""Keys of a table among which the nearest is looked for."""
LIVES_MAX: Final = 10_000
"""Different lives, and residual rates, of a class that are counted."""


class _Look(NamedTuple):
    """A rule as it looks at its table's rows: what each check is a sort of, and the columns that each reads."""

    rule: Rule
    screen: Screen
    sorts: Sequence[str]
    columns: Sequence[frozenset[int]]
    opener: Opener | None


class _At(NamedTuple):
    """The row that is looked at: as it came, and without what cannot be read of it."""

    table: Table
    key: str
    row: Row
    marked: frozenset[int]
    image: str


class Examination:
    """One run. `today` is that of the books, on whose clock `zone` is."""

    def __init__(
        self,
        quality: DataQuality,
        rules: Sequence[Rule],
        tables: Mapping[str, Table],
        store: Store,
        today: date,
        zone: ZoneInfo,
        hidden: masking.Hidden = MappingProxyType({}),
    ) -> None:
        self._quality, self._tables, self._store, self._hidden = quality, tables, store, hidden
        self._today, self._zone = today, zone
        self._sorts = {name: Sort(name, weight) for name, weight in WEIGHTS.items()}
        self._looks: dict[str, list[_Look]] = {}
        for opener in quality.openers:
            self._looks.setdefault(opener.rule.on.alias, []).append(self._opening(opener))
        for declared in quality.declared:
            self._looks.setdefault(declared.on.alias, []).append(self._declaring(declared))
        for rule in rules:
            if (change := rule.verb(Change)) and DISPOSED in change.fields and change.code is not None:
                facts = {CODE: change.code, DISPOSED: change.fields[DISPOSED]}
                screen = compile_screen(rule, (), facts, quality.functions)
                self._looks.setdefault(rule.on.alias, []).append(_Look(rule, screen, (), (), None))
        self._spreads: dict[str | None, Spread] = {}
        self._lives: dict[str, Counter[Decimal]] = {}
        self._rates: dict[str, Counter[Decimal]] = {}
        self._near: dict[tuple[str, str], str] = {}
        self._of_code: dict[str, frozenset[int]] = {}
        self._learnt = codes.Learnt()
        self._counted: dict[str, int] = {}
        self._assets = 0

    def run(self, rows: Rows) -> Report:
        """Look through every table that a rule looks at."""
        joins = [join for looks in self._looks.values() for look in looks for join in look.rule.joins.values()]
        for alias in dict.fromkeys(join.table.alias for join in joins):
            table = self._tables[alias]
            with rows(table) as found:
                self._store.keep_joined(table, (row for row, _ in found))
        for alias in self._looks:
            self._pass(self._tables[alias], rows)
        self._store.index()
        self._alike()
        self._outliers()
        self._disposed_early()
        return Report(self._counted, self._assets, grouped(self._store, self._sorts), list(self._defaults()))

    def crosswalk(self) -> Iterator[Suggested]:
        """Unified codes for the old ones; after `run`."""
        fits = next((fits for opener in self._quality.openers if (fits := self._fits(opener))), None)
        return codes.suggested(self._store, fits, self._learnt)

    # What is looked for

    def _opening(self, opener: Opener) -> _Look:
        require = opener.rule.verb(Require)
        checks = require.checks if require else ()
        sorts = [Sort(f"{opener.rule.name}.{n}", REQUIRED, c.zh, c.en) for n, c in enumerate(checks, 1)]
        self._sorts |= {sort.name: sort for sort in sorts}
        facts = {CODE: opener.code, **opener.facts} | ({VALUE: opener.value} if opener.value is not None else {})
        asked = [Check(check.check, False) for check in checks]
        screen = compile_screen(opener.rule, asked, facts, self._quality.functions)
        columns = [reads(opener.rule, check.check) for check in checks]
        return _Look(opener.rule, screen, [sort.name for sort in sorts], columns, opener)

    def _declaring(self, declared: Declared) -> _Look:
        self._sorts[declared.name] = Sort(declared.name, declared.weight, declared.zh, declared.en)
        rule = Rule(declared.name, declared.on, None, declared.joins)
        screen = compile_screen(rule, [Check(declared.where, True)], {}, self._quality.functions)
        return _Look(rule, screen, [declared.name], [reads(rule, declared.where)], None)

    # A table's rows

    def _pass(self, table: Table, rows: Rows) -> None:
        looks = self._looks[table.alias]
        opens = any(look.opener for look in looks)
        days = [(i, c) for i, c in enumerate(table.columns) if c.kind in (Kind.DATE, Kind.TIMESTAMP)]
        amounts = [(i, c) for i, c in enumerate(table.columns) if c.is_money]
        look_up, count, encode = self._store.joined, 0, row_encoder(table)
        hides = table.alias in self._hidden
        with rows(table) as found:
            for row, flawed in found:
                count += 1
                image = masking.encoded(table.alias, encode(row), self._hidden) if hides else encode(row)
                at = _At(table, key_text(table, row), row, _NONE, image)
                if flawed:
                    marked = frozenset(i for i, value in enumerate(row) if isinstance(value, Malformed))
                    at = at._replace(marked=marked)
                    row = tuple(None if i in marked else value for i, value in enumerate(row))
                code, applies = "", not opens
                for look in looks:
                    screened = look.screen(row, look_up)
                    if screened is None:
                        continue
                    own = str(screened.facts.get(CODE) or "")
                    if look.opener is not None and CODE in screened.facts:
                        code, applies = own, True
                        self._asset(at, look.opener, screened)
                    elif DISPOSED in screened.facts:
                        self._disposal(at, own, screened.facts[DISPOSED])
                    self._hits(at, look, screened, code or own)
                if applies:
                    self._values(at, row, code, days, amounts)
        self._counted[table.alias] = count

    def _hits(self, at: _At, look: _Look, screened: Screened, code: str) -> None:
        for n in screened.hits:
            if not look.columns[n] & at.marked:
                self._find(look.sorts[n], at, code)
        for absent in screened.absent:
            near = self._nearest(absent)
            self._find("unmatched", at, code, reference=absent.alias, value=absent.key, nearest=near)
        said = {str(error): error for error in screened.failed} if screened.failed and not at.marked else {}
        for error in said.values():
            if isinstance(error, Missing):
                self._find("undecided", at, code, table=error.table, value=error.key)
            elif isinstance(error, Uncomputable):
                self._find("uncomputable", at, code, reason=error.code, **error.params)
            else:
                self._find("uncomputable", at, code, reason="out_of_range", value="", kind="decimal")

    def _asset(self, at: _At, opener: Opener, screened: Screened) -> None:
        """A row that a card would be opened of."""
        self._assets += 1
        facts = screened.facts
        code, class_, department = _text(facts.get(CODE)), _text(facts.get("class")), _text(facts.get("department"))
        value = facts.get(VALUE)
        unread = at.marked
        if not code or not code.strip():
            self._find("no_code", at, "")
        for word, sort in (("class", "no_class"), ("department", "no_department")):
            e = opener.facts.get(word)
            if e is None or facts.get(word) is not None or reads(opener.rule, e) & unread:
                continue
            if not any(absent.alias.lower() in _aliases(e.names) for absent in screened.absent):
                self._find(sort, at, code or "")
        self._life(at, opener, facts, code or "", class_)
        if opener.value is not None and value is None and not reads(opener.rule, opener.value) & unread:
            self._find("no_amount", at, code or "")
        if isinstance(value, Decimal | int) and class_ is not None:
            self._spreads.setdefault(class_, Spread()).add(Decimal(value))
        fits = bool(code) and not self._code_checks(opener).intersection(screened.hits)
        if fits and code:
            self._learnt.add(code, department)
        self._store.keep_asset(
            Asset(
                *(at.table.alias, at.key, code, codes.alike(code) if code else None, fits, department),
                *(_text(facts.get("unified_code")), class_, None if value is None else str(value)),
                *(_text(facts.get("acquired")), at.image),
            )
        )

    def _disposal(self, at: _At, code: str, day: Value) -> None:
        if isinstance(day, date):
            self._store.write(
                "INSERT INTO disposed VALUES (?, ?, ?, ?, ?)",
                (code, f"{day:%Y-%m-%d}", at.table.alias, at.key, at.image),
            )

    def _life(self, at: _At, opener: Opener, facts: Mapping[str, Value], code: str, class_: str | None) -> None:
        life, rate = facts.get("life"), facts.get("residual")
        e = opener.facts.get("life")
        is_known = e is None or (isinstance(life, int | Decimal) and life > 0)
        if e is not None and not is_known and class_ is not None and not reads(opener.rule, e) & at.marked:
            self._find("no_life", at, code)
        for counted, value in ((self._lives, life), (self._rates, rate)):
            if class_ is not None and isinstance(value, int | Decimal) and value >= 0:
                counts = counted.setdefault(class_, Counter())
                if len(counts) < LIVES_MAX and (value > 0 or counted is self._rates):
                    counts[Decimal(value)] += 1

    def _values(
        self, at: _At, row: Row, code: str, days: Sequence[tuple[int, Column]], amounts: Sequence[tuple[int, Column]]
    ) -> None:
        """What may be wrong with a column whatever rules make of it."""
        for i in at.marked:
            mark = at.row[i]
            assert isinstance(mark, Malformed)
            self._find("malformed", at, code, column=at.table.columns[i].name, value=mark.raw[:80], reason=mark.reason)
        for i, column in days:
            day = row[i]
            if day is None:
                continue
            if isinstance(day, datetime):
                day = day.astimezone(self._zone).date()
            assert isinstance(day, date)
            if not EARLIEST <= day <= self._today:
                sort = "early" if day < EARLIEST else "future"
                self._find(sort, at, code, column=column.name, value=day)
        for i, column in amounts:
            amount = row[i]
            if isinstance(amount, Decimal) and amount < 0:
                self._find("negative", at, code, column=column.name, value=amount)

    def _find(self, sort: str, at: _At, code: str, **params: object) -> None:
        if at.table.alias in self._hidden:
            image = decode_object(row_encoder(at.table)(at.row))
            params = masking.found(params, at.table.alias, image, self._hidden)
        self._store.find(Found(sort, at.table.alias, at.key, code, params, at.image))

    # What rows have in common

    def _alike(self) -> None:
        """Codes that several rows have, and codes that differ in nothing but how they were typed."""
        read = "SELECT a.alias, a.key, a.code, a.image, "
        twice = (
            f"{read} t.n FROM asset AS a JOIN (SELECT code, count(*) AS n FROM asset WHERE code <> ''"
            " GROUP BY code HAVING count(*) > 1) AS t ON t.code = a.code ORDER BY a.code, a.n"
        )
        for alias, key, code, image, count in self._store.rows(twice):
            self._store.find(Found("duplicate", alias, key, code, {"count": count}, image))
        nearly = (
            f"{read} (SELECT b.code FROM asset AS b WHERE b.alike = a.alike AND b.code <> a.code LIMIT 1)"
            " FROM asset AS a JOIN (SELECT alike FROM asset WHERE alike <> '' GROUP BY alike"
            " HAVING count(DISTINCT code) > 1) AS t ON t.alike = a.alike ORDER BY a.alike, a.n"
        )
        for alias, key, code, image, other in self._store.rows(nearly):
            self._store.find(Found("alike", alias, key, code, {"other": other}, image))

    def _outliers(self) -> None:
        """Amounts that are far from their class's."""
        kept = "SELECT alias, key, code, class, value, image FROM asset WHERE class IS NOT NULL AND value IS NOT NULL"
        limit = float(self._quality.outlier)
        for alias, key, code, class_, value, image in self._store.rows(kept):
            amount = decimal(value)
            spread = self._spreads.get(class_)
            found = spread.distance(amount) if spread is not None else None
            if found is None or abs(found.deviations) <= limit:
                continue
            params = {"value": amount, "class": class_, "median": found.median, "far": f"{abs(found.deviations):.1f}"}
            if found.places:
                params["meant"] = round_half_up(amount.scaleb(-found.places))
            sort = "tenfold" if found.places else "outlier"
            self._store.find(Found(sort, alias, key, code or "", params, image))

    def _disposed_early(self) -> None:
        """Disposals of a day before the asset was bought."""
        for alias, key, code, day, bought, image in self._store.rows(
            "SELECT d.alias, d.key, d.code, d.day, a.acquired, d.image FROM disposed AS d"
            " JOIN asset AS a ON a.code = d.code AND d.day < a.acquired ORDER BY d.code"
        ):
            self._store.find(Found("disposed_early", alias, key, code, {"value": day, "bought": bought}, image))

    def _defaults(self) -> Iterator[Default]:
        lives: Counter[Decimal] = sum(self._lives.values(), Counter())
        rates: Counter[Decimal] = sum(self._rates.values(), Counter())
        for name in sorted(self._lives.keys() & self._rates.keys()):
            if self._lives[name] and self._rates[name]:
                yield Default(name, int(median_of(self._lives[name])), median_of(self._rates[name]))
        if lives and rates:
            yield Default("*", int(median_of(lives)), median_of(rates))

    def _nearest(self, absent: Absent) -> str:
        """An existing key that the missing one may have been meant to be."""
        known = self._near.get((absent.table, absent.key))
        if known is None:
            keys = self._store.keys(absent.table, NEAR_AMONG_MAX)
            same = next((key for key in keys if codes.alike(key) == codes.alike(absent.key)), "")
            known = same or nearest(absent.key, keys)
            if len(self._near) < NEAR_AMONG_MAX:
                self._near[absent.table, absent.key] = known
        return known

    # Codes that are right

    def _code_checks(self, opener: Opener) -> frozenset[int]:
        """The requirements that look at the asset code alone, by number."""
        found = self._of_code.get(opener.rule.name)
        if found is None:
            require, own = opener.rule.verb(Require), reads(opener.rule, opener.code)
            checks = require.checks if require else ()
            found = frozenset(n for n, c in enumerate(checks) if (read := reads(opener.rule, c.check)) and read <= own)
            self._of_code[opener.rule.name] = found
        return found

    def _fits(self, opener: Opener) -> Callable[[str], bool] | None:
        """Whether a code is right, asked of a row that holds nothing else; None where it is more than a column."""
        name = opener.code.term.detail
        columns = reads(opener.rule, opener.code)
        if not isinstance(name, Name) or len(columns) != 1:
            return None
        (column,) = columns
        require = opener.rule.verb(Require)
        asked = [
            Check(c.check, False)
            for n, c in enumerate(require.checks if require else ())
            if n in self._code_checks(opener)
        ]
        bare = Rule(opener.rule.name, opener.rule.on, None, {}, opener.rule.let)
        screen = compile_screen(bare, asked, {CODE: opener.code}, self._quality.functions)
        width = len(opener.rule.on.columns)

        def fits(code: str) -> bool:
            screened = screen(tuple(code if i == column else None for i in range(width)), lambda alias, key: None)
            return screened is not None and not screened.hits and not screened.failed

        return fits


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _aliases(names: frozenset[str]) -> set[str]:
    """The joins that names read, as they are written in lower case."""
    return {name.partition(".")[0] for name in names if "." in name}
