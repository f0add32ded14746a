"""A mail of each kind, with names that would like to be HTML."""

from datetime import UTC, datetime

from steelyard.kernel.money import Money
from steelyard.kernel.text import text
from steelyard.parties.notifications import model
from steelyard.parties.notifications.model import Template

CNY = "CNY"
LINES = [model.Line(title=text("龙井 <明前>", "Longjing <early>"), quantity=1200, amount=Money(1_234_500, CNY))]
SAMPLES: dict[Template, model.Facts] = {
    Template.PASSWORD_RESET: model.PasswordReset(name="Lin <b>", secret_link="/password/tok", minutes=60),
    Template.APPLICATION_BEGUN: model.ApplicationBegun(name="Lin <b>", secret_link="/invitation/tok", days=7),
    Template.APPLICATION_NEWS: model.ApplicationNews(
        name="Lin <b>", state="sent_back", note="Nearly.", reasons=["The scan is dark."], link="/sell/application"
    ),
    Template.SHOP_NEWS: model.ShopNews(
        name="Lin <b>",
        shop=model.Text({"zh-Hans": "茶庄", "en": "Tea House"}),
        what="licence_ends",
        reason="",
        day="2026-12-31",
        link="/merchant",
    ),
    Template.MONEY_NEWS: model.MoneyNews(
        name="Lin <b>",
        shop=model.Text({"zh-Hans": "茶庄", "en": "Tea House"}),
        order="O-1",
        what="chargeback_opened",
        amount=Money(12_300, CNY),
        day="2026-12-31",
        link="/merchant/chargebacks/1/2",
    ),
    Template.STAFF_INVITED: model.StaffInvited(
        name="Gao", inviter="Lin <b>", roles=[text("店员", "Shop clerk")], secret_link="/invitation/tok", days=7
    ),
    Template.ORDER_CONFIRMED: model.OrderConfirmed(
        name="Lin",
        purchase="P-1",
        orders=[
            model.OrderPart(
                shop=text("茶铺", "Tea & Co"),
                code="O-1",
                lines=LINES,
                freight=Money(800, CNY),
                total=Money(1_235_300, CNY),
            )
        ],
        total=Money(1_235_300, CNY),
        link="/purchases/P-1",
    ),
    Template.ORDER_SHIPPED: model.OrderShipped(
        name="Lin",
        order="O-1",
        shop=text("茶铺", "Tea & Co"),
        carrier=text("模拟速运", "Simex"),
        number="SX1",
        lines=LINES,
        link="/o",
    ),
    Template.ORDER_CANCELLED: model.OrderCancelled(
        name="Lin", order="O-1", shop=text("茶铺", "Tea & Co"), reason="sold out", refund=Money(500, "JPY"), link="/o"
    ),
    Template.INVOICE_NEWS: model.InvoiceNews(
        name="Lin <b>", shop=text("茶舍", "Tea house"), what="refused", number="", order="S-1", reason="<b>", link="/o"
    ),
    Template.REFUND_SENT: model.RefundSent(
        name="Lin",
        order="O-1",
        shop=text("茶铺", "Tea & Co"),
        amount=Money(599, "GBP"),
        at=datetime(2026, 3, 1, 18, 30, tzinfo=UTC),
        link="https://shop.test/o",
    ),
    Template.EMAIL_CHANGE: model.EmailChange(name="Lin", secret_link="https://shop.test/account/email/t0ken", hours=24),
    Template.DATA_EXPORTED: model.DataExported(name="Lin", link="https://shop.test/account/privacy", days=7),
    Template.PAYOUT_ACCOUNT_CHANGED: model.PayoutAccountChanged(
        name="Lin",
        shop=text("茶舍", "Tea house"),
        bank="Bank",
        ending="0001",
        at=datetime(2026, 3, 5, 8, tzinfo=UTC),
        link="https://shop.test/merchant/money",
    ),
    Template.HANDED_OVER: model.HandedOver(
        name="Lin <b>",
        other="Gao <b>",
        shop=text("茶舍", "Tea house"),
        role=text("店员", "Shop clerk"),
        at=datetime(2026, 3, 5, 8, tzinfo=UTC),
        link="/merchant",
    ),
    Template.QUESTION_ASKED: model.QuestionAsked(
        name="Lin <b>", title=text("山核桃仁", "Hickory nuts"), question="<b>?", link="/merchant/questions"
    ),
    Template.QUESTION_ANSWERED: model.QuestionAnswered(
        name="Lin <b>",
        title=text("山核桃仁", "Hickory nuts"),
        question="<b>?",
        answer="<b>!",
        by_shop=True,
        link="/products/1",
    ),
    Template.AFTER_SALES: model.AfterSales(
        name="Lin <b>",
        order="S-1",
        shop=text("茶舍", "Tea house"),
        what="refused",
        words="<b>?",
        until=datetime(2026, 3, 5, 8, tzinfo=UTC),
        link="/purchases/P-1",
    ),
    Template.ROOM_NEWS: model.RoomNews(
        name="Lin <b>",
        what="application_sent_back",
        about=text("茶舍直播间", "Tea house live"),
        reason="The name.",
        link="/merchant/live/room",
    ),
    Template.LIVE_NEWS: model.LiveNews(
        name="Lin <b>",
        what="soon",
        title=text("春茶专场", "Spring tea"),
        room=text("茶舍直播间", "Tea house live"),
        at=datetime(2026, 3, 5, 8, tzinfo=UTC),
        link="/live/tea-house",
    ),
    Template.SURVEY_ASKED: model.SurveyAsked(
        name="Lin <b>",
        shop=text("茶舍", "Tea house"),
        title=text("收货后回访", "After your order"),
        link="/q/abc?t=1",
        stop_link="/coupon-mails/stop/1/2",
    ),
    Template.COUPON_NEWS: model.CouponNews(
        name="Lin <b>",
        what="given",
        coupon=text("新人券", "Welcome"),
        shop=text("茶舍", "Tea house"),
        until=datetime(2026, 3, 5, 8, tzinfo=UTC),
        link="/account/coupons",
        stop_link="/coupon-mails/stop/1/2",
    ),
    Template.PRESALE_NEWS: model.PresaleNews(
        name="Lin <b>",
        order="S-1",
        shop=text("茶舍", "Tea house"),
        what="balance_open",
        lines=[model.Line(title=text("龙井", "Longjing"), quantity=2, amount=Money(60_000, "CNY"))],
        deposit=Money(10_000, "CNY"),
        balance=Money(50_800, "CNY"),
        balance_from=datetime(2026, 3, 5, 8, tzinfo=UTC),
        balance_until=datetime(2026, 3, 8, 8, tzinfo=UTC),
        ships_by=datetime(2026, 3, 18, 8, tzinfo=UTC),
        forfeits=True,
        link="/purchases/P-1",
    ),
    Template.TEAM_NEWS: model.TeamNews(
        name="Lin <b>",
        order="S-1",
        shop=text("茶舍", "Tea house"),
        what="failed",
        lines=[model.Line(title=text("龙井", "Longjing"), quantity=1, amount=Money(2_990, "CNY"))],
        refund=Money(3_790, "CNY"),
        link="/purchases/P-1",
    ),
    Template.COMPENSATED: model.CompensationPaid(
        name="Lin <b>",
        order="S-1",
        shop=text("茶舍", "Tea house"),
        cause="late",
        lines=[model.Line(title=text("龙井", "Longjing"), quantity=1)],
        amount=Money(617, "CNY"),
        purse="points",
        points=617,
        rule=text("延迟发货赔付", "Late parcels"),
        link="/purchases/P-1",
    ),
    Template.GIFT_CARD: model.GiftCardSent(
        sender="Lin <b>",
        message="<b> Happy birthday",
        amount=Money(10_000, "CNY"),
        secret_link="/account/wallet?code=7K3M-9X2Q-4T0B-V1ZP",  # of a test
    ),
}
