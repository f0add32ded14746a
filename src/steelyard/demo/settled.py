"""What the demo's shops and the finance staff say of statements: terms of some shops, what is kept in reserve, lines that are
disputed and answered, and payouts in bank files, of which one was answered and another waits to be approved."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.demo.bookkept import CHIEF, FINANCE
from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import Entry, EntryKind, Payer, Terms, ToBatch, Way

CURRENCY = "CNY"
PAYER = Payer(holder="秤杆集市（演示）有限公司", bank="演示银行", account="6222000000000000001")
SHOP = "staff:demo"
# Their sums are in examples and journeys: their terms stay what they are, and what they dispute is declined or waits.
LEFT_ALONE = ("zoufang", "xinghuo", "oubi")
# A shop each in turn, of those that are paid most today: two in a file, one in the next with a reserve, one that looks first.
TERMS = (
    Terms(way=Way.FILE),
    Terms(way=Way.FILE),
    Terms(way=Way.FILE, reserve_rate=100_000, reserve_days=30),
    Terms(check_days=3),
)
FILED = 2
CLOSED = "收款账户已销户"
WORDS = "这笔订单的佣金按旧费率收取，请核对合同补充条款。"
CORRECTED = "已核对，按合同应少收，差额计入下一期结算单。"
DECLINED = "已核对：下单当日适用该费率，金额无误。"
STATEMENTS_LOOKED_AT = 3


async def settle_with(db: Database, slugs: Sequence[str]) -> None:
    """Said again, what is there stays as it is."""
    shops = {slug: MerchantId(made("merchant", slug)) for slug in slugs}
    others = [merchant_id for slug, merchant_id in shops.items() if slug not in LEFT_ALONE]
    await db.transact(_issue, others)
    await _send_files(db)
    for slug in LEFT_ALONE[:1]:
        if slug in shops:
            await db.transact(_dispute, shops[slug], (None, 0))
    for merchant_id in others:
        if await db.transact(_dispute, merchant_id, (50,)):
            break


async def _issue(tx: Tx, shops: Sequence[MerchantId]) -> None:
    """Agree upon terms, and issue the day's statements by them before the bank is asked to pay any."""
    for shop in shops:
        if await settlement.reserves_of(tx, shop):
            return
    today = settlement.settlement_day(datetime.now(UTC))
    due = {shop: (await settlement.due_by(tx, shop, today)).get(CURRENCY, 0) for shop in shops}
    most = sorted((shop for shop in shops if due[shop] > 0), key=lambda shop: (-due[shop], shop))
    for shop, terms in zip(most, TERMS, strict=False):
        await settlement.agree(tx, shop, msgspec.structs.replace(terms, from_day=today), CHIEF, today)
    await settlement.run(tx, today)


async def _send_files(db: Database) -> None:
    """One file was sent to the bank, which paid one shop and knows no account of the other's; the next waits for a colleague."""
    await db.transact(settlement.set_payer, CURRENCY, PAYER)
    sent, next_one = made("batch", "sent"), made("batch", "made")
    waiting = await db.ask(settlement.to_batch, CURRENCY)
    known = {each.batch_id for each in (await db.ask(settlement.batches)).items}
    if sent not in known and waiting:
        await db.transact(_filed, sent, waiting[:FILED])
        waiting = waiting[FILED:]
    if next_one not in known and waiting:
        await db.transact(_drafted, next_one, waiting[:FILED])


async def _drafted(tx: Tx, batch_id: UUID, chosen: Sequence[ToBatch]) -> None:
    today = settlement.settlement_day(datetime.now(UTC))
    await settlement.make_batch(tx, batch_id, CURRENCY, today, [each.statement_id for each in chosen], FINANCE)


async def _filed(tx: Tx, batch_id: UUID, chosen: Sequence[ToBatch]) -> None:
    await _drafted(tx, batch_id, chosen)
    await settlement.approve_batch(tx, batch_id, CHIEF)
    await settlement.fetch_batch(tx, batch_id, FINANCE)
    await settlement.mark_sent(tx, batch_id, FINANCE)
    for place, order in enumerate(await settlement.orders_of_batch(tx, batch_id)):
        paid = place == 0
        await settlement.answer_by_hand(
            tx, batch_id, order.merchant_id, order.statement_id, paid=paid, failure="" if paid else CLOSED, by=FINANCE
        )


async def _dispute(tx: Tx, merchant_id: MerchantId, answers: Sequence[int | None]) -> bool:
    """A shop disputes a line for each of these answers: none, or how many hundredths more it is given (0: declined)."""
    lines = await _lines(tx, merchant_id)
    for place, (line, answer) in enumerate(zip(lines, answers, strict=False)):
        dispute_id = made("line dispute", str(merchant_id), str(place))
        assert line.statement_id is not None
        known = await settlement.disputes_of(tx, merchant_id, line.statement_id)
        if any(each.dispute_id == dispute_id for each in known):
            continue
        await settlement.dispute(tx, merchant_id, dispute_id, line.entry_id, WORDS, SHOP)
        if answer is not None:
            told = CORRECTED if answer else DECLINED
            correction = answer * max(1, abs(line.amount) // 100)
            await settlement.answer_dispute(tx, merchant_id, dispute_id, correction, told, FINANCE)
    return bool(lines)


async def _lines(read: Read, merchant_id: MerchantId) -> list[Entry]:
    """Lines of the shop's latest statements that say what it was charged, the newest statement first."""
    page = await settlement.statements_page(read, merchant_id=merchant_id, limit=STATEMENTS_LOOKED_AT)
    found: list[Entry] = []
    for statement in page.items:
        lines = await settlement.entries(read, merchant_id, statement.statement_id)
        found += [line for line in lines.items if line.kind is EntryKind.COMMISSION]
    return found
