"""Bills that channels give out: asked for as each wants it, held against what it says of them, laid beside the books."""

import gzip
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import payments, reconciliation
from steelyard.money.payments import Biller, Channel, Unknown
from steelyard.money.payments.bill_model import Bills, NoBill, NotYet
from steelyard.money.payments.gateways import downloading, stripe_bills
from steelyard.money.payments.gateways.alipay_bills import trusted
from steelyard.money.payments.gateways.numbers import BEIJING, order_number, refund_number
from steelyard.money.payments.model import RefundId
from steelyard.money.reconciliation.formats import FORMATS
from steelyard.money.reconciliation.formats.bundled import bundle
from steelyard.money.reconciliation.gateways import FromChannel
from steelyard.money.reconciliation.model import Line, LineKind
from steelyard.simulators.stripe.book import StripeBook
from steelyard.simulators.stripe.disputes import Disputes
from steelyard.simulators.walletpay.book import Order
from steelyard.simulators.web import foundation
from tests.money.deals import Deal
from tests.money.test_channel_contract import HOOK, Play, collected, due, play
from tests.money.test_statement_formats import ALIPAY_FLOW, ALIPAY_TRADE, WECHAT_FLOW, WECHAT_TRADE, zipped
from tests.money.wallets import Wallet, answered_by, wallet

__all__ = ["play"]
Both = tuple[Wallet, Channel]


@pytest.fixture(params=["alipay", "wechatpay"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Both]:
    async with wallet(request.param, tmp_path) as both:
        yield both


def days_ago(days: int, hour: int = 12) -> datetime:
    at = datetime.fromtimestamp(time.time(), UTC).astimezone(BEIJING) - timedelta(days=days)
    return at.replace(hour=hour, minute=0, second=0, microsecond=0)


def traded(outside: Wallet, deal: Deal, at: datetime) -> str:
    """Somebody paid us in the wallet back then; returns the wallet's own number of it."""
    now, outside.clock.at = outside.clock.at, at.timestamp()
    number = order_number(deal.payment_id)
    outside.book.open(
        Order(number=number, way="code", total=sum(deal.amounts), subject="茶", expires_at=at.timestamp() + 60)
    )
    trade = outside.book.pay(number)
    outside.clock.at = now
    return trade.id


def again(answer: httpx.Response, cut: int | None = None) -> httpx.Response:
    """An answer that was read, to be read once more; or its first bytes, under the length of the whole."""
    stream = httpx.ByteStream(answer.content[:cut])
    return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)


async def bills(gateway: Channel, day: date) -> Bills | NoBill | NotYet | Unknown:
    assert isinstance(gateway, Biller)
    return await gateway.bills(day)


def read(name: str, content: bytes) -> list[Line]:
    found = list(FORMATS[name](content))
    assert all(isinstance(each, Line) for each in found), found
    return [each for each in found if isinstance(each, Line)]


async def test_a_days_bills_are_fetched_read_and_laid_beside_the_books(either: Both, db: Database) -> None:
    outside, gateway = either
    deal, at = Deal(), days_ago(2)
    instruction = deal.instruction(channel=gateway.name)
    await db.transact(payments.instruct, instruction)
    reference = traded(outside, deal, at)
    answer = payments.ChannelAnswer(
        reference=reference, state=payments.PaymentState.CAPTURED, amount=10_000, currency="CNY"
    )
    await db.transact(payments.record, deal.payment_id, answer, "channel")
    sender = FromChannel(gateway) if isinstance(gateway, Biller) else None
    assert sender is not None
    begins = at.replace(hour=0) + sender.after
    await reconciliation.fetch_due(db, {gateway.name: sender}, begins)

    asked = await reconciliation.fetch_due(db, {gateway.name: sender}, begins + timedelta(days=1))
    again = await reconciliation.fetch_due(db, {gateway.name: sender}, begins + timedelta(days=1))

    assert (asked, again) == (1, 0)
    [fetched] = (await db.ask(reconciliation.fetches, source=gateway.name)).items
    assert (fetched.day, fetched.answer, fetched.lines) == (at.date(), "here", 1), "the account's bill says it again"
    [day] = (await db.ask(reconciliation.days)).items
    [total] = await db.ask(reconciliation.totals, gateway.name, at.date())
    assert (day.matched, total.theirs, total.ours, total.fees) == (1, 10_000, 10_000, 60)


async def test_refunds_stand_on_the_bill_under_our_number_of_them(either: Both) -> None:
    outside, gateway = either
    deal, given, at = Deal(), RefundId(ids.mint()), days_ago(2)
    trade = traded(outside, deal, at)
    now, outside.clock.at = outside.clock.at, at.timestamp() + 60
    number = refund_number(given, 2)
    outside.book.refund(trade=order_number(deal.payment_id), number=number, amount=1_000, notify_url=None)
    outside.book.settle_now(number)
    outside.clock.at = now

    found = await bills(gateway, at.date())

    assert isinstance(found, Bills) and len(found.parts) == 2
    [paid, back] = read(gateway.name, bundle(found.parts))
    assert (paid.kind, paid.document, paid.their_document) == (LineKind.CAPTURE, deal.payment_id, trade)
    assert (back.kind, back.document, back.amount) == (LineKind.REFUND, given, -1_000)
    assert len(read(gateway.name, found.parts[0])) == 2
    assert await bills(gateway, at.date()) == found, "the same day is the same bytes"


async def test_no_bill_is_told_apart_from_one_that_is_not_written_and_from_none_that_can_be_had(either: Both) -> None:
    outside, gateway = either
    day = days_ago(2).date()
    certain = gateway.name == "wechatpay"  # Alipay says the same of a bill that is not written yet

    nothing = await bills(gateway, day)
    await outside.faults(bills="late")
    late = await bills(gateway, day)
    tomorrow = await bills(gateway, day + timedelta(days=3))

    assert nothing == NoBill(certain=certain)
    assert late == (NotYet(why="STATEMENT_CREATING") if certain else NoBill(certain=False))
    assert isinstance(tomorrow, Unknown) and tomorrow.refused


@pytest.mark.parametrize("fault", ["error500", "lost"])
async def test_a_wallet_in_trouble_says_nothing_of_its_bills(either: Both, fault: str) -> None:
    outside, gateway = either
    traded(outside, Deal(), days_ago(2))
    await outside.faults(answers=fault)

    assert isinstance(await bills(gateway, days_ago(2).date()), Unknown)


async def test_a_bill_that_was_damaged_on_its_way_is_not_taken(either: Both, db: Database) -> None:
    outside, gateway = either
    traded(outside, Deal(), days_ago(2))
    await outside.faults(bills="damaged")
    assert isinstance(gateway, Biller)
    sender, begins = FromChannel(gateway), days_ago(2, hour=0) + gateway.bills_after
    await reconciliation.fetch_due(db, {gateway.name: sender}, begins)

    await reconciliation.fetch_due(db, {gateway.name: sender}, begins + timedelta(days=1))

    [fetched] = (await db.ask(reconciliation.fetches)).items
    # WeChat Pay gives a hash; of Alipay's the archive says it itself.
    told = ("failed", "another hash than they said") if gateway.name == "wechatpay" else ("unreadable", "unreadable")
    assert (fetched.answer, fetched.failure, fetched.file_id) == (*told, None)


async def test_an_address_is_good_for_half_a_minute(either: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, gateway = either
    traded(outside, Deal(), days_ago(2))
    program = httpx.AsyncClient(transport=httpx.ASGITransport(outside.app))

    async def slow(request: httpx.Request) -> httpx.Response:
        if "ownload" in request.url.path:
            outside.clock.at += 31
        return again(await program.send(request))

    answered_by(gateway, monkeypatch, slow)
    found = await bills(gateway, days_ago(2).date())

    why = {"alipay": "download is no archive", "wechatpay": "download 400"}
    assert found == Unknown(why=why[gateway.name])


@pytest.mark.parametrize("fault", ["elsewhere", "large", "cut off"])
async def test_nothing_is_taken_from_elsewhere_nor_too_much_nor_in_part(
    either: Both, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    outside, gateway = either
    traded(outside, Deal(), days_ago(2))
    if fault == "elsewhere":
        elsewhere = outside.app.state.foundation.settings
        monkeypatch.setattr(type(elsewhere), f"{gateway.name}_url", property(lambda _: "http://elsewhere.test"))
    if fault == "large":
        monkeypatch.setattr(downloading, "BILL_BYTES_MAX", 20)
    if fault == "cut off":
        program = httpx.AsyncClient(transport=httpx.ASGITransport(outside.app))

        async def cut(request: httpx.Request) -> httpx.Response:
            answer = await program.send(request)
            if "ownload" not in request.url.path:
                return answer
            return again(answer, cut=50)

        answered_by(gateway, monkeypatch, cut)

    found = await bills(gateway, days_ago(2).date())

    whose = {"alipay": "Alipay", "wechatpay": "WeChat Pay"}[gateway.name]
    why = {
        "elsewhere": f"the address of the bill is not {whose}'s",
        "large": "download too large",
        "cut off": "download cut off",
    }
    assert found == Unknown(why=why[fault])


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("http://dwbillcenter.alipay.com/d?token=1", "https://dwbillcenter.alipay.com/d?token=1"),
        ("https://dwbillcenter.alipay.com:443/d", "https://dwbillcenter.alipay.com/d"),
        ("https://alipay.com.evil.test/d", None),
        ("https://dwbillcenter.alipay.com@evil.test/d", None),
        ("https://user@dwbillcenter.alipay.com/d", None),
        ("https://dwbillcenter.alipay.com:8443/d", None),
        ("https://dwbillcenter.alipay.com:x/d", None),
        ("ftp://dwbillcenter.alipay.com/d", None),
        ("dwbillcenter.alipay.com/d", None),
    ],
)
def test_only_alipays_own_addresses_are_followed_and_never_without_tls(address: str, asked: str | None) -> None:
    assert trusted(address, "https://openapi.alipay.com/gateway.do") == asked


async def test_a_gzip_that_unpacks_to_more_than_is_allowed_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "BILL_UNPACKED_BYTES_MAX", 1_000)

    assert downloading.unpacked(gzip.compress(b"0" * 1_000)) == b"0" * 1_000
    assert downloading.unpacked(gzip.compress(b"0" * 1_001)) == Unknown(why="unpacked too large")
    assert downloading.unpacked(gzip.compress(b"0" * 1_000)[:-4]) == Unknown(why="damaged gzip")


# Two bills of one day.


def test_of_two_bills_the_accounts_adds_what_the_trades_do_not_name() -> None:
    wechat = read("wechatpay", bundle([WECHAT_TRADE.encode(), WECHAT_FLOW.encode()]))
    alipay = read("alipay", bundle([zipped(ALIPAY_TRADE), zipped(ALIPAY_FLOW, "2088_账务明细.csv")]))

    assert [each.kind for each in wechat] == [LineKind.CAPTURE, LineKind.REFUND, LineKind.PAYOUT]
    assert [each.amount for each in wechat] == [1_250, -250, -10_000]
    assert len({each.number for each in wechat}) == 3
    # (The two examples of Alipay's are of different trades.)
    assert [each.kind for each in alipay] == [
        LineKind.CAPTURE, LineKind.REFUND, LineKind.CAPTURE, LineKind.FEE, LineKind.REFUND, LineKind.PAYOUT,
    ]  # fmt: skip


@pytest.mark.parametrize("left", [0, 1])
def test_a_bundle_that_is_damaged_is_read_whole_or_not_at_all(left: int) -> None:
    whole = bundle([WECHAT_TRADE.encode(), WECHAT_FLOW.encode()])
    damaged = whole[:200] + b"?" * left + whole[200 + 1 :]

    assert any(not isinstance(each, Line) for each in FORMATS["wechatpay"](damaged))


# Stripe has no bills, but a list of what moved.


@pytest.mark.parametrize("play", ["stripe"], indirect=True)
async def test_stripes_movements_of_a_day_are_listed_page_by_page_and_read_like_its_report(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_bills, "ROWS_PER_PAGE", 2)
    play.clock.at = datetime(2026, 3, 5, 12, tzinfo=UTC).timestamp()
    deals = [Deal(currency="EUR") for _ in range(3)]
    answers = [await collected(play, deal, "pm_card_visa") for deal in deals]
    given = due(deals[0], answers[0], 1_000)
    await play.gateway.refund(given, HOOK)
    await play.after(24 * 3600)
    await collected(play, Deal(), "pm_card_visa")

    day = date(2026, 3, 5)
    found = await play.gateway.bills(day)

    assert isinstance(found, Bills)
    lines = read("stripe", found.parts[0])
    charges = [each for each in lines if each.kind is LineKind.CAPTURE]
    assert {each.document for each in charges} == {deal.payment_id for deal in deals}
    assert {(each.currency, each.amount, each.fee) for each in charges} == {("EUR", 10_000, 320)}
    [back] = [each for each in lines if each.kind is LineKind.REFUND]
    assert (back.document, back.amount, len(lines)) == (given.refund_id, -1_000, 4)
    assert await play.gateway.bills(day) == found
    monkeypatch.setattr(stripe_bills, "PAGES_MAX", 1)
    assert await play.gateway.bills(day) == Unknown(why="too many movements for one day")
    play.road.state = "cut"
    assert isinstance(await play.gateway.bills(day), Unknown)


@pytest.mark.parametrize("play", ["stripe"], indirect=True)
async def test_a_dispute_on_stripes_list_is_known_by_the_payment_that_it_is_about(play: Play) -> None:
    play.clock.at = datetime(2026, 3, 5, 12, tzinfo=UTC).timestamp()
    deal = Deal(currency="EUR")
    answer = await collected(play, deal, "pm_card_visa")
    ground = foundation(play.app)
    disputes = Disputes(StripeBook(ground, ground.settings))
    with ground.store.write() as tx:
        dispute = disputes.open(tx, answer.reference or "", 10_000, "fraudulent", play.clock.at, inquiry=False)

    found = await play.gateway.bills(date(2026, 3, 5))

    assert isinstance(found, Bills)
    [line] = [each for each in read("stripe", found.parts[0]) if each.kind is LineKind.DISPUTE]
    assert (line.amount, line.fee, line.their_document) == (-10_000, 1_500, dispute["id"])
    assert line.document == payments.chargeback_document(deal.payment_id, "stripe", dispute["id"])
