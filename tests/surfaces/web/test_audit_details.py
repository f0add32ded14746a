"""What staff did, in the words of whoever reads it: fields, days, amounts, states and names, in both languages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.i18n import LOCALES, translations
from steelyard.kernel.text import Text, text
from steelyard.parties.access.model import AccountKind, AuditEntry, Change
from steelyard.surfaces.web.audit_details import Reader, raw, reader
from steelyard.surfaces.web.audit_fields import FIELDS
from tests.support.world import World

SHOP = ids.mint()
SOMEBODY = str(ids.mint())
NAMES: dict[str, Text | str] = {SOMEBODY: "Lin Yue", "merchant_clerk": text("店员", "Clerk")}


def entry(changes: list[tuple[str, Any, Any]], facts: Mapping[str, Any] | None = None) -> AuditEntry:
    return AuditEntry(
        audit_id=ids.mint(),
        at=datetime(2026, 3, 1, tzinfo=UTC),
        account_id=None,
        account_name=None,
        merchant_id=SHOP,
        action="products.change",
        subject="1",
        facts=facts or {},
        changes=[Change(field=field, before=before, after=after) for field, before, after in changes],
        request_id=None,
    )


def lines(what: AuditEntry, locale: str = "en") -> list[str]:
    return list(Reader(locale, NAMES, {SHOP: "CNY"}).lines(what))


@pytest.mark.parametrize(
    ("change", "english", "chinese"),
    [
        (("state", "on_shelf", "off_shelf"), "State: On the shelf → Off the shelf", "状态：已上架 → 已下架"),
        (("licence_until", None, "2027-01-31"), "Licence good until: – → Jan 31, 2027", "2027年1月31日"),
        (("price A-1", 1990, 2150), "Price A-1: ¥19.90 → ¥21.50", "¥21.50"),
        (("millionths", 50_000, 65_000), "Commission rate: 5% → 6.5%", "5% → 6.5%"),
        (("owner", SOMEBODY, None), "Owner: Lin Yue → –", "Lin Yue → –"),
        (("roles", ["merchant_clerk"], []), "Roles: Clerk → –", "店员 → –"),
        (("sells", True, False), "Sells while away: yes → no", "是 → 否"),
        (("begins_at", None, "2026-03-05T08:00:00+00:00"), "Begins: – → 3/5/26, 4:00", "16:00"),
        (("name.zh-Hans", "茶", "好茶"), "Named · 中文: 茶 → 好茶", "茶 → 好茶"),
    ],
)
def test_a_change_is_told_in_words(change: tuple[str, Any, Any], english: str, chinese: str) -> None:
    [in_english], [in_chinese] = lines(entry([change])), lines(entry([change]), "zh-Hans")
    assert in_english.replace("\u202f", " ").replace("CN¥", "¥").startswith(english), in_english
    assert chinese.rsplit("：", maxsplit=1)[-1] in in_chinese, in_chinese


@pytest.mark.parametrize(
    ("setting", "before", "after", "english", "chinese"),
    [
        ("payment_window", 30, 1_440, "30 minutes → 1,440 minutes", "30 分钟 → 1,440 分钟"),
    ],
)
def test_a_setting_is_told_in_its_unit(setting: str, before: int, after: int, english: str, chinese: str) -> None:
    what = msgspec.structs.replace(
        entry([("value", before, after)]), action="settings.change", subject=setting, merchant_id=None
    )
    planned = msgspec.structs.replace(what, action="settings.plan", changes=[], facts={"value": after})

    assert lines(what)[0].endswith(english) and lines(what, "zh-Hans")[0].endswith(chinese)
    assert lines(planned)[0].endswith(english.rpartition("→ ")[2])


async def test_the_operator_reads_a_merchants_own_roles_by_their_names(db: Database, world: World) -> None:
    tea = world.tea.merchant_id
    await db.transact(_own_role, tea)
    given = msgspec.structs.replace(
        entry([("roles", [], ["tea_night"])]),
        action="staff.roles",
        merchant_id=tea,
        subject=str(world.tea.owner.account_id),
    )

    reads = await db.ask(reader, "en", AccountKind.OPERATOR, None, [given])

    assert list(reads.lines(given)) == ["Roles: – → Night shift"]


async def _own_role(tx: Tx, merchant_id: UUID) -> None:
    await tx.execute(
        "INSERT INTO roles (role_id, audience, name, merchant_id) VALUES ('tea_night', 'merchant', $1, $2)",
        text("夜班", "Night shift"),
        merchant_id,
    )


def test_what_was_said_besides_stands_after_what_changed_and_what_is_unknown_is_shown_as_it_is() -> None:
    facts = {
        "before": {"state": "waiting"},
        "after": {"state": "approved"},
        "note": "",
        "pieces": 12_000,
        "odd_thing": {"deep": [1, 2]},
    }
    assert lines(entry([], facts)) == ["State: Waiting → Approved", "Pieces: 12,000", "odd thing: deep: 1, 2"]
    assert lines(entry([], {"before": None, "after": "https://x.test"})) == ["Value: – → https://x.test"]


def test_added_and_removed_are_told_apart_and_the_json_is_kept_whole() -> None:
    what = entry([("name", None, "New"), ("note", "Old", None)], {"lines": 3})
    details = Reader("en").details(what)
    assert [(each.before, each.after, each.changed) for each in details] == [
        (None, "New", True),
        ("Old", None, True),
        (None, "3", False),
    ]
    kept = msgspec.json.decode(raw(what))
    assert kept["facts"] == {"lines": 3} and kept["changes"][0]["after"] == "New"
    assert raw(entry([])) == ""


def test_every_field_has_a_name_in_both_languages() -> None:
    for locale in LOCALES:
        assert all(translations(locale).gettext(name) for name in FIELDS.values())
    chinese = translations("zh-Hans")
    assert {name for name in FIELDS.values() if chinese.gettext(name) == name} <= {"Logo"}
