"""The whole trade against its model: whatever is said in whatever order, the house and a few dictionaries agree.

`make test` runs the same examples each time; `--hypothesis-profile=long` looks for new ones.
"""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from steelyard.goods import inventory
from tests.model.house import House
from tests.model.machine import TradeMachine
from tests.support.cluster import TestServer
from tests.support.seeded import SeededServer

EXAMPLES = 30
STEPS = 40
EXAMPLES_LONG = 1_000
STEPS_LONG = 80

BOUNDED = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # a failure tells its steps as they were, at once; the long form finds the shortest
)
LONG = settings(
    BOUNDED,
    max_examples=EXAMPLES_LONG,
    stateful_step_count=STEPS_LONG,
    derandomize=False,
    phases=[Phase.generate, Phase.shrink],
)

HAPPENS_MIN = 1
HAPPENS = (
    "place: done",
    "place: out_of_stock",
    "apply_payment: done",
    "cancel_purchase: done",
    "_shipped: done",
    "confirm_receipt: done",
    "cancel: done",
    "refund: done",
    "record_refund: succeeded",
    "settle: done",
    "record_payout: paid",
)


def chosen() -> settings:
    return LONG if settings.get_current_profile_name() == "long" else BOUNDED


@pytest.fixture(scope="module")
def house(database_server: TestServer) -> Iterator[House]:
    seeded = SeededServer(database_server)
    with seeded.database() as url:
        house = House(url, seeded.world)
        TradeMachine.house, TradeMachine.happened = house, Counter()
        yield house
        house.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_house_does_what_the_model_says(house: House):
    run_state_machine_as_test(TradeMachine, settings=chosen())

    # The examples really came to everything.
    rare = {what: TradeMachine.happened[what] for what in HAPPENS if TradeMachine.happened[what] < HAPPENS_MIN}
    assert not rare, (rare, TradeMachine.happened)


async def forgotten(*_: object) -> None:
    """A release that releases nothing."""


@pytest.mark.slow
def test_control_pieces_that_are_never_released_are_found(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inventory, "release_orders", forgotten)

    with pytest.raises(AssertionError, match="the house says"):
        run_state_machine_as_test(TradeMachine, settings=BOUNDED)
