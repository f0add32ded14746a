"""The books as plain text for beancount: accounts opened, what stood there, every transfer, and what must stand there at the
end, which beancount itself holds the transfers against. The same period gives the same bytes once it is closed.

Source: the Beancount Language Syntax (beancount.github.io/docs), directives open, transaction and balance.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from steelyard.kernel.money import Money
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind, ChartLine, Class, PostedTransfer, TrialLine

ROOTS = {
    Class.ASSET: "Assets",
    Class.LIABILITY: "Liabilities",
    Class.EQUITY: "Equity",
    Class.INCOME: "Income",
    Class.EXPENSE: "Expenses",
}


def account_names(chart: Sequence[ChartLine]) -> dict[AccountKind, str]:
    """`Assets:ChannelCash` for `channel_cash`."""
    return {
        line.kind: f"{ROOTS[line.class_]}:{''.join(part.capitalize() for part in line.kind.split('_'))}"
        for line in chart
    }


def begun(first: date, opening: Sequence[TrialLine], names: Mapping[AccountKind, str]) -> Iterator[str]:
    """The head of a file: its accounts, and what stood there when `first` began. Debits equal credits, so that it is one
    balanced transaction."""
    yield 'option "title" "Steelyard"\n'
    for currency in sorted({line.currency for line in opening}):
        yield f'option "operating_currency" "{currency}"\n'
    yield "\n"
    for name in sorted(names.values()):
        yield f"{first} open {name}\n"
    stood = [line for line in opening if line.debits != line.credits]
    if stood:
        yield f'\n{first} * "opening" "What stood there before"\n'
        for line in stood:
            yield _posting(names[line.kind], line.debits - line.credits, line.currency)


def written(transfers: Iterable[PostedTransfer], names: Mapping[AccountKind, str]) -> Iterator[str]:
    """A transaction for each transfer, with its id, its document and whose it is."""
    for each in transfers:
        day = each.at.astimezone(BOOKS_ZONE).date()
        yield (
            f'\n{day} * "{each.reason}" "{each.document}"\n'
            f'  transfer: "{each.transfer_id}"\n'
            f'  owner: "{each.owner_id}"\n'
            f'  at: "{each.at.isoformat()}"\n'
            + _posting(names[each.debit], each.amount, each.currency)
            + _posting(names[each.credit], -each.amount, each.currency)
        )


def ended(last: date, closing: Sequence[TrialLine], names: Mapping[AccountKind, str]) -> Iterator[str]:
    """What must stand on every account when `last` is over, to the last cent. (A balance is of the beginning of its day.)"""
    yield "\n"
    for line in closing:
        stands = Money(line.debits - line.credits, line.currency).decimal()
        yield f"{last + timedelta(days=1)} balance {names[line.kind]}  {stands} ~ 0 {line.currency}\n"


def _posting(name: str, amount: int, currency: str) -> str:
    return f"  {name}  {Money(amount, currency).decimal()} {currency}\n"
