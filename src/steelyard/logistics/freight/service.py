"""Commands on freight templates."""

from uuid import UUID

from steelyard.goods import search
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.logistics.freight.events import DeliveryChanged
from steelyard.logistics.freight.model import DAYS_MAX, EVERYWHERE, ZONES_PER_TEMPLATE_MAX, Template, Zone
from steelyard.parties import operator

# Where the house is, before it has said so.
COUNTRY = "CN"


async def save_template(tx: Tx, template: Template) -> None:
    """Make or change a delivery option; its zones are these now. Said twice, the second changes nothing. Raises
    `Invalid`."""
    _check(template)
    await tx.execute(
        """
        INSERT INTO freight_templates (merchant_id, template_id, name, method, currency, place, days_from, days_to
                                     , active)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (merchant_id, template_id) DO UPDATE
        SET name = excluded.name, method = excluded.method, currency = excluded.currency, place = excluded.place
          , days_from = excluded.days_from, days_to = excluded.days_to, active = excluded.active
        """,
        template.merchant_id,
        template.template_id,
        template.name,
        template.method,
        template.currency,
        template.place,
        template.days_from,
        template.days_to,
        template.active,
    )
    await tx.execute(
        "DELETE FROM freight_zones WHERE merchant_id = $1 AND template_id = $2",
        template.merchant_id,
        template.template_id,
    )
    # Lists of countries have a length of their own in each row, which unnest would flatten: the zones travel as JSON.
    await tx.execute(
        """
        INSERT INTO freight_zones (merchant_id, template_id, zone, countries, regions, deliverable, first_units
                                 , first_fee, next_units, next_fee, free_over)
        SELECT $1, $2, z.zone, ARRAY(SELECT jsonb_array_elements_text(z.said -> 'countries'))
             , ARRAY(SELECT jsonb_array_elements_text(z.said -> 'regions')), (z.said ->> 'deliverable')::boolean
             , (z.said ->> 'first_units')::integer, (z.said ->> 'first_fee')::bigint, (z.said ->> 'next_units')::integer
             , (z.said ->> 'next_fee')::bigint, (z.said ->> 'free_over')::bigint
        FROM unnest($3::jsonb[]) WITH ORDINALITY AS z (said, zone)
        """,
        template.merchant_id,
        template.template_id,
        template.zones,
    )
    await search.record_free_delivery(tx, template.merchant_id, await _free_from(tx, template.merchant_id))
    await events.publish(tx, DeliveryChanged(merchant_id=template.merchant_id))


async def _free_from(tx: Tx, merchant_id: UUID) -> dict[str, int]:
    """From which amount, a currency each, one piece goes free all over the house's country, but for the regions that have a
    zone of their own."""
    house = await operator.profile(tx)
    rows = await tx.fetch(
        """
        SELECT t.currency, min(z.free_from) AS free_from
        FROM freight_templates t
        CROSS JOIN LATERAL (
            SELECT deliverable
                 , CASE WHEN z.first_fee = 0 AND (t.method = 'piece' OR z.next_fee = 0) THEN 0 ELSE z.free_over END AS free_from
            FROM freight_zones z
            WHERE z.merchant_id = t.merchant_id AND z.template_id = t.template_id
              AND z.countries && ARRAY['*', $2] AND z.regions = '{}'
            ORDER BY z.zone LIMIT 1
        ) z
        WHERE t.merchant_id = $1 AND t.active AND z.deliverable AND z.free_from IS NOT NULL
        GROUP BY t.currency
        """,
        merchant_id,
        house.country if house else COUNTRY,
    )
    return {row["currency"]: row["free_from"] for row in rows}


def _check(template: Template) -> None:
    wrong: dict[str, str] = {}
    if not any(template.name.values()):
        wrong["name"] = "A delivery option has a name"
    if not 0 <= template.days_from <= template.days_to <= DAYS_MAX:
        wrong["days_to"] = "The days of delivery are a range"
    if not 1 <= len(template.zones) <= ZONES_PER_TEMPLATE_MAX:
        wrong["zones"] = "A delivery option has from 1 to 100 zones"
    if any(not _sound(zone) for zone in template.zones):
        wrong["zones"] = "A zone names countries, its fees are not negative and its steps are at least 1"
    if wrong:
        raise Invalid(wrong)


def _sound(zone: Zone) -> bool:
    countries = all(
        code == EVERYWHERE or (len(code) == 2 and code.isalpha() and code.isupper()) for code in zone.countries
    )
    fees = zone.first_fee >= 0 and zone.next_fee >= 0 and (zone.free_over or 0) >= 0
    return bool(zone.countries) and countries and fees and zone.first_units > 0 and zone.next_units > 0
