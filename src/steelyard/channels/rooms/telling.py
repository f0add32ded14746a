"""What becomes of a shop's rooms and hosts is told its owners by mail."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.text import Text
from steelyard.parties import access, notifications
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import RoomNews, Template

HERE = "/merchant/live/room"


async def tell_owners(tx: Tx, merchant_id: UUID, what: str, about: Text, reason: str = "", link: str = HERE) -> None:
    """`what` is one of those that the template `room_news` tells of; `about` is the name of the room, session or host."""
    for owner in await access.owners_of(tx, [MerchantId(merchant_id)]):
        news = RoomNews(name=owner.name, what=what, about=about, reason=reason, link=link)
        await notifications.send(
            tx, recipient=owner.email, template=Template.ROOM_NEWS, locale=owner.locale, facts=news
        )
