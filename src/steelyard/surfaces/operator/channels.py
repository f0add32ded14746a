"""The payment channels: what each can do, how it answers, and what the operator decides about it from a day on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import days
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import currencies, payments
from steelyard.money.payments import Channel, Rest, Rule
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import channel_exclusions, channel_fees, frame
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.web.console import SAVED, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "payments.read"}
DECIDES = {"permission": "settings.manage"}
RECENT = timedelta(hours=1)
NOTE_CHARACTERS_MAX = 120
COUNTRIES_MAX = 60
COUNTRY_LETTERS = 2
PLACE_MAX = 99
DEVICES = {
    payments.Device.DESK: N_("Computer"),
    payments.Device.PHONE: N_("Phone browser"),
    payments.Device.WECHAT: N_("Inside WeChat"),
    payments.Device.ALIPAY: N_("Inside Alipay"),
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """All channels at one instant. `calls`: of the last hour."""

    rules: Mapping[str, Rule]
    rests: Mapping[str, Rest]
    calls: Mapping[str, payments.Calls]
    changes: Sequence[payments.RestChange]


async def seen(read: Read) -> Seen:
    return Seen(
        rules=await payments.rules_in_force(read),
        rests=await payments.rests(read),
        calls=await payments.calls_since(read, RECENT),
        changes=await payments.rest_changes(read),
    )


@get("/channels", opt=NEEDS)
async def channel_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """Every channel that is set up, in the order in which buyers see them."""
    found = await visit.db.ask(seen)
    standing = payments.Standing(rules=found.rules, rests=found.rests)
    channels = sorted(
        payments.channels(visit.settings).values(), key=lambda each: payments.place_of(standing, each.name)
    )
    return await frame.show(visit, "channels.html", frame.CHANNELS, found=found, channels=channels, base=frame.CHANNELS)


class One(msgspec.Struct, frozen=True, kw_only=True):
    """`now` is the rule that counts, if one does."""

    rules: Sequence[Rule]
    now: Rule | None
    rest: Rest | None
    calls: payments.Calls | None
    names: Mapping[Any, str]
    currencies: Sequence[str]
    excluded: Sequence[payments.Exclusion]
    fees: Sequence[payments.AgreedFee]
    shops: Mapping[Any, ShopCard]
    categories: Sequence[Category]


async def one(read: Read, name: str) -> One:
    return One(
        rules=await payments.rules_of(read, name),
        now=(await payments.rules_in_force(read)).get(name),
        rest=(await payments.rests(read)).get(name),
        calls=(await payments.calls_since(read, RECENT)).get(name),
        names={member.account_id: member.name for member in await access.staff(read, None)},
        currencies=[each.currency for each in await currencies.all(read)],
        excluded=(excluded := await payments.exclusions_of(read, name)),
        fees=await payments.fees_of(read, name),
        shops=await merchants.cards(read, [MerchantId(each.subject) for each in excluded if each.about == "merchant"]),
        categories=channel_exclusions.flat(await catalog.categories(read)),
    )


def _channel(visit: Visit, name: str) -> Channel:
    """Raises `NotFound`."""
    found = payments.channels(visit.settings).get(name)
    if found is None:
        raise NotFound()
    return found


def _currencies(channel: Channel, known: Sequence[str]) -> list[str]:
    """Those that the channel collects, of those that the marketplace deals in."""
    takes = channel.terms.currencies
    return [each for each in known if takes is None or each in takes]


@get("/channels/{name:str}", opt=NEEDS)
async def channel_page(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[Any]:
    return await _page(visit, _channel(visit, name))


async def _page(
    visit: Visit, channel: Channel, form: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(one, channel.name)
    title = visit.say(channel.terms.name)
    return await frame.show(
        visit,
        "channel.html",
        frame.CHANNELS,
        crumbs=[(visit.say(N_("Ways to pay")), frame.CHANNELS), (title, None)],
        status=422 if errors else 200,
        channel=channel,
        found=found,
        typed=_typed(found, form, _currencies(channel, found.currencies)),
        currencies=_currencies(channel, found.currencies),
        devices=[visit.say(DEVICES[each]) for each in DEVICES if each in channel.terms.devices],
        errors=errors or {},
        today=days.today(),
        here=f"{frame.CHANNELS}/{channel.name}",
    )


def _typed(found: One, form: Entries | None, shown: Sequence[str]) -> dict[str, str]:
    """What stands in the fields: what was typed, or the rule that counts."""
    names = [
        "place",
        "countries",
        "note",
        "from",
        "offered",
        *(f"{bound}-{each}" for each in shown for bound in BOUNDS),
    ]
    if form is not None:
        return {name: form.text(name) for name in names}
    empty = dict.fromkeys(names, "")
    if found.now is None:
        return {**empty, "place": "50", "offered": "yes"}
    typed = {
        **empty,
        "place": str(found.now.place),
        "countries": " ".join(found.now.countries),
        "note": found.now.note,
        "offered": "yes" if found.now.offered else "",
    }
    for limit in found.now.limits:
        for bound, amount in (("smallest", limit.smallest), ("largest", limit.largest)):
            typed[f"{bound}-{limit.currency}"] = "" if amount is None else str(Money(amount, limit.currency).decimal())
    return typed


BOUNDS = ("smallest", "largest")


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    valid_from: datetime | None
    offered: bool
    place: int
    countries: Sequence[str]
    note: str
    limits: Sequence[payments.Limit]


def decision_of(form: Entries, shown: Sequence[str]) -> Decision:
    """Raises `Invalid`."""
    typed = form.text("from")
    day = day_of(typed)
    if typed and day is None:
        form.refuse("from", N_("Please choose a day to come."))
    countries = list(dict.fromkeys(form.text("countries").upper().replace(",", " ").replace("，", " ").split()))
    if len(countries) > COUNTRIES_MAX or any(len(each) != COUNTRY_LETTERS or not each.isascii() for each in countries):
        form.refuse("countries", N_("Please enter countries by their two letters, such as CN US"))
    limits = [_limit(form, each) for each in shown]
    made = Decision(
        valid_from=midnight_after(day - timedelta(days=1)) if day else None,
        offered=form.flag("offered"),
        place=form.number("place", otherwise=50, least=1, most=PLACE_MAX),
        countries=countries,
        note=form.text("note", most=NOTE_CHARACTERS_MAX),
        limits=[each for each in limits if each.smallest or each.largest],
    )
    form.check()
    return made


def _limit(form: Entries, currency: str) -> payments.Limit:
    smallest = form.money(f"smallest-{currency}", currency, required=False) or None
    largest = form.money(f"largest-{currency}", currency, required=False) or None
    if smallest and largest and largest < smallest:
        form.refuse(f"largest-{currency}", N_("This is less than the smallest amount"))
    return payments.Limit(currency=currency, smallest=smallest, largest=largest)


async def decide(tx: Tx, actor: Actor, channel: str, made: Decision) -> None:
    account_id = actor.account.account_id if actor.account else None
    await payments.rule(
        tx,
        channel,
        valid_from=made.valid_from,
        offered=made.offered,
        place=made.place,
        countries=made.countries,
        note=made.note,
        limits=made.limits,
        set_by=account_id,
    )
    facts = {"offered": made.offered, "place": made.place, "countries": list(made.countries)}
    await access.audit(tx, actor, "channels.rule", channel, facts)


@post("/channels/{name:str}", opt=DECIDES)
async def decide_about(
    visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Decide about a channel from now on, or from the beginning of a day to come."""
    channel, form = _channel(visit, name), await entries_of(request)
    known = [each.currency for each in await visit.db.ask(currencies.all)]
    try:
        made = decision_of(form, _currencies(channel, known))
        await visit.db.transact(decide, visit.actor, name, made)
    except Invalid as refusal:
        return await _page(visit, channel, form, errors_of(visit, refusal.fields))
    except payments.RuleHasBegun as refusal:
        return await _page(visit, channel, form, {"from": visit.refused(refusal)})
    return redirect(visit, f"{frame.CHANNELS}/{name}", (visit.say(SAVED), "good"))


async def withdraw(tx: Tx, actor: Actor, channel: str, valid_from: datetime) -> None:
    if await payments.withdraw_rule(tx, channel, valid_from):
        await access.audit(tx, actor, "channels.withdraw_rule", channel, {"from": valid_from.isoformat()})


@post("/channels/{name:str}/withdraw", opt=DECIDES)
async def withdraw_rule(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """What was decided for a day to come does not come."""
    said = (await entries_of(request)).text("valid_from")
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise NotFound() from None
    if moment.tzinfo is None:
        raise NotFound()
    return await done(
        visit,
        f"{frame.CHANNELS}/{name}",
        N_("The plan is withdrawn."),
        lambda: visit.db.transact(withdraw, visit.actor, name, moment),
    )


async def wake(tx: Tx, actor: Actor, channel: str) -> None:
    if await payments.try_now(tx, channel):
        await access.audit(tx, actor, "channels.try_now", channel)


@post("/channels/{name:str}/try", opt={"permission": "orders.manage"})
async def try_again(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    """End a rest: the channel is offered again, and its next call decides."""
    return await done(
        visit,
        f"{frame.CHANNELS}/{name}",
        N_("The channel is offered again; its next call decides."),
        lambda: visit.db.transact(wake, visit.actor, name),
    )


HANDLERS = [
    channel_list,
    channel_page,
    decide_about,
    withdraw_rule,
    try_again,
    *channel_exclusions.HANDLERS,
    *channel_fees.HANDLERS,
]
