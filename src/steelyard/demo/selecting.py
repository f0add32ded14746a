"""What the demo's live shop has agreed upon with its host and an agency, what they had of the session that has ended, its
selection pool, and samples on their way.

Rates alone. What the past session brought the host stands on the shop's statement of that month, which is paid, so that today's
stay as they are.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from steelyard.channels import host_commission, live, rooms, selection
from steelyard.channels.host_commission.model import AgreementId, NewAgreement, NewPayee, PayeeId, PayeeKind
from steelyard.channels.selection.model import NewPoolOffer, NewSample, OfferState, PoolOfferId, SampleId
from steelyard.demo.evening import SESSION
from steelyard.demo.products import made
from steelyard.demo.rooms import BY, OPEN
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel.db import Database, Read, Tx
from steelyard.parties.merchants.model import MerchantId

TWELVE, FIFTEEN, TWENTY = 120_000, 150_000, 200_000
AGENCY, SELF = "agency", "self"
TERMS = "讲解不少于 3 分钟，须展示鞋底与内里；不得承诺吊牌以外的材质。"
RECEIVER = {"name": "林小满", "phone": "13800000000", "address": "浙江省杭州市滨江区江南大道 1 号直播基地 3 楼"}
OFFERED = ((TWENTY, 6), (FIFTEEN, 4), (FIFTEEN, 0))


# Agreed so long before the session.
BEFORE = timedelta(days=7)


async def agree(db: Database) -> None:
    """Said again, what is there stays as it is. Before the past is settled: what hosts had of it is settled with it."""
    merchant_id, host_id = MerchantId(made("merchant", OPEN)), made("host", OPEN)
    known = await db.ask(rooms.host, merchant_id, host_id)
    if known is None or await db.ask(host_commission.payees, merchant_id):
        return
    goods = await db.ask(_goods, merchant_id)
    await db.transact(_agree, merchant_id, host_id, goods[:1])


async def select(db: Database) -> None:
    """Said again, what is there stays as it is."""
    merchant_id, host_id = MerchantId(made("merchant", OPEN)), made("host", OPEN)
    known = await db.ask(rooms.host, merchant_id, host_id)
    if known is None or (await db.ask(selection.offers, merchant_id, OfferState.OPEN)).items:
        return
    await db.transact(_offer, merchant_id, host_id, await db.ask(_goods, merchant_id))


async def _goods(read: Read, merchant_id: MerchantId) -> list[UUID]:
    """What was explained on that evening, then others of the shelf."""
    page = await catalog.products_page(read, merchant_id, ProductState.ON_SHELF)
    explained = await live.goods(read, merchant_id, SESSION)
    return list(dict.fromkeys([*(each.product_id for each in explained), *(row.product_id for row in page.items)]))


async def _agree(tx: Tx, merchant_id: MerchantId, host_id: UUID, own: Sequence[UUID]) -> None:
    """An agency is paid for all that she sells; of one product she is paid herself."""
    agency = NewPayee(
        merchant_id=merchant_id,
        payee_id=PayeeId(made("payee", AGENCY)),
        kind=PayeeKind.AGENCY,
        name="青橙互娱（演示机构）",
        holder="青橙互娱（演示）文化有限公司",
        bank="演示银行",
        account="6222000000000000028",
    )
    herself = NewPayee(
        merchant_id=merchant_id,
        payee_id=PayeeId(made("payee", SELF)),
        kind=PayeeKind.HOST,
        host_id=host_id,
        name="小满",
        holder="林小满",
        bank="演示银行",
        account="6222000000000000036",
    )
    for payee in (agency, herself):
        await host_commission.keep_payee(tx, payee, BY)
    of_all = NewAgreement(
        merchant_id=merchant_id,
        agreement_id=AgreementId(made("agreement", AGENCY)),
        payee_id=agency.payee_id,
        host_id=host_id,
        millionths=TWELVE,
        note="全场，按实付计",
    )
    await host_commission.agree(tx, of_all, BY)
    for product_id in own:
        of_one = NewAgreement(
            merchant_id=merchant_id,
            agreement_id=AgreementId(made("agreement", SELF)),
            payee_id=herself.payee_id,
            host_id=host_id,
            product_id=product_id,
            millionths=TWENTY,
            note=TERMS,
        )
        await host_commission.agree(tx, of_one, BY)
    session = await live.session(tx, merchant_id, SESSION)
    if session is not None and session.started_at is not None:
        for name in (AGENCY, SELF):
            since = session.started_at - BEFORE
            await host_commission.agreed_since(tx, merchant_id, made("agreement", name), since)
        await host_commission.remember(tx, merchant_id, SESSION)


async def _offer(tx: Tx, merchant_id: MerchantId, host_id: UUID, goods: Sequence[UUID]) -> None:
    for place, (product_id, (millionths, samples)) in enumerate(zip(goods, OFFERED, strict=False), 1):
        offer = NewPoolOffer(
            merchant_id=merchant_id,
            offer_id=PoolOfferId(made("pool", str(place))),
            product_id=product_id,
            millionths=millionths,
            terms=TERMS,
            samples=samples,
            sample_back=place == 1,
        )
        await selection.offer(tx, offer, BY)
        if samples:
            sample = NewSample(
                merchant_id=merchant_id,
                sample_id=SampleId(made("sample", str(place))),
                offer_id=offer.offer_id,
                host_id=host_id,
                quantity=1,
                receiver=RECEIVER,
                words="试穿两天，拍讲解预告。",
            )
            await selection.ask(tx, sample, BY)
    await selection.approve(tx, merchant_id, made("sample", "1"), BY)
    await selection.send(tx, merchant_id, made("sample", "1"), "simex", "SX0000000171", BY)
