"""A mapping at work on one case."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from syncd import journal, migrate
from syncd.change import Change, ChangeSet, Kind, Op, Position, Row, Table, Value, key_text
from syncd.dialects import SPELLINGS
from syncd.errors import MappingError, MappingErrors
from syncd.language import say
from syncd.mapping.cases.bench import PIPELINE, Bench
from syncd.mapping.cases.books import CaseLedger
from syncd.mapping.cases.finance import CaseLayout, Unlearnt, months
from syncd.mapping.cases.model import CaseFile, RowChange, Step
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.source import Document, Trail
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.layout.fields import exact
from syncd.mapping.program.documents import documents_of
from syncd.mapping.program.transactions import Span
from syncd.mapping.program.translator import Translator
from syncd.mapping.verbs.write import Write
from syncd.ports import Book, Ledger, Numbered, Period
from syncd.posting import Batch, CardWrite, Images, Posting
from syncd.record import decode_cards, decode_rows, decode_voucher, has_marks, plain

FIRST_DAY: Final = date(2026, 1, 1)
TURNS_MAX: Final = 1_000
"""Of one step, until nothing moves."""
_POSTINGS: Final = "SELECT rule, key, voucher, reverses, content FROM syncd.posting WHERE pipeline = ? ORDER BY seq"
_PARKED: Final = (
    "SELECT subject, state, rule, code, params FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL ORDER BY id"
)

_ANSWERS: Final = "SELECT subject, body FROM syncd.delivery WHERE pipeline = ? AND kind = 'answer' ORDER BY seq"


class _Happened:
    """What has happened in the EAM and is not carried yet. Implements `bench.Feed`."""

    def __init__(self) -> None:
        self.sets: list[ChangeSet] = []

    def take(self) -> Sequence[ChangeSet]:
        return self.sets

    def ack(self, position: Position) -> None:
        self.sets = []

    def resume(self, checkpoint: Position | None) -> None:
        """As a source that starts anew: what the ledger holds is not said again."""
        self.sets = [s for s in self.sets if checkpoint is None or s.position > checkpoint]


class Play:
    """One case. `trail` is the place in its file that is being played."""

    def __init__(self, mapping: Loaded, document: Document, file: CaseFile, bench: Bench) -> None:
        self.trail: Trail = ()
        self._mapping, self._document, self._file, self._bench = mapping, document, file, bench
        self._happened = _Happened()
        self._eam: dict[str, dict[str, Row]] = {alias: {} for alias in mapping.tables}
        self._at = datetime.combine(FIRST_DAY, time(8), mapping.zone)
        self._finance = CaseLayout(mapping.layout, _written_beside(mapping), self._lookups(), self._periods())
        self.ledger: Ledger = bench.open(self._finance, mapping.tables, mapping.hash, mapping.answers)
        self._books = CaseLedger(self.ledger, self._finance)
        self._ledger = cast(Ledger, self._books)
        self._posted_cards: dict[str, dict[str, None]] = {}

    def begin(self) -> None:
        """What is there before anything happens."""
        migrate.migrate(self.ledger, self._at)
        self._finance.make(self.ledger)
        self.ledger.acquire()
        images: dict[str, dict[str, Row | None]] = {}
        for alias, rows in self._file.given.items():
            for i, raw in enumerate(rows):
                self.trail = ("given", alias, i)
                row = self._row(alias, raw)
                images.setdefault(alias, {})[self._keep(alias, row)] = row
        with self.ledger.begin() as book:
            book.write(Batch([], {**images, **self._documents(images, book)}, frozenset(), None))
        cards = [self._card(code, fields) for code, fields in self._file.cards.items()]
        change = Change("", "read", None, None, Position(""), self._at)
        self._finance.put(self.ledger, cards, Numbered(Posting("", "", "", change), 0))

    def _documents(self, images: Images, book: Book) -> Images:
        """The documents that given rows make."""
        rows = [(alias, row) for alias, given in images.items() for row in given.values()]
        reads = [Change(alias, "read", None, row, Position(""), self._at) for alias, row in rows]
        found: dict[str, dict[str, Row | None]] = {}
        for told in documents_of(self._mapping.program.plan.documents, reads, [Span(0, len(reads), True)], book):
            for one in told:
                found.setdefault(one.alias, {})[one.key] = one.image
        return found

    def step(self, n: int, step: Step) -> None:
        """One thing happens, and all that follows from it."""
        verb, target = step.what()
        self.trail = ("changes", n)
        at = self._at + timedelta(minutes=n) if step.at is None else self._moment(step.at)
        if verb in ("insert", "update", "delete", "read", "truncate"):
            change = self._change(cast(Op, verb), target, step.row, Position(f"{n + 1:06}"), at)
            self._happened.sets = [ChangeSet([change], change.position, change.committed_at)]
        elif step.transaction:
            changes = [self._part(n, i, one, at) for i, one in enumerate(step.transaction)]
            self._happened.sets = [ChangeSet(changes, changes[-1].position, changes[-1].committed_at)]
        elif verb == "collect":
            known = [rule.name for rule in self._mapping.rules if any(verb.keeps_rows for verb in rule.verbs)]
            if target not in known:
                raise self._fault("case_no_rule", rule=target, nearest=nearest(target, known))
            self._bench.fall_due(self.ledger, target)
        elif verb == "day":
            day = self._moment(target).date()
            self._until_rest(lambda translator: self._bench.begin_day(self._ledger, translator, self._mapping, day))
        elif verb:
            asked = {"approve": self._bench.approve, "reject": self._bench.reject, "retry": self._bench.retry}[verb]
            if not asked(self.ledger, target):
                raise self._fault("case_nothing_parked", subject=target)
        else:
            raise self._fault("case_no_verb")
        self._carry()

    def outcome(self) -> dict[str, Any]:
        """What finance holds in the end, and what is parked."""
        posted = self.ledger.query(_POSTINGS, (PIPELINE,))
        refs = {str(key): str(ref) for _, key, ref, _, _ in posted}
        contents = [str(content) for *_, content in posted]
        found: dict[str, Any] = {
            "cards": self._cards(contents),
            "vouchers": [
                self._voucher(str(rule), str(ref), refs.get(str(reverses), ""), str(content))
                for rule, _, ref, reverses, content in posted
                if ref
            ],
            "rows": [row for content in contents for row in self._rows(content)],
            "parked": [self._parked(*map(str, row)) for row in self.ledger.query(_PARKED, (PIPELINE,))],
            "answers": self._answers() if self._file.answers else [],
            "finance": self._physical() if self._file.physical else {},
        }
        return {name: block for name, block in found.items() if block}

    def end(self) -> None:
        """Nothing more is asked."""
        self.ledger.close()

    def _carry(self) -> None:
        self._until_rest(lambda translator: self._bench.turn(self._happened, translator, self._ledger, self._mapping))

    def _until_rest(self, move: Callable[[Translator], bool]) -> None:
        """Turn after turn until nothing moves; where finance has to learn a code first, the same turn again."""
        translator = self._mapping.translator(PIPELINE)
        for _ in range(TURNS_MAX):
            try:
                if not move(translator):
                    return
            except Unlearnt:
                self._finance.learn(self.ledger, self._books.unlearnt())
                self._happened.resume(self._ledger.checkpoint())
                translator = self._mapping.translator(PIPELINE)
        raise AssertionError(f"{TURNS_MAX} turns of a case and no rest")

    def _part(self, n: int, i: int, one: RowChange, at: datetime) -> Change:
        """One change of a transaction."""
        self.trail = ("changes", n, "transaction", i)
        verb, target = one.what()
        if not verb:
            raise self._fault("case_no_verb")
        return self._change(cast(Op, verb), target, one.row, Position(f"{n + 1:06}.{i + 1:04}"), at)

    # What the file says

    def _lookups(self) -> dict[str, dict[str, Value]]:
        known = list(self._mapping.layout.lookups)
        for name in self._file.lookups:
            if name not in known:
                self.trail = ("lookups", name)
                raise self._fault("unknown_lookup_name", lookup=name, nearest=nearest(name, known))
        return {name: dict(codes) for name, codes in self._file.lookups.items()}

    def _periods(self) -> list[Period]:
        closed = set(self._file.closed)
        found = months(closed)
        if self._file.periods:
            found = []
            for i, row in enumerate(self._file.periods):
                self.trail = ("periods", i)
                first, last = self._moment(row.first).date(), self._moment(row.last).date()
                found.append(Period(row.code, first, last, row.code not in closed))
        codes = [period.code for period in found]
        for i, code in enumerate(self._file.closed):
            if code not in codes:
                self.trail = ("closed", i)
                raise self._fault("case_no_period", period=code, nearest=nearest(code, codes))
        return found

    def _card(self, code: str, raw: Mapping[str, Any]) -> CardWrite:
        kinds = self._mapping.layout.card_kinds
        fields: dict[str, Value] = {}
        for name, value in raw.items():
            self.trail = ("cards", code, name)
            if name not in kinds:
                raise self._fault("unknown_field", field=name, nearest=nearest(name, list(kinds)))
            try:
                fields[name] = exact(kinds[name], value, self._mapping.file.timezone)
            except (ValueError, InvalidOperation):
                raise self._fault("case_value", name=name, value=value, kind=kinds[name]) from None
        self._posted_cards[code] = dict.fromkeys(fields)
        return CardWrite(code, "open", fields)

    def _change(self, op: Op, alias: str, raw: Mapping[str, Any], position: Position, at: datetime) -> Change:
        table = self._table(alias)
        if op == "truncate":
            self._eam[alias].clear()
            return Change(table.alias, op, None, None, position, at.astimezone(UTC))
        row = self._row(alias, raw)
        before: Row | None = None
        if op in ("update", "delete"):
            before = self._eam[alias].get(key_text(table, row))
            if before is None:
                raise self._fault("case_no_row", table=alias)
            given = {name.lower() for name in raw}
            row = tuple(
                new if c.name.lower() in given else old for c, new, old in zip(table.columns, row, before, strict=True)
            )
        after = None if op == "delete" else row
        if after is None:
            del self._eam[alias][key_text(table, row)]
        else:
            self._keep(alias, after)
        marked = has_marks(before) or has_marks(after)
        return Change(alias, op, before, after, position, at.astimezone(UTC), marked)

    def _keep(self, alias: str, row: Row) -> str:
        """The row as the EAM has it now; its key."""
        key = key_text(self._mapping.tables[alias], row)
        self._eam[alias][key] = row
        return key

    def _table(self, alias: str) -> Table:
        if alias not in self._mapping.tables:
            raise self._fault("unknown_table", table=alias, nearest=nearest(alias, self._mapping.tables))
        return self._mapping.tables[alias]

    def _row(self, alias: str, raw: Mapping[str, Any]) -> Row:
        table = self._table(alias)
        names = [c.name for c in table.columns]
        for name in raw:
            if name not in names:
                raise self._fault("unknown_column", table=alias, column=name, nearest=nearest(name, names))
        return self._bench.convert(table)([raw.get(name) for name in names])[0]

    def _moment(self, text: str) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise self._fault("case_value", name="at", value=text, kind=Kind.TIMESTAMP) from None
        return at if at.tzinfo else at.replace(tzinfo=self._mapping.zone)

    def _fault(self, code: str, **params: object) -> MappingErrors:
        where = self._document.where(self.trail)
        return MappingErrors([MappingError(code, where, case=self._file.case, **params)])

    # What came of it

    def _cards(self, contents: Sequence[str]) -> dict[str, Any]:
        """Of each card the fields that were ever given, as finance holds them."""
        given = {code: dict(fields) for code, fields in self._posted_cards.items()}
        for content in contents:
            for code, verb, fields in decode_cards(content):
                if verb == "rename":
                    given[str(fields["asset_code"])] = given.pop(code, {})
                else:
                    given.setdefault(code, {}).update(dict.fromkeys(fields))
        with self.ledger.begin() as book:
            held = book.cards(sorted(given))
        return {code: _shown({f: held[code].get(f) for f in given[code]}) for code in sorted(held)}

    def _voucher(self, rule: str, ref: str, reverses: str, content: str) -> dict[str, Any]:
        voucher = decode_voucher(content)
        assert voucher is not None
        kinds = self._mapping.layout.dims
        found: dict[str, Any] = {"voucher": ref, "rule": rule} | ({"reverses": reverses} if reverses else {})
        found["date"] = voucher.date.isoformat()
        if voucher.event_date != voucher.date:
            found["event_date"] = voucher.event_date.isoformat()
        found["summary"] = voucher.summary
        said = {n: v for n, v in voucher.fields.items() if v is not None}
        if said:
            fields = self._mapping.layout.fields
            found["fields"] = _shown({n: journal.exact(fields.get(n, Kind.TEXT), v) for n, v in said.items()})
        found["entries"] = [
            {"account": e.account}
            | ({"debit": e.debit} if e.debit else {"credit": e.credit})
            | _shown({n: journal.exact(kinds.get(n, Kind.TEXT), v) for n, v in e.dims.items() if v is not None})
            | ({"summary": e.summary} if e.summary != voucher.summary else {})
            for e in voucher.entries
        ]
        return found

    def _rows(self, content: str) -> list[dict[str, Any]]:
        kinds = self._mapping.layout.others
        return [
            {"table": table, **_shown({n: journal.exact(kinds[table][n], v) for n, v in values.items()})}
            for table, _, values in decode_rows(content)
        ]

    def _parked(self, subject: str, state: str, rule: str, code: str, params: str) -> dict[str, Any]:
        return {"subject": subject, "state": state, "rule": rule, "says": say(code, json.loads(params), "zh")}

    def _answers(self) -> list[dict[str, Any]]:
        """What the EAM is told, in order, with the columns that the statement takes; when it is told is left out."""
        found = []
        for subject, text in self.ledger.query(_ANSWERS, (PIPELINE,)):
            body = json.loads(str(text))
            said = {word: body[word] for word in ("state", "voucher", "reason", "by") if body[word]}
            found.append({"row": str(subject), **said, "columns": body["row"]})
        return found

    def _physical(self) -> dict[str, Any]:
        """The rows of finance's tables, as the database holds them."""
        spelling = SPELLINGS[self.ledger.dialect]
        kinds = self._mapping.layout.writes(self._periods())
        found: dict[str, Any] = {}
        for table, columns in self._finance.columns.items():
            listed = ", ".join(f"t.{spelling.quoted(c)}" for c in columns)
            rows = self.ledger.query(f"SELECT {listed} FROM {spelling.table(table)} t ORDER BY rowid")
            as_written = {c: kinds[table][c] for c in columns}
            found[table] = [
                _shown({c: journal.exact(as_written[c], v) for c, v in zip(columns, row, strict=True)}) for row in rows
            ]
        return found


def _written_beside(mapping: Loaded) -> list[tuple[str, tuple[str, ...]]]:
    """The other tables that rules write, each with its key."""
    said = [write for rule in mapping.rules if (write := rule.verb(Write)) is not None]
    return [(row.table, row.key) for write in said for row in write.rows]


def _shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: v if isinstance(v, Decimal) else plain(v) for name, v in fields.items()}
