"""The run-time settings, each with what it means, its default and range, and who changed it; and what a new house still
needs before it can open."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.parties import access, merchants, operator, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.policies.model import Policy, PolicyChange, Settled, policy_called
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.audit_fields import UNITS
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import commission
from steelyard.trade.settlement import settlement_day

NEEDS = {"permission": "settings.manage"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that a new house needs: what, why, where it is done, and whether it is."""

    name: str
    why: str
    href: str
    done: bool


class Run(msgspec.Struct, frozen=True, kw_only=True):
    settled: list[Settled]
    changes: list[PolicyChange]
    names: Mapping[Any, str]
    steps: Sequence[Step]


async def run(read: Read, settings: Settings) -> Run:
    return Run(
        settled=await policies.settled(read),
        changes=await policies.changes(read),
        names={member.account_id: member.name for member in await access.staff(read, None)},
        steps=await first_steps(read, settings),
    )


async def first_steps(read: Read, settings: Settings) -> list[Step]:
    """What a marketplace needs before it opens, in the order in which it is done."""
    profile = await operator.profile(read)
    staff = [member for member in await access.staff(read, None) if member.joined and not member.disabled_at]
    shops = (await merchants.listed(read, None, 1)).items
    return [
        Step(
            name=N_("Say who runs the marketplace"),
            why=N_("The law wants name, licence and record number on every page."),
            href=frame.PROFILE,
            done=profile is not None and bool(profile.credit_code),
        ),
        Step(
            name=N_("Let a second person in"),
            why=N_("Who loses the password of the only account loses the marketplace."),
            href=frame.STAFF,
            done=len(staff) > 1,
        ),
        Step(
            name=N_("Make categories"),
            why=N_("Goods are found by them, and commission may differ between them."),
            href=frame.CATEGORIES,
            done=bool(await catalog.categories(read)),
        ),
        Step(
            name=N_("Set a commission"),
            why=N_("Without a rate no commission is taken."),
            href=frame.MERCHANTS,
            done=await commission.any_rule(read),
        ),
        Step(
            name=N_("Connect a payment channel"),
            why=N_("Buyers can order only where they can pay."),
            href=frame.CHANNELS,
            done=bool(payments.channels(settings)),
        ),
        Step(
            name=N_("Let the first merchant in"),
            why=N_("They apply at /sell; you decide about the application."),
            href=frame.APPLICATIONS,
            done=bool(shops),
        ),
    ]


async def page(
    visit: Visit, errors: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(run, visit.settings)
    areas = [(area, list(group)) for area, group in groupby(found.settled, key=lambda each: each.policy.area)]
    return await frame.show(
        visit,
        "settings.html",
        frame.SETTINGS,
        status=422 if errors else 200,
        found=found,
        areas=areas,
        by_key={each.policy.key: each.policy for each in found.settled},
        errors=errors or {},
        typed=typed or {},
        units=UNITS,
        seen={each.policy.key: seen.mark(each.value) for each in found.settled},
        tomorrow=settlement_day(datetime.now(UTC)) + timedelta(days=1),
        base=frame.SETTINGS,
    )


@get("/settings", opt=NEEDS)
async def settings_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """Every setting with what it does; as a file, what was changed, by whom."""
    if exports.wanted(visit):
        return _changes_file(visit, await visit.db.ask(run, visit.settings))
    return await page(visit)


def _changes_file(visit: Visit, found: Run) -> Response[bytes]:
    names = {each.policy.key: each.policy.name for each in found.settled}
    words = (N_("When"), N_("Setting"), N_("Before"), N_("After"), N_("Who"))
    rows = [
        (
            each.at,
            visit.say(names[each.policy]) if each.policy in names else each.policy,
            each.before,
            each.after,
            found.names.get(each.by) or visit.say(N_("the house itself")),
        )
        for each in found.changes
    ]
    return exports.csv_answer(visit, visit.say(N_("What was changed")), [visit.say(word) for word in words], rows)


async def change(tx: Tx, actor: Actor, form: Entries, policy: Policy, value: int) -> None:
    await seen.hold(tx, f"setting {policy.key}")
    now = next(each.value for each in await policies.settled(tx) if each.policy.key == policy.key)
    seen.compare(form, seen.mark(now), seen.mark(value), policy.key)
    account_id = actor.account.account_id if actor.account else None
    before = await policies.settle(tx, policy, value, account_id)
    if before is not None:
        await access.audit(tx, actor, "settings.change", policy.key, before={"value": before}, after={"value": value})


async def plan(tx: Tx, actor: Actor, policy: Policy, value: int, from_day: date) -> None:
    account_id = actor.account.account_id if actor.account else None
    if await policies.plan(tx, policy, value, from_day, settlement_day(datetime.now(UTC)), account_id):
        facts = {"value": value, "from": from_day.isoformat()}
        await access.audit(tx, actor, "settings.plan", policy.key, facts)


async def unplan(tx: Tx, actor: Actor, policy: Policy) -> None:
    if await policies.withdraw(tx, policy):
        await access.audit(tx, actor, "settings.withdraw_plan", policy.key)


async def undo(tx: Tx, actor: Actor, policy: Policy) -> None:
    account_id = actor.account.account_id if actor.account else None
    before = await policies.reset(tx, policy, account_id)
    if before is not None:
        after = {"value": policy.default}
        await access.audit(tx, actor, "settings.reset", policy.key, before={"value": before}, after=after)


@post("/settings/{policy:str}", opt=NEEDS)
async def change_setting(
    visit: NamedDependency[Visit], request: WebRequest, policy: FromPath[str]
) -> Response[Any] | Redirect:
    """Decide otherwise. It counts everywhere within two seconds, or from the beginning of the day that is chosen."""
    known, form = policy_called(policy), await entries_of(request)
    value, from_key = form.number(known.key, least=known.least, most=known.most), f"{known.key}-from"
    typed = form.text(from_key)
    from_day = day_of(typed)
    if typed and from_day is None:
        form.refuse(from_key, N_("Please choose a day to come."))
    try:
        form.check()
        if from_day is None:
            await visit.db.transact(change, visit.actor, form, known, value)
        else:
            await visit.db.transact(plan, visit.actor, known, value, from_day)
    except Invalid as refusal:
        return await page(visit, errors_of(visit, refusal.fields), {known.key: form.text(known.key), from_key: typed})
    return redirect(visit, f"{frame.SETTINGS}#{known.key}", (visit.say(SAVED), "good"))


@post("/settings/{policy:str}/reset", opt=NEEDS)
async def reset_setting(visit: NamedDependency[Visit], policy: FromPath[str]) -> Redirect:
    """Back to the default."""
    known = policy_called(policy)
    await visit.db.transact(undo, visit.actor, known)
    return redirect(visit, f"{frame.SETTINGS}#{known.key}", (visit.say(N_("The default counts again.")), "good"))


@post("/settings/{policy:str}/withdraw", opt=NEEDS)
async def withdraw_plan(visit: NamedDependency[Visit], policy: FromPath[str]) -> Redirect:
    """What was planned from a day to come does not come."""
    known = policy_called(policy)
    await visit.db.transact(unplan, visit.actor, known)
    return redirect(visit, f"{frame.SETTINGS}#{known.key}", (visit.say(N_("The plan is withdrawn.")), "good"))


HANDLERS = [settings_page, change_setting, reset_setting, withdraw_plan]
