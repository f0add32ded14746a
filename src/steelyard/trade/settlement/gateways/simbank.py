"""The bank “simbank”: the bank simulator's API."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.money.payments import BadWebhook, Unknown, verify_signature
from steelyard.trade.settlement.model import BankAnswer, DuePayout, PayoutNews, StatementId


class _Transfer(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    status: Literal["accepted", "paid", "rejected"]
    reason: str | None = None


class _Problem(msgspec.Struct, frozen=True):
    code: str = "refused"


class _Event(msgspec.Struct, frozen=True):
    data: _Transfer


class Simbank:
    """A client of one simulator. `client` is given by tests; it carries the base URL and the key."""

    name = "simbank"

    def __init__(self, url: str, key: str, secret: str, *, client: httpx.AsyncClient | None = None) -> None:
        self._secret = secret
        self._client = client or outside.client(url, key)

    async def pay(self, due: DuePayout, webhook_url: str) -> BankAnswer | Unknown:
        body = {
            "reference": due.reference,
            "beneficiary": {"name": due.payee.name, "bank": due.payee.bank, "account": due.payee.account},
            "amount": due.amount,
            "currency": due.currency,
            "purpose": due.code,
            "webhook_url": webhook_url,
        }
        headers = {"content-type": "application/json", "idempotency-key": due.reference}
        try:
            answer = await self._client.post("/v1/transfers", content=msgspec.json.encode(body), headers=headers)
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        if answer.status_code in (400, 422):
            return BankAnswer(state="rejected", failure=_problem(answer))
        return _known(answer)

    async def query(self, due: DuePayout) -> BankAnswer | Unknown | None:
        try:
            answer = await self._client.get(f"/v1/transfers/{due.reference}")
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        if answer.status_code == 404 and _problem(answer) == "transfer_not_found":
            return None
        return _known(answer)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> PayoutNews:
        event_id = verify_signature(self._secret, headers, body, now)
        try:
            transfer = msgspec.json.decode(body, type=_Event).data
            statement_id, _, attempt = transfer.reference.partition(".")
            return PayoutNews(
                event_id=event_id,
                statement_id=StatementId(UUID(statement_id)),
                attempt=int(attempt or 1),
                answer=_answer(transfer),
            )
        except (msgspec.DecodeError, ValueError) as error:
            raise BadWebhook(why="unreadable") from error

    async def close(self) -> None:
        await self._client.aclose()


def _known(answer: httpx.Response) -> BankAnswer | Unknown:
    """What an answer says; whatever is not a success in the promised shape leaves us not knowing."""
    if not answer.is_success:
        return Unknown(why=f"{answer.status_code} {_problem(answer)}")
    try:
        return _answer(msgspec.json.decode(answer.content, type=_Transfer))
    except msgspec.DecodeError as error:
        return Unknown(why=f"unreadable: {error}")


def _answer(transfer: _Transfer) -> BankAnswer:
    return BankAnswer(state=transfer.status, failure=transfer.reason)


def _problem(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Problem).code
    except msgspec.DecodeError:
        return "refused"
