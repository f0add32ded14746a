"""The numbers of docs/algorithms/after-sales.md, run: how long each side may take, and the last second of each right."""

from datetime import datetime, timedelta

import msgspec

from steelyard.kernel.db import Database
from steelyard.trade import aftersales, rights
from steelyard.trade.aftersales import Kind, exchanges
from steelyard.trade.aftersales.model import CaseState, less_of, share_of
from steelyard.trade.rights import Family
from tests.support import deal
from tests.support.world import World
from tests.trade import test_exchanges
from tests.trade.examples import numbers
from tests.trade.test_cases import agreed, now, refused, sent, sent_back
from tests.trade.test_less import after, gift_of, line

LEADS_TO = {
    "agreed": agreed,
    "sent_back": sent_back,
    "refused": refused,
    "accepted": test_exchanges.accepted,
    "resent": test_exchanges.resent,
}


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


def test_the_page_says_what_a_difference_comes_to() -> None:
    for each in numbers("after-sales.md")["differences"]:
        said = {name: int(value) for name, value in each.items() if name != "then"}
        sold = line(said["quantity"], said["paid"], said["commission"])
        difference = exchanges.difference_of(sold, said["pieces"], said["price"], said["wanted"])
        assert difference == said["back"], each
        if difference:
            share = less_of(sold, difference)
            assert (share.amount, share.commission) == (said["back"], said["commission_back"]), each
            sold = after(sold, share)
        for amount in each["then"]:
            share = share_of(sold, 1)
            assert share.amount == int(amount), each
            sold = after(sold, share)


def test_the_page_says_what_becomes_of_gifts() -> None:
    for each in numbers("after-sales.md")["gifts"]:
        said = {name: int(value) for name, value in each.items() if not isinstance(value, list)}
        sold = line(said["bought"], said["bought"] * said["price"], 0)
        given = gift_of(sold, over=said["over"], worth=said["worth"])
        for place, (pieces, amount) in enumerate(zip(each["back"], each["goes_back"], strict=True), 1):
            wanted = {1: int(pieces)} | ({2: 1} if said["gift_with"] == place else {})
            lost = aftersales.unearned([sold, given], wanted)
            shares, charged = aftersales.kept_back([sold, given], [share_of(sold, int(pieces))], lost)
            assert sum(share.amount for share in shares) == int(amount), each
            sold = after(sold, shares[0])
            given = msgspec.structs.replace(
                given,
                gift_charged=given.gift_charged + sum(part for _, part in charged),
                refunded_quantity=given.refunded_quantity + wanted.get(2, 0),
            )


def test_the_page_says_how_an_appeal_runs() -> None:
    said = numbers("after-sales.md")["appeals"]
    assert timedelta(days=int(said["within_days"])) == aftersales.APPEAL_WITHIN
    assert timedelta(hours=int(said["answer_hours"])) == aftersales.APPEAL_ANSWERED_WITHIN
    good = {name: int(value) for name, value in said["made_good"].items()}
    assert good["goods"] + good["freight"] - good["commission"] + good["subsidy"] == good["credited"]


async def test_the_page_says_the_last_second_of_each_right(shop: Database, world: World) -> None:
    rules = await shop.ask(rights.rules)
    for each in numbers("rights.md")["last_seconds"]:
        received = datetime.fromisoformat(each["received"])
        rule = rules.of(Family(each["family"]), each["country"], received)
        assert rule is not None and (rule.code, rule.days) == (each["rule"], int(each["days"])), each
        last = datetime.fromisoformat(each["last_second"])
        assert rules.ends(rule, received, each["country"]) == last + timedelta(seconds=1), each
