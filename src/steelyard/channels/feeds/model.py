"""What a feed is made of: the canonical fields, the kinds and roles of an order line, the reasons to reject a
row, and the batches that the reading half hands to the writing half."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec
import pyarrow as pa

from steelyard.channels.feeds.columnar import RecordBatch, Schema
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text, text

FILE_BYTES_MAX = 8 * 1024**3
COLUMNS_MAX = 200
CSV_BLOCK_BYTES = 4 * 1024**2  # no CSV row may be longer
PRICE_DECIMALS = 6  # unit prices are integers of millionths of the major unit ("micros")
MICROS = 10**PRICE_DECIMALS
QUANTITY_MAX = 1_000_000_000
PRICE_MICROS_MAX = 10**15
AMOUNT_MAX = 10**10  # of one line, in major units
CHUNK_LINES = 10_000
REJECTS_MAX = 1_000_000

FieldType = Literal["text", "integer", "decimal", "time", "country", "currency", "kind", "shelf"]
Subject = Literal["orders", "products", "customers", "events"]


class Field(msgspec.Struct, frozen=True):
    """One column of a canonical format."""

    name: str
    type: FieldType = "text"
    required: bool = False
    length_max: int = 100


ORDERS = (
    Field("merchant", required=True, length_max=64),
    Field("order_id", required=True, length_max=64),
    Field("line_no", length_max=100),
    Field("placed_at", "time", required=True),
    Field("customer_id", length_max=64),
    Field("sku", required=True, length_max=64),
    Field("title", length_max=500),
    Field("quantity", "integer", required=True),
    Field("unit_price", "decimal", required=True),
    Field("currency", "currency", required=True),
    Field("country", "country"),
    Field("kind", "kind"),
    Field("refers_to", length_max=64),
)
PRODUCTS = (
    Field("merchant", required=True, length_max=64),
    Field("sku", required=True, length_max=64),
    Field("title", required=True, length_max=500),
    Field("title_zh", length_max=500),
    Field("description", length_max=10_000),
    Field("category", length_max=500),
    Field("price", "decimal", required=True),
    Field("currency", "currency", required=True),
    Field("stock", "integer"),
    Field("weight_grams", "integer"),
    Field("kind", "kind"),
    Field("shelf", "shelf"),
    Field("picture", length_max=2_000),
)
CUSTOMERS = (
    Field("merchant", required=True, length_max=64),
    Field("customer_id", required=True, length_max=64),
    Field("name", length_max=200),
    Field("email", length_max=254),
    Field("phone", length_max=40),
    Field("country", "country"),
    Field("region", length_max=100),
    Field("city", length_max=100),
    Field("address", length_max=500),
    Field("postcode", length_max=20),
    Field("since", "time"),
)
# What people did elsewhere; an amount is of the event, or else quantity times unit price.
EVENTS = (
    Field("user_id", length_max=100),
    Field("happened_at", "time", required=True),
    Field("event_type", length_max=40),
    Field("item", length_max=100),
    Field("category", length_max=200),
    Field("quantity", "integer"),
    Field("unit_price", "decimal"),
    Field("amount", "decimal"),
    Field("currency", "currency"),
    Field("merchant", length_max=64),
    Field("order_id", length_max=64),
    Field("channel", length_max=40),
    Field("source", length_max=100),
    Field("medium", length_max=100),
    Field("campaign", length_max=100),
    Field("device", length_max=40),
)
FORMATS: Mapping[Subject, tuple[Field, ...]] = {
    "orders": ORDERS,
    "products": PRODUCTS,
    "customers": CUSTOMERS,
    "events": EVENTS,
}
# A record of these is the same record when these fields are the same.
KEYS: Mapping[Subject, tuple[str, ...]] = {
    "products": ("merchant", "sku"),
    "customers": ("merchant", "customer_id"),
}


ON_SHELF, OFF_SHELF = "on", "off"  # what the column `shelf` of a product says


class Kind(StrEnum):
    """What an order line is for. Only goods and vouchers are things that a storefront can sell."""

    GOODS = "goods"
    SHIPPING = "shipping"
    FEE = "fee"
    SAMPLE = "sample"
    VOUCHER = "voucher"
    ADJUSTMENT = "adjustment"
    DISCOUNT = "discount"
    BAD_DEBT = "bad_debt"
    MANUAL = "manual"


class Role(StrEnum):
    """What an accepted line does to the books."""

    SALE = "sale"  # a line of an order
    RETURN = "return"  # a cancellation, return or credit: negative quantity
    ADJUSTMENT = "adjustment"  # a correction of the accounts: bad debt, negative prices
    STOCK = "stock"  # pieces found, broken or thrown away: no customer, no money


class Reason(StrEnum):
    """Why a row was rejected."""

    MALFORMED = "malformed"
    MISSING = "missing"
    TOO_LONG = "too_long"
    BAD_TEXT = "bad_text"
    BAD_NUMBER = "bad_number"
    TOO_PRECISE = "too_precise"
    OUT_OF_RANGE = "out_of_range"
    BAD_TIME = "bad_time"
    UNKNOWN_COUNTRY = "unknown_country"
    UNKNOWN_CURRENCY = "unknown_currency"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_SHELF = "unknown_shelf"
    ZERO_QUANTITY = "zero_quantity"
    NEGATIVE_PRICE = "negative_price"
    NOT_A_CANCELLATION = "not_a_cancellation"
    DUPLICATE = "duplicate"
    MIXED_ORDER = "mixed_order"
    ORDER_ALREADY_IMPORTED = "order_already_imported"


WORDS: Mapping[Reason, Text] = {
    Reason.MALFORMED: text("列数与表头不符", "The row has another number of columns than the header"),
    Reason.MISSING: text("必填项为空", "A required value is missing"),
    Reason.TOO_LONG: text("内容超过长度上限", "The value is longer than allowed"),
    Reason.BAD_TEXT: text("文本含有空字符", "The text holds a NUL character, which no database stores"),
    Reason.BAD_NUMBER: text("不是数字", "The value is not a number of the expected form"),
    Reason.TOO_PRECISE: text("小数超过六位", "The price has more than six decimals"),
    Reason.OUT_OF_RANGE: text("数值超出范围", "The number is out of range"),
    Reason.BAD_TIME: text("日期时间无法识别", "The date or time cannot be read"),
    Reason.UNKNOWN_COUNTRY: text("未知国家或地区", "The country is not an ISO 3166 code and not in the map"),
    Reason.UNKNOWN_CURRENCY: text("未知货币", "The currency is not an ISO 4217 code"),
    Reason.UNKNOWN_KIND: text("未知行类型", "The kind of line is unknown"),
    Reason.UNKNOWN_SHELF: text("应为 on 或 off", "Neither on nor off"),
    Reason.ZERO_QUANTITY: text("数量为零", "The quantity is zero"),
    Reason.NEGATIVE_PRICE: text("价格为负", "The price is negative and the line is no adjustment"),
    Reason.NOT_A_CANCELLATION: text(
        "负数量但单号不是取消单", "The quantity is negative but the document is not a cancellation"
    ),
    Reason.DUPLICATE: text("同一文件内重复", "The same record is in this file twice"),
    Reason.MIXED_ORDER: text("同一订单的客户或货币不一致", "Lines of one order differ in customer or currency"),
    Reason.ORDER_ALREADY_IMPORTED: text(
        "订单已导入，此行为新增", "The order is imported already and did not have this line"
    ),
}


class MapInvalid(Refusal):
    """A mapping file must be readable and complete; `problems` says, one per line, where it is not."""

    code = "map_invalid"
    status = 422
    title = N_("The mapping file is not valid")
    detail = N_("{map}: {problems}")


class FeedUnreadable(Refusal):
    """A file must be CSV or Parquet, in a known encoding, within the limits, with the columns that the map
    needs."""

    code = "feed_unreadable"
    status = 422
    title = N_("The file cannot be read")
    detail = N_("{file}: {problem}")


class Summary(msgspec.Struct):
    """What became of every row: read = rejected + overlapping + already_imported + accepted."""

    read: int = 0
    rejected: int = 0
    overlapping: int = 0
    already_imported: int = 0
    accepted: int = 0
    roles: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    kinds: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    reasons: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    returns_matched: int = 0  # return lines whose whole quantity was matched
    returns_split: int = 0  # return lines matched in part
    returns_unmatched: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    documents: int = 0
    chunks: int = 0


class OrderChunk(msgspec.Struct):
    """One transaction's worth, `number` counted from 1. No document is in two chunks; a refund's order is in
    the same or an earlier chunk, or was imported before. Shapes: `DOCUMENTS`, `LINES`, `REFUNDS`."""

    number: int
    documents: RecordBatch
    lines: RecordBatch
    refunds: RecordBatch


class RecordChunk(msgspec.Struct):
    """One transaction's worth of products or customers, `number` counted from 1."""

    number: int
    rows: RecordBatch


def _schema(**fields: Any) -> Schema:
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


_TIME = pa.timestamp("us", tz="UTC")
DOCUMENTS = _schema(
    merchant=pa.string(),
    order_id=pa.string(),
    role=pa.string(),
    placed_at=_TIME,
    customer_id=pa.string(),
    currency=pa.string(),
    country=pa.string(),
    country_name=pa.string(),
    lines=pa.int64(),
    amount_minor=pa.int64(),
)
LINES = _schema(
    merchant=pa.string(),
    order_id=pa.string(),
    role=pa.string(),
    line_id=pa.string(),
    ordinal=pa.int64(),
    placed_at=_TIME,
    sku=pa.string(),
    title=pa.string(),
    kind=pa.string(),
    quantity=pa.int64(),
    unit_price_micros=pa.int64(),
    amount_minor=pa.int64(),
    credited_quantity=pa.int64(),
    credited_minor=pa.int64(),
    credited_because=pa.string(),
    file=pa.int32(),
    line=pa.int64(),
)
REFUNDS = _schema(
    merchant=pa.string(),
    return_id=pa.string(),
    return_line_id=pa.string(),
    part=pa.int32(),
    order_id=pa.string(),
    order_line_id=pa.string(),
    quantity=pa.int64(),
    amount_minor=pa.int64(),
    currency=pa.string(),
)
HISTORY = _schema(
    merchant=pa.string(),
    order_id=pa.string(),
    line_id=pa.string(),
    role=pa.string(),
    placed_at=_TIME,
    customer_id=pa.string(),
    sku=pa.string(),
    currency=pa.string(),
    quantity=pa.int64(),
    unit_price_micros=pa.int64(),
    amount_minor=pa.int64(),
    refunded_quantity=pa.int64(),
    refunded_minor=pa.int64(),
)
