"""What goods cost less, for whom, when, and why: promotions as data, and pure functions from a cart to an explained result.

`reckoning` adds up, `choice` finds the best combination, `effects` knows what each kind takes off, `rules` what there
is, and `refusals` what is refused. docs/algorithms/pricing.md tells the rules with worked examples. Commands of shops
and of the platform are in `service`, buyers' coupons in `claiming`, those that shops give in `giving`, codes that
come with a cart in `codes` (their words in `entering`), what buyers hold in `holding`, what was so once in `past`,
who is known to have used what in `people`, and what orders take of a budget, of coupons or of a flash sale's pieces
in `using`. What a flash sale or a presale is stands in `flash`, how one is planned and ended in `planning` (what is
asked of a presale: `terms`), its pieces are in `handing`, and what is to be seen of it in `sessions`. Who is in which
group of a shop's customers is in `groups` (as data: `grouping`); carts as data are in `carts`. What stands
reduced on the shelf, and what it cost before, is in `shelf`, and what has to be known for it, with the news of it, in
`lowering`. What speaks against an offer is data in `clashes`, found by `conflicts`; what has to be known for it is in
`clashing`.
"""

from steelyard.goods.promotions.claiming import claim, claim_all, claim_code, forget
from steelyard.goods.promotions.clashing import on_between, speaks_against
from steelyard.goods.promotions.codes import CODE_CHARACTERS_MAX, CODES_PER_CART_MAX, tidied, understood
from steelyard.goods.promotions.conflicts import conflicts, overlapping
from steelyard.goods.promotions.events import (
    CouponEnding,
    CouponsGiven,
    CustomerGroupSet,
    FlashChanged,
    GiftAsked,
    ShelfPricesChanged,
)
from steelyard.goods.promotions.flash import Presale, Terms, of_source
from steelyard.goods.promotions.giving import (
    BUYERS_PER_GIFT_MAX,
    ask_gift,
    gift_to_do,
    gifts_of,
    give,
    give_to_segment,
    hand_out,
    take_away,
    take_away_from,
)
from steelyard.goods.promotions.grouping import segment_of
from steelyard.goods.promotions.groups import (
    MEMBERS_PER_COMMAND_MAX,
    customer_groups,
    enter_by,
    follow_no_more,
    groups_of,
    join,
    leave,
    leave_by,
    members,
    set_group,
)
from steelyard.goods.promotions.groups import close as close_group
from steelyard.goods.promotions.holding import holders, of_buyers, owned, tell_of_ends
from steelyard.goods.promotions.lowering import (
    hide_due,
    lowered_now,
    lowered_prices,
    lowest_of,
    on_shelf,
    show_due,
    with_lowest,
)
from steelyard.goods.promotions.past import groups_at, held_at, offered_at
from steelyard.goods.promotions.people import let_go, new_of, note_people, noted_for, people_of, used_up
from steelyard.goods.promotions.planning import begin_due, cancel, cancel_all, end_due, plan, replan
from steelyard.goods.promotions.queries import (
    ENDS_SOON,
    claimed_by,
    coupons_of,
    coupons_to_give,
    flashing,
    get,
    held_by,
    offering,
    offers,
    own_offers,
    running,
    shelving,
    to_claim,
    used,
)
from steelyard.goods.promotions.reckoning import covers, for_buyer, in_scope, reckon, reckon_offers
from steelyard.goods.promotions.rules import named
from steelyard.goods.promotions.service import change, check, extend, save, stop, version_of
from steelyard.goods.promotions.sessions import (
    flash_left,
    flash_price,
    had_by,
    own_price,
    pieces_left,
    planned,
    presales_open,
    session,
    sessions,
    sessions_near,
)
from steelyard.goods.promotions.shelf import Article, Lowered, articles_of, lowered
from steelyard.goods.promotions.using import give_back, hold, use

__all__ = [
    "BUYERS_PER_GIFT_MAX",
    "CODES_PER_CART_MAX",
    "CODE_CHARACTERS_MAX",
    "ENDS_SOON",
    "MEMBERS_PER_COMMAND_MAX",
    "Article",
    "CouponEnding",
    "CouponsGiven",
    "CustomerGroupSet",
    "FlashChanged",
    "GiftAsked",
    "Lowered",
    "Presale",
    "ShelfPricesChanged",
    "Terms",
    "articles_of",
    "ask_gift",
    "begin_due",
    "cancel",
    "cancel_all",
    "change",
    "check",
    "claim",
    "claim_all",
    "claim_code",
    "claimed_by",
    "close_group",
    "conflicts",
    "coupons_of",
    "coupons_to_give",
    "covers",
    "customer_groups",
    "end_due",
    "enter_by",
    "extend",
    "flash_left",
    "flash_price",
    "flashing",
    "follow_no_more",
    "for_buyer",
    "forget",
    "get",
    "gift_to_do",
    "gifts_of",
    "give",
    "give_back",
    "give_to_segment",
    "groups_at",
    "groups_of",
    "had_by",
    "hand_out",
    "held_at",
    "held_by",
    "hide_due",
    "hold",
    "holders",
    "in_scope",
    "join",
    "leave",
    "leave_by",
    "let_go",
    "lowered",
    "lowered_now",
    "lowered_prices",
    "lowest_of",
    "members",
    "named",
    "new_of",
    "note_people",
    "noted_for",
    "of_buyers",
    "of_source",
    "offered_at",
    "offering",
    "offers",
    "on_between",
    "on_shelf",
    "overlapping",
    "own_offers",
    "own_price",
    "owned",
    "people_of",
    "pieces_left",
    "plan",
    "planned",
    "presales_open",
    "reckon",
    "reckon_offers",
    "replan",
    "running",
    "save",
    "segment_of",
    "session",
    "sessions",
    "sessions_near",
    "set_group",
    "shelving",
    "show_due",
    "speaks_against",
    "stop",
    "take_away",
    "take_away_from",
    "tell_of_ends",
    "tidied",
    "to_claim",
    "understood",
    "use",
    "used",
    "used_up",
    "version_of",
    "with_lowest",
]
