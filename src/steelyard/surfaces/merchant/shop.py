"""The shop as buyers see it, and the account that its money goes to."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.files import Files
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.money.payments import channels
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor, WrongLogin
from steelyard.parties.merchants import Captures
from steelyard.parties.merchants.model import Merchant, MerchantId, MerchantState, Pause, Payout, Shop, ShopCard
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import posters, seen
from steelyard.surfaces.web.console import SAVED, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import local_time
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.pictures import keep_picture
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "shop.edit"}
ACCOUNT_DIGITS_SHOWN = 4
MOMENTS = {
    Captures.AT_ONCE: N_("When the buyer pays"),
    Captures.AT_PACKING: N_("When you begin to pack the order"),
    Captures.AT_SENDING: N_("When its first parcel leaves"),
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    merchant: Merchant
    card: ShopCard
    captures: Captures


async def found(read: Read, merchant_id: MerchantId) -> Found:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return Found(
        merchant=merchant,
        card=(await merchants.cards(read, [merchant_id]))[merchant_id],
        captures=await merchants.captures_of_merchant(read, merchant_id),
    )


def pause_mark(what: Pause | None) -> str:
    """What a form for the pause was filled in from: see `surfaces/web/seen.py`."""
    if what is None:
        return seen.mark(None)
    times = (what.begins_at.astimezone(UTC), what.ends_at.astimezone(UTC))
    return seen.mark(times, what.notice, what.sells)


async def page(
    visit: Visit,
    *,
    name: Text | None = None,
    notice: Text | None = None,
    payout: Payout | None = None,
    typed: Entries | None = None,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    known = await visit.merchant_db.ask(found, visit.merchant_id)
    pause, is_open = known.card.pause, known.card.state is MerchantState.OPEN
    return await frame.show(
        visit,
        "shop.html",
        frame.SHOP,
        status=422 if errors else 200,
        merchant=known.merchant,
        card=known.card,
        name=known.card.name if name is None else name,
        notice=known.card.notice if notice is None else notice,
        words_seen=seen.mark(known.card.name, known.card.notice),
        payout_seen=seen.mark(known.merchant.payout),
        pause_seen=pause_mark(pause),
        payout=payout or known.merchant.payout,
        captures=known.captures,
        poster_href=f"/shops/{quote(known.card.slug)}/poster.png" if is_open and posters.able(visit) else "",
        moments=[{"value": each.value, "title": visit.say(words)} for each, words in MOMENTS.items()],
        authorises=[visit.say(each.terms.name) for each in channels(visit.settings).values() if each.terms.authorises],
        pause=pause if pause is not None and pause.ends_at > datetime.now(UTC) else None,
        typed=typed,
        local_time=local_time,
        errors=errors or {},
    )


@get("/shop", opt=NEEDS)
async def shop_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit)


async def change(tx: Tx, actor: Actor, form: Entries, merchant_id: MerchantId, name: Text, notice: Text) -> None:
    await seen.hold(tx, f"shop {merchant_id}")
    card = (await merchants.cards(tx, [merchant_id]))[merchant_id]
    seen.compare(form, seen.mark(card.name, card.notice), seen.mark(name, notice))
    await merchants.change_shop(
        tx, Shop(merchant_id=merchant_id, slug=card.slug, name=name, notice=notice, logo=card.logo)
    )
    before, after = {"name": card.name, "notice": card.notice}, {"name": name, "notice": notice}
    await access.audit(tx, actor, "shop.change", card.slug, before=before, after=after)


@post("/shop", opt=NEEDS)
async def change_shop(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """The name over the door and the notice on it."""
    form = await entries_of(request)
    name, notice = form.words("name", required=True, most=60), form.words("notice", most=500)
    try:
        form.check()
        await visit.merchant_db.transact(change, visit.actor, form, visit.merchant_id, name, notice)
    except Invalid as refusal:
        return await page(visit, name=name, notice=notice, errors=errors_of(visit, refusal.fields))
    return redirect(visit, frame.SHOP, (visit.say(SAVED), "good"))


async def set_captures(tx: Tx, actor: Actor, merchant_id: MerchantId, captures: Captures) -> None:
    before = await merchants.captures_of_merchant(tx, merchant_id)
    if before is captures:
        return
    await merchants.set_captures(tx, merchant_id, captures)
    await access.audit(
        tx, actor, "shop.captures", str(merchant_id), before={"captures": before}, after={"captures": captures}
    )


@post("/shop/captures", opt=NEEDS)
async def change_captures(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """When buyers' money is taken, where the channel can keep it back first."""
    said = (await entries_of(request)).text("captures")
    if said not in set(Captures):
        return await page(visit, errors={"captures": visit.say(N_("Please choose one of these."))})
    await visit.merchant_db.transact(set_captures, visit.actor, visit.merchant_id, Captures(said))
    return redirect(visit, f"{frame.SHOP}#captures", (visit.say(SAVED), "good"))


async def set_logo(tx: Tx, actor: Actor, merchant_id: MerchantId, logo: str | None) -> None:
    card = (await merchants.cards(tx, [merchant_id]))[merchant_id]
    if card.logo == logo:
        return
    await merchants.change_shop(
        tx, Shop(merchant_id=merchant_id, slug=card.slug, name=card.name, notice=card.notice, logo=logo)
    )
    await access.audit(tx, actor, "shop.logo", card.slug, before={"logo": card.logo}, after={"logo": logo})


@post("/shop/logo", opt=NEEDS)
async def change_logo(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """The sign over the door: a picture put up, or taken down with `remove`."""
    form = await entries_of(request)
    logo: str | None = None
    if not form.flag("remove"):
        files = form.files("logo")
        if not files:
            return await page(visit, errors={"logo": visit.say(N_("Please choose a picture"))})
        content, store = await files[0].read(), Files(visit.settings.home)
        try:
            logo = await keep_picture(store, content, files[0].content_type or "")
        except Refusal as refusal:
            return await page(visit, errors={"logo": told(visit, refusal)})
    await visit.merchant_db.transact(set_logo, visit.actor, visit.merchant_id, logo)
    return redirect(visit, f"{frame.SHOP}#sign", (visit.say(SAVED), "good"))


async def set_payout(tx: Tx, actor: Actor, form: Entries, merchant_id: MerchantId, payout: Payout) -> None:
    await seen.hold(tx, f"payout {merchant_id}")
    merchant = await merchants.get(tx, merchant_id)
    assert merchant is not None
    seen.compare(form, seen.mark(merchant.payout), seen.mark(payout))
    await merchants.set_payout(tx, merchant_id, payout)
    ending = payout.account[-ACCOUNT_DIGITS_SHOWN:]
    await access.audit(tx, actor, "shop.payout", str(merchant_id), {"bank": payout.bank, "account_ends": ending})


@post("/shop/payout", opt=NEEDS)
async def change_payout(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Where the shop's money goes from the next payout on."""
    form = await entries_of(request)
    payout = _payout(form)
    try:
        password = form.text("password", required=True, most=256)
        form.check()
        assert visit.account is not None
        await access.confirm_password(visit.db, visit.account, password)
        await visit.merchant_db.transact(set_payout, visit.actor, form, visit.merchant_id, payout)
    except Invalid as refusal:
        return await page(visit, payout=payout, errors=errors_of(visit, refusal.fields))
    except WrongLogin:
        return await page(visit, payout=payout, errors={"password": visit.say(N_("This is not your password."))})
    return redirect(visit, frame.SHOP, (visit.say(SAVED), "good"))


def _payout(form: Entries) -> Payout:
    return Payout(
        name=form.text("payout_name", required=True, most=100),
        bank=form.text("payout_bank", required=True, most=100),
        account=form.text("payout_account", required=True, most=40).replace(" ", ""),
    )


HANDLERS = [shop_page, change_shop, change_captures, change_logo, change_payout]
