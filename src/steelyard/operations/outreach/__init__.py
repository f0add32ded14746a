"""Outreach: what shops write to their customers, by mail, in the inbox, by text message and through WeChat.

`variables` are what a message can tell of, `rendering` puts them into words and never reads them as anything else, `ready` are
templates to begin with, `writing` makes and changes a shop's own. `service` has messages sent (a journey's step, for one) and
moves them on; `reaching` says whom a shop may reach; `delivery` hands over what is due, as `composing` puts it together;
`linking` signs the links in it, and `answering` takes in what comes back. Why nothing is lost or said twice:
docs/algorithms/messages.md.
"""

from steelyard.operations.outreach.answering import (
    Found,
    found,
    leave,
    note_click,
    note_open,
    note_read,
    receive_webhook,
    short,
)
from steelyard.operations.outreach.composing import preview
from steelyard.operations.outreach.gateways import channels
from steelyard.operations.outreach.linking import Purpose, Whose, is_ours, unsealed
from steelyard.operations.outreach.queries import (
    Tally,
    Told,
    message,
    messages,
    names,
    shops_that_wrote,
    steps,
    stops,
    tallies,
    template,
    templates,
    told,
    words_of,
)
from steelyard.operations.outreach.reaching import hindrances, may_reach
from steelyard.operations.outreach.ready import READY, READY_CHANNELS, Ready, use_ready
from steelyard.operations.outreach.rendering import Missing, Rendered, faults, sms_parts
from steelyard.operations.outreach.service import forget, send, send_many, stop, suppress, try_out
from steelyard.operations.outreach.variables import CATALOGUE
from steelyard.operations.outreach.writing import archive_template, change_template, make_template

__all__ = [
    "CATALOGUE",
    "READY",
    "READY_CHANNELS",
    "Found",
    "Missing",
    "Purpose",
    "Ready",
    "Rendered",
    "Tally",
    "Told",
    "Whose",
    "archive_template",
    "change_template",
    "channels",
    "faults",
    "forget",
    "found",
    "hindrances",
    "is_ours",
    "leave",
    "make_template",
    "may_reach",
    "message",
    "messages",
    "names",
    "note_click",
    "note_open",
    "note_read",
    "preview",
    "receive_webhook",
    "send",
    "send_many",
    "shops_that_wrote",
    "short",
    "sms_parts",
    "steps",
    "stop",
    "stops",
    "suppress",
    "tallies",
    "template",
    "templates",
    "told",
    "try_out",
    "unsealed",
    "use_ready",
    "words_of",
]
