"""What is asked of a presale beside what is asked of a flash sale: its windows, and what a deposit may be."""

from datetime import datetime, timedelta

from steelyard.goods.promotions.flash import FlashItem, Terms
from steelyard.kernel.i18n import N_

# How long deposits and then balances can be paid, and how long after that it is sent at the latest.
WINDOW_DAYS_MAX = 60
SHIPPING_DAYS_MAX = 180
# What is given up when the balance is not paid may be so many hundredths of the price: docs/decisions/0090.
DEPOSIT_PERCENT_MAX = 20


def wrong_windows(terms: Terms, starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    """What is wrong with when what is paid and sent, by field."""
    wrong: dict[str, str] = {}
    if terms.balance_from < starts_at:
        wrong["balance_from"] = N_("The balance is paid after the deposit")
    if terms.balance_until <= max(terms.balance_from, ends_at):
        wrong["balance_until"] = N_("It ends after it begins, and after the last deposit was paid")
    elif terms.balance_until - starts_at > timedelta(days=2 * WINDOW_DAYS_MAX):
        wrong["balance_until"] = N_("From the first deposit to the last balance it is 120 days at most")
    if terms.ships_by < terms.balance_until:
        wrong["ships_by"] = N_("It is sent after the last balance was paid")
    elif terms.ships_by - terms.balance_until > timedelta(days=SHIPPING_DAYS_MAX):
        wrong["ships_by"] = N_("It is sent within 180 days of the last payment")
    return wrong


def wrong_deposit(n: int, item: FlashItem, terms: Terms) -> dict[str, str]:
    """What is wrong with the deposit of the item in this place, by field. Without one, all is paid at once."""
    if not item.deposit:
        return {} if not item.counts_for else {f"counts_for_{n}": N_("Without a deposit nothing is counted")}
    if item.deposit < 0 or item.deposit >= item.price:
        return {f"deposit_{n}": N_("A deposit is less than the price")}
    if terms.forfeits and item.deposit * 100 > item.price * DEPOSIT_PERCENT_MAX:
        return {f"deposit_{n}": N_("A deposit that can be lost is a fifth of the price at most")}
    if not item.deposit <= item.counts_for < item.price:
        return {f"counts_for_{n}": N_("It counts for no less than it is, and for less than the price")}
    return {}
