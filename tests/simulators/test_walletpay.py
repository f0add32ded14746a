"""The simulated wallets as the demo user sees them, and what they refuse."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from steelyard.money.payments import Channel, Device
from tests.money.deals import Deal
from tests.money.wallets import Wallet, wallet

HOOK = "http://shop.test/webhooks/wallet"


@pytest.fixture(params=["alipay", "wechatpay"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Wallet, Channel]]:
    async with wallet(request.param, tmp_path) as both:
        yield both


async def test_a_code_is_scanned_paid_once_and_seen_at_the_desk(either: tuple[Wallet, Channel]) -> None:
    outside, gateway = either
    answer = await gateway.collect(Deal().instruction(description="P-7K3M9-X2Q4T"), HOOK)
    assert answer.handed.told
    scan = answer.handed.told["simulated_phone"]

    phone = (await outside.http.get(scan)).headers["location"]
    before = await outside.http.get(phone, params={"lang": "en"})
    for _ in range(2):
        done = await outside.http.post(phone, data={"do": "pay"})
        assert done.status_code == 303
    await outside.after(0)
    (trade,) = outside.book.latest()
    after = await outside.http.get(phone, params={"lang": "en"})
    desk = await outside.http.get("/", params={"lang": "zh"})
    one = await outside.http.get(f"/trades/{trade.number}", params={"lang": "en"})

    assert "¥100.00" in before.text and "Pay" in before.text and "no real money" in before.text
    assert "Paid" in after.text and 'value="pay"' not in after.text
    assert "P-7K3M9-X2Q4T" in desk.text and "扫码" in desk.text
    assert HOOK in one.text and "Delivered" in one.text
    assert len(outside.posts) == 1


async def test_what_is_left_is_not_paid_and_what_is_closed_stays_closed(either: tuple[Wallet, Channel]) -> None:
    outside, gateway = either
    deal = Deal()
    await gateway.collect(deal.instruction(device=Device.DESK), HOOK)
    (trade,) = outside.book.latest()

    await outside.http.post(f"/phone/{trade.code}", data={"do": "leave"})
    await outside.look(deal)
    await gateway.cancel(deal.sought())
    await outside.http.post(f"/phone/{trade.code}", data={"do": "pay"})
    page = await outside.http.get(f"/phone/{trade.code}", params={"lang": "zh"})

    assert "已关闭" in page.text and "没有扣款" in page.text
    assert outside.book.latest()[0].status == "closed"


async def test_the_desk_switches_faults_for_a_share(either: tuple[Wallet, Channel]) -> None:
    outside, _ = either
    modes = {"webhooks": "twice", "answers": "lost", "refunds": "fail", "bills": "late"}
    form = {**modes, "delay_seconds": "2", "rate": "0.5"}

    assert (await outside.http.post("/faults", data=form)).status_code == 303
    shown = (await outside.http.get("/v1/faults")).json()

    assert shown == {**modes, "delay_seconds": 2, "rate": 0.5}
    assert "some are on" in (await outside.http.get("/", params={"lang": "en"})).text


async def test_another_sites_page_cannot_press_the_button(either: tuple[Wallet, Channel]) -> None:
    outside, gateway = either
    await gateway.collect(Deal().instruction(), HOOK)
    (trade,) = outside.book.latest()

    answer = await outside.http.post(
        f"/phone/{trade.code}", data={"do": "pay"}, headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403
    assert outside.book.latest()[0].status == "waiting"


@pytest.mark.parametrize("path", ["/phone/none", "/trades/none", "/nowhere"])
async def test_what_is_not_there_is_404(either: tuple[Wallet, Channel], path: str) -> None:
    assert (await either[0].http.get(path)).status_code == 404
