"""Whose rows they are: the merchants of a feed, found in the marketplace or let in with a shop, a warehouse and a
delivery option."""

import re
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

import msgspec

from steelyard.channels.feeds.mapping import Mapping
from steelyard.channels.feeds.opening import Opening, texts
from steelyard.goods import warehouses
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import codes, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import EVERYWHERE, Method, Template, TemplateId, Zone
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import Merchant, MerchantId, Shop

NAMESPACE = UUID("5eee1a2d-0000-4000-8000-00000000feed")
SLUG_CHARACTERS_MAX = 60


class Found(msgspec.Struct, frozen=True):
    """A merchant as the rows have it: its name there, and what most of its documents say."""

    merchant: str
    currency: str
    country: str | None


class Stall(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant of a feed in the marketplace."""

    key: str
    merchant_id: MerchantId
    warehouse_id: WarehouseId
    currency: str
    opened: bool


class CurrencyUnknown(Refusal):
    """What is imported is in currencies that the marketplace deals in."""

    code = "currency_unknown"
    status = 422
    title = N_("The marketplace does not deal in these currencies")
    detail = "{currencies}"


def source(*names: str) -> str:
    """The name that an imported thing has here: `import:<merchant there>:<its id there>`."""
    return ":".join(("import", *names))


def slug_of(words: str, otherwise: str) -> str:
    """Words as part of an address."""
    found = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:SLUG_CHARACTERS_MAX].strip("-")
    return found or otherwise


async def check_currencies(tx: Tx, currencies: Iterable[str]) -> None:
    """Raises `CurrencyUnknown`."""
    wanted = sorted(set(currencies))
    rows = await tx.fetch("SELECT currency FROM currencies WHERE currency = ANY($1)", wanted)
    missing = set(wanted) - {row["currency"] for row in rows}
    if missing:
        raise CurrencyUnknown(currencies=", ".join(sorted(missing)))


async def stalls(tx: Tx, found: Iterable[Found], mapping: Mapping) -> dict[str, Stall]:
    """Each merchant of the rows by its name there. Who came in by an earlier import is known by its source, who is here
    already by the address of its shop; anybody else is let in."""
    return {each.merchant: await _stall(tx, each, mapping) for each in found}


async def _stall(tx: Tx, found: Found, mapping: Mapping) -> Stall:
    row = await tx.row(
        """
        SELECT m.merchant_id, m.currency,
               (SELECT warehouse_id FROM warehouses w WHERE w.merchant_id = m.merchant_id AND w.open
                ORDER BY place, warehouse_id LIMIT 1) AS warehouse_id
        FROM merchants m LEFT JOIN shops s USING (merchant_id)
        WHERE m.source = $1 OR s.slug = $2
        ORDER BY m.source IS NOT DISTINCT FROM $1 DESC LIMIT 1
        """,
        source(found.merchant),
        found.merchant,
    )
    opening = mapping.shops.get(found.merchant, Opening())
    if row is not None:
        merchant_id, currency, warehouse_id = row["merchant_id"], row["currency"], row["warehouse_id"]
    else:
        merchant_id = MerchantId(ids.derived(NAMESPACE, "merchant", found.merchant))
        currency, warehouse_id = opening.currency or found.currency, None
        await _open(tx, merchant_id, found, opening, mapping)
    if warehouse_id is None:
        warehouse_id = WarehouseId(ids.derived(NAMESPACE, "warehouse", str(merchant_id)))
        country = opening.country or found.country or ""
        await warehouses.open_warehouse(
            tx,
            Warehouse(
                merchant_id=merchant_id, warehouse_id=warehouse_id, name="Main", address=Address(country=country)
            ),
        )
    return Stall(
        key=found.merchant, merchant_id=merchant_id, warehouse_id=warehouse_id, currency=currency, opened=row is None
    )


async def _open(tx: Tx, merchant_id: MerchantId, found: Found, opening: Opening, mapping: Mapping) -> None:
    currency = opening.currency or found.currency
    await merchants.open_merchant(
        tx,
        Merchant(
            merchant_id=merchant_id,
            code=codes.mint("M"),
            legal_name=opening.legal_name or found.merchant,
            country=opening.country or found.country or "ZZ",
            currency=currency,
            time_zone=opening.time_zone or _zone_of(mapping),
            source=source(found.merchant),
        ),
        Shop(
            merchant_id=merchant_id,
            slug=slug_of(found.merchant, f"shop-{merchant_id.hex[:8]}"),
            name=texts(opening.name, found.merchant),
        ),
    )
    delivery = opening.delivery
    await freight.save_template(
        tx,
        Template(
            merchant_id=merchant_id,
            template_id=TemplateId(ids.derived(NAMESPACE, "freight", str(merchant_id))),
            name=text("标准配送", "Standard delivery"),
            method=Method.PIECE,
            currency=currency,
            days_from=delivery.days_from,
            days_to=delivery.days_to,
            zones=[
                Zone(
                    countries=[EVERYWHERE],
                    first_fee=Money.of(delivery.fee, currency).amount,
                    free_over=_minor(delivery.free_over, currency),
                )
            ],
        ),
    )


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else Money.of(amount, currency).amount


def _zone_of(mapping: Mapping) -> str:
    """Times without an offset are the merchant's own."""
    return mapping.source("placed_at").time_zone if mapping.of == "orders" else "UTC"
