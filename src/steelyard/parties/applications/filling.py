"""What an applicant does: begin, save a step, upload a scan, submit."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from steelyard.kernel import days
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.parties import access, notifications, policies, screening
from steelyard.parties.access.model import Account, AccountId, AccountKind, EmailTaken
from steelyard.parties.applications import queries
from steelyard.parties.applications.model import (
    FILE_NAME_CHARACTERS_MAX,
    MACHINE,
    OPEN,
    STEPS,
    Application,
    ApplicationId,
    ApplicationState,
    NotComplete,
    NotWritable,
    troubles,
)
from steelyard.parties.notifications.model import ApplicationBegun, ApplicationNews, Template
from steelyard.parties.policies import Document
from steelyard.parties.policies.model import INVITATION_DAYS
from steelyard.parties.screening.model import Area

APPLICANT = "applicant"
PASSWORD_PAGE = "/invitation/"  # noqa: S105  # an address
STATUS_PAGE = "/sell/application"


async def begin(
    tx: Tx, *, account_id: AccountId, application_id: ApplicationId, name: str, email: str, locale: str
) -> None:
    """Open an account for an applicant and an empty application; a mail brings the link that sets the password, so
    whoever goes on has confirmed the address.

    Said twice (or again, since the mail was lost) for an account that never set a password, the mail goes out again.
    Raises `EmailTaken` when somebody else signs in with this address, and `Invalid`.
    """
    waiting = await access.applicant_without_password(tx, email)
    if waiting is None:
        await access.register(
            tx,
            account_id=account_id,
            kind=AccountKind.APPLICANT,
            name=name,
            email=email,
            password_hash=None,
            locale=locale,
        )
        waiting = await access.account(tx, account_id)
    if waiting is None:
        raise EmailTaken(email=email)
    await begin_again(tx, waiting.account_id, application_id)
    days = await policies.number(tx, INVITATION_DAYS)
    token = await access.issue_link(tx, waiting.account_id, timedelta(days=days))
    facts = ApplicationBegun(name=waiting.name, secret_link=PASSWORD_PAGE + token, days=days)
    await notifications.send(
        tx, recipient=waiting.email, template=Template.APPLICATION_BEGUN, locale=waiting.locale, facts=facts
    )


async def begin_again(tx: Tx, account_id: AccountId, application_id: ApplicationId) -> Application:
    """The application that this account goes on with: a new one where there is none, or the last was refused."""
    newest = await queries.newest_of(tx, account_id)
    if newest is not None and newest.state is not ApplicationState.REFUSED:
        return newest
    made = await tx.execute(
        """
        INSERT INTO applications (application_id, account_id, state) VALUES ($1, $2, $3)
        ON CONFLICT (application_id) DO NOTHING
        """,
        application_id,
        account_id,
        ApplicationState.DRAFT,
    )
    if made:
        await step_on(tx, application_id, NOWHERE, ApplicationState.DRAFT, APPLICANT)
    found = await queries.get(tx, application_id)
    assert found is not None
    return found


async def save_step(tx: Tx, account_id: AccountId, step: str, said: Mapping[str, object]) -> Application:
    """Keep what was said in a step, once it is right; what was to be corrected in it is corrected with that.

    Raises `NotFound`, `NotWritable`, and `Invalid` with what is wrong beside each field.
    """
    application = await _writable(tx, account_id)
    if step not in STEPS:
        raise NotFound()
    fields = {name: value for name, value in said.items() if name in STEPS[step]}
    facts = msgspec.structs.replace(application.facts, **fields)
    files = await queries.files_of(tx, application.application_id)
    rules = (await policies.in_force(tx))[Document.RULES].name
    wrong = troubles(step, facts, scanned=bool(files), today=days.today(), rules=rules)
    if step == "shop" and "slug" not in wrong and await queries.slug_taken(tx, facts.slug, application.application_id):
        wrong["slug"] = N_("This address is taken. Please choose another one.")
    if wrong:
        raise Invalid(wrong)
    if step == "shop":
        # Who decides on the application looks at it.
        words = await screening.screen_texts(tx, {"shop_name": (Area.SHOP, facts.shop_name)}, can_wait=True)
        facts = msgspec.structs.replace(facts, shop_name=words["shop_name"])
    done = [each for each in STEPS if each in {*application.done, step}]
    if step == "kind" and fields.get("kind") != application.facts.kind:
        done = [each for each in done if each != "company"]  # another kind is asked for other things
    reasons = {name: words for name, words in application.reasons.items() if name not in STEPS[step]}
    await tx.execute(
        """
        UPDATE applications SET facts = $2, done = $3, reasons = $4, licence_number = $5, slug = $6, changed_at = now()
        WHERE application_id = $1
        """,
        application.application_id,
        facts,
        done,
        reasons,
        facts.licence_number,
        facts.slug,
    )
    return msgspec.structs.replace(application, facts=facts, done=done, reasons=reasons)


async def keep_file(tx: Tx, account_id: AccountId, kind: str, file: str, name: str, size: int) -> None:
    """A scan that was put into the private store belongs to this account's application from now on; it takes the place
    of the one before. Raises `NotFound`, `NotWritable`."""
    application = await _writable(tx, account_id)
    await tx.execute(
        """
        INSERT INTO application_files (application_id, kind, file, name, bytes) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (application_id, kind) DO UPDATE
        SET file = excluded.file, name = excluded.name, bytes = excluded.bytes, uploaded_at = now()
        """,
        application.application_id,
        kind,
        file,
        name[:FILE_NAME_CHARACTERS_MAX],
        size,
    )


async def submit(tx: Tx, account: Account) -> Application:
    """Hand the application in. Said twice, nothing changes. Raises `NotFound`, `NotWritable`, `NotComplete`."""
    application = await queries.newest_of(tx, account.account_id)
    if application is not None and application.state is ApplicationState.SUBMITTED:
        return application
    application = await _writable(tx, account.account_id)
    scanned = bool(await queries.files_of(tx, application.application_id))
    today, rules = days.today(), (await policies.in_force(tx))[Document.RULES].name
    if application.next_step is not None or any(
        troubles(step, application.facts, scanned=scanned, today=today, rules=rules) for step in STEPS
    ):
        raise NotComplete()
    await tx.execute(
        """
        UPDATE applications SET state = $2, submitted_at = now(), changed_at = now() WHERE application_id = $1
        """,
        application.application_id,
        ApplicationState.SUBMITTED,
    )
    await step_on(tx, application.application_id, application.state, ApplicationState.SUBMITTED, APPLICANT)
    await tell(tx, account, ApplicationState.SUBMITTED)
    return msgspec.structs.replace(application, state=ApplicationState.SUBMITTED)


async def tell(
    tx: Tx, account: Account, state: ApplicationState, note: str = "", reasons: Mapping[str, str] | None = None
) -> None:
    """Mail an applicant what became of the application."""
    page = "/merchant" if state is ApplicationState.APPROVED else STATUS_PAGE
    facts = ApplicationNews(
        name=account.name, state=str(state), note=note, reasons=list((reasons or {}).values()), link=page
    )
    await notifications.send(
        tx, recipient=account.email, template=Template.APPLICATION_NEWS, locale=account.locale, facts=facts
    )


async def step_on(
    tx: Tx,
    application_id: ApplicationId,
    from_state: str,
    to_state: ApplicationState,
    by: str,
    note: str = "",
    reasons: Mapping[str, str] | None = None,
) -> None:
    """One row of history."""
    if from_state != NOWHERE:
        MACHINE.check(ApplicationState(from_state), to_state)
    await tx.execute(
        """
        INSERT INTO application_history (application_id, step, from_state, to_state, by, note, reasons)
        SELECT $1, coalesce(max(step), 0) + 1, $2, $3, $4, $5, $6 FROM application_history WHERE application_id = $1
        """,
        application_id,
        from_state,
        to_state,
        by,
        note,
        dict(reasons or {}),
    )


async def _writable(tx: Tx, account_id: AccountId) -> Application:
    """This account's application, held until commit."""
    application_id = await tx.value(
        """
        SELECT application_id FROM applications WHERE account_id = $1 ORDER BY created_at DESC LIMIT 1 FOR UPDATE
        """,
        account_id,
    )
    application = await queries.get(tx, ApplicationId(application_id)) if application_id else None
    if application is None:
        raise NotFound()
    if application.state not in OPEN:
        raise NotWritable()
    return application
