"""What was reported of reviews, questions and answers: hidden with a reason, or left to stand; and the rules of reviewing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, InState, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.reasons import ALL_REASONS, GROUNDS
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import reviews
from steelyard.trade.reviews.model import Ground, Kind, Reported, Rules

TABS = {"waiting": N_("Reported"), "appeals": N_("Appeals"), "hidden": N_("Hidden")}
KINDS = {Kind.REVIEW: N_("Review"), Kind.QUESTION: N_("Question"), Kind.ANSWER: N_("Answer")}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Reported]
    shops: Mapping[MerchantId, ShopCard]
    products: Mapping[UUID, ProductView]
    rules: Rules
    waiting: int
    appeals: int
    appealed: Sequence[reviews.Appeal] = ()


async def listed(read: Read, tab: str, cursor: str | None) -> Listed:
    appealed = await reviews.appeals(read, cursor, ROWS_PER_PAGE) if tab == "appeals" else Page([], None)
    ask = reviews.hidden if tab == "hidden" else reviews.reported
    page = Page([], appealed.next) if tab == "appeals" else await ask(read, cursor, ROWS_PER_PAGE)
    named = [*page.items, *appealed.items]
    return Listed(
        page=page,
        shops=await merchants.cards(read, {each.merchant_id for each in named}),
        products={**await catalog.products(read, {each.product_id for each in named if each.product_id})},
        rules=await reviews.rules(read),
        waiting=await reviews.open_reports(read),
        appeals=await reviews.open_appeals(read),
        appealed=appealed.items,
    )


@get("/reviews", opt={"permission": "reviews.moderate"})
async def report_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """What waits for a decision, the oldest first; or what was hidden."""
    return await _shown(visit, wanted if wanted in TABS else "waiting", cursor)


async def _shown(
    visit: Visit, tab: str, cursor: str | None = None, form: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(listed, tab, cursor)
    tabs = [
        {
            "label": visit.say(word),
            "href": address(frame.REVIEWS, state=name),
            "current": name == tab,
            "count": {"waiting": found.waiting, "appeals": found.appeals}.get(name, 0),
        }
        for name, word in TABS.items()
    ]
    return await frame.show(
        visit,
        "reviews.html",
        frame.REVIEWS,
        status=422 if errors else 200,
        tab=tab,
        tabs=tabs,
        found=found,
        form=form,
        errors=errors or {},
        reasons=ALL_REASONS,
        grounds={key: visit.say(word) for key, word in GROUNDS.items()},
        kinds=KINDS,
        held=Ground.HELD,
        me=str(visit.actor.account.account_id) if visit.actor.account else "",
        next_href=address(frame.REVIEWS, state=tab, cursor=found.page.next) if found.page.next else "",
        start_href=address(frame.REVIEWS, state=tab) if cursor else "",
    )


def _kind(kind: str) -> Kind:
    """Raises `NotFound`."""
    if kind not in set(Kind):
        raise NotFound()
    return Kind(kind)


@post("/reviews/{kind:str}/{subject_id:uuid}/hide", opt={"permission": "reviews.moderate"})
async def hide(
    visit: NamedDependency[Visit], request: WebRequest, kind: FromPath[str], subject_id: FromPath[UUID]
) -> Redirect:
    """Take it off the pages; its writer reads why."""
    form, what = await entries_of(request), _kind(kind)
    ground, reason = form.text("ground", most=40), form.text("reason", most=300)
    return await done(
        visit,
        frame.REVIEWS,
        N_("It is hidden. Ratings no longer count it."),
        lambda: visit.db.transact(reviews.hide, visit.actor, what, subject_id, ground, reason),
    )


@post("/reviews/{kind:str}/{subject_id:uuid}/show", opt={"permission": "reviews.moderate"})
async def let_stand(
    visit: NamedDependency[Visit], request: WebRequest, kind: FromPath[str], subject_id: FromPath[UUID]
) -> Redirect:
    """Let it stand, or show it again."""
    tab = (await entries_of(request)).text("tab")
    what = _kind(kind)
    return await done(
        visit,
        address(frame.REVIEWS, state=tab if tab in TABS else ""),
        N_("It stands. The reports are settled."),
        lambda: visit.db.transact(reviews.show, visit.actor, what, subject_id),
    )


@post("/reviews/appeals/{step_id:uuid}", opt={"permission": "reviews.moderate"})
async def decide_appeal(visit: NamedDependency[Visit], request: WebRequest, step_id: FromPath[UUID]) -> Redirect:
    """The review is shown again, or stays hidden; its author reads why."""
    form = await entries_of(request)
    granted, answer = form.text("decision") == "show", form.text("answer", most=300)
    return await done(
        visit,
        address(frame.REVIEWS, state="appeals"),
        N_("It stands again.") if granted else N_("It stays hidden. Its author reads why."),
        lambda: visit.db.transact(reviews.decide_appeal, visit.actor, step_id, granted=granted, answer=answer),
    )


@post("/reviews/rules", opt={"permission": "settings.manage"})
async def set_rules(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """How long one may review, and whether silence is a good review."""
    form = await entries_of(request)
    try:
        wanted = Rules(
            write_days=form.number("write_days"),
            follow_up_days=form.number("follow_up_days"),
            automatic_days=form.number("automatic_days", otherwise=0),
        )
        form.check()
        await visit.db.transact(reviews.set_rules, visit.actor, wanted)
    except Invalid as refusal:
        return await _shown(visit, "waiting", None, form, errors_of(visit, refusal.fields))

    async def nothing() -> None:
        return None

    return await done(visit, frame.REVIEWS, SAVED, nothing)


HANDLERS = [report_list, hide, let_stand, decide_appeal, set_rules]
