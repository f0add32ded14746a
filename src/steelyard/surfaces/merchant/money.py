"""Money: what is held, earned, on its way and paid; what is expected when; what the marketplace charges."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.channels import host_commission
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, fee_words, settlement_words
from steelyard.surfaces.web.console import address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import commission, settlement
from steelyard.trade.commission.model import Rule
from steelyard.trade.settlement import AwaitedOrder, Cycle, Expected, Held, Less, Terms, settlement_day

NEEDS = {"permission": "statements.read"}
DAYS_SHOWN = 21
DAYS_DRAWN = 30
AWAITED_SHOWN = 10


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """`balances` are those of the shop's accounts in the books, by currency and kind; `hosts`: commission of hosts that is
    still to be earned, `of_hosts` of each order that is awaited."""

    merchant: Merchant
    balances: dict[str, dict[AccountKind, int]]
    paid: dict[str, int]
    held: list[Held]
    expected: list[Expected]
    awaited: Page[AwaitedOrder]
    hosts: Sequence[Less]
    of_hosts: Mapping[UUID, int]
    terms: Sequence[Terms]
    now: Terms
    reserves: list[settlement.Reserve]
    due: dict[str, int]
    rules: list[Rule]
    named: fee_words.Named

    @property
    def currencies(self) -> list[str]:
        """The shop's own currency first."""
        return list(dict.fromkeys([self.merchant.currency, *self.balances, *self.paid]))

    @property
    def carried(self) -> list[tuple[str, int]]:
        """What is due and comes to less than the shop is paid at least."""
        least, own = self.now.minimum, self.now.currency
        return [(currency, due) for currency, due in self.due.items() if currency == own and 0 < due < least]

    @property
    def withdrawable(self) -> list[tuple[str, int]]:
        """What the shop can ask for, where it is paid on request."""
        if self.now.cycle is not Cycle.ON_REQUEST:
            return []
        least, own = self.now.minimum, self.now.currency
        return [(currency, due) for currency, due in self.due.items() if due > 0 and (currency != own or due >= least)]

    @property
    def to_hosts(self) -> dict[str, int]:
        """What of orders that are paid and not complete will be hosts', by currency."""
        found: dict[str, int] = {}
        for each in self.hosts:
            found[each.currency] = found.get(each.currency, 0) + each.amount
        return found

    def of_held(self, held: Held) -> int:
        """What the shop gets of what is still to be sent."""
        return held.income - sum(
            each.amount for each in self.hosts if each.day is None and each.currency == held.currency
        )

    def income(self, order: AwaitedOrder) -> int:
        """What the shop gets of an order that is awaited."""
        return order.income - self.of_hosts.get(order.order_id, 0)

    def balance(self, currency: str, kind: str) -> int:
        return self.balances.get(currency, {}).get(AccountKind(kind), 0)


async def overview(read: Read, merchant_id: MerchantId, cursor: str | None) -> Overview:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    balances: dict[str, dict[AccountKind, int]] = {}
    for balance in await ledger.balances(read, merchant_id):
        balances.setdefault(balance.currency, {})[AccountKind(balance.kind)] = balance.balance
    agreed = await settlement.agreed(read, [merchant_id])
    today = settlement_day(datetime.now(UTC))
    rules = await commission.rules_of_merchant(read, merchant_id)
    hosts = await host_commission.foreseen(read, merchant_id)
    waiting = await settlement.awaited(read, merchant_id, cursor, AWAITED_SHOWN)
    return Overview(
        merchant=merchant,
        balances=balances,
        paid=await settlement.paid_out(read, merchant_id),
        held=await settlement.held(read, merchant_id),
        expected=await settlement.expected(read, merchant_id, hosts),
        awaited=waiting,
        hosts=hosts,
        of_hosts=await host_commission.foreseen_of(read, merchant_id, [each.order_id for each in waiting.items]),
        terms=agreed.of.get(merchant_id, []),
        now=agreed.on(merchant_id, today),
        reserves=await settlement.reserves_of(read, merchant_id),
        due=await settlement.due_by(read, merchant_id, today),
        rules=rules,
        named=await fee_words.named(read, rules),
    )


@get("/money", opt=NEEDS)
async def money_page(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The balance, and the calendar of what will be paid out."""
    found = await visit.merchant_db.ask(overview, visit.merchant_id, cursor)
    stripe = settlement.stripe_connect(visit.settings) is not None
    account = await visit.merchant_db.ask(settlement.account_of, visit.merchant_id) if stripe else None
    most = max((each.earned + each.awaited for each in found.expected), default=0)
    return await frame.show(
        visit,
        "money.html",
        frame.MONEY,
        found=found,
        days=found.expected[:DAYS_SHOWN],
        charts=[_expected(visit, found, currency) for currency in found.currencies],
        words=settlement_words,
        today=settlement_day(datetime.now(UTC)),
        most=most,
        channels=fee_words.CHANNELS,
        export_href=address(f"{frame.MONEY}/expected", format="csv"),
        next_href=address(frame.MONEY, cursor=found.awaited.next) + "#awaited" if found.awaited.next else "",
        start_href=f"{frame.MONEY}#awaited" if cursor else "",
        stripe=stripe,
        account=account,
    )


def _expected(visit: Visit, found: Overview, currency: str) -> Chart:
    today = settlement_day(datetime.now(UTC))
    days = [today + timedelta(days=number) for number in range(DAYS_DRAWN)]
    earned, awaits = dict.fromkeys(days, 0), dict.fromkeys(days, 0)
    for each in found.expected:
        day = max(each.day, today)  # what was due before is paid next
        if each.currency == currency and day in earned:
            earned[day] += each.earned
            awaits[day] += each.awaited
    return Chart(
        "stacked",
        visit.say(N_("Expected payouts by day")),
        days,
        [
            Series(visit.say(N_("Yours already")), list(earned.values())),
            Series(visit.say(N_("Still to be received")), list(awaits.values())),
        ],
        unit="money",
        currency=currency,
    )


async def _withdraw(tx: Tx, actor: Actor, merchant_id: MerchantId, currency: str) -> None:
    statement = await settlement.withdraw(tx, merchant_id, currency, settlement_day(datetime.now(UTC)))
    facts = {"amount": statement.payout, "currency": currency}
    await access.audit(tx, actor, "statements.withdraw", statement.code, facts)


@post("/money/withdraw", opt=NEEDS)
async def withdraw(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Ask for all that is due, where the shop is paid on request: a statement is issued at once."""
    currency = (await entries_of(request)).text("currency")
    return await done(
        visit,
        frame.MONEY,
        N_("A statement is issued for it; it is on its way to your bank."),
        lambda: visit.merchant_db.transact(_withdraw, visit.actor, visit.merchant_id, currency),
    )


async def all_awaited(read: Read, merchant_id: MerchantId) -> tuple[list[AwaitedOrder], Mapping[UUID, int]]:
    found = await exports.everything(lambda cursor: settlement.awaited(read, merchant_id, cursor, 100))
    return found, await host_commission.foreseen_of(read, merchant_id, [each.order_id for each in found])


@get("/money/expected", opt=NEEDS)
async def expected_file(visit: NamedDependency[Visit]) -> Response[bytes]:
    """The orders on their way, with what each will pay and when at the latest."""
    terms = await visit.merchant_db.ask(settlement.agreed, [visit.merchant_id])
    found, of_hosts = await visit.merchant_db.ask(all_awaited, visit.merchant_id)
    columns = [
        visit.say(word)
        for word in (N_("Order"), N_("Delivered"), N_("Receipt counts as confirmed on"), N_("Paid out from"),
                     N_("Hosts’ commission"), N_("You get"), N_("Currency"))
    ]  # fmt: skip
    rows = [
        [
            order.code,
            order.delivered_at,
            order.receive_by,
            terms.due_on(visit.merchant_id, order.receive_by),
            Money(of_hosts.get(order.order_id, 0), order.currency),
            Money(order.income - of_hosts.get(order.order_id, 0), order.currency),
            order.currency,
        ]
        for order in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Expected payouts")), columns, rows)


HANDLERS = [money_page, withdraw, expected_file]
