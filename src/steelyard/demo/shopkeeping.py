"""What the demo's shops did around their orders: moved and counted goods, said when to warn, left notes, invited people."""

from random import Random
from uuid import UUID

import msgspec

from steelyard.demo.products import made
from steelyard.goods import inventory, warehouses
from steelyard.goods.inventory.model import CountId, Promised
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, AccountKind, Actor, DepartmentId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.orders.model import OrderId, Wanted

# One article in so many is watched closely; of these some run low.
WATCHED = 9
MOVED, COUNTED_OFF = 6, 3
_NOTES = (
    ("买家电话确认：周末才有人收货，周五再发。", True),
    ("加送一份试用装，已放在包装台。", False),
    ("这单改用加固纸箱，上次同地址压坏过。", True),
    ("已和买家核对颜色，按备注发深棕。", False),
    ("发票抬头待财务确认，先发货。", True),
)


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    sku_id: UUID
    warehouse_id: UUID
    free: int
    on_hand: int


async def keep_shops(db: Database, *, seed: int) -> None:
    """Write it down for every shop that has goods; said again, nothing is written twice."""
    owners = await db.ask(_owners)
    for number, (merchant_id, owner) in enumerate(sorted(owners.items())):
        chance = Random(f"{seed}/shopkeeping/{number}")  # noqa: S311  # habits, no secrets
        await db.transact(_watch, merchant_id, chance)
        await db.transact(_move, merchant_id, owner, chance)
        await db.transact(_count, merchant_id, owner, chance)
        await db.transact(_note, merchant_id, owner)
    login = await db.ask(_login)
    if login is not None:
        await db.transact(_people, login)


async def _owners(read: Read) -> dict[MerchantId, UUID]:
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (a.merchant_id) a.merchant_id, a.account_id
        FROM accounts a JOIN account_roles r USING (account_id)
        WHERE a.kind = 'merchant' AND r.role_id = 'merchant_owner' ORDER BY a.merchant_id, a.account_id
        """
    )
    return {MerchantId(row["merchant_id"]): row["account_id"] for row in rows}


async def _shelves(tx: Tx, merchant_id: MerchantId) -> list[Shelf]:
    return await tx.all(
        Shelf,
        """
        SELECT sku_id, warehouse_id, on_hand - reserved AS free, on_hand FROM stock
        WHERE merchant_id = $1 AND on_hand > 0 ORDER BY sku_id, warehouse_id LIMIT 400
        """,
        merchant_id,
    )


async def _watch(tx: Tx, merchant_id: MerchantId, chance: Random) -> None:
    """Most watched articles are well stocked, a few run low. Where parcels and returns go is known."""
    watched = (await _shelves(tx, merchant_id))[::WATCHED]
    levels = [
        (shelf.sku_id, shelf.warehouse_id, shelf.free + 3 if chance.random() < 0.25 else max(1, shelf.free // 4))
        for shelf in watched
    ]
    if levels:
        await inventory.warn_many(tx, merchant_id, levels)
    places = await warehouses.of_merchant(tx, merchant_id)
    if places and not any(each.takes_returns for each in places):
        first: Warehouse = msgspec.structs.replace(places[0], takes_returns=True)
        await warehouses.save_warehouse(tx, first)


async def _move(tx: Tx, merchant_id: MerchantId, owner: UUID, chance: Random) -> None:
    """Goods went from the first warehouse to the second, twice; something broke."""
    places = [each.warehouse_id for each in await warehouses.of_merchant(tx, merchant_id) if each.open]
    by = f"staff:{owner}"
    scrapped = made("scrap", str(merchant_id))
    if await tx.value(
        "SELECT EXISTS (SELECT FROM stock_movements WHERE merchant_id = $1 AND document = $2)", merchant_id, scrapped
    ):
        return  # it was made before; the shelves have changed since, and others would be chosen now
    there = [shelf for shelf in await _shelves(tx, merchant_id) if places and shelf.warehouse_id == places[0]]
    plenty = [shelf for shelf in there if shelf.free > 10]
    if len(plenty) < MOVED:
        return
    for turn in range(2 if len(places) > 1 else 0):
        chosen = chance.sample(plenty, MOVED)
        lines = [(shelf.sku_id, chance.randint(1, 3)) for shelf in chosen]
        document = made("transfer", str(merchant_id), str(turn))
        await inventory.transfer(
            tx, merchant_id, places[0], places[1], lines, document=document, by=by, note="补货" if turn else "分仓备货"
        )
    broken = chance.choice(plenty)
    await inventory.scrap(
        tx,
        merchant_id,
        [(broken.sku_id, broken.warehouse_id, 1)],
        document=scrapped,
        by=by,
        note="包装破损",
    )


async def _count(tx: Tx, merchant_id: MerchantId, owner: UUID, chance: Random) -> None:
    """One sheet is booked with a few differences, another is half filled in."""
    places = await warehouses.of_merchant(tx, merchant_id)
    if not places or not await _shelves(tx, merchant_id):
        return
    by = f"staff:{owner}"
    for turn, (blind, note) in enumerate(((False, "月末盘点"), (True, "抽盘"))):
        count_id = CountId(made("count", str(merchant_id), str(turn)))
        warehouse_id = places[0].warehouse_id
        if not await inventory.begin_count(
            tx, merchant_id, count_id, warehouse_id, blind=blind, prefix="", note=note, by=by
        ):
            continue
        lines = await inventory.count_lines(tx, merchant_id, count_id)
        off = {line.sku_id for line in chance.sample(lines, min(COUNTED_OFF, len(lines)))}
        counted = [
            (line.sku_id, max(line.reserved, line.on_hand + (chance.choice((-1, 1)) if line.sku_id in off else 0)))
            for line in lines
        ]
        if turn == 0:
            await inventory.enter_counts(tx, merchant_id, count_id, counted)
            try:
                await inventory.book_count(tx, merchant_id, count_id, by)
            except Promised:  # somebody bought meanwhile: the sheet stays open
                return
        else:
            await inventory.enter_counts(tx, merchant_id, count_id, counted[: len(counted) // 2])


async def _note(tx: Tx, merchant_id: MerchantId, owner: UUID) -> None:
    """Colleagues left notes on the newest orders; some name the owner."""
    staff = [member for member in await access.staff(tx, merchant_id) if member.account_id != owner]
    if not staff:
        return
    newest = (await orders.find(tx, merchant_id, Wanted(), limit=3 * len(_NOTES))).items[::3]
    for order, (said, named) in zip(newest, _NOTES, strict=False):
        note_id = made("note", str(order.order_id))
        await orders.write_note(
            tx,
            merchant_id,
            OrderId(order.order_id),
            note_id,
            said,
            [owner] if named else [],
            f"staff:{staff[0].account_id}",
        )


async def _login(read: Read) -> tuple[UUID, UUID] | None:
    row = await read.row(
        "SELECT account_id, merchant_id FROM accounts WHERE email = 'merchant@steelyard.test' AND kind = 'merchant'"
    )
    return None if row is None else (row["account_id"], row["merchant_id"])


async def _people(tx: Tx, login: tuple[UUID, UUID]) -> None:
    """The demo's shop has departments and a role of its own, and waits for somebody to accept an invitation to it."""
    account = await access.account(tx, AccountId(login[0]))
    assert account is not None
    held = await access.permissions(tx, AccountKind.MERCHANT)
    owner = Actor(account=account, permissions=frozenset(each.permission for each in held))
    role_id = str(made("role", "packer"))
    known = {role.role_id for role in await access.roles(tx, AccountKind.MERCHANT, login[1])}
    if role_id in known:
        return
    wanted = {"orders.read", "orders.ship", "stock.read", "stock.edit"}
    await access.create_role(tx, owner, role_id, text("仓库打包员", "Packer"), wanted)
    await access.invite(
        tx,
        owner,
        account_id=AccountId(made("account", "packer")),
        name="小林（打包）",
        email="packer@steelyard.test",
        locale="zh-Hans",
        roles=[role_id],
    )
    parts = {code: DepartmentId(made("department", code)) for code in ("service", "stock", "design")}
    for code, name in (("service", "客服部"), ("stock", "仓储部"), ("design", "设计部")):
        await access.create_department(tx, owner, parts[code], name)
    await access.change_department(tx, owner, parts["service"], "客服部", account.account_id)
    await access.set_department(tx, owner, AccountId(made("account", "packer")), parts["stock"])
