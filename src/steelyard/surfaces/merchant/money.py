"""Money: what is held, earned, on its way and paid; what is expected when; what the marketplace charges."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, fee_words
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import commission, settlement
from steelyard.trade.commission.model import Rule
from steelyard.trade.settlement import AwaitedOrder, Expected, Held

NEEDS = {"permission": "statements.read"}
DAYS_SHOWN = 21
AWAITED_SHOWN = 10


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """`balances` are those of the shop's accounts in the books, by currency and kind."""

    merchant: Merchant
    balances: dict[str, dict[AccountKind, int]]
    paid: dict[str, int]
    held: list[Held]
    expected: list[Expected]
    awaited: Page[AwaitedOrder]
    rules: list[Rule]
    named: fee_words.Named

    @property
    def currencies(self) -> list[str]:
        """The shop's own currency first."""
        return list(dict.fromkeys([self.merchant.currency, *self.balances, *self.paid]))

    def balance(self, currency: str, kind: str) -> int:
        return self.balances.get(currency, {}).get(AccountKind(kind), 0)


async def overview(read: Read, merchant_id: MerchantId, cursor: str | None) -> Overview:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    balances: dict[str, dict[AccountKind, int]] = {}
    for balance in await ledger.balances(read, merchant_id):
        balances.setdefault(balance.currency, {})[AccountKind(balance.kind)] = balance.balance
    rules = await commission.rules_of_merchant(read, merchant_id)
    return Overview(
        merchant=merchant,
        balances=balances,
        paid=await settlement.paid_out(read, merchant_id),
        held=await settlement.held(read, merchant_id),
        expected=await settlement.expected(read, merchant_id),
        awaited=await settlement.awaited(read, merchant_id, cursor, AWAITED_SHOWN),
        rules=rules,
        named=await fee_words.named(read, rules),
    )


@get("/money", opt=NEEDS)
async def money_page(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The balance, and the calendar of what will be paid out."""
    found = await visit.merchant_db.ask(overview, visit.merchant_id, cursor)
    most = max((each.earned + each.awaited for each in found.expected), default=0)
    return await frame.show(
        visit,
        "money.html",
        frame.MONEY,
        found=found,
        days=found.expected[:DAYS_SHOWN],
        most=most,
        channels=fee_words.CHANNELS,
        export_href=address(f"{frame.MONEY}/expected", format="csv"),
        next_href=address(frame.MONEY, cursor=found.awaited.next) + "#awaited" if found.awaited.next else "",
        start_href=f"{frame.MONEY}#awaited" if cursor else "",
    )


async def all_awaited(read: Read, merchant_id: MerchantId) -> list[AwaitedOrder]:
    return await exports.everything(lambda cursor: settlement.awaited(read, merchant_id, cursor, 100))


@get("/money/expected", opt=NEEDS)
async def expected_file(visit: NamedDependency[Visit]) -> Response[bytes]:
    """The orders on their way, with what each will pay and when at the latest."""
    terms = await visit.merchant_db.ask(settlement.agreed, [visit.merchant_id])
    found = await visit.merchant_db.ask(all_awaited, visit.merchant_id)
    columns = [
        visit.say(word)
        for word in (N_("Order"), N_("Delivered"), N_("Receipt counts as confirmed on"), N_("Paid out from"),
                     N_("You get"), N_("Currency"))
    ]  # fmt: skip
    rows = [
        [
            order.code,
            order.delivered_at,
            order.receive_by,
            terms.due_on(visit.merchant_id, order.receive_by),
            Money(order.income, order.currency),
            order.currency,
        ]
        for order in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Expected payouts")), columns, rows)


HANDLERS = [money_page, expected_file]
