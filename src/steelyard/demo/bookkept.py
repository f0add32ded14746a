"""What the finance staff have done with the books: months closed, the owners' money, a bank charge, euros changed into yuan."""

from datetime import UTC, date, datetime, timedelta

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.money import exchange, ledger
from steelyard.money.exchange import ExchangeId, ExchangeState, Leg
from steelyard.money.ledger import PeriodState, VoucherEntry, VoucherId, VoucherState
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind

FINANCE = f"staff:{made('account', 'finance')}"
CHIEF = f"staff:{made('account', 'operator')}"
BANK, OWN, COSTS = AccountKind.BANK_CASH, AccountKind.OWN_FUNDS, AccountKind.OTHER_COSTS
RATE_DAYS = 40
# So much of a currency for one euro, in millionths, and how far it swings.
RATES = {"CNY": (7_900_000, 40_000), "USD": (1_160_000, 8_000), "JPY": (186_000_000, 900_000)}
SWING_DAYS = 11


async def keep_books(db: Database) -> None:
    """What is there already stays as it is."""
    await db.transact(_rates)
    await _write(
        db, "funds", VoucherEntry(debit=BANK, credit=OWN, amount=50_000_000), "CNY", "股东投入运营资金，银行回单 0312"
    )
    await _write(
        db, "euros", VoucherEntry(debit=BANK, credit=OWN, amount=300_000), "EUR", "股东投入欧元备付金，银行回单 0313"
    )
    await _write(db, "charge", VoucherEntry(debit=COSTS, credit=BANK, amount=2_500), "CNY", "账户管理费，银行扣款通知")
    await _write(
        db, "postage", VoucherEntry(debit=COSTS, credit=BANK, amount=1_860), "CNY", "快递对账单寄送费", agreed=False
    )
    today = datetime.now(UTC).astimezone(BOOKS_ZONE).date()
    await _change(db, "sold", today - timedelta(days=20), (100_000, "EUR"), (788_000, "CNY"), agreed=True)
    await _change(db, "back", today - timedelta(days=9), (319_500, "CNY"), (40_000, "EUR"), agreed=True)
    await _change(db, "next", today - timedelta(days=1), (50_000, "EUR"), (393_800, "CNY"), agreed=False)
    await _close(db, today)


async def _rates(tx: Tx) -> None:
    """Made-up rates of the last weeks, where no real ones are known."""
    today = datetime.now(UTC).astimezone(BOOKS_ZONE).date()
    lines = ["Date," + ",".join(RATES)]
    known = {rate.day for rate in await exchange.last_rates(tx)}
    if known:
        return
    for back in range(RATE_DAYS):
        day = today - timedelta(days=back)
        told = [
            f"{(base + swing * (day.toordinal() % SWING_DAYS - SWING_DAYS // 2)) / 1e6:.4f}"
            for base, swing in RATES.values()
        ]
        lines.append(f"{day},{','.join(told)}")
    await exchange.take_rates(tx, "\n".join(lines).encode(), source="demo")


async def _write(
    db: Database, name: str, entry: VoucherEntry, currency: str, words: str, *, agreed: bool = True
) -> None:
    voucher_id = VoucherId(made("voucher", name))

    async def proposed(tx: Tx) -> ledger.Voucher:
        bank = await ledger.counterparty(tx, "bank")
        return await ledger.propose_voucher(
            tx, voucher_id, bank, currency, reverses=None, entry=entry, words=words, by=FINANCE
        )

    found = await db.transact(proposed)
    if agreed and found.state is VoucherState.PROPOSED:
        await db.transact(ledger.agree_voucher, found.owner_id, voucher_id, CHIEF)


async def _change(
    db: Database, name: str, on_day: date, gone: tuple[int, str], come: tuple[int, str], *, agreed: bool
) -> None:
    exchange_id = ExchangeId(made("exchange", name))

    async def proposed(tx: Tx) -> exchange.Exchange:
        bank = await ledger.counterparty(tx, "bank")
        legs = [Leg(owner_id=bank, kind=BANK, currency=currency, amount=amount) for amount, currency in (gone, come)]
        return await exchange.propose(tx, exchange_id, on_day, legs[0], legs[1], "银行结汇水单", FINANCE)

    found = await db.transact(proposed)
    if agreed and found.state is ExchangeState.PROPOSED:
        await db.transact(exchange.agree, exchange_id, CHIEF)


async def _close(db: Database, today: date) -> None:
    """All months but the last one are closed; the last one waits for the second person."""
    last = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    before = (last - timedelta(days=1)).replace(day=1)
    known = {each.period: each.state for each in await db.ask(ledger.periods)}
    if known.get(before) is PeriodState.OPEN:
        await db.transact(ledger.propose_closing, before, FINANCE)
        await db.transact(ledger.confirm_closing, before, CHIEF)
    if known.get(last) is PeriodState.OPEN:
        await db.transact(ledger.propose_closing, last, FINANCE)
