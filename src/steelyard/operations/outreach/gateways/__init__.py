"""Who carries messages out of this installation: the mail server, and the message service for all else."""

from collections.abc import Mapping

from steelyard.kernel.settings import Settings
from steelyard.money.payments import webhook_url
from steelyard.operations.outreach.gateways.interface import Carrier
from steelyard.operations.outreach.gateways.service import NAME, MessageService
from steelyard.operations.outreach.gateways.smtp import Smtp
from steelyard.operations.outreach.model import Channel

__all__ = ["carriers", "channels", "message_service"]

_known: dict[Settings, MessageService] = {}


def message_service(here: Settings) -> MessageService | None:
    """The service, or none when none is set up. The same object each time: it keeps connections."""
    if here.messages_url is None:
        return None
    if here not in _known:
        _known[here] = MessageService(
            here.messages_url, here.messages_key, here.messages_webhook_secret, webhook_url(here, NAME)
        )
    return _known[here]


def carriers(here: Settings) -> Mapping[Channel, Carrier]:
    """By which channels messages leave the house."""
    service = message_service(here)
    found: dict[Channel, Carrier] = {Channel.EMAIL: Smtp(here, service)}
    if service is not None:
        found |= {Channel.SMS: service, Channel.WECHAT: service}
    return found


def channels(here: Settings) -> list[Channel]:
    """By which channels this installation reaches people; the inbox is the house's own."""
    return [each for each in Channel if each is Channel.INBOX or each in carriers(here)]
