"""A house without one of its guards is found out: if it were not, the harness would prove nothing."""

import psycopg
import pytest

from tests.chaos import truth
from tests.chaos.campaign import AGENTS, STOCK, attack, under_load
from tests.chaos.house import House, standing, until
from tests.chaos.truth import Untrue

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]


def found_out(house: House, names: list[str]) -> str:
    with pytest.raises(Untrue) as untrue:
        attack(house, names, "control", lambda _: None)
    return str(untrue.value)


def test_control_without_the_reservations_lock_pieces_are_oversold() -> None:
    scarce = {"black": 12, "hammer": 12}
    with standing(scarce, sabotage="reservation") as house:
        with psycopg.connect(house.database_url(), autocommit=True) as owner:  # and without the constraint behind it
            owner.execute("ALTER TABLE stock DROP CONSTRAINT never_promise_twice")
        with under_load(house, "control") as memory:
            until(lambda: memory.sold_out >= 3 * AGENTS, "everything is sold out")

        with pytest.raises(Untrue, match="stock: "):
            truth.at_any_moment(house, memory)


def test_control_without_the_claim_of_a_key_the_same_request_is_answered_twice() -> None:
    with standing(STOCK, sabotage="idempotency") as house:
        assert " and then " in found_out(house, ["cut connections"] * 20)


def test_control_with_the_cursor_outside_its_transaction_effects_are_doubled() -> None:
    with standing(STOCK, sabotage="cursor") as house:
        assert "counted twice" in found_out(house, ["kill worker"] * 20)
