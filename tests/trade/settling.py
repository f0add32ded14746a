"""What settlement is asked in its tests."""

from datetime import UTC, date, datetime

from msgspec.structs import replace

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import Batch, Payer, Statement, Terms
from tests.money.deals import Deal, balance, paid
from tests.trade.merchants import MONDAY, NOON, complete, open_shop

MAKER, APPROVER = "staff:1", "staff:2"
PAYER = Payer(holder="杆秤科技有限公司", bank="测试银行", account="110000000001", bic="TESTCNBJ")


def today() -> date:
    return settlement.settlement_day(datetime.now(UTC))


async def agreed_shop(db: Database, terms: Terms, *, from_day: date = MONDAY, account: str = "6222 01") -> MerchantId:
    """A shop with terms of its own from a day on."""
    shop = await open_shop(db, account=account)
    await agree(db, shop, terms, from_day)
    return shop


async def agree(db: Database, shop: MerchantId, terms: Terms, from_day: date = MONDAY) -> None:
    await db.transact(settlement.agree, shop, replace(terms, from_day=from_day), MAKER, from_day)


async def sold(db: Database, shop: MerchantId, amount: int, *, commission: int = 0, released: datetime = NOON) -> Deal:
    deal = await paid(db, Deal(amounts=(amount,), merchants=[shop]))
    await complete(db, deal, commission=commission, released=released)
    return deal


async def filed(db: Database, statements: list[Statement], *, by: str = MAKER) -> Batch:
    """The statements in a batch that nobody has approved."""
    await db.transact(settlement.set_payer, "CNY", PAYER)
    return await db.transact(
        settlement.make_batch, ids.mint(), "CNY", today(), [s.statement_id for s in statements], by
    )


async def fetched(db: Database, statements: list[Statement]) -> Batch:
    """The statements in a batch whose file is fetched."""
    batch = await filed(db, statements)
    await db.transact(settlement.approve_batch, batch.batch_id, APPROVER)
    await db.transact(settlement.fetch_batch, batch.batch_id, MAKER)
    return await db.ask(settlement.batch, batch.batch_id)


async def state_of(db: Database, statement: Statement) -> Statement:
    found = await db.ask(settlement.statement, statement.merchant_id, statement.statement_id)
    assert found is not None
    return found


async def payable(db: Database, shop: MerchantId) -> int:
    return await balance(db, shop, AccountKind.PAYABLE)
