"""The names of the transactions that were read, as a server takes them that is to go on from there. Pure.

MariaDB names the last one of each domain, `0-1-4711,7-1-12`; MySQL all of them, by the server they come from and the
tag that somebody gave them, `3e11fa47-…:1-5:9-4711:tag:1-3,…`.
"""

from typing import Final

_MARIADB_DASHES: Final = 2


class Gtids:
    """A set of names that grows. `str()` is its text, empty for none."""

    def __init__(self, text: str) -> None:
        self._domains: dict[str, str] = {}
        self._servers: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for name in "".join(text.split()).split(","):
            if name:
                self.add(name)

    def add(self, name: str) -> None:
        """A transaction's name, or several of one server; one without a name is let pass."""
        server, _, spans = name.partition(":")
        if spans:
            tag = ""
            for span in spans.split(":"):
                if not span[:1].isdigit():
                    tag = span.lower()
                    continue
                first, _, last = span.partition("-")
                self._add((server.lower(), tag), int(first), int(last or first))
        elif name.count("-") == _MARIADB_DASHES:
            self._domains[name.partition("-")[0]] = name

    def __str__(self) -> str:
        servers: dict[str, list[str]] = {}
        for (server, tag), spans in sorted(self._servers.items(), key=lambda one: bool(one[0][1])):
            listed = servers.setdefault(server, [server])
            listed += [*([tag] if tag else []), *(_span(*span) for span in spans)]
        return ",".join([*self._domains.values(), *(":".join(listed) for listed in servers.values())])

    def _add(self, server: tuple[str, str], first: int, last: int) -> None:
        spans = self._servers.setdefault(server, [])
        if spans and first == spans[-1][1] + 1:
            spans[-1] = spans[-1][0], last
            return
        joined: list[tuple[int, int]] = []
        for low, high in sorted([*spans, (first, last)]):
            if joined and low <= joined[-1][1] + 1:
                joined[-1] = joined[-1][0], max(joined[-1][1], high)
            else:
                joined.append((low, high))
        self._servers[server] = joined


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
