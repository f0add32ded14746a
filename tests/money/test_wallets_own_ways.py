"""What Alipay and WeChat Pay each do alone: how a phone goes to them and back, how their certificates come, and what
some answers mean."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.money.payments import (
    ChannelAnswer,
    Device,
    PaymentState,
    RefundState,
    Unknown,
)
from steelyard.money.payments.gateways.numbers import order_number
from steelyard.money.payments.gateways.wechatpay import Wechatpay
from steelyard.simulators import walletpay
from steelyard.simulators.walletpay import alipay as simulated_alipay
from steelyard.simulators.walletpay import wechatpay as simulated
from tests.money.deals import Deal, refund
from tests.money.test_wallet_channels import HOOK, Both, begun, deliver, paid, state_of
from tests.money.wallets import WECHATPAY, wallet


@pytest.fixture
async def alipay(tmp_path: Path) -> AsyncIterator[Both]:
    async with wallet("alipay", tmp_path) as both:
        yield both


@pytest.fixture
async def wechatpay(tmp_path: Path) -> AsyncIterator[Both]:
    async with wallet("wechatpay", tmp_path) as both:
        yield both


@pytest.mark.parametrize("device", [Device.PHONE, Device.ALIPAY])
async def test_a_phone_goes_to_alipay_and_back(alipay: Both, device: Device) -> None:
    outside, gateway = alipay
    deal = Deal()

    answer = await gateway.collect(deal.instruction(device=device), HOOK)
    assert isinstance(answer, ChannelAnswer) and answer.cashier_url
    assert await gateway.query(deal.sought()) is None  # Alipay hears of it when the buyer is there
    page = await outside.http.get(answer.cashier_url)
    done = await outside.http.post(page.headers["location"], data={"do": "pay"})

    assert done.headers["location"] == "http://shop.test/return"
    assert state_of(await gateway.query(deal.sought())) is PaymentState.CAPTURED


async def test_an_address_to_alipay_that_was_changed_leads_nowhere(alipay: Both) -> None:
    outside, gateway = alipay
    answer = await gateway.collect(Deal().instruction(device=Device.PHONE), HOOK)
    assert isinstance(answer, ChannelAnswer) and answer.cashier_url

    page = await outside.http.get(answer.cashier_url.replace("100.00", "000.01"))

    assert page.headers["location"].startswith("/refused")
    assert not outside.book.latest()


async def test_at_a_desk_alipays_own_page_can_be_had_instead_of_a_code(alipay: Both, monkeypatch) -> None:
    outside, gateway = alipay
    monkeypatch.setattr(gateway, "_desk", "page")

    answer = await gateway.collect(Deal().instruction(), HOOK)

    assert isinstance(answer, ChannelAnswer) and answer.cashier_url and answer.handed is None
    assert (await outside.http.get(answer.cashier_url)).headers["location"].startswith("/phone/")


async def test_a_phones_browser_goes_to_wechat_pay_and_back(wechatpay: Both) -> None:
    outside, gateway = wechatpay
    deal = Deal()

    answer = await gateway.collect(deal.instruction(device=Device.PHONE, payer_address="203.0.113.9"), HOOK)
    assert isinstance(answer, ChannelAnswer) and answer.cashier_url
    page = await outside.http.get(answer.cashier_url)
    (trade,) = outside.book.latest()
    done = await outside.http.post(f"/phone/{trade.code}", data={"do": "pay", "back": "http://shop.test/return"})

    assert 'value="http://shop.test/return"' in page.text
    assert done.headers["location"] == "http://shop.test/return"
    assert state_of(await gateway.query(deal.sought())) is PaymentState.CAPTURED


async def test_inside_wechat_the_app_is_handed_what_it_pays_by(wechatpay: Both, tmp_path: Path) -> None:
    _, gateway = wechatpay
    deal = Deal()

    answer = await gateway.collect(deal.instruction(device=Device.WECHAT, payer="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), HOOK)

    assert isinstance(answer, ChannelAnswer) and answer.handed is not None and answer.handed.bridge is not None
    bridge = answer.handed.bridge
    assert bridge["package"].startswith("prepay_id=wx")
    lines = [bridge[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
    signed = "".join(f"{line}\n" for line in lines).encode()
    assert walletpay.keys(tmp_path, "wechatpay").is_merchants(signed, bridge["paySign"])
    assert bridge["appId"] == simulated.APPID


async def test_certificates_are_fetched_when_an_answer_is_signed_with_one_we_do_not_know(wechatpay: Both) -> None:
    outside, gateway = wechatpay
    assert isinstance(gateway, Wechatpay)
    gateway._keys._platform.clear()
    deal = Deal()

    answer = await gateway.collect(deal.instruction(), HOOK)
    await outside.pay(deal)
    await outside.after(0)

    assert isinstance(answer, ChannelAnswer)
    assert gateway.read_webhook(outside.posts[0].headers, outside.posts[0].body, outside.clock.now()).document
    assert WECHATPAY in gateway.terms.cashiers


async def test_certificates_that_were_not_sealed_with_our_key_are_not_learned(wechatpay: Both) -> None:
    _, gateway = wechatpay
    assert isinstance(gateway, Wechatpay)
    gateway._keys._platform.clear()
    gateway._keys._api_v3_key = b"0" * 32

    assert isinstance(await gateway.collect(Deal().instruction(), HOOK), Unknown)
    assert not gateway._keys._platform


async def test_money_that_comes_for_an_unscanned_code_after_it_was_given_up_is_noticed(
    db: Database, alipay: Both
) -> None:
    """Alipay cannot close a code that nobody has scanned: whoever scans it later pays, and captured wins."""
    outside, gateway = alipay
    deal = Deal()
    await begun(db, gateway, deal)
    assert isinstance(await gateway.cancel(deal.sought()), Unknown)
    await db.transact(payments.give_up, deal.payment_id, "system")

    await outside.pay(deal)
    await outside.after(0)
    await deliver(db, alipay)

    known = await db.ask(payments.get, deal.payment_id)
    assert known is not None
    assert known.state is PaymentState.CAPTURED


@pytest.mark.parametrize(
    ("status", "ends"), [({}, None), ({"refund_status": "REFUND_FAIL"}, RefundState.FAILED),
                         ({"refund_status": "REFUND_PROCESSING"}, RefundState.SENT)]
)  # fmt: skip
async def test_a_refund_without_a_status_was_not_made_at_alipay(
    db: Database, alipay: Both, monkeypatch, status: dict[str, str], ends: RefundState | None
) -> None:
    _, gateway = alipay
    deal = await paid(db, alipay)
    made = await refund(db, deal, 700)
    (due,) = await db.transact(payments.to_refund, 10)
    said = {"trade_no": "1", "out_trade_no": order_number(deal.payment_id), "out_request_no": made.refund_id.hex}
    monkeypatch.setitem(
        simulated_alipay._METHODS,
        "alipay.trade.fastpay.refund.query",
        lambda _, __: {"code": "10000", "msg": "Success", **said, **status},
    )

    answer = await gateway.query_refund(due)

    assert (answer and not isinstance(answer, Unknown) and answer.state) == ends
