"""What the demo's people did in the last weeks: the ways that led to its orders, and those of many more who only looked.

As many as funnels and cohorts need to show something: a share of the days' visitors, at most `ROWS_MAX` rows. Names of campaigns
are those of the links and costs that the first shop has entered.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Row, Tx
from steelyard.operations import behaviour
from steelyard.operations.behaviour import (
    BEHAVIOURS_PER_BATCH_MAX,
    Behaviour,
    Brought,
    Channel,
    Cost,
    Kind,
    Link,
    LinkClick,
    LinkId,
    Target,
)
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

ROWS_MAX = 60_000
DAYS = 28
ORDERS_MAX = 3_500
VISITORS_MAX = 9_000
# By which people come, with what the links say: source, medium, campaign; and how many of a hundred.
WAYS = (
    (Channel.DIRECT, "", "", "", 46),
    (Channel.SEARCH, "www.baidu.com", "", "", 25),
    (Channel.SOCIAL, "weibo", "social", "spring", 13),
    (Channel.LINK, "tea.example.net", "", "", 6),
    (Channel.AD, "baidu", "cpc", "spring", 5),
    (Channel.MAIL, "steelyard", "mail", "coupon_news_given", 3),
    (Channel.QR, "window", "qr", "poster", 2),
)
PHONES = 81
# Of a hundred who look at goods and buy nothing, so many come to the cart, and of these so many to the checkout.
TO_CART, TO_CHECKOUT = 20, 40
WORDS = ("茶", "杯子", "礼盒", "新款", "tea", "gift")
LINKS = (("weibo", "social", "spring", "微博春季帖"), ("window", "qr", "poster", "橱窗海报"))
COST_A_DAY = (8_000, 15_000)


async def behave(db: Database, *, seed: int) -> None:
    """Write it down. Said again, nothing is there twice."""
    await db.transact(_behaved, seed)


async def _behaved(tx: Tx, seed: int) -> None:
    if await tx.value("SELECT EXISTS (SELECT FROM behaviour_events WHERE kind = 'view')"):
        return
    chance = Random(f"{seed}/behaviour")  # noqa: S311  # habits, no secrets
    last: date | None = await tx.value("SELECT max(day) FROM traffic_days")
    if last is None:
        return
    orders = await _orders(tx, last)
    first_shop = made("merchant", "zoufang")
    links = await _linked(tx, first_shop)
    done: list[Behaviour] = []
    brought: list[Brought] = []
    for order in orders:
        done += _bought(order, chance, links if order["merchant_id"] == first_shop else (), brought)
    for visitor in _lookers(await _traffic(tx, last), await _looked_at(tx, last), chance):
        if len(done) + len(visitor) > ROWS_MAX:
            break
        done += visitor
    for at in range(0, len(done), BEHAVIOURS_PER_BATCH_MAX):
        await behaviour.record(tx, done[at : at + BEHAVIOURS_PER_BATCH_MAX])
    await behaviour.credit(tx, brought)
    await _followed(tx, first_shop, links, brought, last, chance)


async def _orders(read: Read, last: date) -> list[Row]:
    """The newest that were paid, each with one of its products."""
    return await read.fetch(
        """
        SELECT o.merchant_id, o.order_id, o.buyer_id, o.paid_at, o.total, o.currency, l.product_id, l.quantity
        FROM orders o JOIN order_lines l ON (l.merchant_id, l.order_id, l.line) = (o.merchant_id, o.order_id, 1)
        WHERE o.paid_at >= $1 ORDER BY o.paid_at DESC, o.order_id LIMIT $2
        """,
        datetime.combine(last - timedelta(days=DAYS), time(), SETTLEMENT_ZONE),
        ORDERS_MAX,
    )


async def _traffic(read: Read, last: date) -> list[Row]:
    """Visitors by shop and day, the last days first."""
    return await read.fetch(
        """
        SELECT merchant_id, day, sum(visitors)::integer AS visitors FROM traffic_days
        WHERE day > $1 AND day < $2 AND merchant_id <> $3 GROUP BY 1, 2 ORDER BY day DESC, merchant_id
        """,
        last - timedelta(days=DAYS),
        last,
        behaviour.MARKETPLACE,
    )


async def _looked_at(read: Read, last: date) -> dict[UUID, list[UUID]]:
    rows = await read.fetch(
        """
        SELECT merchant_id, product_id FROM product_traffic_days WHERE day > $1
        GROUP BY 1, 2 ORDER BY merchant_id, sum(visitors) DESC, product_id
        """,
        last - timedelta(days=DAYS),
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["merchant_id"], []).append(row["product_id"])
    return found


class _Way(msgspec.Struct, kw_only=True):
    """One visit as it goes on: each thing a while after the one before."""

    chance: Random
    at: datetime
    visitor_id: UUID
    merchant_id: UUID
    buyer_id: UUID | None = None
    link: str = ""
    done: list[Behaviour] = []
    way: tuple[Channel, str, str, str, int] = WAYS[0]
    device: str = "phone"

    def set_out(self) -> None:
        self.way = self.chance.choices(WAYS, [each[4] for each in WAYS])[0]
        self.device = "phone" if self.chance.randrange(100) < PHONES else "desk"

    def arrive(self) -> None:
        more = {"link": self.link} if self.link else {}
        self.do(Kind.ARRIVE, {"landing": "/", **more})

    def do(self, kind: Kind, properties: Mapping[str, str | int], product_id: UUID | None = None) -> None:
        channel, source, medium, campaign, _ = self.way
        self.at += timedelta(seconds=self.chance.randint(5, 90))
        self.done.append(
            Behaviour(
                kind=kind,
                event_id=UUID(int=self.chance.getrandbits(128), version=4),
                at=self.at,
                visitor_id=self.visitor_id,
                buyer_id=self.buyer_id,
                merchant_id=self.merchant_id,
                product_id=product_id,
                channel=channel,
                source=source,
                medium=medium,
                campaign=campaign,
                device=self.device,
                properties=properties,
            )
        )


def _bought(order: Row, chance: Random, links: Sequence[Link], brought: list[Brought]) -> list[Behaviour]:
    """The way to a payment, which is there already."""
    way = _Way(
        chance=chance,
        at=order["paid_at"] - timedelta(minutes=chance.randint(15, 50)),
        visitor_id=order["buyer_id"],
        buyer_id=order["buyer_id"],
        merchant_id=order["merchant_id"],
        done=[],
    )
    way.set_out()
    for link in links:
        if (way.way[1], way.way[3]) == (link.source, link.campaign):
            way.link = link.code
            brought.append(
                Brought(
                    merchant_id=order["merchant_id"],
                    order_id=order["order_id"],
                    code=link.code,
                    paid=order["total"],
                    currency=order["currency"],
                    at=order["paid_at"],
                )
            )
    way.arrive()
    if chance.randrange(100) < 30:  # of a hundred
        way.do(Kind.SEARCH, {"words": chance.choice(WORDS), "results": chance.randint(1, 60)})
    product_id = order["product_id"]
    for _ in range(chance.randint(1, 3)):
        way.do(Kind.VIEW, {"page": "product"}, product_id)
    way.do(Kind.CART, {"action": "add", "quantity": order["quantity"]}, product_id)
    way.do(Kind.CHECKOUT, {"step": "open"})
    way.do(Kind.CHECKOUT, {"step": "placed"})
    paid = {"amount": order["total"], "currency": order["currency"], "pieces": order["quantity"]}
    way.do(Kind.PAY, {**paid, **({"link": way.link} if way.link else {})})
    way.done[-1] = msgspec.structs.replace(
        way.done[-1],
        at=order["paid_at"],
        order_id=order["order_id"],
        event_id=behaviour.event_of(Kind.PAY, order["order_id"]),
    )
    return way.done


def _lookers(traffic: Sequence[Row], goods: dict[UUID, list[UUID]], chance: Random) -> Iterator[list[Behaviour]]:
    """Who looked and bought nothing: of each day and shop its share."""
    everybody = sum(row["visitors"] for row in traffic)
    share = min(1.0, VISITORS_MAX / everybody) if everybody else 0.0
    for row in traffic:
        offered = goods.get(row["merchant_id"], [])
        morning = datetime.combine(row["day"], time(8), SETTLEMENT_ZONE)
        for _ in range(int(row["visitors"] * share + chance.random()) if offered else 0):
            way = _Way(
                chance=chance,
                at=morning + timedelta(seconds=chance.randrange(15 * 3_600)),
                visitor_id=UUID(int=chance.getrandbits(128), version=4),
                merchant_id=row["merchant_id"],
                done=[],
            )
            way.set_out()
            way.arrive()
            way.do(Kind.VIEW, {"page": "shop"})
            product_id = offered[min(int(chance.expovariate(0.2)), len(offered) - 1)]
            if chance.randrange(100) < 64:  # of a hundred, as the days' counts have it
                way.do(Kind.VIEW, {"page": "product"}, product_id)
                if chance.randrange(100) < TO_CART:
                    way.do(Kind.CART, {"action": "add", "quantity": 1}, product_id)
                    if chance.randrange(100) < TO_CHECKOUT:
                        way.do(Kind.CHECKOUT, {"step": "open"})
            yield way.done


async def _linked(tx: Tx, merchant_id: UUID) -> list[Link]:
    links: list[Link] = []
    slug = await tx.value("SELECT slug FROM shops WHERE merchant_id = $1", merchant_id)
    if slug is None:
        return links
    for number, (source, medium, campaign, name) in enumerate(LINKS, start=2):
        link = Link(
            link_id=LinkId(made("campaign link", str(number))),
            merchant_id=merchant_id,
            code=f"demo{number}{number}{number}{number}",
            name=name,
            target=Target.SHOP,
            target_id=None,
            path=f"/shops/{slug}",
            source=source,
            medium=medium,
            campaign=campaign,
        )
        await behaviour.make_link(tx, link, "system")
        links.append(link)
    return links


async def _followed(
    tx: Tx, merchant_id: UUID, links: Sequence[Link], brought: Sequence[Brought], last: date, chance: Random
) -> None:
    """Some thirty follow a link for each who buys; and what the campaign cost on its days."""
    if not links:
        return
    clicks = [
        LinkClick(merchant_id=merchant_id, link_id=link.link_id, at=each.at, scan=link.medium == "qr")
        for link in links
        for each in brought
        if each.code == link.code
        for _ in range(chance.randint(20, 40))
    ]
    if clicks:
        await behaviour.count_clicks(tx, clicks)
    days = [last - timedelta(days=back) for back in range(1, DAYS)]
    costs = [
        Cost(
            day=day,
            channel=channel,
            amount=chance.randint(*COST_A_DAY),
            currency="CNY",
            source=source,
            campaign="spring",
        )
        for day in days
        for channel, source in ((Channel.AD, "baidu"), (Channel.SOCIAL, "weibo"))
    ]
    await behaviour.set_costs(tx, merchant_id, costs)
