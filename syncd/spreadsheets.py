"""Text in a cell of a spreadsheet: never a formula, whoever wrote it."""

from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with, also where a spreadsheet takes full-width signs for it."""
_APART: Final = "'"


def harmless(text: str) -> str:
    """Text as a spreadsheet takes it for text."""
    return _APART + text if text.lstrip(_APART).startswith(FORMULA) else text


def meant(text: str) -> str:
    """What `harmless` was made of."""
    return text[1:] if text.startswith(_APART) and text.lstrip(_APART).startswith(FORMULA) else text
