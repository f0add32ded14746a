"""Backup and restore: what was there is there again, on another server too."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from steelyard.kernel import archive, privileges
from steelyard.kernel.db import administer
from steelyard.kernel.postgres import Cluster, create_database
from tests.support.cluster import TestServer
from tests.support.older_server import older_programs, older_server

SHOP = """
CREATE TYPE state AS ENUM ('open', 'paid');
CREATE TABLE orders (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
  , state  state NOT NULL DEFAULT 'open'
  , words  text NOT NULL
  , sum    bigint NOT NULL CONSTRAINT never_negative CHECK (sum >= 0)
);
COMMENT ON TABLE orders IS 'by merchant: what was ordered';
CREATE TABLE lines (number bigint NOT NULL REFERENCES orders, sku text NOT NULL, PRIMARY KEY (number, sku));
CREATE INDEX orders_of_state ON orders (state, sum DESC) WHERE state = 'open';
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(sum)::bigint FROM orders';
INSERT INTO orders (state, words, sum)
    SELECT CASE WHEN n % 2 = 0 THEN 'paid' ELSE 'open' END::state,
           E'杆秤 \\t "quoted" \\\\ back\\nSET transaction_timeout = 0;\\n' || n, n FROM generate_series(1, 20000) n;
INSERT INTO lines SELECT number, 'sku-' || number FROM orders;
GRANT SELECT, INSERT ON orders TO steelyard_app;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON orders TO steelyard_app, CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY own_rows ON orders TO steelyard_merchant USING (number < 0);
"""

FACTS = """
SELECT 'table ' || c.relname, c.relrowsecurity::text || c.relforcerowsecurity::text || coalesce(c.relacl::text, '')
       || coalesce(obj_description(c.oid), '')
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT 'constraint ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype <> 'n'  -- not-null became a constraint in PostgreSQL 18
UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'policy ' || policyname, roles::text || qual FROM pg_policies
UNION ALL SELECT 'rows of orders', md5(string_agg(o::text, '|' ORDER BY number)) FROM orders o
UNION ALL SELECT 'rows of lines', md5(string_agg(l::text, '|' ORDER BY number)) FROM lines l
UNION ALL SELECT 'total', total()::text
UNION ALL SELECT 'sequence', last_value::text || is_called::text FROM orders_number_seq
ORDER BY 1
"""


def facts(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        owner = connection.execute("SELECT current_user").fetchone()
        assert owner is not None
        # Whoever owns it here; `\b` leaves steelyard_app alone.
        name = re.compile(rf"\b{owner[0]}\b")
        return [(str(what), name.sub("OWNER", str(how))) for what, how in connection.execute(FACTS).fetchall()]


def at(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def make_roles(url: str) -> None:
    async with administer(url) as connection:
        await privileges.make_roles(connection)


@pytest.fixture
def shop(empty_database_url: str) -> str:
    asyncio.run(make_roles(empty_database_url))
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(SHOP)
    return empty_database_url


@pytest.fixture
def spare(database_server: TestServer) -> Iterator[str]:
    name = database_server.empty()
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture
def owner_who_is_no_superuser(database_server: TestServer, shop: str) -> Iterator[str]:
    """As on a rented PostgreSQL: the user owns the database and is bound by row-level security."""
    tables = [sql.SQL("ALTER {} OWNER TO renter").format(sql.SQL(thing)) for thing in ("TABLE orders", "TABLE lines")]
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("CREATE ROLE renter LOGIN PASSWORD 'renter'")
        for statement in tables:
            connection.execute(statement)
        connection.execute("ALTER POLICY everything ON orders TO steelyard_app, renter")
    yield make_conninfo(shop, user="renter", password="renter")
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("REASSIGN OWNED BY renter TO CURRENT_USER; DROP OWNED BY renter; DROP ROLE renter")


def test_a_restored_copy_equals_what_was_backed_up(shop: str, spare: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.backup"
    told: list[tuple[int, int, str]] = []

    made = archive.backup(shop, file, lambda *news: told.append(news))
    archive.restore(spare, file, lambda *news: told.append(news))

    assert facts(spare) == facts(shop)
    assert (made.tables, made.size_bytes) == (2, file.stat().st_size)
    assert file.stat().st_mode & 0o777 == 0o600
    assert {news[2] for news in told} == {"public.orders", "public.lines", ""}
    assert told[0][:2] == (0, 2) and told[-1] == (2, 2, "")
    assert [path.name for path in tmp_path.iterdir()] == ["shop.backup"]


def test_a_restored_copy_goes_on_counting_where_the_original_was(shop: str, spare: str, tmp_path: Path) -> None:
    archive.backup(shop, tmp_path / "b")
    archive.restore(spare, tmp_path / "b")
    with psycopg.connect(spare) as connection:
        row = connection.execute("INSERT INTO orders (words, sum) VALUES ('', 0) RETURNING number").fetchone()
    assert row == (20001,)


def test_what_comes_after_a_restore_gets_the_restored_database(shop: str, spare: str, tmp_path: Path) -> None:
    counts: list[object] = []

    def after(url: str) -> None:
        with psycopg.connect(url) as connection:
            counts.append(connection.execute("SELECT count(*) FROM orders").fetchone())

    archive.backup(shop, tmp_path / "b")
    archive.restore(spare, tmp_path / "b", after=after)
    assert counts == [(20000,)]


def test_a_restore_on_another_server_makes_the_missing_roles(shop: str, tmp_path: Path, home: Path) -> None:
    archive.backup(shop, tmp_path / "b")
    with Cluster(home, fast=True) as other:
        other.create_database("copy")
        archive.restore(other.url("copy"), tmp_path / "b")
        assert facts(other.url("copy")) == facts(shop)
        with psycopg.connect(other.url()) as connection:
            roles = connection.execute(
                "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles"
                " WHERE starts_with(rolname, 'steelyard_') ORDER BY 1"
            ).fetchall()
    assert roles == [("steelyard_app", False, False, False), ("steelyard_merchant", False, False, False)]


def test_a_database_with_anything_in_it_is_not_restored_into(shop: str, tmp_path: Path) -> None:
    archive.backup(shop, tmp_path / "b")
    before = facts(shop)
    with pytest.raises(archive.DatabaseNotEmpty):
        archive.restore(shop, tmp_path / "b")
    assert facts(shop) == before


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_file_that_was_cut_off_restores_nothing(share: float, shop: str, spare: str, tmp_path: Path) -> None:
    file = tmp_path / "b"
    archive.backup(shop, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(archive.NotAnArchive):
        archive.restore(spare, file)
    with psycopg.connect(spare) as connection:
        assert connection.execute("SELECT to_regclass('orders')").fetchone() == (None,)


def test_a_statement_that_the_server_refuses_undoes_the_whole_restore(shop: str, spare: str, tmp_path: Path) -> None:
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("CREATE ROLE only_there; GRANT SELECT ON lines TO only_there")
    archive.backup(shop, tmp_path / "b")
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("DROP OWNED BY only_there; DROP ROLE only_there")
    with pytest.raises(archive.ArchiveError, match='role "only_there" does not exist'):
        archive.restore(spare, tmp_path / "b")
    with psycopg.connect(spare) as connection:
        assert connection.execute("SELECT to_regclass('orders')").fetchone() == (None,)


def test_a_backup_that_fails_leaves_the_former_file(shop: str, tmp_path: Path) -> None:
    file = tmp_path / "b"
    file.write_text("the former backup")
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION broken() RETURNS int LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'"
        )
        connection.execute("DELETE FROM pg_language WHERE lanname = 'c'")
    with pytest.raises(archive.ArchiveError):
        archive.backup(shop, file)
    assert file.read_text() == "the former backup"
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_an_owner_under_row_security_backs_up_every_row(
    owner_who_is_no_superuser: str, shop: str, spare: str, tmp_path: Path
) -> None:
    archive.backup(owner_who_is_no_superuser, tmp_path / "b")
    archive.restore(spare, tmp_path / "b")
    rows = ("rows of orders", "rows of lines", "sequence")
    assert [fact for fact in facts(spare) if fact[0] in rows] == [fact for fact in facts(shop) if fact[0] in rows]


def test_a_backup_that_would_lack_rows_is_refused(owner_who_is_no_superuser: str, shop: str, tmp_path: Path) -> None:
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("ALTER POLICY everything ON orders USING (number > 10)")
    with pytest.raises(archive.RowsHidden) as refusal:
        archive.backup(owner_who_is_no_superuser, tmp_path / "b")
    assert refusal.value.facts == {"user": "renter", "tables": "orders"}


OLDER = older_programs()


@pytest.mark.skipif(OLDER is None, reason="no older PostgreSQL is installed")
def test_backups_travel_between_our_server_and_an_older_one(shop: str, spare: str, tmp_path: Path) -> None:
    assert OLDER is not None
    with older_server(OLDER) as older:
        create_database(older, "copy")
        archive.backup(shop, tmp_path / "ours")
        archive.restore(at(older, "copy"), tmp_path / "ours")
        archive.backup(at(older, "copy"), tmp_path / "theirs")
        archive.restore(spare, tmp_path / "theirs")
        # Without the tables' privileges, of which PostgreSQL 17 knows one more.
        theirs, ours = ([fact for fact in facts(url) if "table " not in fact[0]] for url in (at(older, "copy"), shop))
        assert theirs == ours
        assert facts(spare) == facts(shop)
