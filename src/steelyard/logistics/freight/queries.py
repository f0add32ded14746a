"""Questions about freight: a merchant's templates, and what a shipment costs."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from steelyard.kernel.db import Read, Row
from steelyard.kernel.text import Text
from steelyard.logistics.freight.model import (
    REGION_SUFFIX,
    TEMPLATES_PER_MERCHANT_MAX,
    DeliveryOption,
    Method,
    Place,
    Shipment,
    Template,
    Zone,
    fee_of,
)
from steelyard.parties.merchants.model import MerchantId


async def templates(read: Read, merchant_id: UUID) -> list[Template]:
    """A merchant's delivery options in their order, inactive ones too."""
    return (await templates_of(read, [merchant_id]))[MerchantId(merchant_id)]


async def templates_of(read: Read, merchant_ids: Iterable[UUID]) -> dict[MerchantId, list[Template]]:
    """`templates` of each of these merchants, in one query."""
    wanted = list(merchant_ids)
    found: dict[MerchantId, list[Template]] = {MerchantId(merchant_id): [] for merchant_id in wanted}
    if not found:
        return found
    for one in await read.all(
        Template,
        """
        SELECT t.merchant_id, t.template_id, t.name, t.method, t.currency, t.days_from, t.days_to, t.place, t.active
             , coalesce(jsonb_agg(to_jsonb(z) - '{merchant_id,template_id,zone}'::text[] ORDER BY z.zone)
                        FILTER (WHERE z.zone IS NOT NULL), '[]') AS zones
        FROM freight_templates t LEFT JOIN freight_zones z USING (merchant_id, template_id)
        WHERE t.merchant_id = ANY($1)
        GROUP BY t.merchant_id, t.template_id
        ORDER BY t.merchant_id, t.place, t.template_id
        """,
        wanted,
    ):
        if len(found[one.merchant_id]) < TEMPLATES_PER_MERCHANT_MAX:
            found[one.merchant_id].append(one)
    return found


async def options(read: Read, shipments: Sequence[Shipment], address: Place) -> dict[MerchantId, list[DeliveryOption]]:
    """How each of these shipments can be sent to the address, the cheapest way first, in one query for all merchants.

    There is one shipment a merchant. A merchant who does not deliver there, or has no template in the shipment's
    currency, has an empty list. Of a shop that is away and sells all the same, days are counted from its return.
    """
    found = await options_of(read, [(shipment, address) for shipment in shipments])
    assert len({shipment.merchant_id for shipment in shipments}) == len(shipments), "one shipment a merchant"
    return {shipment.merchant_id: each for shipment, each in zip(shipments, found, strict=True)}


async def options_of(read: Read, wanted: Sequence[tuple[Shipment, Place]]) -> list[list[DeliveryOption]]:
    """How each of these shipments can be sent to its address, the cheapest way first, in one query for all of them."""
    routes = {_route(shipment, place): None for shipment, place in wanted}
    # What zones say of a place is asked once, however many shipments go there.
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (t.merchant_id, t.currency, s.country, s.region, t.template_id)
               t.merchant_id, s.country, s.region, t.template_id, t.name, t.method, t.currency, t.place
             , t.days_from + coalesce(w.days, 0) AS days_from, t.days_to + coalesce(w.days, 0) AS days_to
             , z.deliverable, z.first_units, z.first_fee, z.next_units, z.next_fee, z.free_over
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS s (merchant_id, currency, country, region)
        JOIN freight_templates t USING (merchant_id, currency)
        JOIN freight_zones z USING (merchant_id, template_id)
        LEFT JOIN LATERAL (
            SELECT ceil(extract(epoch FROM o.away_until - now()) / 86400)::integer AS days FROM shops o
            WHERE o.merchant_id = t.merchant_id AND o.away_sells AND o.away_from <= now() AND now() < o.away_until
        ) AS w ON true
        WHERE t.active AND z.countries && ARRAY['*', upper(s.country)]
          AND (z.regions = '{}'
               OR EXISTS (SELECT FROM unnest(z.regions) AS r (region)
                          WHERE regexp_replace(lower(btrim(r.region)), $5, '')
                              = regexp_replace(lower(btrim(s.region)), $5, '')))
        ORDER BY t.merchant_id, t.currency, s.country, s.region, t.template_id, z.zone
        """,
        [merchant_id for merchant_id, _, _, _ in routes],
        [currency for _, currency, _, _ in routes],
        [country for _, _, country, _ in routes],
        [region for _, _, _, region in routes],
        REGION_SUFFIX,
    )
    ways: dict[tuple[UUID, str, str, str], list[Row]] = {route: [] for route in routes}
    for row in rows:
        if row["deliverable"]:
            ways[row["merchant_id"], row["currency"], row["country"], row["region"]].append(row)
    return [_ranked(shipment, ways[_route(shipment, place)]) for shipment, place in wanted]


def _route(shipment: Shipment, place: Place) -> tuple[UUID, str, str, str]:
    return shipment.merchant_id, shipment.currency, place.country, place.region


def _ranked(shipment: Shipment, ways: Sequence[Row]) -> list[DeliveryOption]:
    """The cheapest first, then the quickest, then as the merchant puts them."""
    ranked = [(_option(shipment, row), row["place"]) for row in ways]
    ranked.sort(key=lambda pair: (pair[0].fee, pair[0].days_to, pair[1], pair[0].template_id))
    return [option for option, _ in ranked]


def _option(shipment: Shipment, row: Row) -> DeliveryOption:
    zone = Zone(
        countries=[],
        first_units=row["first_units"],
        first_fee=row["first_fee"],
        next_units=row["next_units"],
        next_fee=row["next_fee"],
        free_over=row["free_over"],
    )
    return DeliveryOption(
        template_id=row["template_id"],
        name=Text(row["name"]),
        fee=fee_of(zone, Method(row["method"]), shipment),
        currency=row["currency"],
        days_from=row["days_from"],
        days_to=row["days_to"],
        free_over=row["free_over"],
    )
