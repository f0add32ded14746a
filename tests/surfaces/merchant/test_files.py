"""What a shop takes out of the house: lists as files, papers to pack by; and what it puts in: the sign over its door."""

import csv
import io

import pytest
from litestar import Litestar
from PIL import Image

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.parties import access, merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import orders, reviews
from steelyard.trade.reviews.model import QuestionId
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.received import reviewed
from tests.support.world import World
from tests.surfaces.merchant.test_shop import settled_order

SHOP = "/merchant/shop"


async def rows_of(owner: Browser, path: str) -> list[list[str]]:
    answer = await owner.get(f"{path}{'&' if '?' in path else '?'}format=csv")
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_every_list_of_a_shop_comes_as_a_file(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"]
    code, _, payout = await settled_order(db, world)
    assert code
    await reviewed(db, [(green.sku_id, 1)], BuyerId(ids.mint()), 2, text="=1+1")
    question_id = QuestionId(ids.mint())
    await db.transact(reviews.ask, question_id, green.product_id, BuyerId(ids.mint()), "Li", "Fresh?", "en")

    statements = await rows_of(owner, "/merchant/statements")
    warehouses = await rows_of(owner, "/merchant/stock/warehouses")
    freight = await rows_of(owner, "/merchant/freight")
    low = await rows_of(owner, "/merchant/reviews?state=low")
    questions = await rows_of(owner, "/merchant/questions")

    paid_out = statements[0].index("Payout")
    assert [(row[2], row[paid_out]) for row in statements[1:]] == [("Issued", f"{payout / 100:.2f}")]
    assert warehouses[0][:3] == ["Warehouse", "Turn", "In use"]
    assert len(warehouses) == 2
    assert freight[0][0] == "Delivery option"
    assert len(freight) > 1
    assert [(row[3], row[4]) for row in low[1:]] == [("2", "'=1+1")]
    assert [row[2] for row in questions[1:]] == ["Fresh?"]


@pytest.mark.parametrize("kind", ["slips", "picks"])
async def test_who_prints_to_pack_is_asked_before_a_buyer_cancels(
    db: Database, world: World, owner: Browser, kind: str
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])

    for _ in range(2):
        answer = await owner.post("/merchant/orders/papers", {"order": [str(order.order_id), "nonsense"], "kind": kind})
        assert (await owner.follow(answer)).content.startswith(b"%PDF-")

    packed = await db.ask(orders.order, order.merchant_id, order.order_id)
    assert packed is not None
    assert packed.packing_at is not None
    acts = await db.ask(orders.acts_of, order.merchant_id, order.order_id)
    assert [act.kind for act in acts] == ["packing"]
    log = (await db.ask(access.audit_log, world.tea.merchant_id)).items
    assert [entry.subject for entry in log if entry.action == "orders.begin_packing"] == [order.code]


async def test_another_shops_orders_are_not_packed(app: Litestar, db: Database, world: World) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    stranger = await signed_in(app, world.tools.owner)

    await stranger.post("/merchant/orders/papers", {"order": str(order.order_id), "kind": "slips"})

    untouched = await db.ask(orders.order, order.merchant_id, order.order_id)
    assert untouched is not None
    assert untouched.packing_at is None


async def test_a_sign_is_put_up_and_taken_down(db: Database, world: World, owner: Browser) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (240, 240), "#2f7f79").save(drawn, "PNG")
    merchant_id = world.tea.merchant_id

    await owner.follow(await owner.upload(f"{SHOP}/logo", {}, {"logo": ("sign.png", drawn.getvalue())}))
    logo = (await db.ask(merchants.cards, [merchant_id]))[merchant_id].logo
    assert logo is not None
    assert f"/media/{logo}" in (await owner.get(SHOP)).text
    refused = await owner.upload(f"{SHOP}/logo", {}, {"logo": ("sign.png", b"no picture")})
    assert refused.status_code == 422
    assert "JPEG, PNG or WebP" in words(refused)
    await owner.follow(await owner.post(f"{SHOP}/logo", {"remove": "yes"}))

    assert (await db.ask(merchants.cards, [merchant_id]))[merchant_id].logo is None
    log = (await db.ask(access.audit_log, merchant_id)).items
    assert [entry.action for entry in log].count("shop.logo") == 2
