"""The numbers of docs/algorithms/after-sales.md, run: how long each side may take, and the last second of each right."""

from datetime import datetime, timedelta

from steelyard.kernel.db import Database
from steelyard.trade import aftersales, rights
from steelyard.trade.aftersales import Kind
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.rights import Family
from tests.support import deal
from tests.support.world import World
from tests.trade.examples import numbers
from tests.trade.test_cases import agreed, now, refused, sent, sent_back

LEADS_TO = {"agreed": agreed, "sent_back": sent_back, "refused": refused}


async def test_the_page_says_what_silence_decides(shop: Database, world: World) -> None:
    for step in numbers("after-sales.md")["steps"]:
        order = await sent(shop, world, 1)
        case = await now(shop, await deal.case_asked(shop, order, Kind(step["kind"])))
        if step["state"] in LEADS_TO:
            await LEADS_TO[step["state"]](shop, case)
        case = await now(shop, case.case_id)
        assert case.state == step["state"] and case.due_at is not None
        assert case.due_at - case.moved_at == timedelta(hours=int(step["hours"]))

        await shop.transact(aftersales.act_on_silence, case.due_at)

        found = await now(shop, case.case_id)
        assert found.state == step["silent"], step
        if found.state is CaseState.AGREED:
            await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, "buyer")


def test_the_page_says_how_an_appeal_runs() -> None:
    said = numbers("after-sales.md")["appeals"]
    assert timedelta(days=int(said["within_days"])) == aftersales.APPEAL_WITHIN
    assert timedelta(hours=int(said["answer_hours"])) == aftersales.APPEAL_ANSWERED_WITHIN
    good = {name: int(value) for name, value in said["made_good"].items()}
    assert good["goods"] + good["freight"] - good["commission"] == good["credited"]


async def test_the_page_says_the_last_second_of_each_right(shop: Database, world: World) -> None:
    rules = await shop.ask(rights.rules)
    for each in numbers("rights.md")["last_seconds"]:
        received = datetime.fromisoformat(each["received"])
        rule = rules.of(Family(each["family"]), each["country"], received)
        assert rule is not None and (rule.code, rule.days) == (each["rule"], int(each["days"])), each
        last = datetime.fromisoformat(each["last_second"])
        assert rights.ends(rule, received, each["country"]) == last + timedelta(seconds=1), each
