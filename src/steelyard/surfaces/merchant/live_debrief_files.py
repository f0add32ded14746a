"""The written review of a live session as files: products and minutes as CSV, the whole of it on paper."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import anyio.to_thread
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.channels.live import Debrief, Facts
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.surfaces.merchant.live_debrief import READS, TITLE, Shown, with_staff
from steelyard.surfaces.web import debrief_words, exports, live_words
from steelyard.surfaces.web.debrief_words import Words, clock
from steelyard.surfaces.web.paper import PaperTable, ReportPaper, report_paper
from steelyard.surfaces.web.visit import Visit

PDF = "application/pdf"


async def _made(visit: Visit, live_id: UUID) -> tuple[Shown, Debrief, Words]:
    """A review that is there. Raises `NotFound`."""
    found = await with_staff(visit, live_id)
    if found.debrief is None:
        raise NotFound()
    return found, found.debrief, Words(visit, found.debrief.facts)


def _product_rows(found: Shown, facts: Facts) -> list[list[object]]:
    def money(amount: int | None) -> Money | None:
        return None if amount is None else Money(amount, facts.currency)

    return [
        [
            each.title,
            each.planned_minutes,
            round(each.explained_seconds / 60, 1),
            money(each.planned_price),
            money(each.live_price),
            each.pieces_planned,
            each.pieces,
            each.clicks,
            each.carts,
            each.orders,
            each.paid,
            None if each.conversion is None else round(each.conversion, 4),
            money(each.gmv),
            money(each.refunded),
            money(found.refunded.get(each.product_id, 0)),
            facts.currency,
        ]
        for each in facts.products
    ]


@get("/live/{live_id:uuid}/review/products.csv", opt=READS)
async def products_file(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[bytes]:
    """Plan against what came of it, a product a row."""
    found, debrief, _ = await _made(visit, live_id)
    columns = (
        N_("Product"), N_("Minutes planned"), N_("Minutes explained"), N_("Planned price"), N_("Live price"),
        N_("Pieces to sell"), N_("Pieces sold"), N_("Product clicks"), N_("Checkouts"), N_("Orders"), N_("Paid orders"),
        N_("Conversion"), N_("Amount"), N_("Refunded then"), N_("Refunded until now"), N_("Currency"),
    )  # fmt: skip
    return exports.sheet(visit, N_("Live review, products"), columns, _product_rows(found, debrief.facts))


@get("/live/{live_id:uuid}/review/minutes.csv", opt=READS)
async def minutes_file(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[bytes]:
    """What was counted, a minute a row."""
    _, debrief, words = await _made(visit, live_id)
    facts = debrief.facts
    columns = (
        N_("Minute"), N_("Viewers at its end"), N_("Viewers at most"), N_("People who came in"), N_("Chat messages"),
        N_("Orders"), N_("Paid orders"), N_("Amount"), N_("Currency"), N_("Product explained"),
    )  # fmt: skip
    rows = (
        [
            each.minute, each.viewers, each.peak, each.entered, each.chats, each.orders, each.paid,
            Money(each.gmv, facts.currency), facts.currency, words.title(each.product_id),
        ]
        for each in facts.minutes
    )  # fmt: skip
    return exports.sheet(visit, N_("Live review, minutes"), columns, rows)


@get("/live/{live_id:uuid}/review/review.pdf", opt=READS)
async def review_file(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[bytes]:
    """The review on paper. Drawing keeps the processor busy for a while: other requests go on meanwhile."""
    found, debrief, words = await _made(visit, live_id)
    paper = _paper(visit, found, debrief, words)
    body = await anyio.to_thread.run_sync(report_paper, paper)
    name = f"{visit.say(TITLE)}-{_moment(debrief.facts.started_at)[:10]}.pdf"
    return Response(
        body, media_type=PDF, headers={"content-disposition": exports.as_file(name), "cache-control": "no-store"}
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(exports.ZONE):%Y-%m-%d %H:%M}"


def _paper(visit: Visit, found: Shown, debrief: Debrief, words: Words) -> ReportPaper:
    facts, say = debrief.facts, visit.say
    sold, lost = debrief_words.moments(words, facts)
    later = sum(found.refunded.values()) - facts.refunded
    roles = live_words.said(visit, live_words.ROLES)
    sections: list[tuple[str, list[str]]] = [
        (say(N_("In sentences")), words.sentences()),
        (say(N_("Moments that sold")), [f"{each.span}  {' '.join(each.sentences)}" for each in sold]),
        (say(N_("Moments that lost viewers")), [f"{each.span}  {' '.join(each.sentences)}" for each in lost]),
        (
            say(N_("By role")),
            [
                f"{roles.get(role.role, role.role)}: "
                + "; ".join(f"{say(debrief_words.ACTS.get(name, name))} {times}" for name, times in role.acts.items())
                for role in facts.roles
                if role.acts
            ],
        ),
        (
            say(N_("Notes")),
            [f"{_moment(each.at)} {found.names.get(each.by, '–')}: {each.words}" for each in found.notes],
        ),
        (
            say(N_("To do next")),
            [
                f"[{'x' if each.done_at else ' '}] {each.words}"
                f" ({found.names.get(f'staff:{each.owner_id}', '–')}, {each.due_on.isoformat() if each.due_on else '–'})"
                for each in found.tasks
            ],
        ),
    ]
    return ReportPaper(
        title=facts.title.in_language(visit.locale),
        kind=say(TITLE),
        facts=[
            (say(N_("Time on air")), f"{_moment(facts.started_at)} · {clock(facts.seconds)}"),
            (say(N_("Host")), facts.host or "–"),
            (say(N_("Figures as of")), _moment(debrief.made_at)),
            (say(N_("Given back since")), words.money(later)),
        ],
        sections=[(name, lines) for name, lines in sections if lines],
        tables=[_table(visit, facts, words)],
        foot=f"{say(TITLE)} · {_moment(facts.started_at)}",
    )


def _table(visit: Visit, facts: Facts, words: Words) -> PaperTable:
    say = visit.say
    return PaperTable(
        title=say(N_("By product")),
        columns=[
            say(N_("Product")), say(N_("Time explained")), say(N_("Pieces")), say(N_("Paid orders")), say(N_("Conversion")),
            say(N_("Amount")),
        ],
        rows=[
            [
                each.title.in_language(visit.locale),
                f"{clock(each.explained_seconds)} / {each.planned_minutes}:00",
                str(each.pieces) if each.pieces_planned is None else f"{each.pieces} / {each.pieces_planned}",
                str(each.paid),
                "–" if each.conversion is None else words.percent(each.conversion),
                words.money(each.gmv),
            ]
            for each in facts.products
        ],
    )  # fmt: skip


HANDLERS: Sequence[Any] = [products_file, minutes_file, review_file]
