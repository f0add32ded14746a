"""Customer groups: whom a shop sells to at other prices; who comes in by themselves, and who is taken in or out by hand."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, GroupId, Joining, Member, MemberSource
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import SAVED, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders

NEEDS = {"permission": "promotions.manage"}
EMAILS_MAX = 500
LIST_CHARACTERS_MAX = 50_000
_EMAIL = re.compile(r"[^\s,;\"'<>]+@[^\s,;\"'<>]+")
SOURCES = {
    MemberSource.HAND: N_("by hand"),
    MemberSource.ORDERS: N_("by orders"),
    MemberSource.SEGMENT: N_("by a segment"),
    MemberSource.EXPERIMENT: N_("by an experiment"),
    MemberSource.LEVEL: N_("by their level"),
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    group: Group
    members: Sequence[Member]
    contacts: Mapping[UUID, Contact]


async def shown(read: Read, merchant_id: MerchantId, group_id: UUID) -> Shown:
    """Raises `NotFound`: another shop's group is not there, nor is one that is closed."""
    group = next(
        (each for each in await promotions.customer_groups(read, merchant_id) if each.group_id == group_id), None
    )
    if group is None:
        raise NotFound()
    members = await promotions.members(read, merchant_id, group_id)
    contacts = await orders.contacts_of(read, merchant_id, [each.buyer_id for each in members])
    return Shown(group=group, members=members, contacts=contacts)


@get("/groups", opt=NEEDS)
async def group_list(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _listed(visit, Entries({}, {}), {})


async def _listed(visit: Visit, typed: Entries, errors: dict[str, str]) -> Response[Any]:
    return await frame.show(
        visit,
        "groups.html",
        frame.GROUPS,
        status=422 if errors else 200,
        groups=await visit.merchant_db.ask(promotions.customer_groups, visit.merchant_id),
        typed=typed,
        errors=errors,
        group_id=typed.text("group_id") or ids.mint(),
    )


def _group_of(form: Entries, merchant_id: MerchantId, group_id: UUID) -> Group:
    group = Group(
        merchant_id=merchant_id,
        group_id=GroupId(group_id),
        name=form.words("name", required=True, most=40),
        orders=form.number("orders", otherwise=0) or None,
        days=form.number("days", otherwise=0) or None,
    )
    form.check()
    return group


@post("/groups", opt=NEEDS)
async def make_group(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        group = _group_of(form, visit.merchant_id, form.uuid("group_id"))
        await visit.merchant_db.transact(save, visit.actor, group)
    except Invalid as refusal:
        return await _listed(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{frame.GROUPS}/{group.group_id}", (visit.say(SAVED), "good"))


async def save(tx: Tx, actor: Actor, group: Group) -> None:
    await promotions.set_group(tx, group)
    facts = {"name": str(group.name), "orders": group.orders, "days": group.days}
    await access.audit(tx, actor, "groups.save", str(group.group_id), facts)


@get("/groups/{group_id:uuid}", opt=NEEDS)
async def group_page(visit: NamedDependency[Visit], group_id: FromPath[UUID]) -> Response[Any]:
    return await _page(visit, group_id, Entries({}, {}), {})


async def _page(visit: Visit, group_id: UUID, typed: Entries, errors: dict[str, str]) -> Response[Any]:
    found = await visit.merchant_db.ask(shown, visit.merchant_id, group_id)
    return await frame.show(
        visit,
        "group.html",
        frame.GROUPS,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Customer groups")), frame.GROUPS), (found.group.name.in_language(visit.locale), None)],
        found=found,
        sources={source: visit.say(word) for source, word in SOURCES.items()},
        typed=typed,
        errors=errors,
    )


@post("/groups/{group_id:uuid}", opt=NEEDS)
async def change_group(
    visit: NamedDependency[Visit], group_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """Another name, or who comes in by themselves from now on."""
    form = await entries_of(request)
    await visit.merchant_db.ask(shown, visit.merchant_id, group_id)
    try:
        await visit.merchant_db.transact(save, visit.actor, _group_of(form, visit.merchant_id, group_id))
    except Invalid as refusal:
        return await _page(visit, group_id, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{frame.GROUPS}/{group_id}", (visit.say(SAVED), "good"))


@post("/groups/{group_id:uuid}/add", opt=NEEDS)
async def add_members(
    visit: NamedDependency[Visit], group_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """Customers by the e-mail addresses of their orders in this shop; whom the shop does not know stays out."""
    form = await entries_of(request)
    await visit.merchant_db.ask(shown, visit.merchant_id, group_id)
    emails = list(dict.fromkeys(_EMAIL.findall(form.text("emails", most=LIST_CHARACTERS_MAX))))
    if not 0 < len(emails) <= EMAILS_MAX:
        errors = {"emails": visit.say(N_("Please enter between one and five hundred e-mail addresses"))}
        return await _page(visit, group_id, form, errors)
    joined = await visit.merchant_db.transact(add, visit.actor, visit.merchant_id, group_id, emails)
    said = visit.say(
        N_("{count} customers came in. Addresses without an order in your shop are left out."), count=joined
    )
    return redirect(visit, f"{frame.GROUPS}/{group_id}", (said, "good" if joined else "warn"))


async def add(tx: Tx, actor: Actor, merchant_id: MerchantId, group_id: UUID, emails: Sequence[str]) -> int:
    known = await orders.buyers_of_emails(tx, merchant_id, emails)
    joined = await promotions.join(tx, [Joining(merchant_id, group_id, each) for each in known], MemberSource.HAND)
    await access.audit(tx, actor, "groups.add", str(group_id), {"named": len(emails), "joined": joined})
    return joined


@post("/groups/{group_id:uuid}/remove", opt=NEEDS)
async def remove_member(
    visit: NamedDependency[Visit], group_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    form = await entries_of(request)
    await visit.merchant_db.ask(shown, visit.merchant_id, group_id)
    buyer_id = form.uuid("buyer_id")
    return await done(
        visit,
        f"{frame.GROUPS}/{group_id}",
        N_("The customer is not in the group any more."),
        lambda: visit.merchant_db.transact(remove, visit.actor, visit.merchant_id, group_id, buyer_id),
    )


async def remove(tx: Tx, actor: Actor, merchant_id: MerchantId, group_id: UUID, buyer_id: UUID) -> None:
    await promotions.leave(tx, merchant_id, group_id, [buyer_id])
    await access.audit(tx, actor, "groups.remove", str(group_id), {})


@post("/groups/{group_id:uuid}/close", opt=NEEDS)
async def close_group(visit: NamedDependency[Visit], group_id: FromPath[UUID]) -> Redirect:
    """Nobody is in it any more; what is offered to it counts for nobody."""
    return await done(
        visit,
        frame.GROUPS,
        N_("The group is closed. What was bought at its prices stays as it is."),
        lambda: visit.merchant_db.transact(close, visit.actor, visit.merchant_id, group_id),
    )


async def close(tx: Tx, actor: Actor, merchant_id: MerchantId, group_id: UUID) -> None:
    await promotions.close_group(tx, merchant_id, group_id)
    await access.audit(tx, actor, "groups.close", str(group_id), {})


HANDLERS = [group_list, make_group, group_page, change_group, add_members, remove_member, close_group]
