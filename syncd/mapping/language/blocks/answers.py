"""The `answers` block: what the EAM is told of its rows, by a statement of its own database.

The statement is kept as text for that database; here it is read far enough to know its parameters, that it cannot
touch rows of others, and whether the rules would hear of what it writes.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import sqlglot
from pydantic import BeforeValidator, Field
from sqlglot import exp

from syncd import statements
from syncd.change import Table
from syncd.delivery import WORDS, Answer, Told
from syncd.language import Language
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.shapes import Identifier, Strict, many
from syncd.mapping.language.scope import ExpressionReader

_DIALECTS: Final = ("sqlite", "postgres", "mysql")
_PARAMETER: Final = re.compile(r"(?<![:\w]):([^\W\d]\w*)")


class AnswerBlock(Strict):
    """What the EAM is told of the rows of a table."""

    on: Annotated[tuple[Told, ...], BeforeValidator(many), Field(min_length=1)]
    """What is told: `held` that a row awaits approval, `rejected` that somebody refused it, `posted` that what it means
    is posted, `parked` that it could not be."""
    statement: str
    """An UPDATE or INSERT for the EAM's database. `:state` is which of these it is, `:voucher` the voucher, `:reason`
    and `:by` why and by whom, `:at` the moment, `:key` the answer's own key; any other `:name` is that column of the
    row. Done twice it must do no more than once."""
    ask: str = ""
    """A SELECT that returns a row where the answer has been taken, with the same parameters: where nobody knows whether
    it was, this is asked before it is given again. Without it the statement is done again."""


AnswerBlocks = dict[Identifier, AnswerBlock]


def compile_answers(
    blocks: Mapping[str, AnswerBlock],
    tables: Mapping[str, Table],
    language: str,
    reader: ExpressionReader,
    warnings: ExpressionReader,
) -> Mapping[str, Answer]:
    """The answers by the alias of their table. What is wrong goes to the reader, what may be to `warnings`."""
    found: dict[str, Answer] = {}
    for alias, block in blocks.items():
        if alias not in tables:
            reader.fault("unknown_table", ("answers", alias), table=alias, nearest=nearest(alias, list(tables)))
            continue
        place = ("answers", alias, "statement")
        parsed = _parsed(block.statement, exp.Update, exp.Insert)
        if parsed is None:
            reader.fault("answer_statement", place, table=alias)
            continue
        if block.ask and _parsed(block.ask, exp.Select) is None:
            reader.fault("answer_ask", ("answers", alias, "ask"), table=alias)
        columns = {column.name: i for i, column in enumerate(tables[alias].columns)}
        used = [*parameters(block.statement), *parameters(block.ask)]
        for name in sorted({*used} - {*WORDS} - columns.keys()):
            near = nearest(name, [*WORDS, *columns])
            reader.fault("answer_parameter", place, name=name, table=alias, nearest=near)
        where = parsed.args.get("where")
        named = {p.name for p in where.find_all(exp.Placeholder)} if where is not None else set[str]()
        if isinstance(parsed, exp.Update) and not named & columns.keys():
            reader.fault("answer_everywhere", place, table=alias)
        for table, column in _heard(parsed, tables):
            warnings.fault("answer_heard", place, table=table, column=column)
        taken = {name: columns[name] for name in used if name in columns and name not in WORDS}
        spoken: Language = "en" if language == "en" else "zh"
        told = (alias, frozenset(block.on), block.statement, block.ask)
        found[alias] = Answer(*told, taken, spoken, finds=isinstance(parsed, exp.Update))
    return found


def parameters(statement: str) -> list[str]:
    """The names of a statement's parameters, in order."""
    found: list[str] = []

    def note(text: str) -> str:
        found.extend(_PARAMETER.findall(text))
        return text

    statements.outside_literals(statement, note)
    return found


def _parsed(statement: str, *kinds: type[exp.Expression]) -> exp.Expression | None:
    """One statement of these kinds, in whichever database's words it is; None for anything else."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it does not know is told by us
    for dialect in _DIALECTS:
        try:
            found = sqlglot.parse(statement, read=dialect)
        except sqlglot.errors.SqlglotError:
            continue
        if len(found) == 1 and isinstance(found[0], kinds):
            return found[0]
    return None


def _heard(parsed: exp.Expression, tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """The declared columns that a statement writes, with the alias of their table: the rules hear of them."""
    written = parsed.this.this if isinstance(parsed.this, exp.Schema) else parsed.this
    if not isinstance(written, exp.Table):
        return
    if isinstance(parsed, exp.Update):
        names = {e.this.name.lower() for e in parsed.expressions if isinstance(e, exp.EQ)}
    else:
        listed = parsed.this.expressions if isinstance(parsed.this, exp.Schema) else []
        names = {column.name.lower() for column in listed}
    for table in tables.values():
        if any(column.of is not None for column in table.columns):
            continue  # a document, which hears of it through its header's table
        if table.name.rpartition(".")[2].lower() == written.name.lower():
            yield from ((table.alias, c.name) for c in table.columns if c.name.lower() in names)
