"""Gift cards in the currencies that shops sell in here."""

from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.money import gifts, wallets
from steelyard.parties.customers.model import BuyerId
from tests.support.gifts import bought, code_of, ordered, sold, wanted
from tests.support.world import World


async def test_a_card_is_in_a_currency_that_shops_sell_in(shop: Database, world: World):
    await sold(shop)
    await shop.transact(_sells_in_yen, world.tea.merchant_id)
    assert (await shop.ask(gifts.terms)).currencies == ["CNY", "JPY"]
    new = wanted(amount=5_000)
    with pytest.raises(Invalid):
        await ordered(shop, msgspec.structs.replace(new, currency="JPY", amount=4_999))

    sale = await bought(shop, msgspec.structs.replace(new, currency="JPY"))
    await shop.transact(gifts.send_due)
    friend = BuyerId(ids.mint())
    await shop.transact(wallets.redeem, friend, await code_of(shop))

    assert (sale.currency, sale.amount) == ("JPY", 5_000)
    assert [(each.currency, each.amount) for each in await shop.ask(wallets.amounts, friend)] == [("JPY", 5_000)]


async def _sells_in_yen(tx: Tx, merchant_id: UUID) -> None:
    await tx.execute("UPDATE merchants SET currency = 'JPY' WHERE merchant_id = $1", merchant_id)
