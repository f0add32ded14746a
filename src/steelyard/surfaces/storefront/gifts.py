"""Gift cards in the shop: one is bought for oneself or for somebody, looked after until it is redeemed, and given back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import ids, limits
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.money import gifts, payments
from steelyard.money.gifts import NewSale, Sale, SaleId, SaleOver, SaleState, Terms
from steelyard.money.gifts.model import (
    CARDS_AT_ONCE_MAX,
    CURRENCY,
    HOUSE_ZONE,
    MESSAGE_CHARACTERS_MAX,
    MINOR_PER_UNIT,
    SEND_DAYS_AHEAD_MAX,
)
from steelyard.money.payments import Device, Standing, UnknownChannel, Wanted
from steelyard.money.payments.model import Payment, PaymentState
from steelyard.parties.access.model import Account
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.paying import TRIES_PER_BUYER, WECHATPAY, ask_channel, looks_of, next_look, wallet_of
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import number, said, uuid_of
from steelyard.surfaces.storefront.ways import Way, came_by_itself, device_of, payer_of, ways, wechat_state
from steelyard.surfaces.web import scanning
from steelyard.surfaces.web.gift_words import STATES
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.offers import money
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of
from steelyard.surfaces.web.visit import Visit

GIFTS = "/gift-cards"
MINE = "/account/gift-cards"
CARDS_PER_PAGE = 20
OTHER = "other"
# Each order may become a payment at the channel, and a mail to somebody.
ORDERS_PER_BUYER = Limit("buy_gift_card", burst=20, per_seconds=3_600)
SENDINGS_PER_BUYER = Limit("send_gift_card", burst=10, per_seconds=3_600)


class ShopPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    terms: Terms
    standing: Standing


class CardPage(msgspec.Struct, frozen=True, kw_only=True):
    """`last` is the latest try to pay."""

    shell: Shell
    sale: Sale
    standing: Standing
    last: Payment | None
    looks: int

    @property
    def next_look_seconds(self) -> int | None:
        return next_look(self.looks)

    @property
    def waiting(self) -> bool:
        """Whether the channel has still to say how it ended."""
        unsettled = self.last is not None and self.last.state in (PaymentState.INSTRUCTED, PaymentState.PENDING)
        return self.sale.state is SaleState.UNPAID and unsettled


class MyCards(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    cards: Page[Sale]
    on: bool


async def shop_page(read: Read, buyer_id: BuyerId | None) -> ShopPage:
    """Raises `NotFound` where no cards are sold."""
    terms = await gifts.terms(read)
    if not terms.on:
        raise NotFound()
    return ShopPage(shell=await shell(read, buyer_id), terms=terms, standing=await payments.standing(read))


async def card_page(read: Read, buyer_id: BuyerId, sale_id: UUID, looks: int) -> CardPage:
    """Raises `NotFound` for what is not this buyer's."""
    sale = await gifts.get(read, buyer_id, sale_id)
    if sale is None:
        raise NotFound()
    tries = await payments.of_purchase(read, sale.batch_id or sale_id) if sale.state is SaleState.UNPAID else []
    now = await payments.standing(read)
    last = tries[0] if tries else None
    return CardPage(shell=await shell(read, buyer_id), sale=sale, standing=now, last=last, looks=looks)


async def my_cards(read: Read, buyer_id: BuyerId, cursor: str | None) -> MyCards:
    return MyCards(
        shell=await shell(read, buyer_id),
        cards=await gifts.of_buyer(read, buyer_id, cursor, CARDS_PER_PAGE),
        on=(await gifts.terms(read)).on,
    )


@get(GIFTS)
async def gift_cards(visit: NamedDependency[Visit], currency: FromQuery[str | None] = None) -> Response[str]:
    """What cards there are; whoever is signed in can buy one."""
    return await _shop(visit, {"currency": currency or ""})


@post(GIFTS)
async def buy(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Response[str] | Redirect:
    """Order a card, and go on to pay it."""
    account, buyer_id = buyer_of(visit)
    try:
        await limits.take(visit.db, ORDERS_PER_BUYER, str(buyer_id))
        sale = await visit.db.transact(gifts.order, _wanted(visit, account, buyer_id, data))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _shop(visit, data, refusal)
    return await _pay(visit, sale, said(data, "channel"))


def _wanted(visit: Visit, account: Account, buyer_id: BuyerId, data: Mapping[str, Any]) -> NewSale:
    """What cannot be read is refused with the rest, beside its field."""
    chosen = said(data, "amount")
    day = said(data, "send_on")
    return NewSale(
        sale_id=SaleId(uuid_of(data.get("sale_id")) or ids.mint()),
        buyer_id=buyer_id,
        amount=number(said(data, "amount_other") if chosen == OTHER else chosen, 0),
        recipient=account.email if said(data, "to") != OTHER else said(data, "recipient"),
        sender=said(data, "sender") or account.name,
        message=_message(data),
        locale=visit.locale,
        send_on=(day_of(day) or date.min) if day else None,
        currency=said(data, "currency") or CURRENCY,
        cards=number(said(data, "cards") or "1", 0),
    )


def _message(data: Mapping[str, Any]) -> str:
    """A little more than is allowed, so that what is too long is told and not cut."""
    value = data.get("message", "")
    return value.replace("\x00", "").strip()[: MESSAGE_CHARACTERS_MAX + 1] if isinstance(value, str) else ""


async def _shop(visit: Visit, data: Mapping[str, Any], refusal: Refusal | None = None) -> Response[str]:
    view = await visit.db.ask(shop_page, visit.buyer_id)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    today = datetime.now(HOUSE_ZONE).date()
    currency = wanted if (wanted := said(data, "currency")) in view.terms.currencies else CURRENCY
    usual = [
        (
            str(Money(each * MINOR_PER_UNIT, currency).decimal().to_integral_value()),
            money(visit, each * MINOR_PER_UNIT, currency),
        )
        for each in view.terms.usual
    ]
    return await show(
        visit,
        "gift_cards.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("Gift cards")))],
        status=refusal.status if refusal else 200,
        view=view,
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not errors else "",
        typed={
            name: said(data, name)
            for name in ("amount", "amount_other", "to", "recipient", "sender", "send_on", "cards")
        },
        message=_message(data),
        sale_id=uuid_of(data.get("sale_id")) or ids.mint(),
        usual=usual,
        bounds=[money(visit, each * MINOR_PER_UNIT, currency) for each in (view.terms.least, view.terms.most)],
        currency=currency,
        tabs=[
            {"label": each, "href": f"{GIFTS}?currency={each}", "current": each == currency}
            for each in view.terms.currencies
        ],
        most_cards=CARDS_AT_ONCE_MAX,
        buyer=visit.account if visit.account is not None and visit.account.buyer_id is not None else None,
        channels=ways(visit, view.standing, _paid_for(0, currency)),
        first_day=today,
        last_day=today + timedelta(days=SEND_DAYS_AHEAD_MAX),
        mine=MINE,
    )


def _ways(visit: Visit, sale: Sale, now: Standing) -> list[Way]:
    return ways(visit, now, _paid_for(sale.together or sale.amount, sale.currency))


def _paid_for(amount: int, currency: str) -> Wanted:
    return Wanted(amount=amount, currency=currency, at_once=True, gift_card=True)


async def _pay(visit: Visit, sale: Sale, channel: str, openid: str = "") -> Redirect:
    """Send the buyer to the cashier, or to what is known already; inside WeChat first to learn who they are there."""
    sale_id = sale.sale_id
    own = f"{MINE}/{sale_id}"
    back = f"{visit.settings.base_url.rstrip('/')}{own}"
    try:
        if channel not in {way.name for way in _ways(visit, sale, await visit.db.ask(payments.standing))}:
            raise UnknownChannel(channel=channel)
        account = payments.account_of(visit.settings, channel) if device_of(visit) is Device.WECHAT else None
        if account is not None and not openid:
            return redirect(visit, account.ask(f"{back}/wechat", wechat_state(visit, str(sale_id))))
        payer = msgspec.structs.replace(payer_of(visit), name=openid)
        go_on = await gifts.collect(
            visit.db, visit.settings, sale_id, channel=channel, return_url=back, device=payer.device, payer=openid,
            payer_address=payer.address,
        )  # fmt: skip
    except UnknownChannel:
        return redirect(visit, own, (visit.say(N_("Please choose how to pay.")), "bad"))
    except SaleOver as refusal:
        return redirect(visit, own, (visit.refused(refusal), "bad"))
    return redirect(visit, go_on or own)


@get(MINE)
async def cards_bought(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[str]:
    """The cards that somebody bought."""
    _, buyer_id = buyer_of(visit)
    view = await visit.db.ask(my_cards, buyer_id, cursor)
    return await show(
        visit,
        "my_gift_cards.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Gift cards I bought")))],
        view=view,
        states=STATES,
        shop=GIFTS,
        mine=MINE,
        next_href=f"{MINE}?cursor={view.cards.next}" if view.cards.next else "",
        start_href=MINE if cursor else "",
    )


@get(f"{MINE}/{{sale_id:uuid}}")
async def card(visit: NamedDependency[Visit], sale_id: FromPath[UUID]) -> Response[str]:
    """One card; also where the cashier sends its payer back to. What the way back says is not believed: the channel is
    asked."""
    return await _card(visit, sale_id)


async def _card(visit: Visit, sale_id: UUID, refusal: Refusal | None = None, typed: str | None = None) -> Response[str]:
    _, buyer_id = buyer_of(visit)
    looks = looks_of(visit)
    view = await visit.db.ask(card_page, buyer_id, sale_id, looks)
    if view.waiting and view.last is not None:
        await ask_channel(visit, view.last)
        view = await visit.db.ask(card_page, buyer_id, sale_id, looks)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await show(
        visit,
        "gift_card.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("Gift cards I bought")), MINE), Crumb(visit.say(N_("Gift card")))],
        status=refusal.status if refusal else 200,
        view=view,
        sale=view.sale,
        own=f"{MINE}/{sale_id}",
        states=STATES,
        channels=_ways(visit, view.sale, view.standing),
        wallet=wallet_of(visit, view.last),
        qr=scanning.qr,
        refundable=view.sale.refundable(datetime.now(UTC)),
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not errors else "",
        recipient=view.sale.recipient if typed is None else typed,
    )


@get(f"{MINE}/{{sale_id:uuid}}/wechat")
async def known_to_wechat(visit: NamedDependency[Visit], sale_id: FromPath[UUID]) -> Redirect:
    """Back from WeChat, which has said who the buyer is there."""
    _, buyer_id = buyer_of(visit)
    view = await visit.db.ask(card_page, buyer_id, sale_id, 0)
    try:
        await limits.take(visit.db, TRIES_PER_BUYER, "wechat", str(buyer_id))
    except Refusal as refusal:
        return redirect(visit, f"{MINE}/{sale_id}", (visit.refused(refusal), "bad"))
    account = payments.account_of(visit.settings, WECHATPAY)
    ours = came_by_itself(visit, str(sale_id))
    said = visit.connection.query_params.get("code", "")
    openid = await account.openid(said) if account and ours else None
    if openid is None:
        failed = visit.say(N_("WeChat did not tell us who pays. Please try again, or choose another way to pay."))
        return redirect(visit, f"{MINE}/{sale_id}", (failed, "bad"))
    return await _pay(visit, view.sale, WECHATPAY, openid)


@post(f"{MINE}/{{sale_id:uuid}}/pay")
async def pay(visit: NamedDependency[Visit], sale_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Pay a card that waits for its money."""
    _, buyer_id = buyer_of(visit)
    sale = await visit.db.ask(gifts.get, buyer_id, sale_id)
    if sale is None:
        raise NotFound()
    try:
        await limits.take(visit.db, TRIES_PER_BUYER, str(buyer_id))
    except Refusal as refusal:
        return redirect(visit, f"{MINE}/{sale_id}", (visit.refused(refusal), "bad"))
    return await _pay(visit, sale, said(data, "channel"))


@post(f"{MINE}/{{sale_id:uuid}}/again")
async def send_again(
    visit: NamedDependency[Visit], sale_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Send a card once more: with a new code, also to another address."""
    _, buyer_id = buyer_of(visit)
    typed = said(data, "recipient")
    try:
        await limits.take(visit.db, SENDINGS_PER_BUYER, str(buyer_id))
        await visit.db.transact(gifts.again, buyer_id, sale_id, typed)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _card(visit, sale_id, refusal, typed)
    done = visit.say(N_("The card is on its way with a new code. The one before opens nothing any more."))
    return redirect(visit, f"{MINE}/{sale_id}", (done, "good"))


@post(f"{MINE}/{{sale_id:uuid}}/refund")
async def give_back(visit: NamedDependency[Visit], sale_id: FromPath[UUID]) -> Redirect:
    """Give a card back that nobody has redeemed."""
    _, buyer_id = buyer_of(visit)
    try:
        await visit.db.transact(gifts.refund, buyer_id, sale_id, "buyer")
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"{MINE}/{sale_id}", (visit.refused(refusal), "bad"))
    return redirect(visit, f"{MINE}/{sale_id}", (visit.say(N_("Your money is on its way back.")), "good"))


HANDLERS: Sequence[Any] = [gift_cards, buy, cards_bought, card, known_to_wechat, pay, send_again, give_back]
