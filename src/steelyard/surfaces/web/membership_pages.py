"""The membership of a shop, and the platform's, in both consoles: what earns growth, the levels and what each
brings, who is where."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Offer
from steelyard.kernel import days
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.operations import growth
from steelyard.operations.growth import Level, Member, Programme, Rule, Wanted
from steelyard.operations.growth.model import LEVELS_MAX
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.web import exports, membership_tasks
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_people import Face, faces
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "promotions.manage"}
TITLE = N_("Membership")
ROWS_AT_LEAST = 3
DEFAULTS: dict[str, int] = {
    "per_hundred": 1,
    "review": 10,
    "reviews_per_month": 10,
    "check_in": 1,
    "check_ins_per_month": 31,
    "window_days": 365,
    "keep_days": 90,
    "warn_days": 15,
}


class Desk(msgspec.Struct, frozen=True):
    """A console: how it shows a page, where the membership is in it, whose it is, and in what its amounts are typed."""

    show: Callable[..., Awaitable[Response[str]]]
    home: str
    shop: Callable[[Visit], UUID]
    currency: Callable[[Read, Visit], Awaitable[str]]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    programme: Programme | None
    currency: str
    coupons: Sequence[Offer]


class People(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Member]
    faces: Mapping[UUID, Face]
    programme: Programme | None


def membership_pages(desk: Desk) -> list[HTTPRouteHandler]:
    return [_page(desk), _save(desk), _close(desk), _reopen(desk), _members(desk)]


async def shown(read: Read, visit: Visit, desk: Desk) -> Shown:
    shop = desk.shop(visit)
    return Shown(
        programme=await growth.programme(read, shop, days.today()),
        currency=await desk.currency(read, visit),
        coupons=await promotions.coupons_to_give(read, shop),
    )


def _page(desk: Desk) -> HTTPRouteHandler:
    @get("/membership", opt=NEEDS)
    async def membership_page(visit: NamedDependency[Visit]) -> Response[Any]:
        return await _shown(desk, visit, None, {})

    return membership_page


async def _shown(desk: Desk, visit: Visit, typed: Entries | None, errors: Mapping[str, str]) -> Response[Any]:
    found = await visit.db.ask(shown, visit, desk)
    values = _typed(typed) if typed else _standing(found)
    return await desk.show(
        visit,
        "web/membership.html",
        desk.home,
        status=422 if errors else 200,
        found=found,
        values=values,
        rows=range(1, min(LEVELS_MAX, max(ROWS_AT_LEAST, _last_row(values) + 1)) + 1),
        errors=errors,
        home=desk.home,
        of_platform=desk.shop(visit) == PLATFORM,
        tasks=[(membership_tasks.field(task), visit.say(words)) for task, words in membership_tasks.WORDS.items()],
        coupons=[(str(each.promotion_id), each.name.in_language(visit.locale)) for each in found.coupons],
    )


def _typed(form: Entries) -> dict[str, str]:
    return dict.fromkeys(DEFAULTS, "") | {name: form.text(name) for name in form.names("")}


def _last_row(values: Mapping[str, str]) -> int:
    return max((n for n in range(1, LEVELS_MAX + 1) if _has(values, n)), default=0)


def _has(values: Mapping[str, str], n: int) -> bool:
    return any(values.get(f"{name}_{n}{tail}") for name, tail in (("name", "_zh"), ("name", "_en"), ("threshold", "")))


def _standing(found: Shown) -> dict[str, str]:
    """What the form says of a membership as it is; of none, what is usual."""
    known = found.programme
    rule = known.coming or known.rule if known else None
    values = {name: str(getattr(rule, name) if rule else usual) for name, usual in DEFAULTS.items()}
    values |= membership_tasks.standing(known)
    if known is None:
        return values
    values |= {"name_zh": known.name.get("zh-Hans", ""), "name_en": known.name.get("en", "")}
    for level in known.levels:
        n, freight = level.rank, level.free_freight_over
        values |= {
            f"name_{n}_zh": level.name.get("zh-Hans", ""),
            f"name_{n}_en": level.name.get("en", ""),
            f"threshold_{n}": str(level.threshold),
            f"percent_{n}": str(level.percent_off or ""),
            f"freight_{n}": "" if freight is None else str(Money(freight, found.currency).decimal()),
            f"points_{n}": str(level.points_extra or ""),
            f"birthday_{n}": str(level.birthday_coupon or ""),
            f"priority_{n}": "yes" if level.priority else "",
        }
    return values


def _save(desk: Desk) -> HTTPRouteHandler:
    @post("/membership", opt=NEEDS)
    async def save_membership(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        """The whole of it at once; who saves has seen how it stood."""
        form = await entries_of(request)
        currency = await visit.db.ask(desk.currency, visit)
        try:
            wanted = wanted_of(form, desk.shop(visit), currency)
            form.check()
            by = visit.account.name if visit.account else ""
            await visit.db.transact(_saved, visit.actor, wanted, by)
        except Invalid as refusal:
            return await _shown(desk, visit, form, errors_of(visit, refusal.fields))
        return redirect(visit, desk.home, (visit.say(SAVED), "good"))

    return save_membership


def wanted_of(form: Entries, shop: UUID, currency: str) -> Wanted:
    """What was typed; the levels of the form that say nothing are left out."""
    filled = [n for n in range(1, LEVELS_MAX + 1) if _has(_typed(form), n)]
    if filled != list(range(1, len(filled) + 1)):
        form.refuse(f"name_{filled[-1]}_zh", N_("Please leave no level between empty"))
    rule = Rule(from_day=days.today(), **{name: form.number(name, otherwise=0) for name in DEFAULTS})
    levels = [_level(form, n, currency) for n in filled]
    return Wanted(
        merchant_id=shop,
        name=form.words("name", required=True, most=40),
        currency=currency,
        rule=rule,
        levels=levels,
        seen=form.number("seen", otherwise=0),
        tasks=membership_tasks.typed(form),
    )


def _level(form: Entries, n: int, currency: str) -> Level:
    return Level(
        rank=n,
        name=form.words(f"name_{n}", required=True),
        threshold=form.number(f"threshold_{n}"),
        percent_off=form.number(f"percent_{n}", otherwise=0),
        free_freight_over=form.money(f"freight_{n}", currency, required=False),
        points_extra=form.number(f"points_{n}", otherwise=0),
        birthday_coupon=as_uuid(form.text(f"birthday_{n}")),
        priority=form.flag(f"priority_{n}"),
    )


async def _saved(tx: Tx, actor: Actor, wanted: Wanted, by: str) -> None:
    await growth.set_up(tx, wanted, by, days.today())
    facts = {"name": str(wanted.name), "levels": len(wanted.levels)}
    await access.audit(tx, actor, "growth.save", str(wanted.merchant_id), facts)


def _close(desk: Desk) -> HTTPRouteHandler:
    @post("/membership/close", opt=NEEDS)
    async def close_membership(visit: NamedDependency[Visit]) -> Redirect:
        """It brings nothing any more; it can be opened again."""
        return await done(
            visit,
            desk.home,
            N_("The membership is closed. What members earn is counted on."),
            lambda: visit.db.transact(_closed, visit.actor, desk.shop(visit)),
        )

    return close_membership


async def _closed(tx: Tx, actor: Actor, shop: UUID) -> None:
    await growth.close(tx, shop, days.today())
    await access.audit(tx, actor, "growth.close", str(shop), {})


def _reopen(desk: Desk) -> HTTPRouteHandler:
    @post("/membership/reopen", opt=NEEDS)
    async def reopen_membership(visit: NamedDependency[Visit]) -> Redirect:
        by = visit.account.name if visit.account else ""
        return await done(
            visit,
            desk.home,
            N_("The membership is open again."),
            lambda: visit.db.transact(_reopened, visit.actor, desk.shop(visit), by),
        )

    return reopen_membership


async def _reopened(tx: Tx, actor: Actor, shop: UUID, by: str) -> None:
    await growth.reopen(tx, shop, by, days.today())
    await access.audit(tx, actor, "growth.reopen", str(shop), {})


async def people(read: Read, visit: Visit, shop: UUID, rank: int | None, cursor: str | None, most: int) -> People:
    page = await growth.members(read, shop, rank, cursor, most)
    return People(
        page=page,
        faces={each.buyer_id: each for each in await faces(read, visit, shop, [m.buyer_id for m in page.items])},
        programme=await growth.programme(read, shop, days.today()),
    )


def _members(desk: Desk) -> HTTPRouteHandler:
    @get("/membership/members", opt=NEEDS)
    async def membership_members(
        visit: NamedDependency[Visit], rank: FromQuery[str] = "", cursor: FromQuery[str | None] = None
    ) -> Response[Any]:
        """Who is on which level, the highest first; as a file with `?format=csv`."""
        shop, wanted = desk.shop(visit), int(rank) if rank.isascii() and rank.isdigit() and len(rank) == 1 else None
        if exports.wanted(visit):
            return await _as_file(visit, shop, wanted)
        found = await visit.db.ask(people, visit, shop, wanted, cursor, ROWS_PER_PAGE)
        here = f"{desk.home}/members"
        levels = found.programme.levels if found.programme else ()
        tabs = [{"label": visit.say(N_("All")), "href": here, "current": wanted is None}]
        tabs += [
            {
                "label": each.name.in_language(visit.locale),
                "href": address(here, rank=each.rank),
                "current": wanted == each.rank,
            }
            for each in levels
        ]
        return await desk.show(
            visit,
            "web/membership_members.html",
            desk.home,
            crumbs=[(visit.say(TITLE), desk.home), (visit.say(N_("Members")), None)],
            found=found,
            names=_names(visit, found.programme),
            tabs_shown=tabs,
            next_href=address(here, rank=rank, cursor=found.page.next) if found.page.next else "",
            start_href=address(here, rank=rank) if cursor else "",
        )

    return membership_members


def _names(visit: Visit, programme: Programme | None) -> dict[int, str]:
    names = {0: visit.say(N_("No level yet"))}
    return names | {each.rank: each.name.in_language(visit.locale) for each in (programme.levels if programme else ())}


async def _as_file(visit: Visit, shop: UUID, rank: int | None) -> Response[bytes]:
    every = await visit.db.ask(_every, shop, rank)
    found = await visit.db.ask(people, visit, shop, rank, None, 1)
    names = _names(visit, found.programme)
    return exports.sheet(
        visit,
        N_("Members"),
        [N_("Customer"), N_("Level"), N_("Growth"), N_("Since"), N_("Lower from")],
        [(each.buyer_id, names.get(each.rank, ""), each.growth, each.since, each.falls_on) for each in every],
    )


async def _every(read: Read, shop: UUID, rank: int | None) -> list[Member]:
    return await exports.everything(lambda cursor: growth.members(read, shop, rank, cursor, ITEMS_PER_PAGE_MAX))
