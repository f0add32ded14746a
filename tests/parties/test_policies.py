"""Run-time settings: a default, a range, who changed them, and an effect without a restart."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import LOCALES, translations
from steelyard.parties import policies
from steelyard.parties.policies import queries
from steelyard.parties.policies.model import PAYMENT_WINDOW, POLICIES


async def test_a_setting_counts_at_once_where_it_was_changed_and_soon_elsewhere(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, somebody = await Database.connect(database_url, size=1), ids.mint()
    assert await other.ask(policies.number, PAYMENT_WINDOW) == await db.ask(policies.number, PAYMENT_WINDOW) == 30

    await db.transact(policies.settle, PAYMENT_WINDOW, 45, somebody)

    assert await db.ask(policies.number, PAYMENT_WINDOW) == 45
    assert await other.ask(policies.number, PAYMENT_WINDOW) == 30, "remembered for two seconds"
    monkeypatch.setattr(queries, "REMEMBERED_SECONDS", 0.0)
    assert await other.ask(policies.number, PAYMENT_WINDOW) == 45
    assert await other.as_merchant(ids.mint()).ask(policies.number, PAYMENT_WINDOW) == 45
    await other.close()


async def test_a_setting_goes_back_to_its_default_and_every_change_is_kept(db: Database) -> None:
    somebody = ids.mint()
    assert await db.transact(policies.settle, PAYMENT_WINDOW, 45, somebody) == 30
    assert await db.transact(policies.settle, PAYMENT_WINDOW, 45, somebody) is None
    assert await db.transact(policies.reset, PAYMENT_WINDOW, somebody) == 45
    assert await db.transact(policies.reset, PAYMENT_WINDOW, somebody) is None

    assert await db.ask(policies.number, PAYMENT_WINDOW) == 30
    assert [(each.before, each.after, each.by) for each in await db.ask(policies.changes)] == [
        (45, 30, somebody),
        (30, 45, somebody),
    ]


async def test_a_setting_stays_within_its_range(db: Database) -> None:
    for value in (PAYMENT_WINDOW.least - 1, PAYMENT_WINDOW.most + 1):
        with pytest.raises(Invalid):
            await db.transact(policies.settle, PAYMENT_WINDOW, value, None)


def test_every_setting_is_explained_in_both_languages() -> None:
    assert len({policy.key for policy in POLICIES}) == len(POLICIES)
    for policy in POLICIES:
        assert policy.least <= policy.default <= policy.most, policy.key
        said = {
            (translations(locale).gettext(policy.name), translations(locale).gettext(policy.about))
            for locale in LOCALES
        }
        assert len(said) == len(LOCALES), policy.key
