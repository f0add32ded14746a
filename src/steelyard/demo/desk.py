"""What lies on the operator's desk: applications in every state, a shop that is suspended, a licence that ends soon, a role
of the operator's own, a setting changed once. All said with the commands that people use, so the audit log has it."""

from datetime import UTC, datetime, timedelta

import msgspec
from stdnum.cn import uscc

from steelyard.demo import papers
from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.files import PrivateFiles
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text
from steelyard.parties import access, applications, merchants, policies
from steelyard.parties.access.model import AccountId, AccountKind, Actor
from steelyard.parties.applications.model import RULES_VERSION, SCAN, STEPS, ApplicationId
from steelyard.parties.merchants.model import MerchantId, MerchantState
from steelyard.parties.policies.model import APPLICATION_DAYS

LICENCE_ENDS_IN_DAYS = 20


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who wants to sell here. `goes` is how far the application has come."""

    login: str
    person: str
    company: str
    body: str
    shop: Text
    slug: str
    goes: str
    scope: str


WISHES = (
    Wish(
        login="cheng", person="程立", company="温州立达阀门有限公司", body="91330301MA2C00011", goes="submitted",
        shop=Text({"zh-Hans": "立达阀门", "en": "Lida Valves"}), slug="lida-valves", scope="阀门、管件制造与销售",
    ),
    Wish(
        login="ning", person="宁小雨", company="瑞安小雨文具厂", body="92330381MA2C00022", goes="submitted",
        shop=Text({"zh-Hans": "小雨文具", "en": "Xiaoyu Stationery"}), slug="xiaoyu-paper", scope="文具用品销售",
    ),
    Wish(
        login="hart", person="Emma Hart", company="永嘉绿野茶业有限公司", body="91330324MA2C00033", goes="sent_back",
        shop=Text({"zh-Hans": "绿野茶业", "en": "Green Field Tea"}), slug="green-field-tea", scope="茶叶种植",
    ),
    Wish(
        login="gao", person="高强", company="乐清强生电器有限公司", body="91330382MA2C00044", goes="refused",
        shop=Text({"zh-Hans": "名牌电器折扣", "en": "Famous Brands Outlet"}), slug="brands-outlet", scope="电器销售",
    ),
    Wish(
        login="jin", person="金晓", company="平阳晓晓皮具有限公司", body="91330326MA2C00055", goes="suspended",
        shop=Text({"zh-Hans": "晓晓皮具", "en": "Xiaoxiao Leather"}), slug="xiaoxiao-leather", scope="皮具、箱包制造",
    ),
    Wish(
        login="song", person="宋阿姨", company="洞头宋家渔具厂", body="92330305MA2C00066", goes="draft",
        shop=Text({"zh-Hans": "宋家渔具", "en": "Song Fishing"}), slug="song-fishing", scope="渔具",
    ),
)  # fmt: skip


async def lay(db: Database, settings: Settings, hashed: str) -> None:
    """Lay it all there. Said twice, nothing changes."""
    if await db.ask(_is_laid):
        return
    by = await db.ask(chief)
    category = await db.ask(_category)
    for wish in WISHES:
        await _apply(db, settings, by, wish, hashed, category)
    await db.transact(_keep_house, by)


async def _is_laid(read: Read) -> bool:
    return await applications.newest_of(read, _account(WISHES[-1])) is not None


def _account(wish: Wish) -> AccountId:
    return AccountId(made("account", f"applicant-{wish.login}"))


async def chief(read: Read) -> Actor:
    account = await access.account(read, AccountId(made("account", "operator")))
    assert account is not None
    permissions = await access.permissions(read, AccountKind.OPERATOR)
    return Actor(account=account, permissions=frozenset(each.permission for each in permissions))


async def _category(read: Read) -> str:
    return str(await read.value("SELECT category_id FROM categories ORDER BY cardinality(path), place LIMIT 1"))


async def _apply(db: Database, settings: Settings, by: Actor, wish: Wish, hashed: str, category: str) -> None:
    account_id, application_id = _account(wish), ApplicationId(made("application", wish.login))
    number = wish.body + uscc.calc_check_digit(wish.body)
    scan = _licence(wish, number)
    name = PrivateFiles(settings.home).put(scan, "application/pdf")
    await db.transact(_begin, account_id, application_id, wish, hashed)
    await db.transact(applications.keep_file, account_id, SCAN, name, f"{wish.company}.pdf", len(scan))
    said = _said(wish, number, category)
    for step in list(STEPS)[: 3 if wish.goes == "draft" else None]:
        await db.transact(applications.save_step, account_id, step, said[step])
    if wish.goes == "draft":
        return
    account = await db.ask(access.account, account_id)
    assert account is not None
    await db.transact(applications.submit, account)
    match wish.goes:
        case "sent_back":
            reasons = {"scope": "执照的经营范围只有种植，没有销售。请上传变更后的执照，或修改经营范围。"}
            await db.transact(applications.send_back, by, application_id, reasons, "其余资料都没有问题。")
        case "refused":
            note = "店铺名称与多个知名品牌相关，未提供品牌授权。"
            await db.transact(applications.refuse, by, application_id, note)
        case "suspended":
            await db.transact(_open_and_suspend, by, application_id)
        case _:
            pass


async def _begin(tx: Tx, account_id: AccountId, application_id: ApplicationId, wish: Wish, hashed: str) -> None:
    await access.register(
        tx,
        account_id=account_id,
        kind=AccountKind.APPLICANT,
        name=wish.person,
        email=f"{wish.login}.applies@steelyard.test",
        password_hash=hashed,
        locale="zh-Hans",
    )
    await applications.begin_again(tx, account_id, application_id)


def _said(wish: Wish, number: str, category: str) -> dict[str, dict[str, object]]:
    until = (datetime.now(UTC).date() + timedelta(days=900)).isoformat()
    return {
        "kind": {"kind": "business", "country": "CN"},
        "company": {
            "legal_name": wish.company, "licence_number": number, "licence_until": until,
            "representative": wish.person, "registered_capital": "人民币 100 万元", "scope": wish.scope,
        },
        "contact": {
            "contact_name": wish.person, "contact_phone": "0577-00000000",
            "contact_email": f"{wish.login}.applies@steelyard.test", "contact_address": "浙江省温州市演示路 1 号",
        },
        "shop": {"shop_name": wish.shop, "slug": wish.slug, "shop_about": Text({"zh-Hans": wish.scope})},
        "categories": {"category_ids": [category]},
        "payout": {
            "payout_name": wish.company, "payout_bank": "演示银行温州支行",
            "payout_account": f"62220000{len(wish.slug):08d}",
        },
        "agreement": {"agreed_version": RULES_VERSION},
    }  # fmt: skip


async def _open_and_suspend(tx: Tx, by: Actor, application_id: ApplicationId) -> None:
    merchant_id = await applications.approve(
        tx, by, application_id, currency="CNY", settlement_days=7, receipt_days=7, note="欢迎入驻。"
    )
    reason = "多位买家反映发货地址与描述不符，核实期间暂停。"
    await merchants.set_state(tx, merchant_id, MerchantState.SUSPENDED, by=by.by, reason=reason)
    await access.audit(
        tx, by, "merchants.set_state", str(merchant_id), {"reason": reason}, merchant_id=merchant_id,
        before={"state": "open"}, after={"state": "suspended"},
    )  # fmt: skip


async def _keep_house(tx: Tx, by: Actor) -> None:
    """A role, a setting, and a licence that ends soon."""
    await access.create_role(
        tx, by, "operator_night", Text({"zh-Hans": "夜班客服", "en": "Night service"}),
        ["dashboard.read", "orders.read", "buyers.read"],
    )  # fmt: skip
    before = await policies.settle(tx, APPLICATION_DAYS, 3, by.account.account_id if by.account else None)
    if before is not None:
        await access.audit(
            tx, by, "settings.change", APPLICATION_DAYS.key, before={"value": before}, after={"value": 3}
        )
    first = await tx.value("SELECT merchant_id FROM merchants WHERE state = 'open' ORDER BY merchant_id LIMIT 1")
    if first is not None:
        until = datetime.now(UTC).date() + timedelta(days=LICENCE_ENDS_IN_DAYS)
        await merchants.set_licence(tx, MerchantId(first), until)
        await access.audit(
            tx, by, "merchants.set_licence", str(first), merchant_id=first, before={"licence_until": None},
            after={"licence_until": until},
        )  # fmt: skip


def _licence(wish: Wish, number: str) -> bytes:
    """A page that looks like a scanned licence, and says that it is none."""
    lines = (
        f"统一社会信用代码  {number}", f"名称  {wish.company}", f"法定代表人  {wish.person}", f"经营范围  {wish.scope}",
    )  # fmt: skip
    return papers.specimen("营 业 执 照", lines, "演示样张，并非真实执照  SPECIMEN")
