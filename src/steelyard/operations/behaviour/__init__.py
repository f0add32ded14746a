"""What people do, from the first page to the tenth order: captured at the source, read by analyses and segments.

`recording` writes a batch down; `touching` says by what somebody came; `links`, `link_model` and `schema_links.sql` are campaign
links and what campaigns cost; `subscribers` takes payments and refunds from the house's own events; `jobs` finds robots and
forgets what is old and nobody's. Who a visitor became is joined in when it is read (`customers.visitor_merges`): nothing is
rewritten.
"""

from steelyard.operations.behaviour.events import BehaviourForgotten
from steelyard.operations.behaviour.jobs import find_robots, forget_strangers
from steelyard.operations.behaviour.link_model import (
    COSTS_PER_IMPORT_MAX,
    Cost,
    Link,
    LinkClick,
    LinkFigures,
    LinkId,
    Target,
    TooManyLinks,
    mint_code,
    mint_link_id,
)
from steelyard.operations.behaviour.links import (
    Brought,
    costs,
    costs_of_channels,
    count_clicks,
    credit,
    end_link,
    link_of,
    links,
    make_link,
    set_costs,
)
from steelyard.operations.behaviour.model import (
    BEHAVIOURS_PER_BATCH_MAX,
    BEHAVIOURS_PER_READ_MAX,
    MARKETPLACE,
    WORDS_CHARACTERS_MAX,
    Behaviour,
    Channel,
    Cursor,
    Kind,
    Property,
    Recorded,
    Surface,
    event_of,
)
from steelyard.operations.behaviour.queries import analysed, of_buyer, of_buyers, robots, robots_found, since
from steelyard.operations.behaviour.recording import archived, bulk_record, choose, forget, quiet, record
from steelyard.operations.behaviour.touching import CREDITED, Touch, capture, last_touches

__all__ = [
    "BEHAVIOURS_PER_BATCH_MAX",
    "BEHAVIOURS_PER_READ_MAX",
    "COSTS_PER_IMPORT_MAX",
    "CREDITED",
    "MARKETPLACE",
    "WORDS_CHARACTERS_MAX",
    "Behaviour",
    "BehaviourForgotten",
    "Brought",
    "Channel",
    "Cost",
    "Cursor",
    "Kind",
    "Link",
    "LinkClick",
    "LinkFigures",
    "LinkId",
    "Property",
    "Recorded",
    "Surface",
    "Target",
    "TooManyLinks",
    "Touch",
    "analysed",
    "archived",
    "bulk_record",
    "capture",
    "choose",
    "costs",
    "costs_of_channels",
    "count_clicks",
    "credit",
    "end_link",
    "event_of",
    "find_robots",
    "forget",
    "forget_strangers",
    "last_touches",
    "link_of",
    "links",
    "make_link",
    "mint_code",
    "mint_link_id",
    "of_buyer",
    "of_buyers",
    "quiet",
    "record",
    "robots",
    "robots_found",
    "set_costs",
    "since",
]
