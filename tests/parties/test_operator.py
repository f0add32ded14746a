"""Who runs this marketplace, as it is shown on every page."""

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text
from steelyard.parties import operator
from steelyard.parties.operator.model import Profile

PROFILE = Profile(
    name=text("杆秤集市", "Steelyard Market"),
    legal_name="杆秤（杭州）网络科技有限公司",
    credit_code="91110000600037341L",
    icp_number="浙ICP备2026000001号-1",
    address=text("杭州市西湖区文三路 1 号", "1 Wensan Road, Hangzhou"),
    phone="0571-00000000",
    email="service@steelyard.test",
    country="CN",
    currency="CNY",
    licence_url="/licence",
)


async def test_the_operator_is_who_was_said_last(db: Database) -> None:
    assert await db.ask(operator.profile) is None
    await db.transact(operator.set_profile, msgspec.structs.replace(PROFILE, phone="1"))

    await db.transact(operator.set_profile, PROFILE)

    assert await db.ask(operator.profile) == PROFILE
    assert await db.as_merchant(ids.mint()).ask(operator.profile) == PROFILE, "merchants' pages show it, too"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("credit_code", "91110000600037341M"),
        ("credit_code", "9111000060003734"),
        ("credit_code", ""),
        ("icp_number", "12345678"),
        ("icp_number", "京ICP备号"),
        ("icp_number", "英ICP备12345678号"),
        ("legal_name", " "),
        ("name", text("", " ")),
        ("licence_url", "javascript:alert(1)"),
    ],
)
async def test_what_cannot_be_is_refused(db: Database, field: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        await db.transact(operator.set_profile, msgspec.structs.replace(PROFILE, **{field: value}))

    assert set(refused.value.fields) == {field}
    assert await db.ask(operator.profile) is None


@pytest.mark.parametrize("number", ["京ICP备12345678号", "京ICP证030173号", "粤ICP备2021012345号-12"])
async def test_numbers_of_the_ministry_are_known(db: Database, number: str) -> None:
    await db.transact(operator.set_profile, msgspec.structs.replace(PROFILE, icp_number=number))


async def test_an_operator_abroad_has_other_papers(db: Database) -> None:
    abroad = msgspec.structs.replace(PROFILE, country="GB", credit_code="12345678", icp_number="")

    await db.transact(operator.set_profile, abroad)

    assert await db.ask(operator.profile) == abroad
