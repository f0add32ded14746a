"""What shops of the demo marketplace are held to: deposits, some violations, appeals that wait and one that was right."""

from datetime import UTC, datetime, timedelta

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, NewPaper, RenewalState
from steelyard.trade import discipline, settlement
from steelyard.trade.discipline import NewViolation, Outcome, ViolationId

STAFF, OTHERS, SHOP = "staff:demo", "staff:demo-second", "staff:demo-shop"
REQUIRED, PAID_IN = 1_000_000, (1_000_000, 1_000_000, 600_000)
# Of which shop, against which rule, what happened, how many days ago, and what became of it.
VIOLATIONS: tuple[tuple[int, str, str, int, str], ...] = (
    (0, "late_dispatch", "近 7 天有 12 笔订单超过承诺时间发货", 20, ""),
    (0, "misdescribed", "商品详情标注“纯棉”，抽检含棉量为 62%", 3, "appealed"),
    (1, "unfounded_refusal", "买家提供开箱照片后仍拒绝退货，无正当理由", 40, "revoked"),
    (2, "late_dispatch", "大促订单延迟发货", 5, ""),
    (2, "misdescribed", "主图与实物颜色不一致，多名买家反映", 2, ""),
)


# Of which shop, the number of its licence, for how many more days it is good, and whether it is accepted.
PAPERS: tuple[tuple[int, str, int, bool], ...] = ((0, "SP3301-0007", 18, True), (1, "SP3301-0019", 300, False))
# Of which shop, and how many days ago somebody looked at who it is.
LOOKED_AT = ((0, 350), (1, 369))
BY_CATEGORY, CURRENCY = 500_000, "CNY"
PAPER, CATEGORY = "quality_report", "sandals"


async def keep_rules(db: Database, merchant_ids: list[MerchantId]) -> None:
    """Ask the first shops for a deposit, and record what they did."""
    now = datetime.now(UTC)
    today = settlement.settlement_day(now)
    for merchant_id, amount in zip(merchant_ids, PAID_IN, strict=False):
        await db.transact(discipline.set_terms, merchant_id, REQUIRED, today + timedelta(days=14), today)
        movement = made("deposit", str(merchant_id))
        await db.transact(discipline.record_transfer, merchant_id, movement, amount, f"BZJ{movement.hex[:10]}", STAFF)
    for place, (shop, code, facts, days, became) in enumerate(VIOLATIONS):
        if shop >= len(merchant_ids):
            continue
        at = now - timedelta(days=days)
        violation_id = ViolationId(made("violation", str(place)))
        new = NewViolation(violation_id=violation_id, merchant_id=merchant_ids[shop], code=code, facts=facts)
        await db.transact(discipline.record, new, STAFF, at)
        ref = (merchant_ids[shop], violation_id)
        if became:
            await db.transact(discipline.appeal, *ref, "附检测报告与沟通记录，请复核", SHOP, at + timedelta(days=1))
        if became == "revoked":
            words = "复核：商家已在时限内同意退货，原登记有误"
            await db.transact(discipline.decide, *ref, Outcome.REVOKED, words, OTHERS, at + timedelta(days=3))
    await _ask_for_papers(db, merchant_ids)
    # One shop is to be looked at anew soon, and one should have been; a category asks for a deposit.
    for shop, days in LOOKED_AT:
        if shop < len(merchant_ids):
            await db.transact(merchants.verify, merchant_ids[shop], today - timedelta(days=days))
    await db.transact(discipline.set_category_deposit, made("category", CATEGORY), CURRENCY, BY_CATEGORY)
    await db.transact(discipline.follow_categories, today)


async def _ask_for_papers(db: Database, merchant_ids: list[MerchantId]) -> None:
    """One category needs a paper, which some have and one waits for."""
    today = settlement.settlement_day(datetime.now(UTC))
    await db.transact(merchants.set_papers_needed, made("category", CATEGORY), [PAPER])
    for shop, number, days, accepted in PAPERS[: len(merchant_ids)]:
        paper = NewPaper(
            paper_id=made("paper", number),
            kind=PAPER,
            number=number,
            good_until=today + timedelta(days=days),
            file=f"{made('scan', number).hex}.pdf",
            name="检测报告.pdf",
            bytes=1,
        )
        await db.transact(merchants.hand_in_paper, merchant_ids[shop], paper, SHOP, today)
        if accepted:
            await db.transact(_accept, merchant_ids[shop], paper)


async def _accept(tx: Tx, merchant_id: MerchantId, paper: NewPaper) -> None:
    found = await merchants.paper(tx, merchant_id, paper.paper_id)
    if found.state is RenewalState.WAITING:  # and not accepted already
        await merchants.decide_paper(
            tx, merchant_id, paper.paper_id, accepted=True, file=paper.file, reason="", by=STAFF
        )
