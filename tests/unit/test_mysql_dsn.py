"""Addresses of MySQL and MariaDB: what is read from them, and how a wrong one is refused."""

import pytest

from connectors.mysql.dsn import parse
from syncd.errors import Halt

UNENCODED = ("secret@x", "secret/x", "12/secret", "secret#x", "secret?x", "x@secret/x#secret", "[secret")


def test_an_address_is_read_part_by_part() -> None:
    dsn = parse("mysql://sy%40ncd:p%2Fw%3Ad@db.example:3307/g%6C")
    assert (dsn.host, dsn.port, dsn.user, dsn.password, dsn.database) == ("db.example", 3307, "sy@ncd", "p/w:d", "gl")


def test_the_port_may_be_left_out_and_ipv6_is_understood() -> None:
    dsn = parse("mysql://syncd@[::1]/gl")
    assert (dsn.host, dsn.port, dsn.password) == ("::1", 3306, "")


def test_a_certificate_authority_means_that_the_server_is_verified() -> None:
    plain, verified = parse("mysql://u:p@h/gl?unix_socket=/run/my.sock"), parse("mysql://u:p@h/gl?ssl_ca=/etc/ca.pem")
    assert plain.arguments()["unix_socket"] == "/run/my.sock"
    assert "ssl_verify_cert" not in plain.arguments()
    assert verified.arguments()["ssl_ca"] == "/etc/ca.pem"
    assert verified.arguments()["ssl_verify_cert"]
    assert verified.arguments()["ssl_verify_identity"]
    assert parse("mysql://u:p@h/gl?ssl_disabled=true").arguments()["ssl_disabled"] is True


@pytest.mark.parametrize(
    ("dsn", "part"),
    [
        ("postgresql://u:secret@h/gl", "mysql://"),
        ("mysql://:secret@h/gl", "USER"),
        ("mysql://u:secret@/gl", "HOST"),
        ("mysql://u:secret@h", "DATABASE"),
        ("mysql://u:secret@h/", "DATABASE"),
        ("mysql://u:secret@h:none/gl", "USER:PASSWORD@HOST:PORT"),
        *((f"mysql://u:{password}@h:3306/gl", "USER:PASSWORD@HOST:PORT") for password in UNENCODED),
        ("mysql://u:secret@h/gl?charset=latin1", "charset"),
    ],
)
def test_a_wrong_address_is_refused_with_the_part_at_fault_and_without_the_password(dsn: str, part: str) -> None:
    with pytest.raises(Halt) as caught:
        parse(dsn)
    assert part in caught.value.params.values()
    assert "secret" not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(parse("mysql://u:secret@h/gl"))
