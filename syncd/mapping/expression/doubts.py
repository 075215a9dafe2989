"""What an expression says that is hardly meant: it can be read, and is true for no row."""

from sqlglot import exp

from syncd.mapping.expression.faults import shown
from syncd.mapping.expression.parse import tree
from syncd.mapping.expression.terms import nearest

OPS = ("insert", "update", "delete", "read")
"""What `op` may be."""
_THEIRS = {
    "create": "insert",
    "c": "insert",
    "i": "insert",
    "u": "update",
    "d": "delete",
    "r": "read",
    "snapshot": "read",
}
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def doubts_of(text: str) -> list[tuple[str, dict[str, str]]]:
    """Code and what fills it in, for each doubt. Raises ExpressionError for a text that is no expression."""
    found: list[tuple[str, dict[str, str]]] = []
    for node in tree(text).walk():
        if isinstance(node, _COMPARED) and isinstance(node.this, exp.Null) | isinstance(node.expression, exp.Null):
            other = node.expression if isinstance(node.this, exp.Null) else node.this
            word = "IS NOT NULL" if isinstance(node, exp.NEQ) else "IS NULL"
            found.append(("compared_null", {"what": shown(node), "instead": f"{shown(other)} {word}"}))
        if isinstance(node, exp.EQ | exp.NEQ):
            found += _words(node.this, [node.expression]) + _words(node.expression, [node.this])
        elif isinstance(node, exp.In):
            found += _words(node.this, node.expressions)
    return found


def _words(name: exp.Expr, words: list[exp.Expr]) -> list[tuple[str, dict[str, str]]]:
    """What `op` is compared with and never is."""
    if not (isinstance(name, exp.Column) and not name.table and name.name.lower() == "op"):
        return []
    texts = [word.name for word in words if isinstance(word, exp.Literal) and word.is_string]
    return [
        ("op_word", {"word": text, "nearest": _THEIRS.get(text.lower()) or nearest(text.lower(), OPS)})
        for text in texts
        if text not in OPS
    ]
