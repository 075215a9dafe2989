"""Why a connection to finance or to an EAM in PostgreSQL could not be made: the driver gives the server's words alone,
in its own language. They name the role and the database whatever they say of them."""

import psycopg2
import pytest

from connectors.ledger.postgres_faults import connect_fault
from connectors.postgres.server import fault


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("sorry, too many clients already", "finance_full_of_connections"),
        ("对不起, 已经有太多的客户", "finance_full_of_connections"),
        ('too many connections for role "books"', "finance_full_of_connections"),
        ('由角色"books"发起的连接太多了', "finance_full_of_connections"),
        ('到数据库 "finance"的连接太多了', "finance_full_of_connections"),
        ("remaining connection slots are reserved for superusers", "finance_full_of_connections"),
        ("已保留的连接位置为执行非复制请求的超级用户预留", "finance_full_of_connections"),
        ('访问数据库"finance"的权限不够', "finance_no_right"),
        ('没有用于主机 "10.0.0.1", 用户 "books", 数据库 "finance", no encryption 的 pg_hba.conf 记录', "finance_login"),
        ('用户 "books" Password 认证失败', "finance_login"),
        ('LDAP authentication failed for user "books"', "finance_login"),
        ('角色 "books" 不存在', "finance_login"),
        ('certificate authentication failed for user "books"', "finance_certificate"),
        ('数据库 "finance" 不存在', "finance_no_database"),
        ('数据库 "finance" 当前不接受联接', "finance_gone"),
        ("数据库系统启动中", "finance_gone"),
    ],
)
def test_each_is_told_for_what_it_is(said: str, code: str) -> None:
    assert connect_fault(_refused(said)).code == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("sorry, too many clients already", "pg_connections"),
        ("number of requested standby connections exceeds max_wal_senders (currently 10)", "pg_connections"),
        ("已保留的连接位置为执行非复制请求的超级用户预留", "pg_connections"),
        ('permission denied for database "eam"', "pg_no_right"),
        ('访问数据库"eam"的权限不够', "pg_no_right"),
        ("permission denied to start WAL sender", "pg_no_right"),
        ("must be superuser or replication role to start walsender", "pg_no_right"),
        ('no pg_hba.conf entry for host "10.0.0.1", user "syncd", database "eam"', "pg_login"),
        ('database "eam" does not exist', "pg_no_database"),
        ('database "eam" is not currently accepting connections', "pg_gone"),
    ],
)
def test_so_is_each_of_the_eam(said: str, code: str) -> None:
    assert fault(_refused(said)).code == code


def _refused(said: str) -> psycopg2.Error:
    return psycopg2.OperationalError(f'connection to server at "127.0.0.1", port 5432 failed: FATAL:  {said}')
