"""The cashier page as a payer's browser sees it."""

import pytest

from tests.simulators.world import BACK, START, Simulated, charge

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def press(channel: Simulated, payment: str, button: str):
    return await channel.browser.post(f"/cashier/{payment}", data={"do": button})


async def status(channel: Simulated, payment: str) -> str:
    return (await channel.http.get(f"/v1/payments/{payment}")).json()["status"]


async def test_the_page_shows_what_is_paid_in_the_payers_language(channel: Simulated) -> None:
    payment = (await charge(channel, description="<b>Tea</b> & cups", expires_at="2026-03-05T10:15:00Z")).json()["id"]

    chinese = await channel.browser.get(f"/cashier/{payment}", headers={"accept-language": "fr, zh-CN;q=0.8, en;q=0.5"})
    assert 'lang="zh-Hans"' in chinese.text
    assert "¥100.00" in chinese.text
    assert "确认支付" in chinese.text
    assert "15:00" in chinese.text
    assert "&lt;b&gt;Tea&lt;/b&gt; &amp; cups" in chinese.text
    english = await channel.browser.get(f"/cashier/{payment}?lang=en", headers={"accept-language": "zh"})
    assert 'lang="en"' in english.text
    assert "Approve the payment" in english.text
    policy = english.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "style=" not in english.text
    assert "<style" not in english.text


@pytest.mark.parametrize(
    ("button", "ends", "event"),
    [
        ("approve", "captured", "payment.captured"),
        ("decline", "declined", "payment.declined"),
    ],
)
async def test_a_button_decides_once_and_leads_back_to_the_shop(
    channel: Simulated, button: str, ends: str, event: str
) -> None:
    payment = (await charge(channel)).json()["id"]

    for pressed in (button, button, "approve", "decline", "hang"):
        answer = await press(channel, payment, pressed)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BACK}&payment={payment}")
    assert await status(channel, payment) == ends
    await channel.run_due()
    assert channel.shop.types == [event]
    page = await channel.browser.get(f"/cashier/{payment}?lang=en")
    assert f"{BACK.replace('&', '&amp;')}&amp;payment={payment}" in page.text
    assert "<form" not in page.text


async def test_a_payment_left_hanging_can_be_decided_later(channel: Simulated) -> None:
    payment = (await charge(channel, expires_at="2026-03-05T10:15:00Z")).json()["id"]
    answer = await press(channel, payment, "hang")
    assert answer.headers["location"].startswith(f"/cashier/{payment}")
    assert await status(channel, payment) == "processing"

    await channel.after(3600)
    assert "unknown" in (await channel.browser.get(f"/cashier/{payment}?lang=en")).text
    await press(channel, payment, "approve")
    assert await status(channel, payment) == "captured"


async def test_the_three_d_step_asks_for_the_code(channel: Simulated) -> None:
    payment = (await charge(channel)).json()["id"]
    step = (await press(channel, payment, "three_d")).headers["location"]
    assert step.startswith(f"/cashier/{payment}/3d")

    wrong = await channel.browser.post(f"/cashier/{payment}/3d", data={"code": "111111"})
    assert "wrong=1" in wrong.headers["location"]
    assert "Tries left: 2" in (await channel.browser.get(f"/cashier/{payment}/3d?wrong=1&lang=en")).text
    right = await channel.browser.post(f"/cashier/{payment}/3d", data={"code": " 123456 "})
    assert right.headers["location"] == f"{BACK}&payment={payment}"
    assert await status(channel, payment) == "captured"


async def test_three_wrong_codes_decline(channel: Simulated) -> None:
    created = (await charge(channel, token="tok_3ds")).json()
    payment = created["id"]
    assert created["action_url"].endswith(f"/cashier/{payment}/3d")
    first = await channel.browser.get(f"/cashier/{payment}")
    assert first.headers["location"].startswith(f"/cashier/{payment}/3d"), "the step that is owed comes first"

    for _ in range(3):
        last = await channel.browser.post(f"/cashier/{payment}/3d", data={"code": "0"})
    assert last.headers["location"] == f"{BACK}&payment={payment}"
    shown = (await channel.http.get(f"/v1/payments/{payment}")).json()
    assert (shown["status"], shown["failure"], shown["action_url"]) == ("declined", "three_d_failed", None)
    await channel.browser.post(f"/cashier/{payment}/3d", data={"code": "123456"})
    assert await status(channel, payment) == "declined"


async def test_an_expired_or_cancelled_payment_says_so_and_takes_nothing(channel: Simulated) -> None:
    expiring = (await charge(channel, "a", expires_at="2026-03-05T10:15:00Z")).json()["id"]
    cancelled = (await charge(channel, "b")).json()["id"]
    await channel.http.post(f"/v1/payments/{cancelled}/cancel")
    channel.clock.at = START + 15 * 60

    for payment, ended, words in (
        (expiring, "expired", "The time to pay is over"),
        (cancelled, "cancelled", "The merchant cancelled this"),
    ):
        answer = await press(channel, payment, "approve")
        assert answer.headers["location"].startswith(f"/cashier/{payment}")
        assert await status(channel, payment) == ended
        assert words in (await channel.browser.get(f"/cashier/{payment}?lang=en")).text


async def test_another_sites_form_and_a_wrong_button_are_refused(channel: Simulated) -> None:
    payment = (await charge(channel)).json()["id"]
    foreign = await channel.browser.post(
        f"/cashier/{payment}", data={"do": "approve"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
    assert (await press(channel, payment, "steal")).status_code == 400
    assert await status(channel, payment) == "pending"
    missing = await channel.browser.get("/cashier/pay_none?lang=en", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert "There is nothing here." in missing.text


async def test_the_desk_lists_payments_and_resolves_them(channel: Simulated) -> None:
    assert "还没有支付" in (await channel.browser.get("/")).text
    payment = (await charge(channel, token="tok_hang")).json()["id"]
    assert "处理中" in (await channel.browser.get("/")).text

    resolved = await channel.browser.post(f"/payments/{payment}/resolve", data={"status": "declined"})
    assert resolved.status_code == 303
    await channel.run_due()
    page = (await channel.browser.get(f"/payments/{payment}?lang=en")).text
    assert "by this desk" in page
    assert "payment.declined" in page
    assert "204" in page


async def test_the_desk_switches_faults(channel: Simulated) -> None:
    form = {"webhooks": "never", "answers": "prompt", "refunds": "fail", "delay_seconds": "7.5", "rate": "0.25"}
    assert (await channel.browser.post("/faults", data=form)).status_code == 303
    shown = (await channel.http.get("/v1/faults")).json()
    assert shown == {
        "webhooks": "never", "answers": "prompt", "refunds": "fail", "bills": "whole", "delay_seconds": 7.5, "rate": 0.25
    }  # fmt: skip
