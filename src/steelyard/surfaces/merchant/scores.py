"""How the shop's scores come about: what buyers said, what facts took off, and how it went on day by day."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import reviews
from steelyard.trade.orders.model import SHIP_WITHIN_HOURS
from steelyard.trade.reviews.model import FACTS_OVER_DAYS, SCORES_OVER_DAYS, ShopScore

DAYS_SHOWN = 60
PARTS = {
    "description": N_("As described"),
    "service": N_("Service"),
    "logistics": N_("Logistics"),
}


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What takes off a score: `count` of `of`, in hundredths of a star."""

    words: str
    count: int
    of: int
    href: str

    @property
    def taken_off(self) -> int:
        return reviews.taken_off(self.count, self.of)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One of the three scores: what was said, what facts took off, what is left, and beside others."""

    name: str
    about: str
    said: int
    score: int
    against: int | None
    fact: Fact | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    score: ShopScore | None
    history: Sequence[ShopScore]


async def found(read: Read, merchant_id: MerchantId) -> Found:
    return Found(
        score=(await reviews.scores(read, [merchant_id])).get(merchant_id),
        history=[each for each in await reviews.score_history(read, merchant_id, DAYS_SHOWN) if each.reviews],
    )


@get("/reviews/scores", opt={"permission": "reviews.answer"})
async def shop_scores(visit: NamedDependency[Visit]) -> Response[Any]:
    shown = await visit.merchant_db.ask(found, visit.merchant_id)
    if exports.wanted(visit):
        return _as_file(visit, shown.history)
    return await frame.show(
        visit,
        "scores.html",
        frame.REVIEWS,
        crumbs=[(visit.say(N_("Reviews")), frame.REVIEWS), (visit.say(N_("Shop scores")), None)],
        score=shown.score,
        parts=_parts(visit, shown.score) if shown.score else [],
        chart=_chart(visit, shown.history),
        said_days=SCORES_OVER_DAYS,
        fact_days=FACTS_OVER_DAYS,
    )


def _parts(visit: Visit, score: ShopScore) -> list[Part]:
    against = {name: beside for name, _, beside in score.parts}
    say = visit.say
    return [
        Part(
            name=say(PARTS["description"]),
            about=say(
                N_(
                    "The average of the stars of your reviews. Hidden ones, and those that came by themselves, do not count."
                )
            ),
            said=score.description,
            score=score.description,
            against=against["description"],
        ),
        Part(
            name=say(PARTS["service"]),
            about=say(N_("What buyers said of your service, less orders with an after-sales case that lies with you.")),
            said=score.said_service,
            score=score.service,
            against=against["service"],
            fact=Fact(
                words=say(N_("Orders with a case that lies with the shop")),
                count=score.faults,
                of=score.paid,
                href=f"{frame.AFTER_SALES}?state=all",
            ),
        ),
        Part(
            name=say(PARTS["logistics"]),
            about=say(
                N_("What buyers said of delivery, less orders that left later than {hours} hours after payment."),
                hours=SHIP_WITHIN_HOURS,
            ),
            said=score.said_logistics,
            score=score.logistics,
            against=against["logistics"],
            fact=Fact(
                words=say(N_("Orders sent late")),
                count=score.late,
                of=score.due,
                href=f"{frame.ORDERS}?trouble=late",
            ),
        ),
    ]


def _chart(visit: Visit, history: Sequence[ShopScore]) -> Chart:
    return Chart(
        kind="line",
        title=visit.say(N_("Day by day")),
        labels=[each.day for each in history],
        series=[
            Series(visit.say(word), [getattr(each, name) / 100 or None for each in history])
            for name, word in PARTS.items()
        ],
    )


def _as_file(visit: Visit, history: Sequence[ShopScore]) -> Response[bytes]:
    heads = (N_("Day"), N_("Reviews"), *PARTS.values(), N_("Paid orders"), N_("Orders with a case that lies with the shop"),
             N_("Orders due"), N_("Orders sent late"))  # fmt: skip
    rows = [
        [each.day, each.reviews, each.description / 100, each.service / 100, each.logistics / 100, each.paid, each.faults,
         each.due, each.late]
        for each in history
    ]  # fmt: skip
    return exports.sheet(visit, N_("Shop scores"), heads, rows)


HANDLERS = [shop_scores]
