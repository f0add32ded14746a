"""What a media origin asks and tells, in the form of SRS's callbacks: docs/decisions/0160 says which, and what they hold.

Our own origin signs as all messages to this house are signed; an SRS, which signs nothing, carries the secret in its address.
"""

import hmac
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from babel import numbers
from litestar import Response, Router, get, post
from litestar.params import FromPath

from steelyard.channels import live
from steelyard.channels.live.model import Session
from steelyard.goods import catalog, pricing
from steelyard.goods.catalog.model import ProductId, ProductView, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Forbidden, NotFound, Refusal
from steelyard.kernel.money import Money
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text
from steelyard.money import payments
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.visit import WebRequest

BODY_BYTES_MAX = 64 * 1024
GOODS_HOSTED_MAX = 30
# A recording's facts that are kept.
RECORDING = ("url", "duration", "segments", "size", "sha256", "first_seq_no", "last_seq_no")


class Hook(msgspec.Struct, frozen=True):
    """What all callbacks hold, and some more."""

    stream: str
    client_id: str = ""
    param: str = ""
    grace_seconds: int | None = None
    seq_no: int = 0
    duration: float = 0.0
    size: int = 0
    file: str = ""
    sha256: str = ""
    started_at: datetime | None = None


class Code(msgspec.Struct, frozen=True):
    """SRS's answer: 0 admits, or has understood."""

    code: int


@post("/hooks/media/{action:str}")
async def media_hook(request: WebRequest, action: FromPath[str]) -> Response[Code]:
    """One callback. Refused is answered 403 with a code; a stream that nobody knows is 410: it need not be told again."""
    body = await request.body()
    settings: Settings = request.app.state.settings
    _verify(settings, request, body)
    try:
        hook = msgspec.json.decode(body, type=Hook)
        told: dict[str, Any] = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Response(Code(1), status_code=400)
    try:
        await _take(request, settings, action, hook, told)
    except live.PublishRefused:
        return Response(Code(403), status_code=403)
    except NotFound:
        return Response(Code(2048), status_code=410)
    except Refusal:
        return Response(Code(409), status_code=409)
    return Response(Code(0), status_code=200)


async def _take(request: WebRequest, settings: Settings, action: str, hook: Hook, told: Mapping[str, Any]) -> None:
    db = request.app.state.db
    match action:
        case "on_publish":
            key = (parse_qs(hook.param.lstrip("?")).get("key") or [""])[0]
            await db.transact(
                live.admit,
                hook.stream,
                key,
                hook.client_id,
                settings.media_play_url.replace("{stream}", hook.stream),
                secret=settings.media_webhook_secret,
                development=settings.development,
            )
        case "on_unpublish":
            await db.transact(live.unpublished, hook.stream, hook.client_id, hook.grace_seconds)
        case "on_segment" if hook.started_at is not None:
            segment = live.Segment(
                number=hook.seq_no,
                started_at=hook.started_at,
                seconds=hook.duration,
                size=hook.size,
                file=hook.file,
                sha256=hook.sha256,
            )
            await db.transact(live.recorded_segment, hook.stream, segment)
        case "on_dvr":
            await db.transact(live.recorded, hook.stream, {name: told[name] for name in RECORDING if name in told})
        case "on_play":
            if not await db.ask(live.may_be_played, hook.stream):
                raise NotFound()
        case _:
            raise NotFound()


def _verify(settings: Settings, request: WebRequest, body: bytes) -> None:
    """Raises `NotFound` where no origin is set up, and `BadWebhook` or `Forbidden` for who is not it."""
    secret = settings.media_webhook_secret
    if not secret:
        raise NotFound()
    given = request.query_params.get("secret")
    if given is None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        payments.verify_signature(secret, headers, body, time.time())
    elif not hmac.compare_digest(given.encode(), secret.encode()):
        raise Forbidden()


class Hosted(msgspec.Struct, frozen=True):
    """A product that the built-in host shows."""

    name: Text
    price: str
    picture: str


class HostedSession(msgspec.Struct, frozen=True):
    """What the built-in host plays; `now`: which of the goods is explained."""

    stream: str
    push: str
    title: Text
    shop: Text
    goods: list[Hosted]
    now: int | None


class ToHost(msgspec.Struct, frozen=True):
    sessions: list[HostedSession]


@get("/hooks/media/host")
async def to_host(request: WebRequest) -> ToHost:
    """For `steelyard simulate host`, in a house that is in development: what is to be played."""
    settings: Settings = request.app.state.settings
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not settings.development or not settings.media_webhook_secret:
        raise NotFound()
    if not hmac.compare_digest(given.encode(), settings.media_webhook_secret.encode()):
        raise Forbidden()
    return ToHost(await request.app.state.db.ask(_hosted, settings))


async def _hosted(read: Read, settings: Settings) -> list[HostedSession]:
    found: list[HostedSession] = []
    for session in await live.to_host(read):
        merchant_id = MerchantId(session.merchant_id)
        goods = [each.product_id for each in await live.goods(read, *_key(session)) if each.shown][:GOODS_HOSTED_MAX]
        products = await catalog.products(read, goods)
        prices = await pricing.current_at_home(read, [sku.sku_id for each in products.values() for sku in each.skus])
        shops = await merchants.cards(read, [merchant_id])
        now, stream = await live.pinned(read, *_key(session)), live.stream_of(session.session_id)
        key = live.host_key(settings.media_webhook_secret, stream)
        shown = [product_id for product_id in goods if product_id in products]
        found.append(
            HostedSession(
                stream=stream,
                push=f"{settings.media_push_url}/{stream}?key={key}",
                title=session.title,
                shop=shops[merchant_id].name,
                goods=[_good(products[ProductId(each)], prices, settings.base_url) for each in shown],
                now=shown.index(now.product_id) if now is not None and now.product_id in shown else None,
            )
        )
    return found


def _key(session: Session) -> tuple[UUID, UUID]:
    return session.merchant_id, session.session_id


def _good(product: ProductView, prices: Mapping[SkuId, Price], base_url: str) -> Hosted:
    known = [prices[sku.sku_id] for sku in product.skus if sku.sku_id in prices]
    low = min(known, key=lambda price: price.amount, default=None)
    pictures = product.pictures
    return Hosted(
        name=product.title,
        price="" if low is None else _price(low),
        picture=f"{base_url}/media/{pictures[0].file}" if pictures else "",
    )


def _price(price: Price) -> str:
    amount = Money(price.amount, price.currency).decimal()
    return numbers.format_currency(amount, price.currency, locale="zh_Hans_CN")


routers = [
    Router("/", route_handlers=[media_hook, to_host], request_max_body_size=BODY_BYTES_MAX, include_in_schema=False)
]
