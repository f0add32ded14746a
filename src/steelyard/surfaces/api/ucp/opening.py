"""Opening carts and checkouts: those that are asked for at the same moment are opened in one transaction, each with its own
answer, laid out from the very quote that they were opened with."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels import agents
from steelyard.channels.agents.model import Session, SessionId
from steelyard.goods import catalog
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel import ids
from steelyard.kernel.batching import join
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.api.ucp.intent import Said, UnknownItems, draft_of, items_of
from steelyard.surfaces.api.ucp.rendering import shown
from steelyard.surfaces.api.ucp.shapes import Buyer, CheckoutRequest, Discounts, Fulfillment, LineItem
from steelyard.surfaces.api.ucp.sheet import Looked, Sheet, parts_of
from steelyard.trade import checkout
from steelyard.trade.checkout import Completeness
from steelyard.trade.checkout.model import AGENT, CheckoutId, Draft, ProblemCode, Quote


class Opening(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A cart or a checkout that somebody wants to begin; nothing in it is compared but its `session_id`."""

    session_id: SessionId
    kind: str
    client: str
    locale: str
    completeness: Completeness
    line_items: Sequence[LineItem]
    buyer: Buyer | None = None
    fulfillment: Fulfillment | None = None
    context: dict[str, Any] | None = None
    discounts: Discounts | None = None


class _Drafted(msgspec.Struct, frozen=True):
    wanted: Opening
    draft: Draft
    said: Said
    currency: str


class _Quoted(msgspec.Struct, frozen=True):
    drafted: _Drafted
    costs: Quote


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be opened, as far as it can be; and the refusals of the others."""

    wanted: Sequence[Opening]
    drafts: Sequence[_Drafted]
    refused: Mapping[SessionId, Refusal]

    @property
    def asked(self) -> list[checkout.Asked]:
        """What has to be quoted before it is opened."""
        return [
            checkout.Asked(
                draft=each.draft, currency=each.currency, completeness=each.wanted.completeness, client=AGENT
            )
            for each in self.drafts
        ]


class Goods(msgspec.Struct, frozen=True):
    """What is known of goods in a transaction: their cards, and the shops that sell them."""

    cards: Mapping[SkuId, SkuCard]
    shops: Mapping[MerchantId, ShopCard]


async def open_session(db: Database, wanted: Opening) -> Looked | None:
    """The session as it was opened, with what its agent sees noted; none when it was open already.

    Raises `UnknownItems` when something in it is not for sale, `OneDestination`, `Invalid`, `MixedPurchase`, `Busy`.
    """
    return await join(db, open_all, wanted, lambda wanted: wanted.session_id)


async def open_all(tx: Tx, wanted: Sequence[Opening]) -> list[Looked | Refusal | None]:
    """`open_session` for many; who is refused leaves nothing behind."""
    goods = await goods_of(tx, named_in(wanted))
    drafted = drafts(wanted, goods)
    return await open_drafted(tx, drafted, await checkout.quotes(tx, drafted.asked, goods.cards, goods.shops))


def named_in(wanted: Iterable[Opening | CheckoutRequest]) -> set[UUID]:
    """The variants that are named in these."""
    return {sku_id for each in wanted for sku_id in items_of(each.line_items)}


async def goods_of(read: Read, sku_ids: Collection[UUID]) -> Goods:
    """What is known of these variants."""
    if not sku_ids:
        return Goods({}, {})
    cards = await catalog.cards(read, sku_ids)
    return Goods(cards, await merchants.cards(read, {card.merchant_id for card in cards.values()}))


def drafts(wanted: Sequence[Opening], goods: Goods) -> Drafted:
    """What is said in these, as checkouts."""
    refused: dict[SessionId, Refusal] = {}
    return Drafted(wanted=wanted, drafts=list(_drafts(wanted, goods, refused)), refused=refused)


def _drafts(wanted: Sequence[Opening], goods: Goods, refused: dict[SessionId, Refusal]) -> Iterator[_Drafted]:
    for each in wanted:
        try:
            draft, said = draft_of(
                goods.cards, each.line_items, each.buyer, each.fulfillment, each.context,
                locale=each.locale, discounts=each.discounts,
            )  # fmt: skip
            checkout.check(draft)
            yield _Drafted(each, draft, said, checkout.currency_among(draft, goods.cards, goods.shops))
        except Refusal as refusal:
            refused[each.session_id] = refusal


async def open_drafted(tx: Tx, drafted: Drafted, costs: Sequence[Quote]) -> list[Looked | Refusal | None]:
    """`open_all` for what is drafted and quoted (`costs`, as it was asked for)."""
    refused = dict(drafted.refused)
    quoted = [
        _Quoted(each, cost)
        for each, cost in zip(drafted.drafts, costs, strict=True)
        if _all_for_sale(each, cost, refused)
    ]
    opened = await _open(tx, quoted) if quoted else {}
    return [refused.get(each.session_id) or opened.get(each.session_id) for each in drafted.wanted]


def _all_for_sale(drafted: _Drafted, costs: Quote, refused: dict[SessionId, Refusal]) -> bool:
    places = lost(drafted.draft, costs)
    if places:
        refused[drafted.wanted.session_id] = UnknownItems(items=places)
    return not places


def lost(draft: Draft, costs: Quote) -> list[int]:
    """The places of the lines whose goods nobody sells any more."""
    gone = {problem.line_id for problem in costs.problems if problem.code is ProblemCode.ITEM_UNAVAILABLE}
    return [place for place, line in enumerate(draft.lines) if line.line_id in gone]


async def _open(tx: Tx, quoted: Sequence[_Quoted]) -> dict[SessionId, Looked]:
    """The lines where all checkouts are, what was said and shown beside them with the agents."""
    new = await checkout.open_all(
        tx,
        [
            checkout.NewCheckout(
                checkout_id=CheckoutId(each.drafted.wanted.session_id),
                buyer_id=BuyerId(ids.derived(each.drafted.wanted.session_id, "buyer")),
                draft=each.drafted.draft,
                currency=each.costs.currency,
                client=each.drafted.wanted.client,
            )
            for each in quoted
        ],
    )
    looked: dict[SessionId, Looked] = {}
    for each in quoted:
        wanted = each.drafted.wanted
        found = new.get(CheckoutId(wanted.session_id))
        if found is not None:
            sheet = Sheet(
                checkout=found, parts=parts_of(each.costs, wanted.locale), lost=[], problems=each.costs.problems,
                discounts=checkout.discounts(each.costs), costs=each.costs,
            )  # fmt: skip
            session = Session(
                session_id=wanted.session_id, kind=wanted.kind, client=wanted.client, said=each.drafted.said.kept,
                shown=shown(sheet), action_url=None,
            )  # fmt: skip
            looked[wanted.session_id] = Looked(session, sheet)
    await agents.open_sessions(tx, [each.session for each in looked.values()])
    return looked
