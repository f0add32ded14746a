"""Coming in: by password, by session, by link, and not otherwise."""

import asyncio
import time
from datetime import timedelta

import argon2
import pytest

from steelyard.kernel import events, ids, limits
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TooMany
from steelyard.kernel.sweeps import sweep_once
from steelyard.parties import access
from steelyard.parties.access import jobs, passwords, signing_in
from steelyard.parties.access.model import (
    NOBODY,
    SESSIONS_PER_ACCOUNT_MAX,
    AccountKind,
    EmailTaken,
    LinkExpired,
    WrongLogin,
)
from tests.parties.people import PASSWORD, open_account

MAIL = "lin@people.test"


async def later(tx: Tx, time_passed: timedelta) -> None:
    await tx.execute(
        """
        UPDATE sessions
        SET created_at = created_at - $1::interval, seen_at = seen_at - $1, expires_at = expires_at - $1
        """,
        time_passed,
    )
    await tx.execute("UPDATE password_resets SET expires_at = expires_at - $1::interval", time_passed)


async def stored(read: Read) -> str:
    """Everything access keeps, as text."""
    tables = ("sessions", "password_resets", "api_keys", "accounts", "audit_log")
    return " ".join([str(await read.value(f"SELECT json_agg(t)::text FROM {table} t")) for table in tables])


async def test_who_knows_the_password_comes_in(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER, email="Lin@People.test", password=PASSWORD)

    signed_in = await access.sign_in(
        db, email=" LIN@people.test", password=PASSWORD, user_agent="b", address="192.0.2.1"
    )

    assert signed_in.account.account_id == account_id
    actor = await db.ask(access.session, signed_in.token)
    assert actor is not None
    assert actor.account == signed_in.account
    assert (actor.by, actor.api_key, actor.permissions) == ("buyer", False, frozenset())
    assert signed_in.token not in await db.ask(stored)


@pytest.mark.parametrize("email", [MAIL, "nobody@people.test", "invited@people.test", "disabled@people.test"])
async def test_every_wrong_login_is_told_the_same_after_the_same_time(db: Database, email: str) -> None:
    await open_account(db, AccountKind.BUYER, email=MAIL, password=PASSWORD)
    await open_account(db, AccountKind.BUYER, email="invited@people.test", joined=False)
    gone = await open_account(db, AccountKind.BUYER, email="disabled@people.test", password=PASSWORD)
    await db.transact(lambda tx: tx.execute("UPDATE accounts SET disabled_at = now() WHERE account_id = $1", gone))
    began = time.process_time()
    await passwords.check_password(await passwords.hash_password(PASSWORD), "wrong")
    costs = (time.process_time() - began) / 2

    began = time.process_time()
    with pytest.raises(WrongLogin) as refused:
        await access.sign_in(db, email=email, password=PASSWORD if "disabled" in email else "wrong")

    assert time.process_time() - began > costs / 2, "the work of Argon2 was done"
    assert refused.value.facts == {}


async def test_after_ten_wrong_passwords_one_waits_wherever_one_is(db: Database) -> None:
    await open_account(db, AccountKind.BUYER, email=MAIL, password=PASSWORD)
    for _ in range(signing_in.LOGIN_PER_EMAIL.burst):
        await limits.take(db, signing_in.LOGIN_PER_EMAIL, MAIL)

    with pytest.raises(TooMany):
        await access.sign_in(db, email=MAIL.upper(), password=PASSWORD, address="192.0.2.7")


async def test_an_address_that_tries_many_accounts_waits(db: Database) -> None:
    await open_account(db, AccountKind.BUYER, email=MAIL, password=PASSWORD)
    for _ in range(signing_in.LOGIN_PER_ADDRESS.burst):
        await limits.take(db, signing_in.LOGIN_PER_ADDRESS, "192.0.2.7")

    with pytest.raises(TooMany):
        await access.sign_in(db, email=MAIL, password=PASSWORD, address="192.0.2.7")
    await access.sign_in(db, email=MAIL, password=PASSWORD, address="192.0.2.8")


async def test_a_login_that_succeeds_forgives_the_wrong_ones(db: Database) -> None:
    await open_account(db, AccountKind.BUYER, email=MAIL, password=PASSWORD)
    for _ in range(signing_in.LOGIN_PER_EMAIL.burst - 1):
        await limits.take(db, signing_in.LOGIN_PER_EMAIL, MAIL)
    await access.sign_in(db, email=MAIL, password=PASSWORD)

    await access.sign_in(db, email=MAIL, password=PASSWORD)


async def test_a_hash_of_yesterdays_parameters_is_made_anew(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER, email=MAIL, password=PASSWORD)
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    await db.transact(
        lambda tx: tx.execute("UPDATE accounts SET password_hash = $2 WHERE account_id = $1", account_id, weak)
    )

    await access.sign_in(db, email=MAIL, password=PASSWORD)

    found = await db.ask(access.credentials, MAIL)
    assert found is not None
    assert found.password_hash not in (None, weak)
    assert not access.is_outdated(found.password_hash or "")
    assert await access.check_password(found.password_hash, PASSWORD)


async def test_a_login_overtaken_by_a_new_password_is_refused(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER, email=MAIL, password=PASSWORD)

    with pytest.raises(WrongLogin):
        await db.transact(access.begin_session, account_id, verified_hash="the one before")


async def test_one_address_signs_in_to_one_account(db: Database) -> None:
    await open_account(db, AccountKind.BUYER, email=MAIL)
    with pytest.raises(EmailTaken):
        await open_account(db, AccountKind.OPERATOR, email=MAIL.upper())

    answers = await asyncio.gather(
        *(open_account(db, AccountKind.BUYER, email="race@people.test") for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["EmailTaken"] * 3 + ["UUID"]


@pytest.mark.parametrize("email", ["", "lin", "lin@", "lin@people", "a b@people.test", "lin@people.test\nBcc: x@y.zz"])
async def test_what_cannot_be_an_address_is_refused(db: Database, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        await open_account(db, AccountKind.BUYER, email=email or " ")
    assert "email" in refused.value.fields


async def test_a_session_ends_by_signing_out_by_idleness_and_by_age(db: Database) -> None:
    account_id = await open_account(db, AccountKind.OPERATOR)
    out, idle, old = [await db.transact(access.begin_session, account_id) for _ in range(3)]

    await db.transact(access.end_session, out)
    assert await db.ask(access.session, out) is None

    for _ in range(20):
        await db.transact(later, timedelta(hours=10))
        await db.transact(access.touch, old)
    assert await db.ask(access.session, idle) is None, "unused for more than twelve hours"
    assert await db.ask(access.session, old) is None, "seven days are over, however often it was used"

    assert await sweep_once(db, jobs.SWEEPS) == 2


async def test_a_used_session_goes_on(db: Database) -> None:
    token = await db.transact(access.begin_session, await open_account(db, AccountKind.OPERATOR))
    for _ in range(3):
        await db.transact(later, timedelta(hours=10))
        actor = await db.ask(access.session, token)
        assert actor is not None
        assert actor.seen_long_ago
        await db.transact(access.touch, token)

    actor = await db.ask(access.session, token)
    assert actor is not None
    assert not actor.seen_long_ago


async def test_one_sees_and_ends_ones_own_sessions_only(db: Database) -> None:
    mine, other = await open_account(db, AccountKind.BUYER), await open_account(db, AccountKind.BUYER)
    here = await db.transact(access.begin_session, mine, "Firefox", "192.0.2.1")
    there = await db.transact(access.begin_session, mine, "Safari", "192.0.2.2")
    theirs = await db.transact(access.begin_session, other)

    listed = await db.ask(access.sessions_of, mine)
    assert {each.user_agent for each in listed} == {"Firefox", "Safari"}
    assert access.session_id(here) in {each.session_id for each in listed}

    with pytest.raises(NotFound):
        await db.transact(access.end_session_of, mine, access.session_id(theirs))
    await db.transact(access.end_session_of, mine, access.session_id(there))
    assert await db.ask(access.session, there) is None
    assert await db.ask(access.session, theirs) is not None
    assert await db.transact(access.end_all_sessions, mine) == 1
    assert await db.ask(access.session, here) is None


async def test_the_session_unused_longest_gives_way(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER)
    tokens = [await db.transact(access.begin_session, account_id) for _ in range(SESSIONS_PER_ACCOUNT_MAX + 1)]

    assert await db.ask(access.session, tokens[0]) is None
    assert await db.ask(access.session, tokens[1]) is not None


async def test_what_is_no_token_opens_nothing(db: Database) -> None:
    await db.transact(access.begin_session, await open_account(db, AccountKind.BUYER))

    for token in ("", "x", "é" * 50, "\udcff"):
        assert await db.ask(access.session, token) is None
        assert await db.ask(access.api_key, token) is None
        assert await db.ask(access.api_key, f"sy_{token}") is None
    assert not NOBODY.may("orders.read")
    assert NOBODY.by == "visitor"


@pytest.mark.parametrize(
    ("password", "allowed"),
    [
        ("nine char", False),
        ("Password123", False),
        ("1234567890", False),
        ("aaaaaaaaaaaaaaaa", False),
        ("lin.yan.of.people@people.test", False),
        ("LIN.YAN.OF.PEOPLE", False),
        ("x" * 128 + "abc" * 50, False),
        ("ten chars!", True),
        ("一杆秤称天下货良心无价", True),
    ],
)
def test_a_password_that_anybody_would_guess_is_refused(password: str, allowed: bool) -> None:
    if allowed:
        access.check_rules(password, "lin.yan.of.people@people.test")
        return
    with pytest.raises(Invalid) as refused:
        access.check_rules(password, "lin.yan.of.people@people.test")
    assert set(refused.value.fields) == {"password"}


def test_the_words_name_the_limits_that_hold() -> None:
    for password in ("x", "x" * (passwords.PASSWORD_CHARACTERS_MAX + 1)):
        with pytest.raises(Invalid) as refused:
            access.check_rules(password, MAIL)
        limits_said = {passwords.PASSWORD_CHARACTERS_MIN, passwords.PASSWORD_CHARACTERS_MAX}
        assert any(f" {limit} " in refused.value.fields["password"] for limit in limits_said)


async def test_asking_for_a_new_password_tells_nobody_who_has_an_account(db: Database) -> None:
    await open_account(db, AccountKind.BUYER, email=MAIL)

    for email in (MAIL, "nobody@people.test", "not an address"):
        await access.ask_for_password_reset(db, email=email, address="192.0.2.1")

    announced = await db.ask(lambda read: read.fetch("SELECT payload FROM events"))
    assert [row["payload"]["account_id"] is not None for row in announced] == [True, False, False]
    assert MAIL not in str(announced)
    await access.ask_for_password_reset(db, email="nobody@people.test")
    await access.ask_for_password_reset(db, email="nobody@people.test")
    with pytest.raises(TooMany):
        await access.ask_for_password_reset(db, email="nobody@people.test")


async def test_a_link_sets_the_password_once_and_ends_everything_else(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER, email=MAIL, password=PASSWORD)
    session = await db.transact(access.begin_session, account_id)
    link, other = [await db.transact(access.issue_link, account_id, timedelta(hours=1)) for _ in range(2)]
    assert link not in await db.ask(stored)

    with pytest.raises(Invalid):
        await access.choose_password(db, token=link, password="password123")
    account = await access.choose_password(db, token=link, password="a new one of copper")

    assert account.account_id == account_id
    assert await db.ask(access.session, session) is None
    for spent in (link, other, "never was"):
        with pytest.raises(LinkExpired):
            await access.choose_password(db, token=spent, password="a third one of tin")
    with pytest.raises(WrongLogin):
        await access.sign_in(db, email=MAIL, password=PASSWORD)
    await access.sign_in(db, email=MAIL, password="a new one of copper")


async def test_a_link_used_twice_at_once_works_once(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER, email=MAIL)
    link = await db.transact(access.issue_link, account_id, timedelta(hours=1))

    answers = await asyncio.gather(
        *(db.transact(access.reset_password, link, f"hash {n}") for n in range(4)), return_exceptions=True
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["Account"] + ["LinkExpired"] * 3


async def test_an_old_link_is_good_for_nothing(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER, email=MAIL)
    link = await db.transact(access.issue_link, account_id, timedelta(hours=1))
    assert await db.ask(access.owner_of_link, link) is not None

    await db.transact(later, timedelta(hours=1))

    assert await db.ask(access.owner_of_link, link) is None
    with pytest.raises(LinkExpired):
        await db.transact(access.reset_password, link, "hash")
    await db.transact(later, timedelta(days=1))
    assert await sweep_once(db, jobs.SWEEPS) == 1


async def test_changing_the_password_keeps_this_session_and_ends_the_others(db: Database) -> None:
    account_id = await open_account(db, AccountKind.MERCHANT, email=MAIL, password=PASSWORD, merchant_id=ids.mint())
    here, there = [await db.transact(access.begin_session, account_id) for _ in range(2)]
    account = await db.ask(access.account, account_id)
    assert account is not None

    with pytest.raises(WrongLogin):
        await access.change_password(db, account, current="wrong one", new="a new one of copper")
    await access.change_password(db, account, current=PASSWORD, new="a new one of copper", keep_token=here)

    assert await db.ask(access.session, here) is not None
    assert await db.ask(access.session, there) is None
    await access.sign_in(db, email=MAIL, password="a new one of copper")


async def test_said_twice_an_account_is_opened_once(db: Database) -> None:
    account_id = await open_account(db, AccountKind.BUYER, email=MAIL)
    buyer = await db.ask(access.account, account_id)
    assert buyer is not None

    await db.transact(
        access.register,
        account_id=account_id,
        kind=AccountKind.BUYER,
        name="Somebody else",
        email=MAIL,
        password_hash="another",
        locale="en",
        buyer_id=buyer.buyer_id,
    )

    assert await db.ask(access.account, account_id) == buyer
    await db.transact(access.change_account, account_id, name="  Lin\tYan Fang ", locale="en")
    changed = await db.ask(access.account, account_id)
    assert changed is not None
    assert (changed.name, changed.locale) == ("Lin Yan Fang", "en")


async def test_events_hold_no_secret() -> None:
    for event in (access.PasswordResetRequested, access.StaffInvited):
        assert issubclass(event, events.Event)
        assert not {"token", "link", "email"} & set(event.__struct_fields__)
