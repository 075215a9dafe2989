"""YAML as the mapping's reader takes it, each guess with a comment that says how sure it is and why."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from syncd.init.seen.guess import Guess
from syncd.language import say

_PLAIN: Final = re.compile(r"[^\W\d][\w]*(?:[ .()=<>+*/\w-]*[\w)])?")
_WORDS: Final = frozenset(("true", "false", "null", "~", "yes", "no", "on", "off"))
_NAME: Final = re.compile(r"[^\W\d]\w*")
_RESERVED: Final = frozenset(
    [
        "all",
        "and",
        "any",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "cast",
        "check",
        "column",
        "create",
        "current_date",
        "date",
        "default",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "exists",
        "false",
        "for",
        "from",
        "full",
        "group",
        "having",
        "in",
        "index",
        "inner",
        "interval",
        "into",
        "is",
        "join",
        "key",
        "left",
        "like",
        "limit",
        "not",
        "null",
        "on",
        "or",
        "order",
        "outer",
        "primary",
        "references",
        "right",
        "row",
        "select",
        "some",
        "table",
        "then",
        "to",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "values",
        "when",
        "where",
        "with",
        "year",
    ]
)


class Question(NamedTuple):
    """What a person has to say, and the line where the answer belongs. `what` is the place, `entry.line`."""

    line: int
    what: str
    guess: Guess


class Text:
    """Lines of a file that is being written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.questions: list[Question] = []
        self.guesses = 0

    def add(self, line: str, guess: Guess | None = None, what: str = "") -> None:
        """A line; a guess becomes its comment, and a question where it is not sure."""
        if guess is None:
            self.lines.append(line)
            return
        self.guesses += 1
        mark = "?" if guess.asks else ""
        reasons = "; ".join(say(why.code, why.params) for why in guess.why)
        self.lines.append(f"{line}  # {mark}{guess.sure:.0%} {clean(reasons)}")
        if guess.asks:
            self.questions.append(Question(len(self.lines), what or line.strip().partition(":")[0], guess))

    def say(self, code: str, indent: int = 0, **params: object) -> None:
        """A comment of its own."""
        for part in say(code, params).splitlines():
            self.lines.append(f"{' ' * indent}# {clean(part)}")

    def text(self) -> str:
        """The file."""
        return "\n".join([*self.lines, ""])


def clean(text: str) -> str:
    """What a comment can hold: one line of printable letters, whatever a database calls its things."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def scalar(text: str) -> str:
    """A text as YAML, plain where it can be."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith("-"):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


def many(names: Sequence[str]) -> str:
    """Names as one, or as a list."""
    return scalar(names[0]) if len(names) == 1 else f"[{', '.join(map(scalar, names))}]"


def block(pairs: Iterable[tuple[str, str]]) -> str:
    """A mapping in a line."""
    return "{" + ", ".join(f"{scalar(key)}: {scalar(value)}" for key, value in pairs) + "}"


def identifier(name: str, taken: Iterable[str] = ()) -> str:
    """A name of the mapping language that is like another system's."""
    bare = re.sub(r"\W+", "_", name.rpartition(".")[2]).strip("_").lower() or "t"
    made = (
        bare
        if _NAME.fullmatch(bare)
        and bare not in _RESERVED
        and bare not in ("card", "after", "before", "change", "op", "reversed")
        else f"t_{bare}"
    )
    known, count, found = set(taken), 2, made
    while found in known:
        found, count = f"{made}_{count}", count + 1
    return found


def member(of: str, column: str) -> str:
    """A column of a row in an expression: `after.原值`, `after."Asset No"`."""
    if _NAME.fullmatch(column) and column.lower() not in _RESERVED:
        return f"{of}.{column}"
    return f'{of}."' + column.replace('"', '""') + '"'


def bare(column: str) -> str:
    """A column of the row that alone is spoken of."""
    return member("", column).removeprefix(".")


def flow(text: str) -> str:
    """A scalar within braces."""
    made = scalar(text)
    return made if made[0] in "'\"" or not set(made) & set(",[]{}") else f'"{made}"'


def quoted(text: str) -> str:
    """A text as a literal of an expression."""
    return "'" + text.replace("'", "''") + "'"
