"""The platform operator as the law wants it shown."""

import msgspec

from steelyard.kernel.text import Text


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The registered entity behind this marketplace (E-Commerce Law of the PRC, articles 10 and 15: licence information
    is shown continuously, in a place that is seen). `country` is ISO 3166-1 alpha-2, `currency` ISO 4217."""

    name: Text
    legal_name: str
    credit_code: str
    icp_number: str
    address: Text
    phone: str
    email: str
    country: str
    currency: str
    licence_url: str | None = None
