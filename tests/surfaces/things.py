"""Things of the tea shop and of a buyer, one of every kind that an address can name: what others must not reach."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest_asyncio

from steelyard.channels import live
from steelyard.channels.rooms.model import StopId
from steelyard.goods import inventory, promotions
from steelyard.goods.inventory.model import CountId
from steelyard.goods.promotions.model import AmountOff, Group, GroupId, Offer, PromotionId, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.money import ledger
from steelyard.money.payments.model import RefundId
from steelyard.operations import business_reviews, journeys, outreach, reports, segments, workboard
from steelyard.operations.journeys.model import JourneyId
from steelyard.operations.outreach import model as outreach_model
from steelyard.operations.segments.model import Kind, Segment, SegmentId
from steelyard.parties import access, merchants
from steelyard.parties.access import ViewId
from steelyard.parties.access.model import AccountId, Actor, DepartmentId
from steelyard.parties.merchants.model import MerchantId, NewLicence, NewPaper, RenewalId
from steelyard.trade import aftersales, chargebacks, discipline, einvoices, invoices, orders, reviews, settlement
from steelyard.trade.aftersales import GiveBack, Giver, RequestSide, WaitingRefund
from steelyard.trade.aftersales.model import Less, RefundRequest, Returned
from steelyard.trade.commission.model import SALES_COMMISSION
from steelyard.trade.discipline import NewViolation, ViolationId
from steelyard.trade.invoices.model import InvoiceId, Title
from steelyard.trade.orders.model import Order
from steelyard.trade.reviews.model import QuestionId
from tests.channels.pooling import asked_for, offered_in_pool, staged
from tests.money import test_exchange as exchanging
from tests.money import test_ledger_vouchers as by_hand
from tests.operations.growth.test_targeted_coupons import drawn_up as drawn_up_coupon
from tests.support import deal, live_plans
from tests.support.applicants import submitted
from tests.support.campaign_links import linked
from tests.support.campaigns import signed_up
from tests.support.experiments import drafted
from tests.support.flash import flash, planned
from tests.support.gifts import bought, sold, wanted
from tests.support.groups import group as for_teams
from tests.support.groups import offered
from tests.support.live import on_air
from tests.support.presale import presale
from tests.support.purses import issued, switched_on
from tests.support.received import said
from tests.support.statement import strange
from tests.support.surveys import interviewed
from tests.support.surveys import opened as opened_survey
from tests.support.world import World, account, made
from tests.trade.settling import filed
from tests.trade.test_chargebacks import taken
from tests.trade.test_einvoices import booked, month_before


async def charged(db: Database, merchant_id: MerchantId) -> UUID:
    """A commission invoice of last month."""
    await booked(db, merchant_id, month_before(), 500)
    await einvoices.bill_last_months(db)
    [made] = await db.ask(einvoices.charges_of_months, month_before(), month_before())
    return made.einvoice_id


async def written(db: Database) -> dict[str, str]:
    """Books: an entry by hand, an exchange and the closing of last month, which all wait for the second person."""
    bank = await exchanging.bank(db)
    entry = ledger.VoucherEntry(debit=by_hand.COSTS, credit=by_hand.OWN, amount=1)
    voucher_id = await by_hand.propose(db, bank, entry=entry)
    await db.transact(ledger.propose_closing, month_before(), by_hand.ANN)
    gone, come = exchanging.leg(bank, 1_000, "EUR"), exchanging.leg(bank, 7_880, "CNY")
    return {
        "owner_id": str(bank),
        "voucher_id": str(voucher_id),
        "exchange_id": str(await exchanging.proposed(db, gone, come)),
        "first": f"{month_before():%Y-%m}",
    }


async def saved_report(db: Database, world: World) -> UUID:
    """An analysis that the tea shop's staff have kept."""
    report_id = ids.mint()
    await db.transact(reports.save, world.tea.merchant_id, report_id, "Who pays", "trend", "kinds=pay", "staff")
    return report_id


async def reviewed(db: Database, world: World) -> UUID:
    """A review of a day of the tea shop."""
    day = business_reviews.of_day(business_reviews.Span.DAY, datetime.now(UTC).date() - timedelta(days=3))
    facts = await db.ask(business_reviews.facts_of, world.tea.merchant_id, day)
    return await db.transact(business_reviews.write, world.tea.merchant_id, day, facts, "staff:test")


async def journey_drawn(db: Database, world: World) -> dict[str, str]:
    """A journey of the tea shop, with a condition in it."""
    journey_id = JourneyId(ids.mint())
    await db.transact(journeys.copy_playbook, world.tea.merchant_id, journey_id, "welcome", "test")
    return {"journey_id": str(journey_id), "box": "bought"}


async def on_the_board(db: Database, world: World) -> UUID:
    """A task of the tea shop."""
    task = workboard.Task(merchant_id=world.tea.merchant_id, task_id=ids.mint(), title=text("看", "Look"))
    await db.transact(workboard.open_task, task)
    return task.task_id


async def stopped_live(db: Database, world: World) -> dict[str, str]:
    """A live room of the tea shop with a session, and what was stopped of it."""
    planned_live = await live_plans.session(db, world)
    stop_id = StopId(ids.mint())
    await db.transact(
        live.take_down, live_plans.chief(world), planned_live.merchant_id, planned_live.session_id, stop_id, "Smoke"
    )
    return {
        "live_id": str(planned_live.session_id),
        "room_id": str(planned_live.room_id),
        "room_application_id": str(planned_live.room_id),
        "host_id": str(planned_live.host_id),
        "task_id": str(ids.mint()),
        "stop_id": str(stop_id),
        "decision": "send-back",
    }


async def pooled(db: Database, world: World) -> dict[str, str]:
    """Who is paid for what the tea shop sells live, an agreement, an offer in its pool, and a sample."""
    stage = await staged(db, world, "tea-hosts", document_number=live_plans.ANOTHER)
    offered = await offered_in_pool(stage)
    return {
        "payee_id": str(stage.payee_id),
        "agreement_id": str(await stage.agree()),
        "pool_offer_id": str(offered.offer_id),
        "sample_id": str((await asked_for(stage, offered)).sample_id),
        "host_payment_id": str(ids.mint()),
    }


class Ids(NamedTuple):
    """What stands for each parameter of a path."""

    known: dict[str, str]

    def fill(self, path: str) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            assert name in self.known, f"{path}: say here whose {name} to try it with"
            return self.known[name]

        return re.sub(r"\{(\w+):\w+\}", value, path)


async def wrote(db: Database, world: World, template_id: UUID) -> UUID:
    """A message of the tea shop that waits."""
    message = outreach_model.Outgoing(
        merchant_id=world.tea.merchant_id, message_id=ids.mint(), buyer_id=world.buyer.buyer_id or ids.mint(),
        channel=outreach_model.Channel.INBOX, template_id=template_id,
    )  # fmt: skip
    await db.transact(outreach.send, message)
    return message.message_id


@pytest_asyncio.fixture
async def things(db: Database, world: World) -> Ids:
    """Things of the tea shop and of Li Na, one of every kind that an address can name."""
    green = world.items["green"]
    [order] = await deal.paid(db, [(green.sku_id, 2)], world.buyer.buyer_id)
    parcel_id = await deal.shipped(db, order)
    await deal.received(db, order)
    invoice_id = InvoiceId(ids.mint())
    await db.transact(invoices.request, order.merchant_id, order.order_id, invoice_id, Title(name="Li Na"), "buyer")
    await deal.at_rest(db)
    [statement] = await db.transact(settlement.run, settlement.settlement_day(datetime.now(UTC) + timedelta(days=2)))
    [line, *_] = (await db.ask(settlement.entries, statement.merchant_id, statement.statement_id)).items
    batch_id = (await filed(db, [statement], by="staff:nobody")).batch_id
    case_id = await deal.case_asked(db, order)
    refund_id = await deal.refunded(db, order, Returned(1, 1))
    chargeback_id = await taken(db, order, amount=1)
    evidence_id = ids.mint()
    handed_in = (order.merchant_id, chargeback_id, order.order_id)
    await db.transact(chargebacks.add_file, handed_in, evidence_id, ("none.pdf", "slip.pdf", 1), "staff:test")
    assert (await db.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    checkout_id = await deal.opened(db, [(green.sku_id, 1)], world.buyer.buyer_id)
    purchase_id = await deal.placed(db, [(green.sku_id, 1)], world.buyer.buyer_id)
    payment_id = await deal.instructed(db, purchase_id)
    idle = await db.transact(account, "merchant", "tea.idle", "Idle", merchant_id=world.tea.merchant_id)
    owner = await db.ask(access.account, AccountId(world.tea.owner.account_id))
    actor = Actor(account=owner, permissions=frozenset({"api_keys.manage", "orders.read"}))
    key_id, _ = await db.transact(access.create_api_key, actor, name="Till", scopes={"orders.read"})
    await db.transact(_night_role, world)
    department_id = DepartmentId(ids.mint())
    chief = Actor(account=owner, permissions=frozenset({"staff.manage"}))
    await db.transact(access.create_department, chief, department_id, "Service")
    application_id = await submitted(db)
    view_id = ViewId(ids.mint())
    await db.transact(
        access.save_view, actor, view_id=view_id, path="/merchant/orders", query="state=paid", name="Mine", shared=True
    )
    placed = await db.ask(orders.purchase, purchase_id)
    assert placed is not None
    count_id = CountId(ids.mint())
    await db.transact(
        inventory.begin_count, world.tea.merchant_id, count_id, world.tea.warehouse_id,
        blind=False, prefix="", note="", by="test",
    )  # fmt: skip
    assert world.buyer.buyer_id is not None
    review = said(order, 4)
    await db.transact(reviews.write, review, [world.buyer.buyer_id])
    question_id = QuestionId(ids.mint())
    await db.transact(reviews.ask, question_id, green.product_id, world.buyer.buyer_id, "Li Na", "Which harvest?", "en")
    renewal_id = RenewalId(ids.mint())
    licence = NewLicence(renewal_id=renewal_id, good_until=None, file="none.jpg", name="licence.jpg", bytes=1)
    promotion = Offer(
        merchant_id=world.tea.merchant_id, promotion_id=PromotionId(ids.mint()), name=text("满减", "Reduction"),
        rule=AmountOff(steps=(Step(10_000, 100),)), currency="CNY", starts_at=datetime.now(UTC),
        ends_at=datetime.now(UTC) + timedelta(days=1),
    )  # fmt: skip
    await db.transact(promotions.save, promotion)
    sale = await planned(db, flash(world))
    campaign_id, entry_id = await db.transact(signed_up, world)
    together = await offered(db, for_teams(world))
    booking = await planned(db, presale(world, begins=timedelta(days=2)))
    group = Group(merchant_id=world.tea.merchant_id, group_id=GroupId(ids.mint()), name=text("茶友", "Tea friends"))
    await db.transact(promotions.set_group, group)
    segment = Segment(
        merchant_id=world.tea.merchant_id,
        segment_id=SegmentId(ids.mint()),
        kind=Kind.LIST,
        name=text("名单", "List"),
        owner="Li Na",
    )
    await db.transact(segments.make_list, segment)
    made_message = await db.transact(
        outreach.use_ready, world.tea.merchant_id, "welcome", outreach_model.Channel.INBOX, "test"
    )
    violation = NewViolation(
        violation_id=ViolationId(ids.mint()),
        merchant_id=MerchantId(world.tea.merchant_id),
        code="misdescribed",
        facts="So",
    )
    await db.transact(discipline.record, violation, "staff:test", datetime.now(UTC))
    paper = NewPaper(
        paper_id=ids.mint(),
        kind="food_business",
        number="1",
        good_until=None,
        file="none.jpg",
        name="paper.jpg",
        bytes=1,
    )
    await db.transact(
        merchants.hand_in_paper, MerchantId(world.tea.merchant_id), paper, "test", datetime.now(UTC).date()
    )
    einvoice_id = await charged(db, world.tea.merchant_id)
    await switched_on(db)
    issue_id, _ = await issued(db)
    await sold(db)
    gift = await bought(db, wanted(world.buyer.buyer_id))
    difference = await strange(db)
    today = datetime.now(UTC).date()
    await db.transact(merchants.hand_in_licence, world.tea.merchant_id, licence, "test", today)
    waits = await waiting_refund(db, order)
    return Ids(
        {
            "merchant_id": str(world.tea.merchant_id),
            "order_id": str(order.order_id),
            "segment_id": str(segment.segment_id),
            "einvoice_id": str(einvoice_id),
            "product_id": str(green.product_id),
            "report_id": str(await saved_report(db, world)),
            "sku_id": str(green.sku_id),
            "template_id": str(world.tea.standard),
            "message_template_id": str(made_message),
            "message_id": str(await wrote(db, world, made_message)),
            "title_id": str(invoice_id),
            "export_id": str(invoice_id),
            "token": "0" * 43,
            "view_id": str(view_id),
            "statement_id": str(statement.statement_id),
            "line_id": str(line.entry_id),
            "batch_id": str(batch_id),
            "parcel_id": str(parcel_id),
            "count_id": str(count_id),
            "warehouse_id": str(world.tea.warehouse_id),
            "document": str(parcel_id),
            "account_id": str(idle.account_id),
            "api_key_id": str(key_id),
            "payment_id": str(payment_id),
            "refund_id": str(refund_id),
            "request_id": str(waits.request_id),
            "kind": "held",
            "what": "visitors",
            "stage": "new",
            "segment": "all",
            "currency": "CNY",
            "code": placed.code,
            "checkout_id": str(checkout_id),
            "invoice_id": str(invoice_id),
            "cart_id": str(checkout_id),
            "address_id": str(ids.derived(UUID("7e577e57-0000-4000-8000-000000000001"), "address", "lina")),
            "session_id": str((await on_air(db, world)).session_id),
            "drop_id": str(ids.mint()),
            "replay_id": str(ids.mint()),
            "chapter": "1",
            "category_id": str(world.categories["tea"]),
            "change_id": str(ids.mint()),
            "idempotency_key": "k",
            "slug": green.slug,
            "name": "search",
            "carrier": "simex",
            "job_id": "1",
            "role_id": "tea_night",
            "department_id": str(department_id),
            "application_id": str(application_id),
            "step": "company",
            "buyer_id": str(world.buyer.buyer_id),
            "policy": "payment_window",
            "review_id": str(review.lines[0].review_id),
            "question_id": str(question_id),
            "answer_id": str(ids.mint()),
            "renewal_id": str(renewal_id),
            "subject_id": str(question_id),
            "promotion_id": str(promotion.promotion_id),
            "flash_id": str(sale.session_id),
            "campaign_id": str(campaign_id),
            "entry_id": str(entry_id),
            "offer_id": str(together.offer_id),
            "presale_id": str(booking.session_id),
            "group_id": str(group.group_id),
            "case_id": str(case_id),
            "link_id": str((await linked(db, world.tea.merchant_id)).link_id),
            # One that nobody has: what is another shop's is looked for under one's own alone, and not found either.
            "invitation_id": str(ids.mint()),
            "experiment_id": str((await drafted(db, world.tea.merchant_id)).experiment_id),
            "survey_id": str((await opened_survey(db, world.tea.merchant_id)).survey_id),
            "list_id": str(await interviewed(db, world.tea.merchant_id)),
            "targeted_id": str((await drawn_up_coupon(db, world, segment)).targeted_id),
            "place": "1",
            "version": "1",
            "violation_id": str(violation.violation_id),
            "paper_id": str(paper.paper_id),
            "step_id": str(ids.mint()),
            "rule_id": "01890000-0000-7000-8000-000000000001",
            "fee_id": str(SALES_COMMISSION),
            "fee_rule_id": str(made("commission")),
            "issue_id": str(issue_id),
            "sale_id": str(gift.sale_id),
            "source": "simpay",
            "day": difference.day.isoformat(),
            "file_id": str(difference.file_id),
            "chargeback_id": str(chargeback_id),
            "evidence_id": str(evidence_id),
            "item_id": str(difference.item_id),
            **await stopped_live(db, world),
            **await journey_drawn(db, world),
            **await pooled(db, world),
            **await written(db),
            "task_id": str(await on_the_board(db, world)),
            "business_review_id": str(await reviewed(db, world)),
        }
    )


async def waiting_refund(db: Database, order: Order) -> WaitingRefund:
    """A refund that a clerk may not give alone, and that waits for a second person."""
    await db.transact(
        aftersales.set_limit, order.merchant_id, "merchant_clerk", order.currency, per_refund=0, per_day=0,
        valid_from=datetime.now(UTC) - timedelta(days=1), by=None,
    )  # fmt: skip
    clerk = Giver(
        account_id=AccountId(ids.mint()),
        side=RequestSide.MERCHANT,
        roles=["merchant_clerk"],
        merchant_id=order.merchant_id,
    )
    wanted = RefundRequest(
        refund_id=RefundId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, less=[Less(1, 1)]
    )
    waits = await db.transact(aftersales.give, clerk, GiveBack(request=wanted), f"staff:{clerk.account_id}")
    assert waits is not None
    return waits


async def _night_role(tx: Tx, world: World) -> None:
    """A role of the tea shop's own."""
    await tx.execute(
        "INSERT INTO roles (role_id, audience, name, merchant_id) VALUES ('tea_night', 'merchant', '{\"en\": \"Night\"}', $1)",
        world.tea.merchant_id,
    )
