"""Journeys that shops everywhere need, ready to be copied. Each is an ordinary draft once it is taken: messages, coupons and
groups are the shop's own, so they are chosen then."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import Text, text
from steelyard.operations import outreach
from steelyard.operations.journeys.graph import (
    FAILED,
    THEN,
    Await,
    Branch,
    Channel,
    Coupon,
    Exit,
    Goal,
    Graph,
    How,
    Message,
    Node,
    Reentry,
    Settings,
    Setup,
    Task,
    Trigger,
    Wait,
)
from steelyard.operations.journeys.model import JourneyId
from steelyard.operations.journeys.service import make
from steelyard.operations.segments.model import All, Measure, Number

ROW = 200
COLUMN = 300
HOUR = 60
DAY = 24 * HOUR


class Playbook(msgspec.Struct, frozen=True, kw_only=True):
    """A ready journey: `why` says when it is worth having."""

    key: str
    name: Text
    why: Text
    graph: Graph


def _box(key: str, setup: Setup, row: int, column: int = 0, **following: str) -> Node:
    return Node(key=key, setup=setup, x=column * COLUMN, y=row * ROW, next=dict(following))


def _line(boxes: Sequence[tuple[str, Setup]]) -> tuple[Node, ...]:
    """Boxes one after the other, an end behind the last; who gets no coupon is not written to of it."""
    keys = [key for key, _ in boxes] + ["end"]
    nodes = [
        Node(
            key=key,
            setup=setup,
            x=0,
            y=row * ROW,
            next={THEN: keys[row + 1], **({FAILED: "end"} if isinstance(setup, Coupon) else {})},
        )
        for row, (key, setup) in enumerate(boxes)
    ]
    return (*nodes, Node(key="end", setup=Exit(), x=0, y=len(boxes) * ROW))


def _event(event: str, delay_minutes: int = 0) -> Trigger:
    return Trigger(event=event, delay_minutes=delay_minutes)


def _wait(minutes: int) -> Wait:
    return Wait(minutes=minutes)


_MAIL = Message()
_INBOX = Message(channel=Channel.INBOX)
_BUYS = Goal(event="order_paid", days=7)


def _once_bought() -> All:
    return All(of=(Number(measure=Measure.ORDERS, at_least=1),))


PLAYBOOKS: tuple[Playbook, ...] = (
    Playbook(
        key="welcome",
        name=text("新客欢迎", "Welcome"),
        why=text(
            "客户第一次收藏、加购或关注时打个招呼，三天后还没下单再送一句。",
            "A greeting when somebody first shows interest, and another word three days later if nothing was bought.",
        ),
        graph=Graph(
            nodes=(
                _box("begin", _event("registered"), 0, then="hello"),
                _box("hello", _MAIL, 1, then="wait"),
                _box("wait", _wait(3 * DAY), 2, then="bought"),
                _box("bought", Branch(tree=_once_bought()), 3, yes="end", no="word"),
                _box("word", _MAIL, 4, 1, then="end"),
                _box("end", Exit(), 5),
            ),
            settings=Settings(goal=Goal(event="first_order_paid", days=14)),
        ),
    ),
    Playbook(
        key="abandoned_cart",
        name=text("购物车挽回", "Abandoned cart"),
        why=text(
            "加购后一小时没有付款，发一封提醒；一天后仍未付款，送一张优惠券。",
            "A reminder when an hour after the cart nothing was paid, and a coupon a day later.",
        ),
        graph=Graph(
            nodes=(
                _box("begin", _event("cart_left", HOUR), 0, then="remind"),
                _box("remind", _MAIL, 1, then="buys"),
                _box("buys", Await(event="order_paid", minutes=DAY), 2, happened="end", late="coupon"),
                _box("coupon", Coupon(), 3, 1, then="tell", failed="end"),
                _box("tell", _MAIL, 4, 1, then="end"),
                _box("end", Exit(), 5),
            ),
            settings=Settings(
                goal=Goal(event="order_paid", days=3), exits=("order_paid",), reentry_days=14, reentry=Reentry.DAYS
            ),
        ),
    ),
    Playbook(
        key="unpaid_order",
        name=text("催付", "Unpaid order"),
        why=text(
            "下单十分钟还没付款，提醒一次。这是订单通知，不是营销短信。",
            "A reminder ten minutes after an order that is not paid. It belongs to the order and is no advertising.",
        ),
        graph=Graph(
            nodes=_line(
                [("begin", _event("order_unpaid", 10)), ("remind", Message(marketing=False, channel=Channel.EMAIL))]
            ),
            settings=Settings(goal=Goal(event="order_paid", days=1), exits=("order_cancelled",), reentry=Reentry.ENDED),
        ),
    ),
    Playbook(
        key="first_repurchase",
        name=text("首单复购", "First repurchase"),
        why=text(
            "第一单完成两周后，请客户再来。从第一单到第二单是流失最多的一步。",
            "Two weeks after the first order is completed: between the first and the second order most are lost.",
        ),
        graph=Graph(
            nodes=(
                _box("begin", _event("order_completed"), 0, then="first"),
                _box(
                    "first",
                    Branch(tree=All(of=(Number(measure=Measure.ORDERS, at_least=1, at_most=1),))),
                    1,
                    yes="wait",
                    no="end",
                ),
                _box("wait", _wait(14 * DAY), 2, then="again"),
                _box("again", _MAIL, 3, then="end"),
                _box("end", Exit(), 4),
            ),
            settings=Settings(goal=Goal(event="order_paid", days=30), exits=("order_paid",)),
        ),
    ),
    Playbook(
        key="replenishment",
        name=text("补货提醒", "Replenishment"),
        why=text(
            "按每种商品自己的复购间隔提醒：别人买它通常隔多久再买。",
            "A reminder after each product’s own interval: how long others wait before they buy it again.",
        ),
        graph=Graph(
            nodes=_line([("begin", _event("parcel_received")), ("used", Wait(how=How.INTERVAL)), ("remind", _MAIL)]),
            settings=Settings(goal=Goal(event="order_paid", days=120), exits=("order_paid",), reentry=Reentry.ENDED),
        ),
    ),
    Playbook(
        key="win_back",
        name=text("沉睡客户唤回", "Win-back"),
        why=text(
            "客户进入沉睡期时先送券，一周后仍没来，请店员联系。",
            "A coupon when somebody has not bought for long, and a week later somebody of the shop gets in touch.",
        ),
        graph=Graph(
            nodes=(
                _box("begin", _event("became_dormant"), 0, then="coupon"),
                _box("coupon", Coupon(), 1, then="tell", failed="call"),
                _box("tell", _MAIL, 2, then="buys"),
                _box("buys", Await(event="order_paid", minutes=7 * DAY), 3, happened="end", late="call"),
                _box("call", Task(title="联系沉睡客户 / Get in touch", days=3), 4, 1, then="end"),
                _box("end", Exit(), 5),
            ),
            settings=Settings(goal=Goal(event="order_paid", days=30), reentry_days=180, reentry=Reentry.DAYS),
        ),
    ),
    Playbook(
        key="price_drop",
        name=text("收藏降价", "Price drop"),
        why=text(
            "收藏的商品比收藏时便宜了，告诉客户。", "Tells who keeps a product in mind that it has become cheaper."
        ),
        graph=Graph(
            nodes=_line([("begin", _event("price_dropped")), ("tell", _MAIL)]),
            settings=Settings(goal=_BUYS, reentry_days=7, reentry=Reentry.DAYS),
        ),
    ),
    Playbook(
        key="back_in_stock",
        name=text("到货通知", "Back in stock"),
        why=text("收藏时没货的商品到货了，告诉客户。", "Tells who kept a sold-out product in mind that it is back."),
        graph=Graph(
            nodes=_line([("begin", _event("back_in_stock")), ("tell", _MAIL)]),
            settings=Settings(goal=_BUYS, reentry=Reentry.ENDED),
        ),
    ),
    Playbook(
        key="birthday",
        name=text("生日祝福", "Birthday"),
        why=text("生日当天早上九点送券并祝福。", "A coupon and good wishes at nine in the morning of a birthday."),
        graph=Graph(
            nodes=_line(
                [
                    ("begin", _event("birthday")),
                    ("morning", Wait(how=How.TIME, time="09:00")),
                    ("coupon", Coupon()),
                    ("wish", _MAIL),
                ]
            ),
            settings=Settings(goal=Goal(event="order_paid", days=14), reentry_days=300, reentry=Reentry.DAYS),
        ),
    ),
    Playbook(
        key="review_request",
        name=text("邀请评价", "Review request"),
        why=text(
            "收货五天后请客户评价；已经评价的不打扰。",
            "Asks for a review five days after delivery, and leaves alone who has written one.",
        ),
        graph=Graph(
            nodes=_line([("begin", _event("parcel_received")), ("wait", _wait(5 * DAY)), ("ask", _MAIL)]),
            settings=Settings(
                goal=Goal(event="review_written", days=21),
                exits=("review_written",),
                reentry_days=30,
                reentry=Reentry.DAYS,
            ),
        ),
    ),
    Playbook(
        key="live_reminder",
        name=text("开播提醒", "Live reminder"),
        why=text(
            "开播前一小时提醒关注店铺的客户。", "Tells who follows the shop within the hour before a live session."
        ),
        graph=Graph(
            nodes=_line([("begin", _event("live_session_soon")), ("tell", _INBOX)]),
            settings=Settings(goal=Goal(event="live_entered", days=1), reentry=Reentry.ENDED),
        ),
    ),
)


def playbook(key: str) -> Playbook:
    """One of them. Raises `NotFound`."""
    found = next((each for each in PLAYBOOKS if each.key == key), None)
    if found is None:
        raise NotFound()
    return found


async def copy_playbook(tx: Tx, merchant_id: UUID, journey_id: JourneyId, key: str, by: str) -> None:
    """Have a draft that says what a playbook says, its first message in words that are ready (the shop's own from then on). What
    is left is the shop's to choose. Said twice, the first counts. Raises `NotFound`, `TooManyJourneys`, `TooManyTemplates`."""
    ready = playbook(key)
    graph = ready.graph
    first = next((each for each in graph.nodes if isinstance(each.setup, Message)), None)
    if first is not None and isinstance(first.setup, Message):
        template_id = await outreach.use_ready(tx, merchant_id, key, first.setup.channel, by)
        told = msgspec.structs.replace(first, setup=msgspec.structs.replace(first.setup, template_id=template_id))
        nodes = tuple(told if each.key == first.key else each for each in graph.nodes)
        graph = msgspec.structs.replace(graph, nodes=nodes)
    await make(tx, merchant_id, journey_id, ready.name, by, graph=graph, playbook=ready.key)
