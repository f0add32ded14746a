"""Paying a purchase: to the channel's cashier, and back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import limits
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.kernel.lookups import look_up
from steelyard.money import payments
from steelyard.money.payments import Device, Standing, UnknownChannel, Wanted
from steelyard.money.payments.model import Payment, PaymentState
from steelyard.money.wallets import Purse, Tender
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.order_views import booking_of
from steelyard.surfaces.storefront.owning import own_purchase
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import Typed
from steelyard.surfaces.storefront.ways import Way, came_by_itself, chosen, payer_of, ways, wechat_state
from steelyard.surfaces.web import scanning
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import checkout, orders
from steelyard.trade.orders.model import Booking, NotPayable, Purchase, PurchaseId, PurchaseState

LOOKS_DIGITS_MAX = 3
# How often the page asks the channel by itself: (as many times, after so many seconds), about five minutes in all.
# Afterwards it is the webhook's and the sweep's to find out; whoever still waits has a button.
LOOKS = ((15, 2), (18, 5), (18, 10))


# How often a page that shows a code asks whether it was paid, and how often that asks the channel.
WATCH_SECONDS = 3
WECHATPAY = "wechatpay"
ASK_SECONDS = 12
# Each try may become a payment at the channel, another code among them.
TRIES_PER_BUYER = Limit("pay_purchase", burst=20, per_seconds=3_600)
# More than pages ask by themselves. Whoever asks without end would have the channel refuse us, and every buyer with us.
ASKS_PER_PAYMENT = Limit("ask_channel", burst=60, per_seconds=300)


class PayForm(Typed, frozen=True):
    """`anew`: what was handed over before is no use any more. `purses`: those that gave up paying of it are to pay again."""

    channel: str = ""
    anew: str = ""
    purses: str = ""


def next_look(looks: int) -> int | None:
    """After how many seconds a page that was looked at so often looks again by itself; none when it has done so often enough."""
    seen = looks
    for times, seconds in LOOKS:
        if seen < times:
            return seconds
        seen -= times
    return None


def looks_of(visit: Visit) -> int:
    """How often this page has looked by itself."""
    said = visit.connection.query_params.get("looks", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= LOOKS_DIGITS_MAX else 0


class ReturnPage(msgspec.Struct, frozen=True, kw_only=True):
    """`last` is the latest try to pay; none was made when the purchase costs nothing. `booking`: it is paid in two parts. `back`:
    what purses have back since the try failed, and what they would pay `again`. `door`: it is to be paid there."""

    shell: Shell
    purchase: Purchase
    last: Payment | None
    standing: Standing
    wanted: Wanted
    door: bool = False
    looks: int = 0
    booking: Booking | None = None
    back: Mapping[Purse, int] = {}
    again: Sequence[Tender] = ()

    @property
    def came_back(self) -> int:
        """What its purses had kept for it, and have back since the try failed."""
        return sum(self.back.values())

    @property
    def from_purses(self) -> int:
        """What they would pay of it again."""
        return sum(tender.amount for tender in self.again)

    @property
    def authorised(self) -> bool:
        """Whether it was only authorised, and is charged when it is sent."""
        return self.last is not None and self.last.state is PaymentState.AUTHORISED

    @property
    def due(self) -> int:
        """What is to be paid now."""
        return due_of(self.purchase, self.booking)

    @property
    def deposit_paid(self) -> bool:
        """Whether what was paid last is the deposit."""
        done = self.last is not None and self.last.state is PaymentState.CAPTURED
        return done and self.purchase.state is PurchaseState.PLACED and self.booking is not None

    @property
    def next_look_seconds(self) -> int | None:
        return next_look(self.looks)

    @property
    def waiting(self) -> bool:
        """Whether the channel has still to say how it ended."""
        unsettled = self.last is not None and self.last.state in (PaymentState.INSTRUCTED, PaymentState.PENDING)
        return self.purchase.state is PurchaseState.PLACED and unsettled


async def purchase_path(visit: Visit, purchase_id: PurchaseId) -> str:
    """The page of a purchase. Raises `NotFound`."""
    found = await look_up(visit.db, orders.purchases, purchase_id)
    if found is None:
        raise NotFound()
    return f"/purchases/{found.code}"


class DueNow(msgspec.Struct, frozen=True, kw_only=True):
    purchase: Purchase
    standing: Standing
    wanted: Wanted

    def ways(self, visit: Visit) -> list[Way]:
        return ways(visit, self.standing, self.wanted, plans=True)


async def due_now(read: Read, purchase_id: PurchaseId) -> DueNow:
    """What of a purchase is to be paid, and how the channels stand. Raises `NotFound`."""
    purchase = await orders.purchase(read, purchase_id)
    if purchase is None:
        raise NotFound()
    booking = await booking_of(read, purchase)
    wanted = await wanted_of(read, purchase, booking)
    return DueNow(purchase=purchase, standing=await payments.standing(read), wanted=wanted)


def due_of(purchase: Purchase, booking: Booking | None) -> int:
    """What is to be paid of it now, in minor units."""
    if booking is not None:
        return booking.due(datetime.now(UTC)) or 0
    return purchase.total - purchase.tendered


async def wanted_of(read: Read, purchase: Purchase, booking: Booking | None) -> Wanted:
    """For what is to be paid of it now."""
    shops = [part.merchant_id for part in await orders.orders_of_purchase(read, purchase.purchase_id)]
    return await checkout.ways.of_purchase(read, purchase, booking, shops, due_of(purchase, booking))


async def pay(
    visit: Visit,
    purchase_id: PurchaseId,
    channel: str,
    cookies: Sequence[Cookie] = (),
    *,
    anew: bool = False,
    openid: str = "",
) -> Redirect:
    """Begin to pay, or go on with what was begun, and send the buyer to the cashier (or to what is known already)."""
    found = await visit.db.ask(due_now, purchase_id)
    path = f"/purchases/{found.purchase.code}"
    back = f"{visit.settings.base_url.rstrip('/')}{path}/return"
    try:
        if channel not in {way.name for way in found.ways(visit)} and found.purchase.state is PurchaseState.PLACED:
            raise UnknownChannel(channel=channel)
        channel, months = chosen(channel)
        payer = payer_of(visit)
        account = payments.account_of(visit.settings, channel) if payer.device is Device.WECHAT else None
        if account is not None and not openid:
            known = f"{visit.settings.base_url.rstrip('/')}{path}/wechat{'?anew=1' if anew else ''}"
            return redirect(visit, account.ask(known, wechat_state(visit, found.purchase.code)), cookies=cookies)
        payer = msgspec.structs.replace(payer, name=openid, months=months)
        begin = checkout.renew if anew else checkout.collect
        collection = await begin(visit.db, visit.settings, purchase_id, channel=channel, return_url=back, payer=payer)
    except UnknownChannel:
        purchase = await visit.db.ask(orders.purchase, purchase_id)
        if purchase is not None and purchase.state is PurchaseState.PAID:
            return redirect(visit, f"{path}/return")
        return redirect(visit, path, (visit.say(N_("Please choose how to pay.")), "bad"))
    except NotPayable as refusal:
        return redirect(visit, path, (visit.refused(refusal), "bad"))
    # In a sheet over a live stream the page waits, and its button opens the cashier in a window of its own.
    if collection.state == "pending" and collection.continue_url and not visit.in_sheet:
        return redirect(visit, collection.continue_url, cookies=cookies)
    return redirect(visit, f"{path}/return", cookies=cookies)


async def return_page(read: Read, buyer_id: BuyerId, purchase_id: PurchaseId, looks: int) -> ReturnPage:
    """How far paying has come, as we know it."""
    purchase = await orders.purchase(read, purchase_id)
    if purchase is None:
        raise NotFound()
    every = await payments.of_purchase(read, purchase_id)
    last = next((each for each in every if not payments.is_purse(each.channel)), None)
    booking = await booking_of(read, purchase)
    return ReturnPage(
        back=checkout.given_back(every, purchase),
        again=await checkout.offered_again(read, purchase, every),
        shell=await shell(read, buyer_id),
        purchase=purchase,
        last=last,
        standing=await payments.standing(read),
        wanted=await wanted_of(read, purchase, booking),
        door=bool(last is not None and last.channel == payments.AT_THE_DOOR and last.state is PaymentState.CAPTURED),
        looks=looks,
        booking=booking,
    )


@post("/purchases/{code:str}/pay")
async def pay_again(visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[PayForm]) -> Redirect:
    """Pay a purchase that waits for its money."""
    purchase = await own_purchase(visit, code)
    try:
        await limits.take(visit.db, TRIES_PER_BUYER, str(purchase.buyer_id))
    except Refusal as refusal:
        return redirect(visit, f"/purchases/{purchase.code}", (visit.refused(refusal), "bad"))
    if data.purses:
        tries = await visit.db.ask(payments.of_purchase, purchase.purchase_id)
        purses = list(checkout.given_back(tries, purchase))
        try:
            again = await visit.db.transact(checkout.tender_again, purchase.purchase_id, purses, "buyer")
        except NotPayable as refusal:
            return redirect(visit, f"/purchases/{purchase.code}", (visit.refused(refusal), "bad"))
        if again.tendered == again.total:
            return redirect(visit, f"/purchases/{purchase.code}/return")
    return await pay(visit, purchase.purchase_id, data.channel, anew=bool(data.anew))


@get("/purchases/{code:str}/wechat")
async def known_to_wechat(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Back from WeChat, which has said who the buyer is there: now the app can be handed what it pays by."""
    purchase = await own_purchase(visit, code)
    account, said = payments.account_of(visit.settings, WECHATPAY), visit.connection.query_params
    try:
        await limits.take(visit.db, TRIES_PER_BUYER, "wechat", str(purchase.buyer_id))
    except Refusal as refusal:
        return redirect(visit, f"/purchases/{purchase.code}", (visit.refused(refusal), "bad"))
    ours = came_by_itself(visit, purchase.code)
    openid = await account.openid(said.get("code", "")) if account and ours else None
    if openid is None:
        failed = visit.say(N_("WeChat did not tell us who pays. Please try again, or choose another way to pay."))
        return redirect(visit, f"/purchases/{purchase.code}", (failed, "bad"))
    if visit.account is not None and visit.account.buyer_id is not None:
        await visit.db.transact(customers.know_wechat, visit.account.buyer_id, openid)
    return await pay(visit, purchase.purchase_id, WECHATPAY, anew="anew" in said, openid=openid)


async def ask_channel(visit: Visit, payment: Payment) -> None:
    """Ask how far it is, unless this page has asked more often than any page does by itself: then the sweep asks."""
    if not await visit.db.transact(limits.attempt, ASKS_PER_PAYMENT, str(payment.payment_id)):
        await checkout.ask_about(visit.db, visit.settings, payment.sought)


@get("/purchases/{code:str}/paid")
async def watch(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[None]:
    """For a page that shows a code: nothing new (204), or go on to what has become of it."""
    purchase = await own_purchase(visit, code)
    tries = await visit.db.ask(payments.of_purchase, purchase.purchase_id)
    last = next((each for each in tries if not payments.is_purse(each.channel)), None)
    unsettled = last is not None and last.state in (PaymentState.INSTRUCTED, PaymentState.PENDING)
    if last is not None and unsettled and purchase.state is PurchaseState.PLACED:
        if (datetime.now(UTC) - last.created_at).seconds % ASK_SECONDS < WATCH_SECONDS:
            await ask_channel(visit, last)
        return Response(None, status_code=204)
    return Response(None, status_code=204, headers={"hx-redirect": f"/purchases/{purchase.code}/return"})


@get("/purchases/{code:str}/return")
async def back_from_cashier(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """Back from the cashier. What the way back says is not believed: the channel is asked."""
    purchase = await own_purchase(visit, code)
    looks = looks_of(visit)
    view = await visit.db.ask(return_page, visit.buyer_id, purchase.purchase_id, looks)
    if view.waiting and view.last is not None:
        await ask_channel(visit, view.last)
        view = await visit.db.ask(return_page, visit.buyer_id, purchase.purchase_id, looks)
    return await show(
        visit,
        "return.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My orders")), "/orders"), Crumb(visit.say(N_("Payment")))],
        view=view,
        channels=ways(visit, view.standing, view.wanted, plans=True),
        wallet=wallet_of(visit, view.last),
        qr=scanning.qr,
    )


def wallet_of(visit: Visit, payment: Payment | None) -> str:
    """What the channel of a payment is called."""
    channel = payments.channels(visit.settings).get(payment.channel) if payment else None
    return visit.say(channel.terms.name) if channel else ""
