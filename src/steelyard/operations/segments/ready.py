"""Ready-made definitions to begin with. Each is an ordinary segment once it is taken."""

import msgspec

from steelyard.kernel.text import Text, text
from steelyard.operations.segments.tree import All, Did, Measure, Moment, Node, Not, Number, When


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """`worth` is what counts as high: an amount in minor units of the shop's currency, chosen by who takes the template."""

    key: str
    name: Text
    text: Text

    def tree(self, worth: int) -> Node:
        return _TREES[self.key] if self.key != "high_value" else _high_value(worth)


# What a shop's customer has spent to be of high value where nobody has said otherwise: a thousand of its currency.
WORTH_MAJOR = 1_000


def _high_value(worth: int) -> Node:
    return All(
        of=(
            Number(measure=Measure.SPENT, at_least=worth),
            When(moment=Moment.LAST_PAID, within=True, days=365),
        )
    )


_TREES: dict[str, Node] = {
    "new": All(of=(When(moment=Moment.FIRST_PAID, within=True, days=30),)),
    "once": All(
        of=(
            Number(measure=Measure.ORDERS, at_least=1, at_most=1),
            When(moment=Moment.LAST_PAID, within=False, days=30),
        )
    ),
    "lapsing": All(
        of=(
            Number(measure=Measure.ORDERS, at_least=3),
            When(moment=Moment.LAST_PAID, within=False, days=60),
            When(moment=Moment.LAST_PAID, within=True, days=180),
        )
    ),
    "cart_leavers": All(
        of=(
            Did(event="cart", at_least=True, times=1, days=7),
            Not(of=When(moment=Moment.LAST_PAID, within=True, days=7)),
        )
    ),
    "refunders": All(of=(Number(measure=Measure.REFUNDS, at_least=2),)),
}

READY = (
    Ready(
        key="new",
        name=text("本月新客", "New this month"),
        text=text("近 30 天内首次付款的顾客。", "Paid for the first time within the last 30 days."),
    ),
    Ready(
        key="once",
        name=text("只买过一次", "Bought once"),
        text=text("只买过一次，且已超过 30 天没有再买。", "One order, more than 30 days ago."),
    ),
    Ready(
        key="lapsing",
        name=text("即将流失的老客", "Regulars who are lapsing"),
        text=text(
            "至少买过三次，最近一次在 60 到 180 天之前。",
            "Three orders or more, the last of them between 60 and 180 days ago.",
        ),
    ),
    Ready(
        key="high_value",
        name=text("高价值顾客", "High value"),
        text=text(
            "累计消费达到您设定的金额，且一年内买过。", "Has spent much, by your measure, and bought within a year."
        ),
    ),
    Ready(
        key="cart_leavers",
        name=text("加购未付款", "Left a cart"),
        text=text(
            "近 7 天加过购物车，但 7 天内没有付款。",
            "Put something into the cart within 7 days, and has not paid since.",
        ),
    ),
    Ready(
        key="refunders",
        name=text("多次退款", "Often refunded"),
        text=text("退款两次或以上。", "Two refunds or more."),
    ),
)
