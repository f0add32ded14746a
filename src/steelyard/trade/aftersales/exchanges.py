"""Exchanges: another variant of the same product, or the same once more, for pieces that come back.

What goes out again is kept in stock from the moment the shop agrees. Where there is none left then, the case becomes a return
with a refund. A dearer variant is refused: nothing is collected. Of a cheaper one the difference goes back when it is sent.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.inventory.model import Wanted
from steelyard.kernel import ids, money
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import ParcelId
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.aftersales.case_model import SWAPS, Case, CaseId, DearerVariant, Kind, NewCase, NoneLeft
from steelyard.trade.aftersales.case_steps import Held, give_back, hold, let_send_back, move
from steelyard.trade.aftersales.model import CASE_MACHINE, CaseState, Less, Reason, RefundRequest, paid_for, share_of
from steelyard.trade.aftersales.service import refund
from steelyard.trade.orders.model import Order, OrderLine


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent instead: `difference` goes back for all pieces asked for; `turned`: there was none left, and the money
    goes back; `accepted` of the pieces that came back are exchanged, `restocked` of them lie on the shelf again."""

    merchant_id: MerchantId
    case_id: CaseId
    line: int
    sku_id: SkuId
    options: list[tuple[Text, Text]]
    sku_code: str
    quantity: int
    difference: int
    turned: bool
    accepted: int | None
    restocked: int
    parcel_id: ParcelId | None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that a line can be exchanged for now, and what would go back for each piece."""

    sku_id: SkuId
    options: list[tuple[Text, Text]]
    code: str
    free: int
    difference: int
    same: bool


async def exchange_of(read: Read, case_id: CaseId) -> Exchange | None:
    """What a case exchanges, or was to."""
    return await read.one(
        Exchange,
        """
        SELECT merchant_id, case_id, line, sku_id, options, sku_code, quantity, difference, turned, accepted, restocked
             , parcel_id
        FROM aftersales_exchanges WHERE case_id = $1
        """,
        case_id,
    )


async def choices(read: Read, order: Order, lines: Sequence[OrderLine]) -> dict[int, list[Choice]]:
    """By line, what its pieces can be exchanged for: variants of the same product that are on sale and cost no more now than
    the one that was bought; the same one too. Those with none left are not among them."""
    found = await catalog.products(read, {line.product_id for line in lines})
    sku_ids = {SkuId(sku.sku_id) for product in found.values() for sku in product.skus} | {
        SkuId(line.sku_id) for line in lines
    }
    cards = await catalog.cards(read, sku_ids)
    prices = {sku: price.amount for sku, price in (await pricing.current(read, sku_ids, order.currency)).items()}
    free = await inventory.available(read, sku_ids)
    told: dict[int, list[Choice]] = {}
    for line in lines:
        own = prices.get(SkuId(line.sku_id), line.unit_price)
        told[line.line] = [
            Choice(
                sku_id=sku_id,
                options=card.options,
                code=card.code,
                free=free.get(sku_id, 0),
                difference=difference_of(line, 1, own, prices.get(sku_id, own)),
                same=sku_id == line.sku_id,
            )
            for sku_id, card in cards.items()
            if card.product_id == line.product_id
            and free.get(sku_id, 0)
            and (sku_id == line.sku_id or (card.on_sale and prices.get(sku_id, own + 1) <= own))
        ]
    return told


def difference_of(line: OrderLine, pieces: int, own: int, wanted: int) -> int:
    """What goes back for so many pieces: of what was paid for them as large a part as the wanted variant costs less now."""
    left = line.quantity - line.refunded_quantity
    if wanted >= own or own <= 0 or not left:
        return 0
    return money.split(share_of(line, min(pieces, left)).amount, [own - wanted, wanted])[0]


async def want(tx: Tx, new: NewCase, order: Order, lines: Mapping[int, OrderLine]) -> None:
    """Write down what a new case is to exchange. Raises `Invalid`, `DearerVariant`, `NoneLeft`."""
    if len(new.lines) != 1:
        raise Invalid({"lines": N_("Please exchange one article at a time.")})
    [asked] = new.lines
    line = lines[asked.line]
    sku_id = SkuId(line.sku_id) if new.kind is Kind.REPLACEMENT else new.sku_id
    card = (await catalog.cards(tx, [sku_id])).get(sku_id) if sku_id else None
    same = sku_id == line.sku_id
    wrong = card is None or card.product_id != line.product_id or card.merchant_id != order.merchant_id
    if sku_id is None or card is None or wrong or (new.kind is Kind.EXCHANGE and (same or not card.on_sale)):
        raise Invalid({f"want-{asked.line}": N_("Please choose what you want instead.")})
    prices = await pricing.current(tx, [SkuId(line.sku_id), sku_id], order.currency)
    own = prices[SkuId(line.sku_id)].amount if line.sku_id in prices else line.unit_price
    wanted = own if same else prices[sku_id].amount if sku_id in prices else own + 1
    if wanted > own:
        raise DearerVariant()
    if (await inventory.available(tx, [sku_id])).get(sku_id, 0) < asked.quantity:
        raise NoneLeft()
    await tx.execute(
        """
        INSERT INTO aftersales_exchanges (merchant_id, case_id, order_id, line, sku_id, options, sku_code, quantity
                                        , difference)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        new.merchant_id,
        new.case_id,
        new.order_id,
        asked.line,
        sku_id,
        card.options,
        card.code,
        asked.quantity,
        difference_of(line, asked.quantity, own, wanted),
    )


async def let_come(tx: Tx, held: Held, address: Address, by: str, words: str = "") -> None:
    """The goods may come back. For an exchange what goes out again is kept from now on; where there is not enough of it, the
    case becomes a return with a refund."""
    if held.case.kind in SWAPS:
        exchange = await _exchange(tx, held.case)
        wanted = Wanted(
            merchant_id=held.case.merchant_id,
            order_id=held.case.case_id,
            sku_id=exchange.sku_id,
            quantity=exchange.quantity,
        )
        if await inventory.reserve(tx, [wanted]):
            await _turn(tx, held.case)
    await let_send_back(tx, held, address, by, words)


async def _exchange(read: Read, case: Case) -> Exchange:
    found = await exchange_of(read, case.case_id)
    assert found is not None, "an exchange says for what"
    return found


async def _turn(tx: Tx, case: Case) -> None:
    await tx.execute(
        """
        WITH turned AS (
            UPDATE aftersales_exchanges SET turned = true WHERE merchant_id = $1 AND case_id = $2
        )
        UPDATE aftersales_cases SET kind = 'return_refund' WHERE merchant_id = $1 AND case_id = $2
        """,
        case.merchant_id,
        case.case_id,
    )


async def accept(tx: Tx, held: Held, accepted: Mapping[int, tuple[int, int]], by: str, words: str) -> None:
    """The shop accepts what came back (line → pieces, of them back on the shelf) and sends others next."""
    case, exchange = held.case, await _exchange(tx, held.case)
    pieces, restocked = accepted[exchange.line]
    if pieces < exchange.quantity:
        await inventory.release_pieces(
            tx, case.merchant_id, case.case_id, [(exchange.sku_id, exchange.quantity - pieces)]
        )
    if restocked:
        [line] = [each for each in await _lines(tx, held.order) if each.line == exchange.line]
        shelved = [(line.sku_id, None, restocked)]
        await inventory.take_back(tx, case.merchant_id, shelved, document=case.refund_id, by=by)
    await tx.execute(
        """
        UPDATE aftersales_exchanges SET accepted = $3, restocked = $4 WHERE merchant_id = $1 AND case_id = $2
        """,
        case.merchant_id,
        case.case_id,
        pieces,
        restocked,
    )
    await move(tx, held, CaseState.ACCEPTED, by, words)


async def _lines(read: Read, order: Order) -> list[OrderLine]:
    return (await orders.lines_of(read, [order.order_id]))[order.order_id]


async def taken_in(read: Read, case: Case) -> dict[int, tuple[int, int]] | None:
    """The pieces of an exchange that the shop has accepted (line → pieces, none more for the shelf); none before."""
    exchange = await exchange_of(read, case.case_id) if case.kind in SWAPS else None
    return {exchange.line: (exchange.accepted, 0)} if exchange and exchange.accepted is not None else None


async def send_again(tx: Tx, merchant_id: MerchantId, case_id: CaseId, carrier: str, number: str, by: str) -> Case:
    """The shop has sent what goes out instead; the difference to something cheaper goes back. What was given back meanwhile is
    not sent. Returns the case as it was; said twice, nothing changes.

    Raises `NotFound`, `TransitionRefused`, `NumberTaken`, `Invalid`.
    """
    held = await hold(tx, merchant_id, case_id)
    case = held.case
    if case.state in (CaseState.RESENT, CaseState.EXCHANGED):
        return case
    CASE_MACHINE.check(case.state, CaseState.RESENT)
    exchange = await _exchange(tx, case)
    assert exchange.accepted is not None, "what was not accepted is not exchanged"
    [line] = [each for each in await _lines(tx, held.order) if each.line == exchange.line]
    pieces = min(exchange.accepted, line.quantity - line.refunded_quantity)
    if pieces < exchange.accepted:
        short = [(exchange.sku_id, exchange.accepted - pieces)]
        await inventory.release_pieces(tx, merchant_id, case_id, short)
    if not pieces:
        await move(tx, held, CaseState.CLOSED, by)
        return case
    parcel_id = ParcelId(ids.derived(case_id, "instead"))
    # Known by its case: the order's own parcels say when the order was received.
    await parcels.hand_over(
        tx, parcel_id=parcel_id, merchant_id=merchant_id, order_id=case_id, carrier=carrier, number=number, by=by
    )
    await inventory.ship(tx, merchant_id, case_id, [(exchange.sku_id, pieces)], document=parcel_id, by=by)
    await tx.execute(
        "UPDATE aftersales_exchanges SET accepted = $3, parcel_id = $4 WHERE merchant_id = $1 AND case_id = $2",
        merchant_id,
        case_id,
        pieces,
        parcel_id,
    )
    await _pay_difference(tx, held, exchange, pieces, paid_for(line) - line.refunded, by)
    await move(tx, held, CaseState.RESENT, by)
    return case


async def _pay_difference(tx: Tx, held: Held, exchange: Exchange, pieces: int, left: int, by: str) -> None:
    """What the other article costs less, and not more than is `left` of the line."""
    amount = min(exchange.difference * pieces // exchange.quantity, left)
    if not amount:
        return
    request = RefundRequest(
        refund_id=difference_id(held.case.case_id),
        merchant_id=held.case.merchant_id,
        order_id=held.case.order_id,
        less=[Less(exchange.line, amount)],
        reason=Reason.GOODWILL,
    )
    await refund(tx, request, by)


def difference_id(case_id: UUID) -> RefundId:
    """The refund that the difference of an exchange goes back by."""
    return RefundId(ids.derived(case_id, "difference"))


async def confirm(tx: Tx, merchant_id: MerchantId, case_id: CaseId, by: str) -> None:
    """The buyer has received what was sent instead. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    held = await hold(tx, merchant_id, case_id)
    if held.case.state is not CaseState.EXCHANGED:
        await move(tx, held, CaseState.EXCHANGED, by)


async def give_up_sending(tx: Tx, held: Held, by: str) -> None:
    """The shop has not sent anything instead in its time: the money goes back for what it accepted."""
    await give_back(tx, held, by, accepted=await taken_in(tx, held.case))
