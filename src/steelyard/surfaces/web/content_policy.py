"""The content security policy: what the pages of this site may load, and who may show them.

Everything is from here and nothing inline. Two kinds of pages differ, and are named here: what stands in a frame of another page
of ours, and pages that play a live stream, whose video comes from the media origin.
"""

from steelyard.kernel.outside import origin
from steelyard.kernel.settings import Settings
from steelyard.money import payments

HEADER = "content-security-policy"


def policy(settings: Settings) -> str:
    """Everything from here, nothing inline; forms may lead on to a channel's cashier."""
    origins = {origin for channel in payments.channels(settings).values() for origin in channel.terms.cashiers}
    cashiers = "".join(f" {origin}" for origin in sorted(origins))
    return "; ".join(
        [
            "default-src 'self'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"form-action 'self'{cashiers}",
        ]
    )


def framed(settings: Settings) -> str:
    """Of a page that stands in a frame of another page of ours."""
    return in_a_frame(policy(settings))


def playing(settings: Settings, *addresses: str) -> str:
    """Of a page that plays what lies at these addresses: the player fetches their lists and pieces, hands them to the browser as
    a `blob:` (Media Source Extensions), and may work in a thread of its own, which it makes of a `blob:` too."""
    found = "".join(f" {each}" for each in sorted({origin(address) for address in addresses}))
    return "; ".join(
        [
            policy(settings),
            f"connect-src 'self'{found}",
            f"media-src 'self' blob:{found}",
            "worker-src 'self' blob:",
        ]
    )


def in_a_frame(policy: str) -> str:
    """A policy of a page that may stand in a frame of another page of ours."""
    return policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
