"""Surveys to begin with: what shops ask most, in both languages. They are drafts like any other."""

from collections.abc import Callable

import msgspec

from steelyard.kernel.text import Text, text
from steelyard.operations.research.model import (
    Comparison,
    Definition,
    Option,
    Question,
    Trigger,
    Type,
    When,
)


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A survey to begin with: its name and what it is for, and the survey."""

    key: str
    name: Text
    purpose: Text
    make: Callable[[], Definition]


def _options(*words: Text, other: bool = False) -> tuple[Option, ...]:
    plain = tuple(Option(key=f"o{place}", text=each) for place, each in enumerate(words, 1))
    return (
        (*plain, Option(key="other", text=text("其他", "Something else"), fixed=True, other=True)) if other else plain
    )


def _nps() -> Definition:
    detractor = When(question="q1", test=Comparison.AT_MOST, value="6")
    promoter = When(question="q1", test=Comparison.AT_LEAST, value="9")
    return Definition(
        title=text("收货后回访", "After your order"),
        thanks=text("谢谢，您说的每一句我们都会看。", "Thank you. We read every word."),
        trigger=Trigger.RECEIVED,
        after_hours=24,
        in_page=True,
        by_mail=True,
        questions=(
            Question(
                key="q1",
                type=Type.NPS,
                text=text("您有多大可能把我们推荐给朋友？", "How likely are you to recommend us to a friend?"),
                low=text("完全不会", "Not at all"),
                high=text("一定会", "Certainly"),
            ),
            Question(
                key="q2",
                type=Type.MULTIPLE,
                required=False,
                shuffle=True,
                text=text("哪里最该改进？", "What should we mend first?"),
                options=_options(
                    text("商品质量", "The goods"),
                    text("包装", "The packing"),
                    text("物流速度", "The delivery"),
                    text("客服", "The service"),
                    text("价格", "The prices"),
                    other=True,
                ),
                show_if=(detractor,),
            ),
            Question(
                key="q3",
                type=Type.LONG,
                required=False,
                text=text("您最喜欢我们哪一点？", "What do you like best about us?"),
                show_if=(promoter,),
            ),
            Question(
                key="q4",
                type=Type.LONG,
                required=False,
                text=text("还有什么想告诉我们的？", "Is there anything else you would like to tell us?"),
            ),
        ),
    )


def _csat() -> Definition:
    unhappy = When(question="q1", test=Comparison.AT_MOST, value="3")
    return Definition(
        title=text("售后服务满意度", "How was our service?"),
        thanks=text("谢谢您的评价。", "Thank you for telling us."),
        trigger=Trigger.RETURNED,
        in_page=True,
        by_mail=True,
        questions=(
            Question(
                key="q1",
                type=Type.CSAT,
                text=text("您对这次售后处理满意吗？", "How satisfied are you with how your request was handled?"),
                low=text("很不满意", "Very dissatisfied"),
                high=text("很满意", "Very satisfied"),
            ),
            Question(
                key="q2",
                type=Type.SINGLE,
                required=False,
                text=text("问题解决了吗？", "Was your problem solved?"),
                options=_options(text("解决了", "Yes"), text("部分解决", "In part"), text("没有解决", "No")),
            ),
            Question(
                key="q3",
                type=Type.LONG,
                required=False,
                text=text("哪里让您不满意？", "What were you dissatisfied with?"),
                show_if=(unhappy,),
            ),
        ),
    )


def _wishes() -> Definition:
    return Definition(
        title=text("您希望我们卖什么", "What shall we sell next?"),
        thanks=text("谢谢，我们会照着去找货。", "Thank you. We will go and look for it."),
        in_page=False,
        questions=(
            Question(
                key="q1",
                type=Type.RANKING,
                shuffle=True,
                text=text("接下来最想看到什么？请排序。", "What would you like to see next? Put it in order."),
                options=_options(
                    text("新款式", "New designs"),
                    text("更多规格", "More sizes"),
                    text("组合装", "Sets"),
                    text("礼盒", "Gift boxes"),
                ),
            ),
            Question(
                key="q2",
                type=Type.LONG,
                required=False,
                text=text("有没有您找过却没找到的商品？", "Is there something you looked for and did not find?"),
            ),
            Question(
                key="q3",
                type=Type.NUMBER,
                required=False,
                least=0,
                text=text("这样的商品您愿意付多少钱（元）？", "How much would you pay for it (in yuan)?"),
            ),
            Question(
                key="q4",
                type=Type.CONSENT,
                required=False,
                text=text("我愿意接受一次 20 分钟的访谈。", "I am willing to be interviewed for 20 minutes."),
            ),
        ),
    )


def _left() -> Definition:
    return Definition(
        title=text("好久不见", "We have not seen you for a while"),
        thanks=text("谢谢您告诉我们。", "Thank you for telling us."),
        by_mail=True,
        trigger=Trigger.ENTERED,
        questions=(
            Question(
                key="q1",
                type=Type.SINGLE,
                shuffle=True,
                text=text("最近没有来买，主要是因为？", "What is the main reason that you have not bought lately?"),
                options=_options(
                    text("暂时用不着", "I need nothing now"),
                    text("在别家买了", "I buy elsewhere"),
                    text("价格高了", "It became too expensive"),
                    text("上次买的不满意", "I was not satisfied the last time"),
                    other=True,
                ),
            ),
            Question(
                key="q2",
                type=Type.LONG,
                required=False,
                text=text("上次哪里不满意？", "What was wrong the last time?"),
                show_if=(When(question="q1", test=Comparison.IS, value="o4"),),
            ),
            Question(
                key="q3",
                type=Type.LONG,
                required=False,
                text=text("怎样您会再来？", "What would bring you back?"),
            ),
        ),
    )


READY = (
    Ready(
        key="nps",
        name=text("收货后 NPS", "NPS after receipt"),
        purpose=text("收货一天后问一次推荐意愿", "Asks a day after receipt whether they would recommend you"),
        make=_nps,
    ),
    Ready(
        key="csat",
        name=text("售后满意度 CSAT", "CSAT after service"),
        purpose=text("退换货处理完毕后问一次", "Asks when a return has been dealt with"),
        make=_csat,
    ),
    Ready(
        key="wishes",
        name=text("商品心愿", "Product wishes"),
        purpose=text("让顾客排一排接下来想买什么", "Customers put in order what you should sell next"),
        make=_wishes,
    ),
    Ready(
        key="left",
        name=text("流失原因", "Why you left"),
        purpose=text("顾客进入流失分群时问为什么", "Asks those who come into a segment of lost customers why"),
        make=_left,
    ),
)
