"""The operator's own accounts that bank files pay from, one for each currency."""

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_

ACCOUNT_CHARACTERS_MAX = 34
NAME_CHARACTERS_MAX = 140
BIC_CHARACTERS = (8, 11)


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the operator's that files pay from: an IBAN, or a number of the bank's own. `bic` may be empty."""

    holder: str
    bank: str
    account: str
    bic: str = ""


class PayerAccount(Payer, frozen=True, kw_only=True):
    """The account that files of a currency pay from."""

    currency: str


class NoPayerAccount(Refusal):
    """A bank file says from which account it pays."""

    code = "no_payer_account"
    title = N_("No account to pay from")
    detail = N_("Please enter the account that files in {currency} pay from first.")


async def set_payer(tx: Tx, currency: str, payer: Payer) -> None:
    """The account that files of a currency pay from; batches that are made keep theirs. Raises `Invalid`."""
    payer = Payer(
        holder=payer.holder.strip(), bank=payer.bank.strip(), account="".join(payer.account.split()),
        bic=payer.bic.strip().upper(),
    )  # fmt: skip
    wrong: dict[str, str] = {}
    for name in ("holder", "bank"):
        if not 0 < len(getattr(payer, name)) <= NAME_CHARACTERS_MAX:
            wrong[name] = N_("Please enter 1 to 140 characters.")
    if not 0 < len(payer.account) <= ACCOUNT_CHARACTERS_MAX or not payer.account.isalnum():
        wrong["account"] = N_("Letters and digits, 34 at most, please.")
    if payer.bic and not (len(payer.bic) in BIC_CHARACTERS and payer.bic.isascii() and payer.bic.isalnum()):
        wrong["bic"] = N_("A BIC has 8 or 11 letters and digits.")
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        """
        INSERT INTO payer_accounts (currency, holder, bank, bic, account) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (currency) DO UPDATE
        SET holder = excluded.holder, bank = excluded.bank, bic = excluded.bic, account = excluded.account
        """,
        currency,
        payer.holder,
        payer.bank,
        payer.bic,
        payer.account,
    )


async def payer_accounts(read: Read) -> list[PayerAccount]:
    return await read.all(
        PayerAccount, "SELECT currency, holder, bank, bic, account FROM payer_accounts ORDER BY currency"
    )
