"""The house under attack: thirty faults, each kind at least once."""

import pytest

from tests.chaos.campaign import STOCK, attack
from tests.chaos.faults import FAULTS, planned
from tests.chaos.house import standing

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

KILLS = 30
SEED = 20
# However few can be bought on a busy machine, this little is soon sold out.
SCARCE = {**STOCK, "ruler": 3}


def test_thirty_faults_lose_nothing_double_nothing_and_end_by_themselves() -> None:
    names = planned(KILLS, SEED)
    assert set(names) == set(FAULTS)

    told: list[dict[str, object]] = []
    with standing(SCARCE) as house:
        memory = attack(house, names, str(SEED), told.append)

    assert [fact["fault"] for fact in told] == names
    assert len(memory.bought) >= KILLS
    assert memory.sold_out > 0
