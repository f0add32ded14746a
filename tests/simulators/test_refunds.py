"""Giving money back: never more than was captured, however many ask at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from steelyard.simulators import payments
from steelyard.simulators.payments.book import PaymentBook
from steelyard.simulators.payments.model import RefundRequest
from steelyard.simulators.payments.refunds import RefundBook
from steelyard.simulators.payments.schema import SCHEMA
from steelyard.simulators.store import Store
from steelyard.simulators.web import Foundation
from tests.simulators.world import HOOK, Simulated, charge, faults, refund, settings_in, simulate


async def test_a_refund_succeeds_after_a_while_and_says_so(channel: Simulated) -> None:
    payment = (await charge(channel, token="tok_approve")).json()["id"]
    asked = (await refund(channel, payment, 4_000, "r1")).json()
    assert (asked["status"], asked["currency"]) == ("pending", "CNY")
    assert (await channel.http.get(f"/v1/payments/{payment}")).json()["refunding"] == 4_000

    await channel.after(3)
    settled = (await channel.http.get(f"/v1/refunds/{asked['id']}")).json()
    assert settled["status"] == "succeeded"
    shown = (await channel.http.get(f"/v1/payments/{payment}")).json()
    assert (shown["refunded"], shown["refunding"]) == (4_000, 0)
    assert channel.shop.types == ["payment.captured", "refund.succeeded"]
    assert channel.shop.got[1].data == settled
    assert channel.shop.got[1].url == HOOK
    found = (await channel.http.get("/v1/refunds", params={"reference": "refund-r1"})).json()
    assert found == {"refunds": [settled]}


async def test_a_refund_asked_for_twice_is_one_refund(channel: Simulated) -> None:
    payment = (await charge(channel, token="tok_approve")).json()["id"]
    first = await refund(channel, payment, 6_000, "r1")
    again = await refund(channel, payment, 6_000, "r1")
    other = await refund(channel, payment, 5_000, "r1")

    assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_a_refund_beyond_what_is_left_is_refused_and_stays_refused(channel: Simulated) -> None:
    payment = (await charge(channel, token="tok_approve")).json()["id"]
    await refund(channel, payment, 6_000, "r1")
    beyond = await refund(channel, payment, 4_001, "r2")

    assert beyond.status_code == 409
    assert beyond.headers["content-type"].startswith("application/problem+json")
    assert (beyond.json()["code"], beyond.json()["available"]) == ("refund_exceeds_captured", 4_000)
    assert (await refund(channel, payment, 4_001, "r2")).content.startswith(b'{"type":"about:blank","status":409')
    assert (await refund(channel, payment, 4_000, "r3")).status_code == 201


async def test_what_is_not_captured_is_not_refunded(channel: Simulated) -> None:
    payment = (await charge(channel)).json()["id"]
    refused = await refund(channel, payment, 1, "r1")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_not_captured")
    assert (await refund(channel, "pay_none", 1, "r2")).status_code == 404


async def test_refunds_of_an_amount_ending_in_13_fail_under_the_fault_and_free_the_money(channel: Simulated) -> None:
    await faults(channel, refunds="fail")
    payment = (await charge(channel, token="tok_approve")).json()["id"]
    failing = (await refund(channel, payment, 9_913, "r1")).json()["id"]
    fine = (await refund(channel, payment, 87, "r2")).json()["id"]
    await channel.after(3)

    failed = (await channel.http.get(f"/v1/refunds/{failing}")).json()
    assert (failed["status"], failed["failure"]) == ("failed", "account_closed")
    assert (await channel.http.get(f"/v1/refunds/{fine}")).json()["status"] == "succeeded"
    assert sorted(channel.shop.types) == ["payment.captured", "refund.failed", "refund.succeeded"]
    await faults(channel, refunds="succeed")
    assert (await refund(channel, payment, 9_913, "r3")).status_code == 201, "what failed may be asked for again"


async def test_twenty_refunds_at_once_give_back_no_more_than_was_captured(channel: Simulated) -> None:
    payment = (await charge(channel, token="tok_approve")).json()["id"]
    answers = await asyncio.gather(*(refund(channel, payment, 1_500, f"r{n}") for n in range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] * 6 + [409] * 14
    await channel.after(3)
    assert (await channel.http.get(f"/v1/payments/{payment}")).json()["refunded"] == 9_000


def all_at_once(ask: Callable[[int, Barrier], bool]) -> int:
    """Twenty threads with files of their own; how many of them were promised their refund."""
    barrier = Barrier(20)
    with ThreadPoolExecutor(20) as threads:
        return sum(threads.map(lambda number: ask(number, barrier), range(20)))


async def test_the_limit_holds_between_processes_too(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    channel = simulate(payments, settings)
    payment = (await charge(channel, token="tok_approve")).json()["id"]

    def ask(number: int, barrier: Barrier) -> bool:
        ground = Foundation("payments", settings, SCHEMA)
        book = PaymentBook(ground.store, ground.clock, ground.outbox, "http://simulated.test")
        barrier.wait(20)
        wish = RefundRequest(payment=payment, reference=f"r{number}", amount=1_500)
        answer = RefundBook(book, ground.faults, seconds=3).ask(wish, f"r{number}")
        ground.store.close()
        return answer.status == 201

    assert all_at_once(ask) == 6
    assert (await channel.http.get(f"/v1/payments/{payment}")).json()["refunding"] == 9_000
    await channel.close()


async def test_without_the_guard_the_same_race_would_promise_too_much(tmp_path: Path) -> None:
    channel = simulate(payments, settings_in(tmp_path))
    payment = (await charge(channel, token="tok_approve")).json()["id"]

    def look_then_write(number: int, barrier: Barrier) -> bool:
        store = Store(tmp_path / "payments.sqlite3")
        left = store.number("SELECT amount - refunded - refunding FROM payments WHERE id = :id", {"id": payment})
        barrier.wait(20)
        if left is None or left < 1_500:
            return False
        with store.write() as tx:
            tx.execute("PRAGMA ignore_check_constraints = ON")
            tx.execute("UPDATE payments SET refunding = refunding + 1500 WHERE id = :id", {"id": payment})
        store.close()
        return True

    assert all_at_once(look_then_write) * 1_500 > 10_000
    await channel.close()
