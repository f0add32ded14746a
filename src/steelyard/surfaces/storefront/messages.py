"""Where links in shops' messages lead: on to the page, counted; out of these messages; and what a buyer gets, in the account."""

import base64
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import outreach
from steelyard.operations.outreach import Found, Purpose, Whose
from steelyard.operations.outreach.model import Channel
from steelyard.parties import customers, merchants
from steelyard.parties.customers import WORDING, WORDS
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import shell, show
from steelyard.surfaces.storefront.typed import said
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

NEWS = f"{ACCOUNT}/news"
POINT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
CHANNEL_WORDS = {
    Channel.EMAIL: N_("Mail"),
    Channel.INBOX: N_("Messages in the account"),
    Channel.SMS: N_("Text message"),
    Channel.WECHAT: N_("WeChat"),
}
HOW_WORDS = {
    "profile": N_("in the account"),
    "mail": N_("by the link in a mail"),
    "preferences": N_("on the page that a message led to"),
    "complaint": N_("by reporting a message as unwanted"),
    "answer": N_("by an answer to a text message"),
    "import": N_("elsewhere, before"),
}


@get("/m/c/{token:str}")
async def clicked(visit: NamedDependency[Visit], token: FromPath[str], to: FromQuery[str] = "") -> Redirect:
    """On to the page that the link says; only links that we have written lead anywhere."""
    whose = outreach.unsealed(visit.settings, Purpose.CLICK, token, to)
    if whose is None or not outreach.is_ours(to):
        raise NotFound()
    return await _on(visit, whose, to)


@get("/s/{code:str}")
async def short(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """The same, for the short addresses of text messages."""
    found = await visit.db.ask(outreach.short, code)
    if found is None:
        raise NotFound()
    return await _on(visit, *found)


async def _on(visit: Visit, whose: Whose, path: str) -> Redirect:
    if footfall.is_counted(visit):
        await visit.db.transact(outreach.note_click, whose)
    answer = Redirect(path, status_code=302)
    answer.headers["cache-control"] = "no-store"
    return answer


@get("/m/o/{name:str}", media_type="image/gif")
async def opened(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[bytes]:
    """The point at the end of a mail: asked for when it is shown. It says nothing of whether we know it."""
    whose = outreach.unsealed(visit.settings, Purpose.OPEN, name.removesuffix(".gif"))
    if whose is not None and footfall.is_counted(visit):
        await visit.db.transact(outreach.note_open, whose)
    return Response(POINT, media_type="image/gif", headers={"cache-control": "no-store, max-age=0"})


@get("/m/s/{token:str}")
async def leave_page(token: FromPath[str]) -> Redirect:
    """Who opens the address that is for mail programs gets the page for people."""
    return Redirect(f"/m/p/{token}", status_code=302)


@post("/m/s/{token:str}", status_code=200, opt={"exclude_from_csrf": True}, media_type="text/plain")
async def leave_at_once(visit: NamedDependency[Visit], token: FromPath[str]) -> str:
    """The button of a mail program (RFC 8058): no more of this shop's. It brings no cookie: the address is the proof."""
    await visit.db.transact(outreach.leave, _whose(visit, token), "one_click")
    return visit.say(N_("You get no more of these messages."))


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """The message that somebody comes from, whose shop's it is, and whether they still get such."""

    message: Found
    shop: ShopCard
    stopped: bool
    agreed: bool


async def leaving(read: Read, whose: Whose) -> Leaving:
    message = await outreach.found(read, whose)
    if message is None:
        raise NotFound()
    card = (await merchants.cards(read, [MerchantId(message.merchant_id)]))[MerchantId(message.merchant_id)]
    stops, agreed = [], False
    if message.buyer_id is not None:
        stops = await outreach.stops(read, message.buyer_id)
        agreed = (await customers.wants(read, message.buyer_id)).get(_consent(message.channel), False)
    stopped = (message.merchant_id, message.channel) in stops
    return Leaving(message=message, shop=card, stopped=stopped, agreed=agreed)


def _consent(channel: Channel) -> customers.Channel:
    return customers.Channel.EMAIL if channel is Channel.INBOX else customers.Channel(str(channel))


@get("/m/p/{token:str}")
async def choose_page(visit: NamedDependency[Visit], token: FromPath[str]) -> Response[str]:
    """What a message's link out leads to: buttons, so that a mail program that opens links changes nothing."""
    view = await visit.db.ask(leaving, _whose(visit, token))
    return await show(
        visit,
        "message_leave.html",
        await visit.db.ask(shell, visit.buyer_id),
        crumbs=[Crumb(visit.say(N_("Messages of shops")))],
        view=view,
        channel=visit.say(CHANNEL_WORDS[view.message.channel]),
        here=f"/m/p/{token}",
        trial=view.message.buyer_id is None,
    )


@post("/m/p/{token:str}")
async def choose(visit: NamedDependency[Visit], token: FromPath[str], data: URLEncodedBody[dict[str, str]]) -> Redirect:
    """No more of this shop's, of any shop's, or this shop's again; a second click changes nothing."""
    whose, what = _whose(visit, token), said(data, "what")
    await visit.db.transact(_chosen, whose, what)
    told = N_("You get these messages again.") if what == "again" else N_("You get no more of these messages.")
    return redirect(visit, f"/m/p/{token}", (visit.say(told), "good"))


async def _chosen(tx: Tx, whose: Whose, what: str) -> None:
    message = await outreach.found(tx, whose)
    if message is None:
        raise NotFound()
    if message.buyer_id is None:
        return
    if what == "none" and message.channel is not Channel.INBOX:
        await customers.want(tx, message.buyer_id, _consent(message.channel), agreed=False, how="preferences")
    else:
        await outreach.stop(
            tx, message.buyer_id, message.merchant_id, message.channel, stopped=what != "again", how="preferences"
        )


def _whose(visit: Visit, token: str) -> Whose:
    whose = outreach.unsealed(visit.settings, Purpose.LEAVE, token)
    if whose is None:
        raise NotFound()
    return whose


class NewsPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer has chosen. `stopped` are (shop, channel) as the form names them."""

    wants: Mapping[customers.Channel, bool]
    possible: frozenset[customers.Channel]
    shops: Sequence[ShopCard]
    stopped: frozenset[str]
    said: Sequence[customers.Consent]


async def news_page(read: Read, buyer_id: BuyerId) -> NewsPage:
    buyer = await customers.get(read, buyer_id)
    stops = await outreach.stops(read, buyer_id)
    shops = {*await outreach.shops_that_wrote(read, buyer_id), *(shop for shop, _ in stops)}
    cards = await merchants.cards(read, [MerchantId(each) for each in shops])
    possible = {customers.Channel.EMAIL}
    if buyer is not None and buyer.phone:
        possible.add(customers.Channel.SMS)
    if await customers.known_to_wechat(read, buyer_id):
        possible.add(customers.Channel.WECHAT)
    return NewsPage(
        wants=await customers.wants(read, buyer_id),
        possible=frozenset(possible),
        shops=sorted(cards.values(), key=lambda each: each.slug),
        stopped=frozenset(f"{shop}:{channel}" for shop, channel in stops),
        said=await customers.consents_of(read, buyer_id),
    )


@get(NEWS)
async def news(visit: NamedDependency[Visit]) -> Response[str]:
    """By which channels they want news and offers, and of which shops not."""
    _, buyer_id = buyer_of(visit)
    return await show(
        visit,
        "news.html",
        await visit.db.ask(shell, visit.buyer_id),
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("News and offers")))],
        view=await visit.db.ask(news_page, buyer_id),
        labels={channel: visit.say(WORDS[WORDING, channel]) for channel in customers.Channel},
        channels={str(channel): visit.say(words) for channel, words in CHANNEL_WORDS.items()},
        ways=outreach.channels(visit.settings),
        how={key: visit.say(words) for key, words in HOW_WORDS.items()},
        here=NEWS,
    )


@post(NEWS)
async def save_news(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, str]]) -> Redirect:
    """Save the choice of channels."""
    _, buyer_id = buyer_of(visit)
    await visit.db.transact(_want, buyer_id, {channel: bool(said(data, channel)) for channel in customers.Channel})
    return redirect(visit, NEWS, (visit.say(N_("Your choice is saved.")), "good"))


async def _want(tx: Tx, buyer_id: BuyerId, wanted: Mapping[customers.Channel, bool]) -> None:
    possible = (await news_page(tx, buyer_id)).possible
    for channel, agreed in wanted.items():
        if channel in possible or not agreed:
            await customers.want(tx, buyer_id, channel, agreed=agreed)


@post(f"{NEWS}/{{merchant_id:uuid}}/{{channel:str}}")
async def save_shop(
    visit: NamedDependency[Visit],
    merchant_id: FromPath[UUID],
    channel: FromPath[str],
    data: URLEncodedBody[dict[str, str]],
) -> Redirect:
    """Whether one shop's messages come by a channel."""
    _, buyer_id = buyer_of(visit)
    if channel not in set(Channel):
        raise NotFound()
    await visit.db.transact(_stop, buyer_id, merchant_id, Channel(channel), not said(data, "on"))
    return redirect(visit, f"{NEWS}#shops", (visit.say(N_("Your choice is saved.")), "good"))


async def _stop(tx: Tx, buyer_id: BuyerId, merchant_id: UUID, channel: Channel, stopped: bool) -> None:
    if not await merchants.cards(tx, [MerchantId(merchant_id)]):
        raise NotFound()
    await outreach.stop(tx, buyer_id, merchant_id, channel, stopped=stopped, how="account")


HANDLERS = [
    clicked,
    short,
    opened,
    leave_page,
    leave_at_once,
    choose_page,
    choose,
    news,
    save_news,
    save_shop,
]
