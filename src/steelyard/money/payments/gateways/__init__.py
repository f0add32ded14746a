"""The channels that this installation has set up."""

from collections.abc import Mapping
from functools import lru_cache

from steelyard.kernel.settings import Settings
from steelyard.money.payments.gateways.alipay import Alipay
from steelyard.money.payments.gateways.bank_transfer import BankTransfer
from steelyard.money.payments.gateways.cod import CashOnDelivery
from steelyard.money.payments.gateways.interface import Authoriser, Channel, Verifier
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.money.payments.gateways.stripe import Stripe
from steelyard.money.payments.gateways.wechat_account import WechatAccount
from steelyard.money.payments.gateways.wechatpay import Wechatpay
from steelyard.money.payments.refusals import UnknownChannel

__all__ = ["Authoriser", "Channel", "Verifier", "account_of", "channel", "channels", "verifier"]

CHANNELS_REMEMBERED = 16

_offered: dict[Settings, dict[str, Channel]] = {}


def channels(settings: Settings) -> Mapping[str, Channel]:
    """Every channel that is set up, by name. The same objects each time: they keep their connections."""
    if settings not in _offered:
        _offered[settings] = _set_up(settings)
    return _offered[settings]


def channel(settings: Settings, name: str) -> Channel:
    """The channel of this name. Raises `UnknownChannel`."""
    found = channels(settings).get(name)
    if found is None:
        raise UnknownChannel(channel=name)
    return found


def verifier(settings: Settings, name: str) -> Verifier | None:
    """The channel of this name, if it is one that needs to ask nobody."""
    found = channels(settings).get(name)
    return None if found is None else _verifier(found)


@lru_cache(maxsize=CHANNELS_REMEMBERED)
def _verifier(found: Channel) -> Verifier | None:
    """Remembered, since to ask what an object can do costs more than to have a token verified."""
    return found if isinstance(found, Verifier) else None


def account_of(settings: Settings, name: str) -> WechatAccount | None:
    """What says who a buyer is to the app that shows the page, where the channel of this name wants to know."""
    found = channels(settings).get(name)
    return found.account if isinstance(found, Wechatpay) else None


def _set_up(settings: Settings) -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    if settings.simpay_url:
        found["simpay"] = Simpay(settings.simpay_url, settings.simpay_key, settings.simpay_webhook_secret)
    if settings.transfer_account:
        found["bank_transfer"] = BankTransfer(
            bank=settings.transfer_bank,
            holder=settings.transfer_holder,
            account=settings.transfer_account,
            currency=settings.transfer_currency,
            hours=settings.transfer_hours,
        )
    if currencies := settings.cod_currencies.split():
        found["cod"] = CashOnDelivery(frozenset(currencies))
    if settings.stripe_key:
        found["stripe"] = Stripe(
            settings.stripe_url,
            settings.stripe_key,
            settings.stripe_webhook_secret,
            fee_millionths=settings.stripe_fee_millionths,
        )
    if settings.alipay_app_id:
        found["alipay"] = Alipay.set_up(settings)
    if settings.wechatpay_mchid:
        found["wechatpay"] = Wechatpay.set_up(settings)
    return found
