"""How a MySQL or MariaDB database is addressed: `mysql://user:password@host:port/database?option=value`.

User, password, database and options are percent-encoded where they hold characters of a URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from syncd.errors import WrongUsage

PORT: Final = 3306
OPTIONS: Final = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_disabled")


@dataclass(frozen=True)
class Dsn:
    """A database and who logs in. `options`: `unix_socket` is a path used in place of host and port; with `ssl_ca`,
    a path, the connection is encrypted and the server's certificate and name are verified; `ssl_cert` and `ssl_key`
    identify the client. Without them the connection is encrypted where the server offers it, and never with
    `ssl_disabled=true`."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: Mapping[str, str]

    def arguments(self) -> dict[str, Any]:
        """What the driver's `connect` takes."""
        options: dict[str, str | bool] = dict(self.options)
        if "ssl_ca" in options:
            options |= {"ssl_verify_cert": True, "ssl_verify_identity": True}
        if "ssl_disabled" in options:
            options["ssl_disabled"] = options["ssl_disabled"] == "true"
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            **options,
        }


def parse(text: str) -> Dsn:
    """Raises WrongUsage, which says what is wrong and never repeats the password."""
    try:
        url = urlsplit(text)
        if url.netloc.count("@") > 1 or url.fragment or "@" in url.path + url.query:
            raise ValueError  # a password with @ / ? # as they are: it would end elsewhere than meant
        port = url.port or PORT
    except ValueError:
        raise WrongUsage("mysql_dsn", part="USER:PASSWORD@HOST:PORT") from None
    database = unquote(url.path.removeprefix("/"))
    wanted = {
        "mysql://": url.scheme == "mysql",
        "USER": bool(url.username),
        "HOST": bool(url.hostname),
        "DATABASE": bool(database) and "/" not in database,
    }
    for part, is_there in wanted.items():
        if not is_there:
            raise WrongUsage("mysql_dsn", part=part)
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    for name in options:
        if name not in OPTIONS:
            raise WrongUsage("mysql_dsn_option", option=name, options=", ".join(OPTIONS))
    return Dsn(str(url.hostname), port, unquote(url.username or ""), unquote(url.password or ""), database, options)
