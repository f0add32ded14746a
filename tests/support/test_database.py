"""What a test leaves behind untrue fails it, however few of the checks are asked."""

import psycopg

from tests.support.database import CHECKS, FILLED, WRITTEN, about, violations
from tests.support.seeded import seeded_server, shop_url

__all__ = ["seeded_server", "shop_url"]


async def test_what_is_not_true_any_more_is_found(shop_url: str) -> None:
    assert await violations(shop_url) == []
    with psycopg.connect(shop_url, autocommit=True) as connection:
        connection.execute("UPDATE stock SET on_hand = on_hand + 1")
        [found] = await violations(shop_url)
        assert found.rows and found.name.startswith("goods.inventory")
        connection.execute("UPDATE stock SET on_hand = on_hand - 1")


async def test_who_has_left_has_written_all_the_same(shop_url: str) -> None:
    with psycopg.connect(shop_url, autocommit=True) as connection:
        assert not written_to(connection)
        connection.execute("UPDATE stock SET on_hand = on_hand + 1")
    [found] = await violations(shop_url)
    assert found.name.startswith("goods.inventory")
    with psycopg.connect(shop_url, autocommit=True) as connection:
        assert written_to(connection) >= {"stock"}
        assert len(written_to(connection)) < len(connection.execute(FILLED).fetchall())


def written_to(connection: psycopg.Connection) -> set[str]:
    return {row[0] for row in connection.execute(WRITTEN)}


def test_of_tables_without_rows_nothing_is_asked() -> None:
    assert about(set()) == []
    assert {check.module for check in about({"stock"})} >= {"goods.inventory"}
    assert all(any(check in about({word}) for word in check.sql.split()) for check in CHECKS)
