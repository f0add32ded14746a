"""The channel pays on what it has collected: once a UTC day, all that is left when refunds and fees are off it, to the bank."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import httpx
import msgspec

from steelyard.simulators.clock import Clock
from steelyard.simulators.payments.model import MONTHS
from steelyard.simulators.payments.statement import FEE_PER_MILLE
from steelyard.simulators.settings import Settings
from steelyard.simulators.store import Store

PARTY = "simpay"
SEND_SECONDS_MAX = 5
RETRY_SECONDS = 30
ClientMaker = Callable[[], httpx.AsyncClient]


class _Left(msgspec.Struct, frozen=True):
    currency: str
    amount: int


class _Payout(msgspec.Struct, frozen=True):
    id: str
    currency: str
    amount: int


class PayoutBook:
    """Decides payouts and has the bank take them, again until it has; its reference keeps it from taking one twice."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, client: ClientMaker | None = None) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._client = client or self._to_the_bank

    async def pay_due(self) -> float | None:
        """Pay on what was left when the day began; returns when the next day begins, or when the bank is asked again."""
        if not self._settings.pays_out:
            return None
        begins = datetime.combine(datetime.fromtimestamp(self._clock.now(), UTC).date(), time.min, UTC)
        self._decide(begins)
        if not await self._send():
            return self._clock.now() + RETRY_SECONDS
        return (begins + timedelta(days=1)).timestamp()

    def _decide(self, begins: datetime) -> None:
        with self._store.write() as tx:
            left = tx.rows(
                _Left,
                """SELECT currency, sum(amount) AS amount FROM (
                     SELECT currency, amount - (amount * :fee + 500) / 1000
                            - (amount * CASE months WHEN 3 THEN :three ELSE 0 END + 500000) / 1000000 AS amount
                     FROM (SELECT currency, amount, months FROM payments WHERE captured_at < :begins AND later = 0
                           UNION ALL
                           SELECT p.currency, c.amount, p.months
                           FROM captures c JOIN payments p ON p.id = c.payment WHERE c.created_at < :begins) AS taken
                     UNION ALL
                     SELECT currency, -amount FROM refunds WHERE status = 'succeeded' AND settled_at < :begins
                     UNION ALL
                     SELECT currency, -amount - fee FROM disputes WHERE created_at < :begins
                     UNION ALL
                     SELECT currency, amount FROM disputes WHERE status = 'won' AND decided_at < :begins
                     UNION ALL
                     SELECT currency, -amount FROM payouts
                   ) GROUP BY currency HAVING sum(amount) > 0 ORDER BY currency""",
                {"fee": FEE_PER_MILLE, "three": MONTHS[3][0], "begins": begins.timestamp()},
            )
            for each in left:
                tx.execute(
                    """INSERT INTO payouts (id, currency, amount, at) VALUES (:id, :currency, :amount, :now)
                       ON CONFLICT (id) DO NOTHING""",
                    {
                        "id": f"po_{begins:%Y%m%d}_{each.currency}",
                        "currency": each.currency,
                        "amount": each.amount,
                        "now": self._clock.now(),
                    },
                )

    async def _send(self) -> bool:
        due = self._store.rows(_Payout, "SELECT id, currency, amount FROM payouts WHERE taken = 0 ORDER BY at, id")
        if not due:
            return True
        async with self._client() as client:
            for payout in due:
                body = {"reference": payout.id, "party": PARTY, "amount": payout.amount, "currency": payout.currency}
                try:
                    answer = await client.post("/v1/credits", json=body)
                except httpx.HTTPError:
                    return False
                if not answer.is_success:
                    return False
                with self._store.write() as tx:
                    tx.execute("UPDATE payouts SET taken = 1 WHERE id = :id", {"id": payout.id})
        return True

    def _to_the_bank(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._settings.bank_url,
            headers={"authorization": f"Bearer {self._settings.api_key}"},
            timeout=SEND_SECONDS_MAX,
            follow_redirects=False,
            trust_env=False,
        )
