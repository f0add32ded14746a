"""What the demo's people have on their board: some of it for now, some being done, some done, one dropped."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from steelyard.demo.products import made
from steelyard.kernel import days, ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import Text, text
from steelyard.operations import workboard
from steelyard.operations.workboard import PLATFORM, State, Task

NO_WORDS = text("", "")
# What, what one has to know, the role in whose queue it is, days until it is due, and how far it is.
Errand = tuple[Text, Text, str | None, int | None, State]
SHOPS: Sequence[Errand] = (
    (text("给秋冬新款补拍细节图", "Take close-up pictures of the winter line"),
     text("客服反馈买家常问材质和内里，每款补两张。", "Buyers keep asking about material and lining: two more of each."),
     "merchant_content", 2, State.OPEN),
    (text("回访上周给差评的三位买家", "Call the three buyers who rated us low last week"),
     NO_WORDS, "merchant_clerk", -1, State.OPEN),
    (text("核对上月结算单与佣金", "Check last month’s statement against the commission"),
     NO_WORDS, "merchant_accountant", 4, State.DOING),
    (text("整理直播间常见问题", "Write down what is asked most in the live room"),
     NO_WORDS, None, None, State.OPEN),
    (text("更换店铺首屏海报", "Change the poster on top of the shop’s page"),
     NO_WORDS, "merchant_content", -3, State.DONE),
    (text("试投短信广告", "Try advertising by text message"),
     NO_WORDS, "merchant_growth", None, State.DROPPED),
)  # fmt: skip
HOUSES: Sequence[Errand] = (
    (text("抽查本周新上架的食品资质", "Look at the papers of food that went on sale this week"),
     NO_WORDS, "operator_service", 1, State.OPEN),
    (text("联系两周没有发新品的商家", "Call shops that have added nothing for two weeks"),
     NO_WORDS, None, 5, State.DOING),
    (text("更新退货规则的说明页", "Update the page about returns"),
     NO_WORDS, "operator_service", -2, State.DONE),
)  # fmt: skip
DROPPED = "成本高于首单毛利，先不做"
HANDED = "上次拍摄的灯光和背景还在二楼，直接用。"


async def jot_down(db: Database, slug: str) -> None:
    """On the board of a shop, and on the marketplace's. Said twice, nothing is there twice."""
    await db.transact(_jotted, made("merchant", slug), SHOPS, f"staff:{made('account', slug)}")
    await db.transact(_jotted, None, HOUSES, f"staff:{made('account', 'operator')}")


async def _jotted(tx: Tx, merchant_id: UUID | None, errands: Sequence[Errand], by: str) -> None:
    evening = days.begins(days.today()) + timedelta(hours=18)
    owner = str(merchant_id or PLATFORM)
    fresh = [
        Task(
            merchant_id=merchant_id,
            task_id=made("errand", owner, title["en"]),
            title=title,
            note=note if any(note.values()) else Text(),
            role=role,
            due_at=None if within is None else evening + timedelta(days=within),
        )
        for title, note, role, within, _ in errands
    ]
    if not await workboard.open_tasks(tx, fresh, by):
        return
    for task, (*_, state) in zip(fresh, errands, strict=True):
        if state is not State.OPEN:
            await workboard.move(tx, merchant_id, task.task_id, state, by, reason=DROPPED)
    if merchant_id is not None:
        said = ids.derived(fresh[0].task_id, "said")
        await workboard.comment(tx, merchant_id, fresh[0].task_id, said, HANDED, by)
