"""Links in messages of ours say so of themselves, so that it is known which message led somebody here."""

from typing import Final
from urllib.parse import urlencode

# `utm_source` of every message of the house.
MESSAGE_SOURCE: Final = "steelyard"


def from_message(link: str, medium: str, campaign: str) -> str:
    """The link, as one of a message: `medium` is how it was sent (mail, notice), `campaign` which message it was."""
    path, mark, place = link.partition("#")
    said = urlencode({"utm_source": MESSAGE_SOURCE, "utm_medium": medium, "utm_campaign": campaign})
    return f"{path}{'&' if '?' in path else '?'}{said}{mark}{place}"
