"""Databases of a server, embedded or not: make, clone, drop. The URL is that of any database one may connect to."""

from typing import LiteralString

import psycopg
from psycopg import sql

BUILTIN_COLLATION_MAJOR = 17


def server_major(url: str) -> int:
    """The major version of the server behind `url`."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.info.server_version // 10_000


def create_database(url: str, name: str) -> None:
    """Make an empty database in UTF-8 that sorts by code point everywhere. Doing it twice does nothing."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.info.server_version // 10_000 >= BUILTIN_COLLATION_MAJOR:
            locale: LiteralString = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
        else:
            locale = "LOCALE 'C.UTF-8'"
        make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' " + locale).format(sql.Identifier(name))
        try:
            connection.execute(make)
        except psycopg.errors.DuplicateDatabase:
            pass
        except psycopg.errors.WrongObjectType:  # "invalid LC_COLLATE locale name": a system without C.UTF-8
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'").format(sql.Identifier(name))
            )


def clone_database(url: str, template: str, name: str) -> None:
    """Make `name` as a copy of `template`, to which nobody may be connected.

    The files are copied rather than logged page by page: faster here, see docs/decisions/0002-embedded-postgresql.md.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        clone(connection, template, name)


def clone(connection: psycopg.Connection, template: str, name: str) -> None:
    """`clone_database` over a connection that is there, outside a transaction."""
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


def drop_database(url: str, name: str) -> None:
    """Drop the database and whoever is connected to it. Dropping what is not there does nothing."""
    with psycopg.connect(url, autocommit=True) as connection:
        drop(connection, name)


def drop(connection: psycopg.Connection, name: str) -> None:
    """`drop_database` over a connection that is there, outside a transaction."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def database_names(url: str, prefix: str) -> list[str]:
    """The names that begin with `prefix`, in order."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY datname", [prefix]
        ).fetchall()
    return [str(row[0]) for row in rows]
