"""The payment channel WeChat Pay (微信支付), APIv3, for a merchant of its own (直连商户).

https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (code on a desk: Native), …/4012791836 (in WeChat: JSAPI), …/4012791837 (a
phone's browser: H5), …/4012365342 (signing). How requests are signed, and answers and messages verified, is in
`wechatpay_signing.py`; its bills are in `wechatpay_bills.py`.
"""

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.kernel.i18n import N_
from steelyard.kernel.settings import Settings
from steelyard.money.payments.bill_model import Bills, NoBill, NotYet
from steelyard.money.payments.gateways import rsa, wechatpay_bills
from steelyard.money.payments.gateways.downloading import downloaded
from steelyard.money.payments.gateways.numbers import (
    CURRENCY,
    beijing,
    order_number,
    payment_of,
    refund_number,
    refund_of,
    scanned,
)
from steelyard.money.payments.gateways.wechat_account import WechatAccount
from steelyard.money.payments.gateways.wechatpay_messages import (
    STATES,
    Certificates,
    Code,
    Event,
    Nothing,
    Page,
    Prepaid,
    Refund,
    Refused,
    Transaction,
    no_word,
    refund_answer,
    refused,
    waits,
)
from steelyard.money.payments.gateways.wechatpay_signing import Keys, NotFromWechat
from steelyard.money.payments.model import (
    ChannelAnswer,
    DueRefund,
    Instruction,
    News,
    OtherNews,
    PaymentNews,
    PaymentState,
    RefundAnswer,
    RefundNews,
    RefundState,
    Sought,
    Unknown,
)
from steelyard.money.payments.refusals import BadWebhook
from steelyard.money.payments.terms import Device, Fee, Handover, Terms

API = "https://api.mch.weixin.qq.com"
DESCRIPTION_CHARACTERS_MAX = 127
NONCE_BYTES = 16
EVENT_ID_CHARACTERS_MAX = 64
TRANSACTIONS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
CERTIFICATES = "/v3/certificates"

# A merchant's contract says its own fee; 6 per mille is the list price, and it comes back with what is refunded.
# A transaction can be refunded for a year, at most 50 times.
TERMS = Terms(
    name=N_("WeChat Pay"),
    note=N_("Scan with WeChat, or go on in the app"),
    icon="scan-qr-code",
    currencies=frozenset({CURRENCY}),
    smallest={CURRENCY: 1},
    largest={CURRENCY: 10_000_000_000},
    devices=frozenset({Device.DESK, Device.PHONE, Device.WECHAT}),
    refund_days=365,
    fee=Fee(millionths=6_000, returned=True),
    statement="wechatpay",
    cashiers=("https://wx.tenpay.com",),
)

NEVER_HEARD_OF = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
PAID_ALREADY = {"ORDER_PAID", "ORDERPAID"}
CLOSED_ALREADY = {"ORDER_CLOSED", "ORDERCLOSED"}
# Refusals after which nothing has happened, and nothing will by asking the same again.
DEFINITE_STATUS = {400, 403, 404}
NOBODY_KNOWS = {"OUT_TRADE_NO_USED", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "SYSTEM_ERROR", *PAID_ALREADY}

S = TypeVar("S")
_Order = dict[str, object]


class Wechatpay:
    """A client of one merchant at WeChat Pay. `client` is given by tests."""

    name = "wechatpay"
    bills_after = wechatpay_bills.AFTER

    def __init__(
        self,
        *,
        appid: str,
        keys: Keys,
        url: str = API,
        account: WechatAccount | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        """Inside WeChat it is offered only with the `account` that says who a buyer is there."""
        pages = TERMS.cashiers if url == API else (outside.origin(url),)
        self.account = account
        self.terms = msgspec.structs.replace(
            TERMS,
            cashiers=(*pages, account.door) if account else pages,
            devices=TERMS.devices if account else TERMS.devices - {Device.WECHAT},
        )
        self._appid = appid
        self._keys = keys
        self._url = url.rstrip("/")
        self._client = client or outside.bare_client()

    @classmethod
    def set_up(cls, settings: Settings) -> "Wechatpay":
        """As this installation has it. Raises `rsa.UnusableKey`."""
        assert settings.wechatpay_private_key_file and settings.wechatpay_key_file, "the settings were checked"
        keys = Keys.read(
            mchid=settings.wechatpay_mchid,
            serial=settings.wechatpay_serial,
            private_key=settings.wechatpay_private_key_file,
            api_v3_key=settings.wechatpay_key_file,
            platform=settings.wechatpay_platform_folder,
        )
        appid, secret = settings.wechatpay_appid, settings.wechatpay_secret_file
        account = WechatAccount.read(appid=appid, secret=secret) if secret else None
        return cls(appid=appid, keys=keys, url=settings.wechatpay_url, account=account)

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer | Unknown:
        if instruction.currency != CURRENCY:
            return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure="currency_not_supported")
        order: _Order = {
            "appid": self._appid,
            "mchid": self._keys.mchid,
            "description": (instruction.description or "-")[:DESCRIPTION_CHARACTERS_MAX],
            "out_trade_no": order_number(instruction.payment_id),
            "time_expire": beijing(instruction.expires_at).isoformat(),
            "notify_url": webhook_url,
            "amount": {"total": instruction.amount, "currency": CURRENCY},
        }
        if instruction.device is Device.WECHAT and instruction.payer:
            return await self._in_wechat(order, instruction)
        if instruction.device is Device.PHONE:
            return await self._on_a_phone(order, instruction)
        made = await self._post(f"{TRANSACTIONS}/native", order, Code)
        if isinstance(made, Code):
            phone = scanned(self._url, made.code_url) if self._url != API else None
            return waits(handed=Handover(device=instruction.device, qr=made.code_url, told=phone))
        return await self._not_made(made, instruction)

    async def _on_a_phone(self, order: _Order, instruction: Instruction) -> ChannelAnswer | Unknown:
        """A page of WeChat Pay's, which opens the app and brings the payer back to ours."""
        scene = {"payer_client_ip": instruction.payer_address or "127.0.0.1", "h5_info": {"type": "Wap"}}
        made = await self._post(f"{TRANSACTIONS}/h5", order | {"scene_info": scene}, Page)
        if isinstance(made, Page):
            back = urlencode({"redirect_url": instruction.return_url})
            address = f"{made.h5_url}{'&' if '?' in made.h5_url else '?'}{back}"
            return waits(cashier_url=address, handed=Handover(device=instruction.device))
        return await self._not_made(made, instruction)

    async def _in_wechat(self, order: _Order, instruction: Instruction) -> ChannelAnswer | Unknown:
        """What the page hands to the app (WeixinJSBridge), signed once more."""
        made = await self._post(f"{TRANSACTIONS}/jsapi", order | {"payer": {"openid": instruction.payer}}, Prepaid)
        if not isinstance(made, Prepaid):
            return await self._not_made(made, instruction)
        at, nonce = str(int(time.time())), secrets.token_hex(NONCE_BYTES)
        package = f"prepay_id={made.prepay_id}"
        signed = self._keys.sign(self._appid, at, nonce, package)
        bridge = {
            "appId": self._appid,
            "timeStamp": at,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signed,
        }
        return waits(handed=Handover(device=instruction.device, bridge=bridge))

    async def _not_made(self, refused: Refused | Unknown, instruction: Instruction) -> ChannelAnswer | Unknown:
        if isinstance(refused, Unknown):
            return refused
        if refused.code in CLOSED_ALREADY:
            return ChannelAnswer(reference=None, state=PaymentState.CANCELLED)
        if refused.code in NOBODY_KNOWS:
            return no_word(refused.code)
        return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure=refused.code)

    async def query(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        path = f"{TRANSACTIONS}/out-trade-no/{order_number(sought.payment_id)}"
        found = await self.get(path, Transaction, mchid=self._keys.mchid)
        match found:
            case Transaction():
                return self._payment_answer(found)
            case Refused(code=code) if code in NEVER_HEARD_OF:
                return None
            case Refused():
                return no_word(found.code)
            case Unknown():
                return found

    async def cancel(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """Close the order (关单). A number that WeChat Pay has never heard of cannot be closed beforehand: not known."""
        path = f"{TRANSACTIONS}/out-trade-no/{order_number(sought.payment_id)}/close"
        done = await self._post(path, {"mchid": self._keys.mchid}, Nothing)
        match done:
            case Nothing():
                return ChannelAnswer(reference=None, state=PaymentState.CANCELLED)
            case Refused(code=code) if code in CLOSED_ALREADY:
                return ChannelAnswer(reference=None, state=PaymentState.CANCELLED)
            case Refused(code=code) if code in PAID_ALREADY:
                return await self.query(sought)
            case Refused():
                return no_word(done.code)
            case Unknown():
                return done

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer | Unknown:
        asked = {
            "out_trade_no": order_number(due.payment_id),
            "out_refund_no": refund_number(due.refund_id, due.attempt),
            "notify_url": webhook_url,
            "amount": {"refund": due.amount, "total": due.of_amount, "currency": CURRENCY},
        }
        made = await self._post(REFUNDS, asked, Refund)
        match made:
            case Refund():
                return refund_answer(made)
            case Refused(code=code) if code in NOBODY_KNOWS:
                return no_word(code)
            case Refused():
                return RefundAnswer(reference=None, state=RefundState.FAILED, failure=made.code)
            case Unknown():
                return made

    async def query_refund(self, due: DueRefund) -> RefundAnswer | Unknown | None:
        found = await self.get(f"{REFUNDS}/{refund_number(due.refund_id, due.attempt)}", Refund)
        match found:
            case Refund():
                return refund_answer(found)
            case Refused(code=code) if code in NEVER_HEARD_OF:
                return None
            case Refused():
                return no_word(found.code)
            case Unknown():
                return found

    async def bills(self, day: date) -> Bills | NoBill | NotYet | Unknown:
        return await wechatpay_bills.bills(self.get, self._download, day)

    async def _download(self, address: str) -> bytes | Unknown:
        """A file of theirs: the request is signed, what comes is not, and is held against its hash."""
        if outside.origin(address) != outside.origin(self._url):
            return Unknown(why="the address of the bill is not WeChat Pay's")
        path = httpx.URL(address).raw_path.decode()  # as it is sent
        return await downloaded(self._client, address, self._headers("GET", path, b""))

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        try:
            self._keys.verify(headers, body, now)
        except NotFromWechat as error:
            raise BadWebhook(why=error.why) from error
        opened = self.unpack(body)
        return self.read_stored(str(opened["id"]), opened)

    def unpack(self, body: bytes) -> Mapping[str, object]:
        """The message with what was sealed in it laid open; the sealed words are not kept."""
        try:
            event = msgspec.json.decode(body, type=Event)
            said = msgspec.json.decode(self._keys.unseal(event.resource), type=dict[str, object])
        except (msgspec.DecodeError, NotFromWechat) as error:
            raise BadWebhook(why="unreadable") from error
        return {"id": event.id, "event_type": event.event_type, "said": said}

    def read_stored(self, event_id: str, body: Mapping[str, object]) -> News:
        if not 0 < len(event_id) <= EVENT_ID_CHARACTERS_MAX:
            raise BadWebhook(why="malformed")
        kind = str(body.get("event_type", ""))
        try:
            if kind.startswith("TRANSACTION."):
                return self._payment_news(event_id, msgspec.convert(body.get("said"), Transaction))
            if kind.startswith("REFUND."):
                return self._refund_news(event_id, msgspec.convert(body.get("said"), Refund))
        except msgspec.ValidationError as error:
            raise BadWebhook(why="unreadable") from error
        return OtherNews(event_id=event_id)

    def _payment_news(self, event_id: str, transaction: Transaction) -> News:
        payment_id = payment_of(transaction.out_trade_no)
        if payment_id is None:
            return OtherNews(event_id=event_id)
        answer = self._payment_answer(transaction)
        if isinstance(answer, Unknown):
            raise BadWebhook(why=answer.why)
        return PaymentNews(event_id=event_id, payment_id=payment_id, answer=answer)

    def _refund_news(self, event_id: str, refund: Refund) -> News:
        ours = refund_of(refund.out_refund_no)
        if ours is None:
            return OtherNews(event_id=event_id)
        answer = refund_answer(refund)
        if isinstance(answer, Unknown) or refund.mchid not in (None, self._keys.mchid):
            raise BadWebhook(why="unreadable")
        return RefundNews(event_id=event_id, refund_id=ours[0], attempt=ours[1], answer=answer)

    def _payment_answer(self, transaction: Transaction) -> ChannelAnswer | Unknown:
        state = STATES.get(transaction.trade_state)
        if state is None or transaction.mchid != self._keys.mchid:
            return Unknown(why=f"unreadable: {transaction.trade_state}")
        amount = transaction.amount
        return ChannelAnswer(
            reference=transaction.transaction_id,
            state=state,
            amount=amount.total if amount else None,
            currency=amount.currency if amount else None,
        )

    async def close(self) -> None:
        await self._client.aclose()
        if self.account:
            await self.account.close()

    async def refresh_certificates(self) -> Unknown | None:
        """Fetch the platform's certificates, which are sealed with our APIv3 key and signed with one of themselves."""
        answer = await self._send("GET", CERTIFICATES, b"")
        if isinstance(answer, Unknown):
            return answer
        if answer.status_code != 200:
            return Unknown(why=f"{answer.status_code} no certificates")
        try:
            listed = msgspec.json.decode(answer.content, type=Certificates)
            opened = {
                each.serial_no: rsa.public_key_of(self._keys.unseal(each.encrypt_certificate)) for each in listed.data
            }
            self._keys.verify_with(opened, answer.headers, answer.content, time.time())
        except (msgspec.DecodeError, NotFromWechat, ValueError) as error:
            return Unknown(why=f"certificates: {type(error).__name__}")
        self._keys.learn(opened)
        return None

    async def _post(self, path: str, body: Mapping[str, object], shape: type[S]) -> S | Refused | Unknown:
        return await self._ask("POST", path, msgspec.json.encode(body), shape)

    async def get(self, path: str, shape: type[S], **query: str) -> S | Refused | Unknown:
        """What stands under a path; `Unknown` for what is not signed by them."""
        return await self._ask("GET", f"{path}?{urlencode(query)}" if query else path, b"", shape)

    async def _ask(self, method: str, path: str, body: bytes, shape: type[S]) -> S | Refused | Unknown:
        answer = await self._send(method, path, body)
        if isinstance(answer, Unknown):
            return answer
        if answer.status_code in DEFINITE_STATUS:
            return refused(answer)
        if not answer.is_success:
            return Unknown(why=f"{answer.status_code} {refused(answer).code}")
        if not self._keys.knows(answer.headers) and (missing := await self.refresh_certificates()):
            return missing
        try:
            self._keys.verify(answer.headers, answer.content, time.time())
            return msgspec.json.decode(answer.content or b"{}", type=shape)
        except (msgspec.DecodeError, NotFromWechat) as error:
            return Unknown(why=f"unreadable: {error}")

    async def _send(self, method: str, path: str, body: bytes) -> httpx.Response | Unknown:
        try:
            return await self._client.request(
                method, f"{self._url}{path}", content=body, headers=self._headers(method, path, body)
            )
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """`path` is signed as it is sent, with its query."""
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "authorization": self._keys.authorization(method, path, body, datetime.now(UTC)),
            "wechatpay-serial": self._keys.preferred,
        }
        if not self._keys.preferred:
            del headers["wechatpay-serial"]
        return headers
