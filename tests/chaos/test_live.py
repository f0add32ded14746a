"""A session on air while its programs are killed, one after the other: viewers and picture come back by themselves, and nothing
that was acknowledged is lost."""

import psycopg
import pytest

from tests.chaos import truth
from tests.chaos.campaign import STOCK, looked_at, under_load
from tests.chaos.house import standing
from tests.chaos.live_campaign import KILLS, attacked, chromium, usual
from tests.chaos.live_house import LiveHouse, nothing_is_lost, watched
from tests.chaos.truth import Untrue

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]


def test_a_session_outlives_the_end_of_each_of_its_programs() -> None:
    with standing(STOCK, kind=LiveHouse) as house, watched(house) as (crowd, speaker), chromium(house) as screen:
        most_ms = usual(house, screen)
        with under_load(house, "live") as memory:
            back = [attacked(house, crowd, speaker, screen, name, most_ms) for name in KILLS]
            looked_at(house, memory)
        said = dict(speaker.acknowledged)
        nothing_is_lost(house, said)
        truth.at_rest(house, memory)
        # The control: a line that is taken out of the record is missed.
        with psycopg.connect(house.database_url(), autocommit=True) as owner:
            owner.execute("DELETE FROM live_chats WHERE chat_id::text = %s", [next(iter(said))])
        with pytest.raises(Untrue, match="acknowledged and not kept"):
            nothing_is_lost(house, said)

    print(*back, sep="\n")
    assert crowd.came_back > 0
    assert len(memory.bought) > 0
    assert max(each.behind_ms for each in back) <= most_ms
