"""Commands on buyers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, AccountKind
from steelyard.parties.customers.events import ProfileChanged, VisitorMerged
from steelyard.parties.customers.model import ADDRESSES_PER_BUYER_MAX, Address, AddressId, Buyer, BuyerId
from steelyard.parties.customers.queries import resolve

# Whoever was born on a 29 February may say so.
LEAP_YEAR = 2000


async def register(tx: Tx, buyer: Buyer) -> None:
    """Write a buyer down. Said twice, the second changes name, e-mail, phone and language: a guest who registers keeps
    the id, and with it cart and orders."""
    await tx.execute(
        """
        INSERT INTO buyers AS b (buyer_id, email, name, phone, locale, country, guest, source)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (buyer_id) DO UPDATE
        SET email = coalesce(excluded.email, b.email), name = coalesce(nullif(excluded.name, ''), b.name)
          , phone = coalesce(nullif(excluded.phone, ''), b.phone), locale = excluded.locale
          , country = coalesce(excluded.country, b.country), guest = b.guest AND excluded.guest
        """,
        buyer.buyer_id,
        buyer.email,
        buyer.name,
        buyer.phone,
        buyer.locale,
        buyer.country,
        buyer.guest,
        buyer.source,
    )


async def sign_up(tx: Tx, buyer: Buyer, account_id: AccountId, password_hash: str) -> None:
    """Write a buyer down who signs in from now on; a visitor who does so keeps cart and orders by keeping the id.

    Said twice with the same ids, nothing changes. Raises `EmailTaken`, `Invalid`.
    """
    assert buyer.email is not None, "who signs in has an address"
    assert not buyer.guest
    await register(tx, buyer)
    await access.register(
        tx,
        account_id=account_id,
        kind=AccountKind.BUYER,
        name=buyer.name,
        email=buyer.email,
        password_hash=password_hash,
        locale=buyer.locale,
        buyer_id=buyer.buyer_id,
    )
    await events.publish(tx, ProfileChanged(buyer_id=buyer.buyer_id))


async def bulk_register(tx: Tx, buyers: Iterable[Buyer]) -> None:
    """Many new buyers by COPY: for imports. Ids that exist already are an error."""
    columns = ("buyer_id", "email", "name", "phone", "locale", "country", "guest", "nobody", "source", "created_at")
    records = [
        (b.buyer_id, b.email, b.name, b.phone, b.locale, b.country, b.guest, b.nobody, b.source, b.created_at)
        for b in buyers
    ]
    assert all(record[-1] is not None for record in records), "an imported buyer has a date"
    await tx.copy("buyers", columns, records)


async def bulk_save_addresses(tx: Tx, addresses: Iterable[tuple[BuyerId, AddressId, Address]]) -> None:
    """The first address of each of many new buyers, by COPY: it is their default."""
    await tx.copy(
        "addresses",
        ("buyer_id", "address_id", "address", "is_default"),
        [(buyer_id, address_id, address, True) for buyer_id, address_id, address in addresses],
    )


async def guest(tx: Tx, buyer_id: BuyerId, locale: str) -> None:
    """Make sure that a visitor can own a checkout: a guest buyer under the visitor's id. Twice changes nothing."""
    await guests(tx, {buyer_id: locale})


async def guests(tx: Tx, locale_of: Mapping[BuyerId, str]) -> None:
    """`guest` for many visitors, each with a locale."""
    await tx.execute(
        """
        INSERT INTO buyers (buyer_id, locale, guest)
        SELECT buyer_id, locale, true FROM unnest($1::uuid[], $2::text[]) AS g (buyer_id, locale) ORDER BY buyer_id
        ON CONFLICT (buyer_id) DO NOTHING
        """,
        list(locale_of),
        list(locale_of.values()),
    )


async def hold(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """Let nobody else hold these buyers until the transaction ends; always before anything that is theirs is counted."""
    await tx.execute(
        "SELECT FROM buyers WHERE buyer_id = ANY($1) ORDER BY buyer_id FOR NO KEY UPDATE", sorted(set(buyer_ids))
    )


async def save_address(
    tx: Tx, buyer_id: BuyerId, address_id: AddressId, address: Address, *, is_default: bool = False
) -> None:
    """Put an address into the book, or change it. The first is the default; a new default takes over from the old.

    Raises `Invalid` when the book is full, `NotFound` when there is no such buyer.
    """
    # Two first addresses at once would both be the default.
    if await tx.value("SELECT buyer_id FROM buyers WHERE buyer_id = $1 FOR NO KEY UPDATE", buyer_id) is None:
        raise NotFound()
    count = await tx.value(
        "SELECT count(*) FROM addresses WHERE buyer_id = $1 AND address_id <> $2", buyer_id, address_id
    )
    if count >= ADDRESSES_PER_BUYER_MAX:
        full = N_("Your address book is full. Please delete an address first.")
        raise Invalid({"address": full})
    default = is_default or count == 0
    if default:
        await tx.execute(
            "UPDATE addresses SET is_default = false WHERE buyer_id = $1 AND is_default AND address_id <> $2",
            buyer_id,
            address_id,
        )
    await tx.execute(
        """
        INSERT INTO addresses AS a (buyer_id, address_id, address, is_default) VALUES ($1, $2, $3, $4)
        ON CONFLICT (buyer_id, address_id) DO UPDATE
        SET address = excluded.address, is_default = a.is_default OR excluded.is_default
        """,
        buyer_id,
        address_id,
        address,
        default,
    )


async def remove_address(tx: Tx, buyer_id: BuyerId, address_id: AddressId) -> None:
    """Take an address out of the book. Raises `NotFound`. The newest of the others becomes the default if it was it."""
    await tx.execute("SELECT FROM buyers WHERE buyer_id = $1 FOR NO KEY UPDATE", buyer_id)
    was_default = await tx.value(
        "DELETE FROM addresses WHERE buyer_id = $1 AND address_id = $2 RETURNING is_default", buyer_id, address_id
    )
    if was_default is None:
        raise NotFound()
    if was_default:
        await tx.execute(
            """
            UPDATE addresses SET is_default = true
            WHERE buyer_id = $1
              AND address_id = (SELECT address_id FROM addresses WHERE buyer_id = $1 ORDER BY created_at DESC LIMIT 1)
            """,
            buyer_id,
        )


async def merge_visitor(tx: Tx, visitor_id: BuyerId, buyer_id: BuyerId, browser_id: UUID | None = None) -> BuyerId:
    """From now on this visitor is this buyer; returns whom the visitor is. Nothing that was written under the visitor's
    id is rewritten. `browser_id` says in which browser they signed in.

    The first buyer stays it, and who has a login is nobody else: the next to sign in on the same device must not inherit
    what others bought there. A surface that is told another buyer than it asked for begins with a new visitor.
    """
    new = await tx.execute(
        """
        INSERT INTO visitor_merges (visitor_id, buyer_id, browser_id)
        SELECT $1::uuid, $2::uuid, $3
        WHERE $1 <> $2 AND NOT EXISTS (SELECT FROM buyers WHERE buyer_id = $1 AND NOT guest)
        ON CONFLICT (visitor_id) DO NOTHING
        """,
        visitor_id,
        buyer_id,
        browser_id,
    )
    if new:
        await events.publish(tx, VisitorMerged(visitor_id=visitor_id, buyer_id=buyer_id))
    return await resolve(tx, visitor_id)


async def change_profile(tx: Tx, buyer_id: BuyerId, *, name: str, phone: str, locale: str, email: str) -> None:
    """What a buyer says of themselves, and the address that they sign in with. Raises `NotFound`."""
    if not await tx.execute(
        "UPDATE buyers SET name = $2, phone = $3, locale = $4, email = $5 WHERE buyer_id = $1",
        buyer_id,
        name,
        phone,
        locale,
        email,
    ):
        raise NotFound()
    await events.publish(tx, ProfileChanged(buyer_id=buyer_id))


async def set_birthday(tx: Tx, buyer_id: BuyerId, birthday: str | None) -> None:
    """On which day of the year ("MM-DD") a buyer has their birthday, as they say; none: they do not say. Said twice, nothing
    changes. Raises `Invalid`, `NotFound`."""
    if birthday is not None:
        month, _, day = birthday.partition("-")
        try:
            date(LEAP_YEAR, int(month), int(day))
        except ValueError:
            raise Invalid({"birthday": N_("There is no such day")}) from None
        birthday = f"{int(month):02}-{int(day):02}"
    if not await tx.execute("UPDATE buyers SET birthday = $2 WHERE buyer_id = $1", buyer_id, birthday):
        raise NotFound()


async def forget(tx: Tx, buyer_ids: Sequence[BuyerId]) -> None:
    """Erase who these buyers are, and their address books; the bare ids stay, since purchases are theirs."""
    await tx.execute("DELETE FROM addresses WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM wechat_openids WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("UPDATE visitor_merges SET browser_id = NULL WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute(
        "UPDATE buyers SET email = NULL, name = '', phone = '', country = NULL, birthday = NULL WHERE buyer_id = ANY($1)",
        list(buyer_ids),
    )
