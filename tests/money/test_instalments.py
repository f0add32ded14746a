"""Paying in months: what is paid each month to the last cent, who bears it, and what the channels are told."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.money.payments import Bearer, ChannelAnswer, Device, PaymentState, Plan
from steelyard.money.payments.gateways import simpay
from steelyard.money.payments.gateways.alipay_huabei import extend_params, plans
from steelyard.simulators.payments.model import MONTHS
from steelyard.simulators.payments.statement import fee
from tests.money.deals import Deal
from tests.money.wallets import wallet


@given(
    amount=st.integers(1, 10**10),
    months=st.sampled_from([3, 6, 12, 24]),
    millionths=st.integers(0, 200_000),
)
def test_the_months_add_up_to_the_amount_and_the_surcharge(amount: int, months: int, millionths: int):
    plan = Plan(months=months, bearer=Bearer.BUYER, buyer_millionths=millionths)

    monthly = plan.monthly(amount)

    assert len(monthly) == months and sum(monthly) == amount + plan.surcharge(amount)
    assert max(monthly) - min(monthly) <= 1 and monthly == sorted(monthly, reverse=True)


def test_the_example_of_the_page():
    """docs/algorithms/payments.md, "Instalments"."""
    three, six = (
        payments.Plan(months=3, bearer=Bearer.MERCHANT, seller_millionths=18_000),
        Plan(months=6, bearer=Bearer.BUYER, buyer_millionths=45_000),
    )

    assert (three.surcharge(10_000), three.monthly(10_000)) == (0, [3_334, 3_333, 3_333])
    assert (six.surcharge(10_000), six.monthly(10_000)) == (450, [1_742, 1_742, 1_742, 1_742, 1_741, 1_741])


@given(amount=st.integers(1, 10**10), months=st.sampled_from([3, 6, 12]), millionths=st.integers(0, 200_000))
def test_alipays_months_add_up_too_and_what_does_not_divide_is_in_the_first(amount: int, months: int, millionths: int):
    (plan,) = plans(f"{months}:buyer:{millionths}")

    first, *others = plan.monthly(amount)

    assert first + sum(others) == amount + plan.surcharge(amount)
    assert len(set(others)) == 1 and 0 <= first - others[0] <= 2 * (months - 1)


@pytest.mark.parametrize(
    ("amount", "months", "millionths", "charge", "first", "others"),
    [  # the first as Alipay's rule reckons it; 50.5 and 49.5 cents of charge go to the even cent
        (12_367, 3, 23_000, 284, 4_219, 4_216),
        (111_111, 6, 45_000, 5_000, 19_356, 19_351),
        (10_100, 3, 5_000, 50, 3_386, 3_382),
        (9_900, 3, 5_000, 50, 3_318, 3_316),
    ],
)
def test_alipays_charge_and_months_are_rounded_as_alipay_rounds_them(
    amount: int, months: int, millionths: int, charge: int, first: int, others: int
):
    (plan,) = plans(f"{months}:buyer:{millionths}")

    assert plan.surcharge(amount) == charge
    assert plan.monthly(amount) == [first, *[others] * (months - 1)]


def test_our_plans_of_the_simulated_channel_are_its_own():
    assert {plan.months: (plan.seller_millionths, plan.buyer_millionths) for plan in simpay.PLANS} == MONTHS
    assert fee(10_000, 3) == fee(10_000) + 180, "three months cost the seller 1.8 % more"


def test_alipay_is_told_the_months_and_who_bears_them():
    offered = plans("3:merchant:18000 6:buyer:45000")

    assert extend_params(3, offered) == {"hb_fq_num": "3", "hb_fq_seller_percent": "100"}
    assert extend_params(6, offered) == {"hb_fq_num": "6", "hb_fq_seller_percent": "0"}
    for nonsense in ("4:buyer:1", "3:nobody:1", "3:buyer:x", "3:buyer:1 3:merchant:1"):
        with pytest.raises(ValueError, match=nonsense.split()[0]):
            plans(nonsense)


@pytest.mark.parametrize("device", [Device.DESK, Device.PHONE])
async def test_a_trade_in_months_is_signed_taken_and_refunded_like_any_other(
    db: Database, tmp_path: Path, device: Device
):
    async with wallet("alipay", tmp_path) as (outside, gateway):
        bought = Deal((60_000, 40_000))
        instruction = bought.instruction(channel="alipay", device=device, instalments=6)
        await db.transact(payments.instruct, instruction)
        answer = await gateway.collect(instruction, "http://shop.test/webhooks/alipay")
        assert isinstance(answer, ChannelAnswer) and answer.state is PaymentState.PENDING
        if answer.cashier_url:
            (content,) = parse_qs(urlsplit(answer.cashier_url).query)["biz_content"]
            assert msgspec.json.decode(content)["extend_params"] == {"hb_fq_num": "6", "hb_fq_seller_percent": "0"}
            page = httpx.URL(answer.cashier_url)
            seen = await outside.http.get(page.raw_path.decode())
            assert "/refused" not in seen.headers.get("location", ""), "the signature covers it"
        await outside.pay(bought)
        known = await gateway.query(bought.sought())
        assert isinstance(known, ChannelAnswer) and (known.state, known.amount) == (PaymentState.CAPTURED, 100_000)
        await db.transact(payments.record, bought.payment_id, known, "channel")

    payment = await db.ask(payments.get, bought.payment_id)
    assert payment is not None and payment.instalments == 6
