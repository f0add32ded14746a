"""Changing checkouts: those that are changed at the same moment are changed in one transaction, each with its own answer, laid
out from the very quote that they were changed with."""

from collections.abc import Iterator, Sequence

import msgspec

from steelyard.channels import agents
from steelyard.channels.agents.model import Session, SessionId
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.surfaces.api.ucp.intent import Said, draft_of, said_of
from steelyard.surfaces.api.ucp.opening import Goods, lost
from steelyard.surfaces.api.ucp.rendering import shown
from steelyard.surfaces.api.ucp.shapes import CheckoutRequest
from steelyard.surfaces.api.ucp.sheet import Looked, Sheet, parts_of
from steelyard.trade import checkout
from steelyard.trade.checkout import Completeness
from steelyard.trade.checkout.model import AGENT, Checkout, CheckoutState, Draft, Quote


class Rewriting(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout, held until the transaction ends, of which everything that was said is to be replaced."""

    session: Session
    checkout: Checkout
    wanted: CheckoutRequest
    locale: str
    completeness: Completeness


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """The same as a draft, not quoted yet."""

    before: Rewriting
    draft: Draft
    said: Said
    currency: str

    @property
    def asked(self) -> checkout.Asked:
        return checkout.Asked(
            draft=self.draft,
            currency=self.currency,
            completeness=self.before.completeness,
            buyer_id=self.before.checkout.buyer_id,
            client=AGENT,
        )


def rewritten(wanted: Sequence[Rewriting], goods: Goods) -> Iterator[Rewritten]:
    """Those that can be changed at once: they are open, and there is nothing in them that has to be refused."""
    for each in wanted:
        said = each.wanted
        if each.checkout.state is not CheckoutState.OPEN:
            continue
        try:
            draft, kept = draft_of(
                goods.cards, said.line_items, said.buyer, said.fulfillment, said.context,
                locale=each.locale, discounts=said.discounts, before=said_of(each.session),
            )  # fmt: skip
            checkout.check(draft)
            currency = checkout.currency_among(draft, goods.cards, goods.shops)
        except Refusal:  # told by who goes on alone
            continue
        yield Rewritten(before=each, draft=draft, said=kept, currency=currency)


async def change_all(tx: Tx, drafted: Sequence[Rewritten], costs: Sequence[Quote]) -> dict[SessionId, Looked]:
    """Change what is drafted and quoted (`costs`, in that order); what is not for sale any more is left as it is. Returns
    each as it is now, with what its agent was shown before."""
    quoted = [(each, cost) for each, cost in zip(drafted, costs, strict=True) if not lost(each.draft, cost)]
    if not quoted:
        return {}
    changed = await checkout.change_all(
        tx,
        [
            checkout.Change(checkout_id=each.before.checkout.checkout_id, draft=each.draft, currency=each.currency)
            for each, _ in quoted
        ],
    )
    looked: dict[SessionId, Looked] = {}
    for each, cost in quoted:
        found = changed[each.before.checkout.checkout_id]
        sheet = Sheet(
            checkout=found, parts=parts_of(cost, each.before.locale), lost=[], problems=cost.problems,
            discounts=checkout.discounts(cost), costs=cost,
        )  # fmt: skip
        session = msgspec.structs.replace(each.before.session, said=each.said.kept, action_url=None)
        looked[session.session_id] = Looked(session, sheet)
    await agents.change_sessions(
        tx, [msgspec.structs.replace(each.session, shown=shown(each.sheet)) for each in looked.values()]
    )
    return looked
