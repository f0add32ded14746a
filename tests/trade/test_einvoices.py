"""E-invoices: issued when an order to the EU has left, numbered without a gap, credited with refunds, never changed; and what
the platform charged in a month."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec
import pytest

from steelyard.goods import taxes
from steelyard.goods.taxes.model import DatedRate
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties.customers.model import Address, BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, einvoices
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.einvoices import charges, numbering
from steelyard.trade.einvoices.model import Category, EInvoice, Issuer, Kind, NotEInvoiced, SellerTerms
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement.model import SETTLEMENT_ZONE
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import CURRENCY, HOME, World

PARIS = Address(name="A. Exemple", phone="0", country="FR", city="Paris", street="1 rue d'Essai", postal_code="75001")
TERMS = SellerTerms(
    legal_name="Tea GmbH", vat_number="DE 136695976", street="Allee 1", city="Berlin", postal_code="10115", country="DE",
    email="post@example.com", automatic=True,
)  # fmt: skip


async def open_to_the_eu(db: Database, world: World, terms: SellerTerms = TERMS) -> None:
    template = Template(
        merchant_id=world.tea.merchant_id, template_id=TemplateId(ids.mint()), name=text("环球", "World"),
        method=Method.PIECE, currency=CURRENCY, days_from=9, days_to=20, place=2,
        zones=[Zone(countries=["*"], first_fee=1_000, next_fee=0)],
    )  # fmt: skip
    await db.transact(freight.save_template, template)
    await db.transact(taxes.set_rate, DatedRate(
        country="FR", tax_class="standard", valid_from=date(2014, 1, 1), millionths=200_000, inclusive=True,
        name=text("增值税", "VAT"),
    ))  # fmt: skip
    await db.transact(einvoices.set_seller, world.tea.merchant_id, terms)


async def bought(
    db: Database, world: World, address: Address = PARIS, pieces: int = 3, buyer_id: BuyerId | None = None
) -> Order:
    checkout_id = CheckoutId(ids.mint())
    draft = deal.draft([(world.items["nuts"].sku_id, pieces)], address=address)
    await db.transact(checkout.open_checkout, checkout_id, buyer_id or BuyerId(ids.mint()), draft, client=SHOP)
    purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.captured(db, await deal.instructed(db, purchase_id))
    [order] = await deal.orders_of(db, purchase_id)
    return order


async def papers(db: Database, order: Order) -> list[EInvoice]:
    """Of an order, the first first."""
    return (await db.ask(einvoices.of_order, order.merchant_id, order.order_id))[::-1]


async def test_what_went_to_the_eu_is_invoiced_when_it_has_left(shop: Database, world: World):
    await open_to_the_eu(shop, world)
    order, home = await bought(shop, world), await bought(shop, world, HOME)
    await deal.at_rest(shop)
    assert await papers(shop, order) == []
    for each in (order, home):
        await deal.shipped(shop, each)
    await deal.at_rest(shop)

    [made] = await papers(shop, order)
    assert (made.kind, made.total, made.tax) == (Kind.INVOICE, order.total, order.tax_included)
    assert made.number == f"{made.issued_on.year}-000001"
    assert await papers(shop, home) == []
    xml = await shop.ask(einvoices.xml_of, order.merchant_id, made.einvoice_id)
    assert xml is not None and einvoices.violations(xml) == [] and b"DE136695976" in xml and b"Tea GmbH" in xml
    again = await shop.transact(einvoices.issue, order.merchant_id, order.order_id)
    assert again == made.einvoice_id
    assert len(await papers(shop, order)) == 1


async def test_refunds_make_credit_notes_and_all_of_them_the_invoice(shop: Database, world: World):
    await open_to_the_eu(shop, world)
    order = await bought(shop, world)
    await deal.refunded(shop, order, freight=300)
    await deal.shipped(shop, order)
    await deal.at_rest(shop)
    assert [each.kind for each in await papers(shop, order)] == [Kind.INVOICE, Kind.CREDIT_NOTE]

    await deal.refunded(shop, order, Returned(1, 1))
    await deal.refunded(shop, order, Returned(1, 2), freight=order.freight - 300)
    for _ in range(2):
        await deal.at_rest(shop)

    found = await papers(shop, order)
    assert [each.kind for each in found] == [Kind.INVOICE, *[Kind.CREDIT_NOTE] * 3]
    assert [each.number[-6:] for each in found] == ["000001", "000002", "000003", "000004"]
    assert sum(each.total for each in found) == 0
    assert found[0].tax == sum(each.tax for each in found[1:])
    for each in found:
        xml = await shop.ask(einvoices.xml_of, order.merchant_id, each.einvoice_id)
        assert xml is not None and einvoices.violations(xml) == []


async def test_a_shop_that_wants_to_issue_by_hand_has_a_list(shop: Database, world: World):
    await open_to_the_eu(shop, world, msgspec.structs.replace(TERMS, automatic=False))
    order = await bought(shop, world)
    with pytest.raises(NotEInvoiced):
        await shop.transact(einvoices.issue, order.merchant_id, order.order_id)
    await deal.shipped(shop, order)
    await deal.at_rest(shop)
    desk = shop.as_merchant(order.merchant_id)
    assert [each.code for each in await desk.ask(einvoices.missing, order.merchant_id)] == [order.code]
    assert await desk.ask(einvoices.count_missing, order.merchant_id) == 1

    await desk.transact(einvoices.issue, order.merchant_id, order.order_id)

    assert await desk.ask(einvoices.count_missing, order.merchant_id) == 0
    assert len((await desk.ask(einvoices.issued_page, order.merchant_id, Issuer.MERCHANT)).items) == 1


async def test_what_was_not_taxed_waits_in_the_list_and_takes_no_number(shop: Database, world: World):
    await open_to_the_eu(shop, world)
    untaxed = await bought(shop, world, msgspec.structs.replace(PARIS, country="MT", city="Valletta"))
    order = await bought(shop, world)
    for each in (untaxed, order):
        await deal.shipped(shop, each)
    await deal.at_rest(shop)
    assert await papers(shop, untaxed) == []
    assert [each.number[-6:] for each in await papers(shop, order)] == ["000001"]
    assert [each.order_id for each in await shop.ask(einvoices.missing, order.merchant_id)] == [untaxed.order_id]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vat_number": "DE136695977"}, "vat_number"), ({"vat_number": "91310000MA1FL000XG"}, "vat_number"),
        ({"legal_name": " "}, "legal_name"), ({"city": ""}, "city"), ({"country": "CN"}, "country"),
        ({"email": "nobody"}, "email"), ({"street": "x" * 201}, "street"),
    ],
)  # fmt: skip
async def test_a_seller_says_who_it_is(shop: Database, world: World, change: dict[str, str], field: str):
    with pytest.raises(Invalid) as refused:
        await shop.transact(einvoices.set_seller, world.tea.merchant_id, msgspec.structs.replace(TERMS, **change))
    assert set(refused.value.fields) == {field}


async def test_two_at_once_get_two_numbers_in_a_row(shop: Database, world: World):
    async def take(tx: Tx) -> int:
        return (await numbering.take(tx, world.tea.merchant_id, 2001)).sequence

    async def rolled_back(tx: Tx) -> int:
        await take(tx)
        raise NotFound()

    async def unguarded(tx: Tx) -> int:
        """The control: looking first and writing then gives both the same number."""
        last: int = await tx.value("SELECT coalesce(max(last), 0) FROM einvoice_series WHERE year = 2002")
        await tx.execute(
            "INSERT INTO einvoice_series VALUES ($1, 2002, $2) ON CONFLICT (owner_id, year) DO UPDATE SET last = excluded.last",
            world.tea.merchant_id, last + 1,
        )  # fmt: skip
        return last + 1

    assert await meet(shop, take, take) == (1, 2)
    with pytest.raises(NotFound):
        await shop.transact(rolled_back)
    assert await shop.transact(take) == 3
    assert await meet(shop, unguarded, unguarded) == (1, 1)
    await shop.transact(forget_series)


async def forget_series(tx: Tx) -> None:
    """Numbers without papers are what the checks look for."""
    await tx.execute("DELETE FROM einvoice_series WHERE year < 2010")


async def test_what_is_issued_is_never_changed_and_nobody_else_sees_it(shop: Database, world: World):
    await open_to_the_eu(shop, world)
    order = await bought(shop, world)
    await deal.shipped(shop, order)
    await deal.at_rest(shop)
    [made] = await papers(shop, order)
    for statement in ("UPDATE einvoices SET net = 1", "DELETE FROM einvoices"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await shop.transact(lambda tx, statement=statement: tx.execute(statement))
    other = shop.as_merchant(world.tools.merchant_id)
    assert await other.ask(einvoices.xml_of, order.merchant_id, made.einvoice_id) is None
    assert await other.ask(einvoices.get, order.merchant_id, made.einvoice_id) is None
    assert await other.ask(einvoices.of_order, order.merchant_id, order.order_id) == []
    assert await other.ask(einvoices.seller, order.merchant_id) is None
    with pytest.raises(NotFound):
        await other.transact(einvoices.issue, order.merchant_id, order.order_id)
    assert [each.number for each in await shop.ask(einvoices.of_buyer, [order.buyer_id], 10)] == [made.number]
    assert await shop.ask(einvoices.of_buyer, [BuyerId(ids.mint())], 10) == []


# What the platform charged.


def month_before(months: int = 1) -> date:
    day = datetime.now(SETTLEMENT_ZONE).date().replace(day=1)
    for _ in range(months):
        day = (day - timedelta(days=1)).replace(day=1)
    return day


async def booked(db: Database, merchant_id: MerchantId, month: date, amount: int, tax: int = 0) -> None:
    """A charge (below nothing: what goes back) of a month that is over."""
    at = datetime(month.year, month.month, 15, 12, tzinfo=UTC)
    moves = [(AccountKind.PAYABLE, AccountKind.COMMISSION, amount, "commission")]
    if tax:
        moves.append((AccountKind.COMMISSION, AccountKind("fee_tax"), tax, "fee_tax"))
    document = ids.mint()
    transfers = [
        Transfer(
            owner_id=merchant_id, debit=debit if size > 0 else credit, credit=credit if size > 0 else debit,
            amount=abs(size), currency=CURRENCY, reason=reason if size > 0 else f"{reason}_returned", document=document,
        )
        for debit, credit, size, reason in moves
    ]  # fmt: skip
    await db.transact(ledger.bulk_post, [ledger.DatedTransfer.of(each, at) for each in transfers])


async def billed(db: Database, month: date) -> list[EInvoice]:
    found = await db.ask(einvoices.charges_of_months, month, month)
    return sorted(found, key=lambda each: each.number)


async def test_a_month_is_invoiced_from_the_books_once_and_what_comes_late_too(shop: Database, world: World):
    month, tea, tools = month_before(), world.tea.merchant_id, world.tools.merchant_id
    await shop.transact(lambda tx: tx.execute("UPDATE merchants SET credit_code = '91310000MA1FL000XG'"))
    await booked(shop, tea, month, 5_000)
    await booked(shop, tea, month, -1_200)
    await booked(shop, tools, month, -700)
    await booked(shop, tea, month_before(2), 90)

    for _ in range(2):
        await einvoices.bill_last_months(shop)

    found = await billed(shop, month)
    assert {(each.merchant_id, each.kind, each.total) for each in found} == {
        (tea, Kind.INVOICE, 3_800), (tools, Kind.CREDIT_NOTE, -700),
    }  # fmt: skip
    assert [each.total for each in await billed(shop, month_before(2))] == [90]
    await booked(shop, tea, month, 250)
    assert await einvoices.bill_last_months(shop) == 1
    assert sum(each.total for each in await billed(shop, month) if each.merchant_id == tea) == 4_050
    every = [*await billed(shop, month), *await billed(shop, month_before(2))]
    assert sorted(int(each.number[-6:]) for each in every) == [1, 2, 3, 4]
    for each in found:
        document = await shop.ask(einvoices.document_of, each.merchant_id, each.einvoice_id)
        xml = await shop.ask(einvoices.xml_of, each.merchant_id, each.einvoice_id)
        assert document is not None and document.subtotals[0].category is Category.OUTSIDE
        assert xml is not None and einvoices.violations(xml) == [] and month.isoformat().encode() in xml
    desk = shop.as_merchant(tools)
    assert [each.total for each in (await desk.ask(einvoices.issued_page, tools, Issuer.PLATFORM)).items] == [-700]
    assert (await desk.ask(einvoices.issued_page, tea, Issuer.PLATFORM)).items == []


async def test_a_month_that_is_not_over_is_not_invoiced(shop: Database, world: World):
    today = datetime.now(SETTLEMENT_ZONE).date()
    with pytest.raises(AssertionError):
        await shop.transact(einvoices.bill, today.replace(day=1))
    assert await shop.ask(einvoices.charged, today.replace(day=1)) == []


@pytest.mark.skipif("fee_tax" not in set(AccountKind), reason="no tax on fees is booked yet")
async def test_tax_on_fees_stands_on_the_paper_as_it_is_booked(shop: Database, world: World):
    month, tea = month_before(), world.tea.merchant_id
    await booked(shop, tea, month, 10_600, tax=600)
    await booked(shop, tea, month, -1_060, tax=-60)
    await einvoices.bill_last_months(shop)

    [made] = await billed(shop, month)
    assert (made.net, made.tax) == (9_000, 540)
    document = await shop.ask(einvoices.document_of, tea, made.einvoice_id)
    assert document is not None
    assert [(each.category, each.millionths) for each in document.subtotals] == [(Category.STANDARD, 60_000)]


@pytest.mark.parametrize(
    ("net", "tax", "rate"),
    [(10_000, 600, 60_000), (333, 20, 60_000), (10_000, 613, 61_000), (10**8, 6_123_450, 61_235)],
)
def test_the_roundest_rate_that_makes_a_tax_is_taken(net: int, tax: int, rate: int):
    found = charges._rate(net, tax)
    assert abs(net * found - tax * 1_000_000) < 90 * 1_000_000
    assert found == rate
