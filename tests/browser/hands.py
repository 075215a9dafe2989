"""How somebody works a page: with a mouse, or with the keyboard alone."""

from collections.abc import Mapping
from typing import Final, Protocol

from playwright.sync_api import Locator

STOPS_MAX: Final = 150
"""Presses of the tabulator that nobody makes for one field."""


class Hands(Protocol):
    """Press a link or button, and see the page that it leads to; put text into a field."""

    def press(self, what: Locator) -> None: ...
    def type(self, what: Locator, text: str) -> None: ...


class Mouse:
    def press(self, what: Locator) -> None:
        with what.page.expect_navigation():
            what.click()

    def type(self, what: Locator, text: str) -> None:
        what.fill(text)


class Keyboard:
    """Fails for what the tabulator does not reach, or for where nobody sees that it has."""

    def press(self, what: Locator) -> None:
        self._reach(what)
        with what.page.expect_navigation():
            what.page.keyboard.press("Enter")

    def type(self, what: Locator, text: str) -> None:
        self._reach(what)
        what.page.keyboard.press("ControlOrMeta+a")
        what.page.keyboard.type(text)

    def _reach(self, what: Locator) -> None:
        for _ in range(STOPS_MAX):
            if what.evaluate("one => one === document.activeElement"):
                seen = what.evaluate("one => getComputedStyle(one).outlineStyle")
                assert seen != "none", f"nobody sees that {what} has the focus"
                return
            what.page.keyboard.press("Tab")
        raise AssertionError(f"the tabulator does not reach {what}")


MOUSE: Final = Mouse()
HANDS: Final[Mapping[str, Hands]] = {"mouse": MOUSE, "keyboard": Keyboard()}
