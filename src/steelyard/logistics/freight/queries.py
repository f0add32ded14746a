"""Questions about freight: a merchant's templates, and what a shipment costs."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read
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
    return await read.all(
        Template,
        """
        SELECT t.merchant_id, t.template_id, t.name, t.method, t.currency, t.days_from, t.days_to, t.place, t.active
             , coalesce(jsonb_agg(to_jsonb(z) - '{merchant_id,template_id,zone}'::text[] ORDER BY z.zone)
                        FILTER (WHERE z.zone IS NOT NULL), '[]') AS zones
        FROM freight_templates t LEFT JOIN freight_zones z USING (merchant_id, template_id)
        WHERE t.merchant_id = $1
        GROUP BY t.merchant_id, t.template_id
        ORDER BY t.place, t.template_id
        LIMIT $2
        """,
        merchant_id,
        TEMPLATES_PER_MERCHANT_MAX,
    )


async def options(read: Read, shipments: Sequence[Shipment], address: Place) -> dict[MerchantId, list[DeliveryOption]]:
    """How each of these shipments can be sent to the address, the cheapest way first, in one query for all merchants.

    There is one shipment a merchant. A merchant who does not deliver there, or has no template in the shipment's
    currency, has an empty list. Of a shop that is away and sells all the same, days are counted from its return.
    """
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (t.merchant_id, t.template_id)
               t.merchant_id, t.template_id, t.name, t.method, t.currency, t.place
             , t.days_from + coalesce(w.days, 0) AS days_from, t.days_to + coalesce(w.days, 0) AS days_to
             , z.deliverable, z.first_units, z.first_fee, z.next_units, z.next_fee, z.free_over
        FROM unnest($1::uuid[], $2::text[]) AS s (merchant_id, currency)
        JOIN freight_templates t USING (merchant_id, currency)
        JOIN freight_zones z USING (merchant_id, template_id)
        LEFT JOIN LATERAL (
            SELECT ceil(extract(epoch FROM s.away_until - now()) / 86400)::integer AS days FROM shops s
            WHERE s.merchant_id = t.merchant_id AND s.away_sells AND s.away_from <= now() AND now() < s.away_until
        ) AS w ON true
        WHERE t.active AND z.countries && ARRAY['*', upper($3)]
          AND (z.regions = '{}'
               OR EXISTS (SELECT FROM unnest(z.regions) AS r (region)
                          WHERE regexp_replace(lower(btrim(r.region)), $5, '')
                              = regexp_replace(lower(btrim($4)), $5, '')))
        ORDER BY t.merchant_id, t.template_id, z.zone
        """,
        [shipment.merchant_id for shipment in shipments],
        [shipment.currency for shipment in shipments],
        address.country,
        address.region,
        REGION_SUFFIX,
    )
    shipment_of = {shipment.merchant_id: shipment for shipment in shipments}
    assert len(shipment_of) == len(shipments), "one shipment a merchant"
    found: dict[MerchantId, list[tuple[tuple[int, int, int], DeliveryOption]]] = {key: [] for key in shipment_of}
    for row in rows:
        if not row["deliverable"]:
            continue
        zone = Zone(
            countries=[],
            first_units=row["first_units"],
            first_fee=row["first_fee"],
            next_units=row["next_units"],
            next_fee=row["next_fee"],
            free_over=row["free_over"],
        )
        option = DeliveryOption(
            template_id=row["template_id"],
            name=Text(row["name"]),
            fee=fee_of(zone, Method(row["method"]), shipment_of[row["merchant_id"]]),
            currency=row["currency"],
            days_from=row["days_from"],
            days_to=row["days_to"],
            free_over=row["free_over"],
        )
        found[row["merchant_id"]].append(((option.fee, option.days_to, row["place"]), option))
    return {
        merchant_id: [option for _, option in sorted(ranked, key=lambda pair: (pair[0], pair[1].template_id))]
        for merchant_id, ranked in found.items()
    }
