"""A buyer's invoice titles."""

from collections.abc import Sequence

from stdnum.cn import uscc

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.invoices.model import (
    FIELD_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    TITLES_PER_BUYER_MAX,
    Title,
    TitleId,
)


def check(title: Title) -> None:
    """Raises `Invalid` for a title that no invoice can bear."""
    wrong: dict[str, str] = {}
    if not title.name.strip():
        wrong["name"] = N_("Please enter the invoice title.")
    if len(title.name) > NAME_CHARACTERS_MAX:
        wrong["name"] = N_("Please be brief: 100 characters at most")
    if title.company and not uscc.is_valid(title.tax_number):
        wrong["tax_number"] = N_("Please check the unified social credit code: it has 18 characters.")
    if title.special:
        if not title.company:
            wrong["special"] = N_("A special invoice is for a company.")
        for name in ("address", "phone", "bank", "account"):
            if not getattr(title, name).strip():
                wrong[name] = N_("A special invoice needs this.")
    for name in ("address", "phone", "bank", "account"):
        if len(getattr(title, name)) > FIELD_CHARACTERS_MAX:
            wrong[name] = N_("Please be brief: 100 characters at most")
    if wrong:
        raise Invalid(wrong)


def written(title: Title) -> tuple[bool, str, str, bool, str, str, str, str]:
    """Company, name, tax number, special, address, telephone, bank and account, as they are kept: a person has but a name."""
    if not title.company:
        return (False, title.name.strip(), "", False, "", "", "", "")
    rest = (title.address.strip(), title.phone.strip(), title.bank.strip(), title.account.strip())
    return (True, title.name.strip(), title.tax_number, title.special, *rest)


async def save_title(tx: Tx, buyer_id: BuyerId, title_id: TitleId, title: Title, *, is_default: bool = False) -> None:
    """Keep a title, or change it; the first is the default. Said twice, nothing changes. Raises `Invalid`."""
    check(title)
    others = await tx.value(
        "SELECT count(*) FROM invoice_titles WHERE buyer_id = $1 AND title_id <> $2", buyer_id, title_id
    )
    if others >= TITLES_PER_BUYER_MAX:
        raise Invalid({"name": N_("You have kept enough titles. Please delete one first.")})
    default = is_default or others == 0
    if default:
        await tx.execute(
            "UPDATE invoice_titles SET is_default = false WHERE buyer_id = $1 AND is_default AND title_id <> $2",
            buyer_id,
            title_id,
        )
    await tx.execute(
        """
        INSERT INTO invoice_titles AS t (buyer_id, title_id, is_default, company, name, tax_number, special, address, phone
                                        , bank, account)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (buyer_id, title_id) DO UPDATE
        SET company = excluded.company, name = excluded.name, tax_number = excluded.tax_number, special = excluded.special
          , address = excluded.address, phone = excluded.phone, bank = excluded.bank, account = excluded.account
          , is_default = t.is_default OR excluded.is_default
        """,
        buyer_id,
        title_id,
        default,
        *written(title),
    )


async def remove_title(tx: Tx, buyer_id: BuyerId, title_id: TitleId) -> None:
    """Forget a title. Raises `NotFound`. The newest of the others becomes the default if it was it."""
    was_default = await tx.value(
        "DELETE FROM invoice_titles WHERE buyer_id = $1 AND title_id = $2 RETURNING is_default", buyer_id, title_id
    )
    if was_default is None:
        raise NotFound()
    if was_default:
        await tx.execute(
            """
            UPDATE invoice_titles SET is_default = true WHERE buyer_id = $1 AND title_id = (
                SELECT title_id FROM invoice_titles WHERE buyer_id = $1 ORDER BY created_at DESC LIMIT 1)
            """,
            buyer_id,
        )


async def forget_titles(tx: Tx, buyer_ids: Sequence[BuyerId]) -> None:
    """Erase the titles of a buyer who leaves."""
    await tx.execute("DELETE FROM invoice_titles WHERE buyer_id = ANY($1)", list(buyer_ids))


async def blank_records(tx: Tx, buyer_ids: Sequence[BuyerId], years: int) -> None:
    """Take the people out of invoices of forgotten buyers that are so old; companies are no people."""
    await tx.execute(
        """
        UPDATE invoices SET name = '' WHERE buyer_id = ANY($1) AND NOT company AND name <> ''
          AND requested_at < now() - $2 * interval '1 year'
        """,
        list(buyer_ids),
        years,
    )
