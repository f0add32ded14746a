"""Checkouts that are ready to be completed, as many as are wanted: copies of one that was opened as agents open it."""

import random
from collections.abc import Sequence
from uuid import UUID

import httpx

from bench import scripts
from bench.shop import Bench
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, administer


async def prepare(bench: Bench, sku_ids: Sequence[UUID], count: int, buyers: Sequence[UUID] | None = None) -> list[str]:
    """So many checkouts of one piece of any of these SKUs; returns their ids. Each has a buyer of its own, unless `buyers`
    says whose it is."""
    model = _model(bench, sku_ids[0])
    db = await Database.connect_as_owner(bench.database_url, size=1)
    try:
        checkout_ids = [ids.mint() for _ in range(count)]
        chosen = [random.choice(sku_ids) for _ in checkout_ids]  # noqa: S311  # no secret
        owners = [ids.derived(each, "buyer") for each in checkout_ids] if buyers is None else buyers
        await db.transact(_copy, model, checkout_ids, owners, chosen)
    finally:
        await db.close()
    # What was just filled is looked through by PostgreSQL once: now, and not in the seconds that are measured.
    async with administer(bench.database_url) as owner:
        await owner.execute("VACUUM (ANALYZE)")
    return [str(each) for each in checkout_ids]


def _model(bench: Bench, sku_id: UUID) -> UUID:
    """The id of a checkout that was opened at the door."""
    headers = {"ucp-agent": f'profile="{scripts.PROFILE}"', "idempotency-key": str(ids.mint())}
    url = f"http://127.0.0.1:{bench.port}{scripts.UCP}/checkout-sessions"
    opened = httpx.post(url, json=scripts.opening(str(sku_id)), headers=headers)
    assert opened.status_code == 201, opened.text
    return UUID(opened.json()["id"])


async def _copy(
    tx: Tx, model: UUID, checkout_ids: Sequence[UUID], owners: Sequence[UUID], sku_ids: Sequence[UUID]
) -> None:
    await tx.execute(
        """
        INSERT INTO checkouts (checkout_id, buyer_id, purchase_id, client, state, currency, locale, lines, contact, address
                             , deliveries, notes, invoice, from_cart, expires_at)
        SELECT n.checkout_id, n.buyer_id, n.purchase_id, c.client, c.state, c.currency, c.locale
             , jsonb_set(c.lines, '{0,sku_id}', to_jsonb(n.sku_id)), c.contact, c.address, c.deliveries, c.notes, c.invoice
             , c.from_cart, c.expires_at
        FROM checkouts c, unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) AS n (checkout_id, buyer_id, purchase_id
                                                                                      , sku_id)
        WHERE c.checkout_id = $1
        """,
        model,
        list(checkout_ids),
        list(owners),
        [ids.mint() for _ in checkout_ids],
        list(sku_ids),
    )
    await tx.execute(
        """
        INSERT INTO agent_sessions (session_id, kind, client, said, shown)
        SELECT n.checkout_id, a.kind, a.client, a.said
             , jsonb_build_object('prices', jsonb_build_object(n.sku_id, p.amount)
                                , 'total', (a.shown ->> 'total')::bigint - m.amount + p.amount)
        FROM agent_sessions a, checkouts c, prices m
           , unnest($2::uuid[], $3::uuid[]) AS n (checkout_id, sku_id) JOIN prices p USING (sku_id)
        WHERE a.session_id = $1 AND c.checkout_id = $1 AND m.sku_id = (c.lines -> 0 ->> 'sku_id')::uuid
        """,
        model,
        list(checkout_ids),
        list(sku_ids),
    )
    await tx.execute(
        "INSERT INTO buyers (buyer_id, locale, guest) SELECT unnest($1::uuid[]), 'en', true",
        sorted(set(owners)),
    )
