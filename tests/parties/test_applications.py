"""How somebody becomes a merchant: in steps, over days, back and forth, and in the end let in or not."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.text import Text
from steelyard.parties import access, applications, merchants
from steelyard.parties.access.model import AccountKind, Actor, EmailTaken
from steelyard.parties.applications.model import (
    MACHINE,
    ApplicationId,
    ApplicationState,
    NotComplete,
    NotWritable,
    StaleDecision,
)
from steelyard.parties.merchants.model import Merchant, MerchantId, Shop, ShopNameTaken
from tests.parties.people import staff_of
from tests.support.applicants import SAID, begun, filled, submitted

TERMS: dict[str, Any] = {"currency": "CNY", "settlement_days": 2, "receipt_days": 7}


async def reviewing(db: Database) -> Actor:
    return await staff_of(db, None, "operator_admin")


async def mails(read: Read) -> list[tuple[str, str]]:
    rows = await read.fetch("SELECT template, coalesce(facts->>'state', '') AS state FROM mails ORDER BY mail_id")
    return [(row["template"], row["state"]) for row in rows]


async def test_an_application_is_saved_step_by_step_and_gone_on_with_later(db: Database) -> None:
    account = await begun(db)
    first = await db.ask(applications.newest_of, account.account_id)
    assert first is not None and first.next_step == "kind"

    await db.transact(applications.save_step, account.account_id, "kind", SAID["kind"])
    await db.transact(applications.save_step, account.account_id, "contact", SAID["contact"])

    later = await db.ask(applications.newest_of, account.account_id)
    assert later is not None
    assert (later.done, later.next_step) == (["kind", "contact"], "company")
    assert later.facts.contact_phone == "+86 577 8800 0000"
    with pytest.raises(NotComplete):
        await db.transact(applications.submit, account)


async def test_a_step_is_kept_only_when_all_of_it_is_right(db: Database) -> None:
    account = await begun(db)
    await db.transact(applications.save_step, account.account_id, "kind", SAID["kind"])

    with pytest.raises(Invalid) as wrong:
        said = {**SAID["company"], "licence_number": "91110000600037341K", "scope": ""}
        await db.transact(applications.save_step, account.account_id, "company", said)

    assert set(wrong.value.facts["fields"]) == {"licence_number", "scope", "licence_scan"}
    kept = await db.ask(applications.newest_of, account.account_id)
    assert kept is not None and kept.facts.legal_name == ""


async def test_an_individual_shows_an_identity_card_and_foreigners_their_own_number(db: Database) -> None:
    account = await begun(db)
    await db.transact(applications.keep_file, account.account_id, "licence_scan", f"{'1' * 64}.jpg", "id.jpg", 10)

    async def company(kind: str, country: str, number: str) -> None:
        await db.transact(applications.save_step, account.account_id, "kind", {"kind": kind, "country": country})
        said = {**SAID["company"], "licence_number": number}
        await db.transact(applications.save_step, account.account_id, "company", said)

    await company("individual", "CN", "11010519491231002X")
    with pytest.raises(Invalid):
        await company("individual", "CN", "110105194912310021")
    await company("business", "DE", "HRB 12345")


async def test_two_shops_never_want_the_same_address(db: Database) -> None:
    await submitted(db, slug="one-shoes")
    other = await begun(db, "other@example.com")

    with pytest.raises(Invalid) as wrong:
        await db.transact(applications.save_step, other.account_id, "shop", {**SAID["shop"], "slug": "one-shoes"})

    assert "slug" in wrong.value.facts["fields"]


async def test_what_was_sent_back_names_the_fields_and_is_corrected_there(db: Database) -> None:
    by, application_id = await reviewing(db), await submitted(db)
    account = (await db.ask(applications.get, application_id)).account_id  # pyright: ignore[reportOptionalMemberAccess]  # just made

    with pytest.raises(NotWritable):
        await db.transact(applications.save_step, account, "shop", SAID["shop"])
    with pytest.raises(Invalid):
        await db.transact(applications.send_back, by, application_id, {"scope": " "})
    await db.transact(applications.send_back, by, application_id, {"scope": "Not these goods."}, "Nearly there.")

    back = await db.ask(applications.get, application_id)
    assert back is not None
    assert (back.state, back.next_step, back.reasons) == (
        ApplicationState.SENT_BACK, "company", {"scope": "Not these goods."},
    )  # fmt: skip
    owner = await db.ask(access.account, account)
    assert owner is not None
    with pytest.raises(NotComplete):
        await db.transact(applications.submit, owner)
    await db.transact(applications.save_step, account, "company", {**SAID["company"], "scope": "鞋类制造与销售"})
    await db.transact(applications.submit, owner)
    await db.transact(applications.submit, owner)  # a second click

    assert [each.to_state for each in await db.ask(applications.history, application_id)] == [
        "submitted", "sent_back", "submitted", "draft",
    ]  # fmt: skip
    assert await db.ask(mails) == [
        ("application_begun", ""),
        ("application_news", "submitted"),
        ("application_news", "sent_back"),
        ("application_news", "submitted"),
    ]


async def test_who_is_let_in_owns_the_shop_from_then_on(db: Database) -> None:
    by, application_id = await reviewing(db), await submitted(db)

    merchant_id = await db.transact(applications.approve, by, application_id, **TERMS)

    merchant = await db.ask(merchants.get, merchant_id)
    application = await db.ask(applications.get, application_id)
    assert merchant is not None and application is not None
    assert (merchant.legal_name, merchant.settlement_days, merchant.payout.account) == (
        "温州某鞋业有限公司", 2, "6222020200112233",
    )  # fmt: skip
    admitted = await db.ask(merchants.categories_of, merchant_id)
    assert [str(each) for each in admitted] == application.facts.category_ids
    owner = await db.ask(access.account, application.account_id)
    assert owner is not None
    assert (owner.kind, owner.merchant_id) == (AccountKind.MERCHANT, merchant_id)
    assert [role.role_id for role in await db.ask(access.role_names, owner.account_id)] == ["merchant_owner"]
    with pytest.raises(StaleDecision):
        await db.transact(applications.refuse, by, application_id, "too late")


async def test_who_was_refused_is_told_why_and_may_apply_anew(db: Database) -> None:
    by, application_id = await reviewing(db), await submitted(db)

    with pytest.raises(Invalid):
        await db.transact(applications.refuse, by, application_id, " ")
    await db.transact(applications.refuse, by, application_id, "Forged licence.")

    refused = await db.ask(applications.get, application_id)
    assert refused is not None
    looked = await db.ask(applications.looked_at, refused)
    assert looked.number_is_right is True and looked.refused_before == 0
    again = await db.transact(applications.begin_again, refused.account_id, ApplicationId(ids.mint()))
    assert again.application_id != application_id
    account = await db.ask(access.account, refused.account_id)
    assert account is not None
    await filled(db, account)
    second = await db.ask(applications.newest_of, account.account_id)
    assert second is not None
    assert (await db.ask(applications.looked_at, second)).refused_before == 1


async def test_an_address_that_was_taken_meanwhile_is_told_and_nothing_is_made(db: Database) -> None:
    by, application_id = await reviewing(db), await submitted(db)
    taken = another_shop()
    await db.transact(merchants.open_merchant, *taken)

    with pytest.raises(ShopNameTaken):
        await db.transact(applications.approve, by, application_id, **TERMS)

    application = await db.ask(applications.get, application_id)
    assert application is not None and application.state is ApplicationState.SUBMITTED
    assert (await db.ask(applications.looked_at, application)).slug_taken


def another_shop() -> tuple[Merchant, Shop]:
    merchant_id = MerchantId(ids.mint())
    merchant = Merchant(merchant_id=merchant_id, code="M-1", legal_name="X", country="CN", currency="CNY")
    return merchant, Shop(merchant_id=merchant_id, slug="aming-shoes", name=Text({"en": "X"}))


async def test_a_lost_mail_is_sent_again_and_anothers_address_is_taken(db: Database) -> None:
    async def begin(email: str) -> None:
        await db.transact(
            applications.begin,
            account_id=ids.mint(),  # pyright: ignore[reportArgumentType]  # any id
            application_id=ApplicationId(ids.mint()),
            name="Lin",
            email=email,
            locale="en",
        )

    await begin("lin@example.com")
    await begin("lin@example.com")
    assert len(await db.ask(mails)) == 2

    await begun(db)
    with pytest.raises(EmailTaken):
        await begin("maker@example.com")


ACTS = ("save", "submit", "send_back", "approve", "refuse", "again")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=10))
async def test_whatever_people_do_an_application_only_goes_the_ways_that_there_are(
    db: Database, acts: list[str]
) -> None:
    email, slug = f"{ids.mint().hex}@example.com", f"s{ids.mint().hex[:20]}"
    by, account = await reviewing(db), await begun(db, email)
    await filled(db, account, slug=slug)

    for act in acts:
        newest = await db.ask(applications.newest_of, account.account_id)
        assert newest is not None
        before, failed = newest.state, False
        try:
            match act:
                case "save":
                    await db.transact(applications.save_step, account.account_id, "contact", SAID["contact"])
                case "submit":
                    await db.transact(applications.submit, account)
                case "send_back":
                    await db.transact(applications.send_back, by, newest.application_id, {"contact_name": "Who?"})
                case "approve":
                    await db.transact(applications.approve, by, newest.application_id, **TERMS)
                case "refuse":
                    await db.transact(applications.refuse, by, newest.application_id, "No.")
                case _:
                    await db.transact(applications.begin_again, account.account_id, ApplicationId(ids.mint()))
        except Refusal:
            failed = True
        after = await db.ask(applications.get, newest.application_id)
        assert after is not None
        assert after.state is before or (not failed and MACHINE.allows(before, after.state))
        said = await db.ask(access.account, account.account_id)
        assert said is not None
        assert (said.kind is AccountKind.MERCHANT) == (after.state is ApplicationState.APPROVED)


async def test_nobody_decides_about_a_draft(db: Database) -> None:
    by, account = await reviewing(db), await begun(db)
    draft = await db.ask(applications.newest_of, account.account_id)
    assert draft is not None

    with pytest.raises(NotFound):
        await db.transact(applications.approve, by, draft.application_id, **TERMS)
