"""Fees: which rules count for the shop, what is planned, and how they are read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, fee_words
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import commission, settlement
from steelyard.trade.commission.model import Fee, KnownRule, Rule
from steelyard.trade.settlement import OrderFee, Statement

NEEDS = {"permission": "statements.read"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that can count for the shop, by fee; and what will begin or end."""

    fees: Sequence[Fee]
    rules: Sequence[Rule]
    planned: Sequence[KnownRule]
    named: fee_words.Named


async def told(read: Read, merchant_id: MerchantId) -> Told:
    rules = await commission.rules_of_merchant(read, merchant_id)
    planned = await commission.planned_for_merchant(read, merchant_id)
    return Told(
        fees=await commission.fees(read),
        rules=rules,
        planned=planned,
        named=await fee_words.named(read, [*rules, *planned]),
    )


@get("/fees", opt=NEEDS)
async def fee_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """What the marketplace takes of the shop's sales."""
    found = await visit.merchant_db.ask(told, visit.merchant_id)
    return await frame.show(
        visit,
        "fees.html",
        frame.FEES,
        found=found,
        now=datetime.now(UTC),
        channels=fee_words.CHANNELS,
    )


async def by_order(read: Read, merchant_id: MerchantId, statement_id: UUID) -> tuple[Statement, list[OrderFee]]:
    """Raises `NotFound`: another merchant's statement is not there."""
    statement = await settlement.statement(read, merchant_id, statement_id)
    if statement is None:
        raise NotFound()
    return statement, await settlement.fees_by_order(read, merchant_id, statement_id)


@get("/statements/{statement_id:uuid}/fees.csv", opt=NEEDS)
async def statement_fees(visit: NamedDependency[Visit], statement_id: FromPath[UUID]) -> Response[bytes]:
    """Order by order, what each fee on a statement came to after refunds."""
    statement, found = await visit.merchant_db.ask(by_order, visit.merchant_id, statement_id)
    columns = (N_("Order"), N_("Charge"), N_("Amount"), N_("Tax on it"), N_("Together"), N_("Currency"))
    rows = [
        (
            each.code,
            each.name,
            Money(each.amount, statement.currency),
            Money(each.tax, statement.currency),
            Money(each.amount + each.tax, statement.currency),
            statement.currency,
        )
        for each in found
    ]
    name = visit.say(N_("Fees of {code}"), code=statement.code)
    return exports.csv_answer(visit, name, [visit.say(column) for column in columns], rows)


HANDLERS = [fee_page, statement_fees]
