"""A buyer's wallet: what is in it, how it came there, and a gift card to redeem."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import limits
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import gifts, wallets
from steelyard.money.wallets import PURSES, Cause, OneOfThem, Purse, PurseAmount, PurseLine
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_EARNED, WALLETS
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.offers import money
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders, rewards
from steelyard.trade.checkout.model import CheckoutView, at_shop
from steelyard.trade.orders.model import PurchaseId
from steelyard.trade.rewards import CheckIn

WALLET = "/account/wallet"
CODES_AT_ONCE_MAX = 10
CODE_CHARACTERS_MAX = 440
# Wrong codes are not guessed: there are 2^80. This keeps a machine from trying all night.
REDEEM_PER_BUYER = Limit("redeem_gift_card", burst=10, per_seconds=3_600)
OF_A_PURCHASE = (Cause.HELD, Cause.RETURNED)

CAUSES: dict[Cause, str] = {
    Cause.REDEEMED: N_("Gift card redeemed"),
    Cause.CREDITED: N_("Given by the platform"),
    Cause.HELD: N_("Paid with it"),
    Cause.RETURNED: N_("Not paid after all: given back"),
    Cause.REFUNDED: N_("Refund"),
    Cause.EARNED: N_("Points earned"),
    Cause.WELCOMED: N_("Welcome"),
    Cause.CHECKED_IN: N_("Checked in"),
    Cause.GIVEN: N_("Given to you"),
    Cause.REVIEWED: N_("For a review"),
    Cause.TAKEN_BACK: N_("Taken back for a refund"),
    Cause.EXPIRED: N_("Expired"),
    Cause.COMPENSATED: N_("Compensation of a shop"),
    Cause.LEVEL: N_("More points for your level"),
    Cause.INVITED: N_("For an invitation"),
    Cause.TASK: N_("For a task"),
    Cause.UNDONE: N_("Taken back: what it was for came to nothing"),
}


class WalletPage(msgspec.Struct, frozen=True, kw_only=True):
    """`codes` are those of the purchases and orders that lines are about; `open`: gift cards can be redeemed; `sold`: they can
    be bought; `check_in`: what that brings today."""

    shell: Shell
    amounts: Sequence[PurseAmount]
    lines: Page[PurseLine]
    codes: Mapping[UUID, str]
    open: bool
    points: int
    check_in: CheckIn | None
    sold: bool


async def wallet_page(read: Read, buyer_id: BuyerId, cursor: str | None) -> WalletPage:
    lines = await wallets.statement(read, buyer_id, cursor)
    return WalletPage(
        shell=await shell(read, buyer_id),
        amounts=await wallets.amounts(read, buyer_id),
        lines=lines,
        codes=await _codes(read, lines.items),
        open=bool(await policies.number(read, WALLETS)),
        points=await policies.number(read, POINTS_EARNED),
        check_in=await rewards.to_check_in(read, buyer_id),
        sold=(await gifts.terms(read)).on,
    )


async def _codes(read: Read, lines: Sequence[PurseLine]) -> dict[UUID, str]:
    about = [line for line in lines if line.about is not None]
    bought = [PurchaseId(line.about) for line in about if line.about and line.cause in OF_A_PURCHASE]
    parts = [line.about for line in about if line.about and line.cause not in OF_A_PURCHASE]
    found: dict[UUID, str] = {key: each.code for key, each in (await orders.purchases_of(read, bought)).items()}
    return found | dict(await orders.codes_of_all(read, parts))


@get(WALLET)
async def wallet(
    visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None, code: FromQuery[str | None] = None
) -> Response[Any]:
    """Balance, points, and the statement, the newest first; as a file with `?format=csv`. The mail of a gift card brings its
    code along."""
    _, buyer_id = buyer_of(visit)
    if exports.wanted(visit):
        lines, codes = await visit.db.ask(_every, buyer_id)
        return _as_file(visit, lines, codes)
    typed = (code or "").replace("\x00", "")[:CODE_CHARACTERS_MAX]
    return await _shown(visit, await visit.db.ask(wallet_page, buyer_id, cursor), cursor=cursor, code=typed)


async def _every(read: Read, buyer_id: BuyerId) -> tuple[list[PurseLine], dict[UUID, str]]:
    lines = await exports.everything(lambda cursor: wallets.statement(read, buyer_id, cursor, ITEMS_PER_PAGE_MAX))
    return lines, await _codes(read, lines)


def _as_file(visit: Visit, lines: Sequence[PurseLine], codes: Mapping[UUID, str]) -> Response[bytes]:
    columns = (
        N_("When"), N_("What"), N_("Why"), N_("Order"), N_("Amount"), N_("Left"), N_("Currency"), N_("Good until"),
        N_("Remark"),
    )  # fmt: skip
    return exports.sheet(
        visit,
        N_("Wallet"),
        columns,
        [
            (
                line.at,
                visit.say(N_("Balance") if line.purse is Purse.BALANCE else N_("Reward points")),
                visit.say(CAUSES[line.cause]),
                codes.get(line.about, "") if line.about else "",
                Money(line.amount, line.currency),
                Money(line.after, line.currency),
                line.currency,
                line.expires_at,
                line.note,
            )
            for line in lines
        ],
    )


@post(f"{WALLET}/redeem")
async def redeem(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Response[str] | Redirect:
    """Fill the balance with a gift card, or with several, a code a line."""
    _, buyer_id = buyer_of(visit)
    typed = data.get("code", "")
    code = typed.replace("\x00", "").strip()[:CODE_CHARACTERS_MAX] if isinstance(typed, str) else ""
    codes = [each.strip() for each in code.splitlines() if each.strip()][:CODES_AT_ONCE_MAX] or [""]
    try:
        for _each in codes:
            await limits.take(visit.db, REDEEM_PER_BUYER, str(buyer_id))
        cards = await visit.db.transact(wallets.redeem_all, buyer_id, codes)
    except Refusal as refusal:
        page = await visit.db.ask(wallet_page, buyer_id, None)
        status = refusal.why.status if isinstance(refusal, OneOfThem) else refusal.status
        return await _shown(visit, page, status=status, error=_why(visit, refusal, codes), code=code)
    amounts = [
        money(visit, sum(card.amount for card in cards if card.currency == currency), currency)
        for currency in dict.fromkeys(card.currency for card in cards)
    ]
    return redirect(visit, WALLET, (visit.say(N_("{amount} are in your balance."), amount=" + ".join(amounts)), "good"))


def _why(visit: Visit, refusal: Refusal, codes: Sequence[str]) -> str:
    """Of several it is said which, and why; of one only why."""
    if not isinstance(refusal, OneOfThem):
        return visit.refused(refusal)
    why = visit.refused(refusal.why)
    return why if len(codes) == 1 else f"{visit.refused(refusal)} – {why}"


@post(f"{WALLET}/check-in")
async def check_in(visit: NamedDependency[Visit]) -> Redirect:
    """Have today's points; said twice, the second finds them had."""
    _, buyer_id = buyer_of(visit)
    points = await visit.db.transact(rewards.check_in, buyer_id)
    if not points:
        return redirect(visit, WALLET, (visit.say(N_("You have checked in today. Come back tomorrow.")), "info"))
    return redirect(visit, WALLET, (visit.say(N_("Checked in: {count} points."), count=points), "good"))


async def _shown(
    visit: Visit, page: WalletPage, *, cursor: str | None = None, status: int = 200, error: str = "", code: str = ""
) -> Response[str]:
    return await show(
        visit,
        "wallet.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Wallet")))],
        status=status,
        view=page,
        causes=CAUSES,
        of_a_purchase=OF_A_PURCHASE,
        error=error,
        code=code,
        start_href=WALLET if cursor else "",
        next_href=f"{WALLET}?cursor={page.lines.next}" if page.lines.next else "",
    )


def purses_of(visit: Visit, found: CheckoutView) -> list[tuple[Purse, int, bool, int]]:
    """At the checkout: the buyer's own purses with something in them: what is in each, whether it is to pay, and what it
    would."""
    if found.checkout.buyer_id != visit.buyer_id or not at_shop(found.checkout.client):
        return []
    pays = {tender.purse: tender.amount for tender in found.tenders}
    return [
        (each, found.own[each], each in found.checkout.purses, pays.get(each, 0))
        for each in PURSES
        if each in found.own
    ]


HANDLERS = [wallet, redeem, check_in]
