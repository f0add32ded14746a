"""What buyers have here: what is owed to them in all, gift cards, and credit that staff give."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.money import currencies, ledger, wallets
from steelyard.money.ledger.model import AccountKind, TrialLine
from steelyard.money.wallets import Card, CardState, Issue, IssueId, MintedCard, NewIssue
from steelyard.money.wallets.model import CARD_MONTHS_MAX, CARDS_PER_ISSUE_MAX
from steelyard.parties import access, customers, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import WALLETS
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest

MANAGES = {"permission": "wallets.manage"}
OWED = (
    AccountKind.BALANCE,
    AccountKind.BALANCE_HELD,
    AccountKind.POINTS,
    AccountKind.POINTS_HELD,
    AccountKind.GIFT_CARDS,
)
STATES: dict[CardState, tuple[str, str]] = {
    CardState.OPEN: (N_("Not redeemed"), "info"),
    CardState.REDEEMED: (N_("Redeemed"), "good"),
    CardState.CANCELLED: (N_("Card withdrawn"), "quiet"),
    CardState.EXPIRED: (N_("Expired"), "quiet"),
}


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """`owed` are the sums of what the platform owes buyers, `cost` what it gave them; `open`: it is switched on."""

    owed: Sequence[TrialLine]
    cost: Sequence[TrialLine]
    issues: Page[Issue]
    currencies: Sequence[str]
    open: bool


class IssueView(msgspec.Struct, frozen=True, kw_only=True):
    issue: Issue
    cards: Page[Card]


async def overview(read: Read, cursor: str | None) -> Overview:
    lines = (await ledger.summed(read)).lines
    return Overview(
        owed=[line for line in lines if line.kind in OWED and line.balance],
        cost=[line for line in lines if line.kind is AccountKind.MARKETING_COST and line.balance],
        issues=await wallets.issues(read, cursor, ROWS_PER_PAGE),
        currencies=[each.currency for each in await currencies.all(read)],
        open=bool(await policies.number(read, WALLETS)),
    )


@get("/wallets", opt=MANAGES)
async def wallet_page(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What is owed, and the cards that were issued."""
    return await _shown(visit, Entries({}, {}), cursor=cursor)


async def _shown(
    visit: Visit, form: Entries, refusal: Refusal | None = None, cursor: str | None = None
) -> Response[Any]:
    found = await visit.db.ask(overview, cursor)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "wallets.html",
        frame.WALLETS,
        status=refusal.status if refusal else 200,
        found=found,
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        issue_id=form.text("issue_id") or ids.mint(),
        base=frame.WALLETS,
        most=CARDS_PER_ISSUE_MAX,
        next_href=address(frame.WALLETS, cursor=found.issues.next) if found.issues.next else "",
        start_href=frame.WALLETS if cursor else "",
    )


async def issue(tx: Tx, actor: Actor, wanted: NewIssue) -> list[MintedCard]:
    """Issue cards, and write down who did."""
    minted = await wallets.issue(tx, wanted)
    if minted:
        after = {"cards": wanted.cards, "amount": wanted.amount, "currency": wanted.currency, "sold": wanted.sold}
        await access.audit(tx, actor, "wallets.issue", wanted.name, {"after": after})
    return minted


@post("/wallets/issues", opt=MANAGES)
async def issue_cards(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Issue gift cards: the answer is the file with their codes, and nobody can have it a second time."""
    form = await entries_of(request)
    try:
        wanted = await _read(visit, form)
        minted = await visit.db.transact(issue, visit.actor, wanted)
    except Refusal as refusal:
        return await _shown(visit, form, refusal)
    if not minted:
        said = visit.say(N_("These cards were issued before; their codes were in the file of that time."))
        return redirect(visit, f"{frame.WALLETS}/issues/{wanted.issue_id}", (said, "info"))
    return exports.sheet(
        visit,
        N_("Gift cards"),
        (N_("Card code"), N_("Last four"), N_("Amount"), N_("Currency")),
        [(card.code, card.code[-4:], Money(wanted.amount, wanted.currency), wanted.currency) for card in minted],
    )


async def _read(visit: Visit, form: Entries) -> NewIssue:
    known = [each.currency for each in await visit.db.ask(currencies.all)]
    currency = form.text("currency")
    if currency not in known:
        form.refuse("currency", N_("Please choose a currency."))
        currency = known[0]
    sold = form.text("sold") == "yes"
    months = form.number("months", least=0, most=CARD_MONTHS_MAX) if form.text("months") else 0
    wanted = NewIssue(
        issue_id=IssueId(form.uuid("issue_id")),
        name=form.text("name"),
        amount=form.money("amount", currency) or 0,
        currency=currency,
        cards=form.number("cards", least=1, most=CARDS_PER_ISSUE_MAX),
        sold=sold,
        months=months or None,
        by=visit.by,
    )
    form.check()
    return wanted


async def issue_view(read: Read, issue_id: UUID, cursor: str | None) -> IssueView:
    """Raises `NotFound`."""
    found = await wallets.issue_of(read, issue_id)
    if found is None:
        raise NotFound()
    return IssueView(issue=found, cards=await wallets.cards_of(read, found.issue_id, cursor, ROWS_PER_PAGE))


@get("/wallets/issues/{issue_id:uuid}", opt=MANAGES)
async def issue_page(
    visit: NamedDependency[Visit], issue_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """The cards of an issue and what became of each."""
    found = await visit.db.ask(issue_view, issue_id, cursor)
    own = f"{frame.WALLETS}/issues/{issue_id}"
    return await frame.show(
        visit,
        "wallet_issue.html",
        frame.WALLETS,
        crumbs=[(visit.say(N_("Wallets")), frame.WALLETS), (found.issue.name, None)],
        found=found,
        own=own,
        states=STATES,
        next_href=address(own, cursor=found.cards.next) if found.cards.next else "",
        start_href=own if cursor else "",
    )


async def withdraw(tx: Tx, actor: Actor, issue_id: IssueId, card_ids: Sequence[UUID]) -> None:
    """Withdraw cards, and write down who did."""
    ended = await wallets.withdraw(tx, issue_id, card_ids)
    if ended:
        found = await wallets.issue_of(tx, issue_id)
        assert found is not None
        await access.audit(tx, actor, "wallets.withdraw", found.name, {"cards": len(ended)})


@post("/wallets/issues/{issue_id:uuid}/withdraw", opt=MANAGES)
async def withdraw_cards(visit: NamedDependency[Visit], request: WebRequest, issue_id: FromPath[UUID]) -> Redirect:
    """Withdraw one card, or all that nobody has redeemed."""
    form = await entries_of(request)
    chosen = form.uuids("card_id") if form.text("card_id") else []
    if form.text("card_id") and not chosen:
        raise NotFound()
    return await done(
        visit,
        f"{frame.WALLETS}/issues/{issue_id}",
        N_("Withdrawn. What was sold is to be paid back outside the shop."),
        lambda: visit.db.transact(withdraw, visit.actor, IssueId(issue_id), chosen),
    )


async def give(
    tx: Tx, actor: Actor, credit_id: UUID, buyer_id: BuyerId, given: tuple[int, str], reason: str, by: str
) -> None:
    """Give a buyer credit, and write down who did and why. Raises `NotFound` for who has no account."""
    amount, currency = given
    if await customers.get(tx, buyer_id) is None or await access.login_of_buyer(tx, buyer_id) is None:
        raise NotFound()
    if await wallets.credit(tx, credit_id, buyer_id, amount, currency, reason, by):
        facts = {"after": {"amount": amount, "currency": currency, "reason": reason}}
        await access.audit(tx, actor, "wallets.credit", str(buyer_id), facts)


@post("/buyers/{buyer_id:uuid}/credit", opt=MANAGES)
async def credit(visit: NamedDependency[Visit], request: WebRequest, buyer_id: FromPath[UUID]) -> Redirect:
    """Money of the platform into a buyer's balance, for a reason that the buyer reads."""
    form = await entries_of(request)

    async def command() -> None:
        known = [each.currency for each in await visit.db.ask(currencies.all)]
        currency = form.text("currency") if form.text("currency") in known else known[0]
        amount = form.money("amount", currency) or 0
        credit_id = form.uuid("credit_id")
        form.check()
        given = (amount, currency)
        await visit.db.transact(
            give, visit.actor, credit_id, BuyerId(buyer_id), given, form.text("reason", most=200), visit.by
        )

    return await done(visit, f"{frame.BUYERS}/{buyer_id}", N_("The buyer has it, and reads why."), command)


HANDLERS = [wallet_page, issue_cards, issue_page, withdraw_cards, credit]
