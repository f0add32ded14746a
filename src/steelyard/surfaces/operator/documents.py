"""Terms, privacy and the rules for merchants: what is in force, and publishing another version, now or from a day to come."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.policies import Document, Version
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.asking import TITLES
from steelyard.surfaces.web.console import done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade.settlement import settlement_day

NEEDS = {"permission": "settings.manage"}
SUMMARY_CHARACTERS_MAX = 300
BODY_CHARACTERS_MAX = 20_000
# Whom each is put to.
CONCERNS = {
    Document.TERMS: N_("Buyers are asked at their next visit, and have to agree before they order again."),
    Document.PRIVACY: N_("Buyers are asked at their next visit, and have to agree before they order again."),
    Document.RULES: N_("Whoever leads a shop is asked in the merchant console, and agrees for the whole shop."),
}


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """`agreed` is how many merchants agreed to the rules that are in force, and how many there are."""

    counting: Mapping[Document, Version]
    versions: list[Version]
    names: Mapping[Any, str]
    agreed: tuple[int, int]


async def published(read: Read) -> Published:
    counting = await policies.in_force(read)
    return Published(
        counting=counting,
        versions=await policies.versions(read),
        names={member.account_id: member.name for member in await access.staff(read, None)},
        agreed=await merchants.agreed_count(read, counting[Document.RULES].name),
    )


async def page(
    visit: Visit, typed: Entries | None = None, errors: Mapping[str, str] | None = None, open_at: str = ""
) -> Response[Any]:
    found = await visit.db.ask(published)
    return await frame.show(
        visit,
        "documents.html",
        frame.DOCUMENTS,
        status=422 if errors else 200,
        found=found,
        titles=TITLES,
        concerns=CONCERNS,
        typed=typed or Entries({}, {}),
        errors=errors or {},
        open_at=open_at,
        today=settlement_day(datetime.now(UTC)),
        base=frame.DOCUMENTS,
    )


@get("/documents", opt=NEEDS)
async def documents_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """What is in force, what is planned, and what was; as a file, each version."""
    if not exports.wanted(visit):
        return await page(visit)
    found = await visit.db.ask(published)
    words = (N_("Terms and rules"), N_("Counts from"), N_("What is new"), N_("Published"), N_("Who"))
    rows = [
        (
            visit.say(TITLES[each.document]),
            each.from_day,
            each.summary.in_language(visit.locale),
            each.published_at,
            found.names.get(each.published_by, ""),
        )
        for each in found.versions
    ]
    return exports.csv_answer(visit, visit.say(N_("Terms and rules")), [visit.say(word) for word in words], rows)


async def publish(tx: Tx, actor: Actor, version: Version) -> None:
    """Another version; said twice, nothing changes."""
    if await policies.publish(tx, version, settlement_day(datetime.now(UTC))):
        facts = {"from": version.name, "summary": version.summary}
        await access.audit(tx, actor, "documents.publish", version.document, facts)


async def call_off(tx: Tx, actor: Actor, document: Document, from_day: date) -> None:
    await policies.call_off(tx, document, from_day, settlement_day(datetime.now(UTC)))
    await access.audit(tx, actor, "documents.call_off", document, {"from": from_day.isoformat()})


@post("/documents/{document:str}", opt=NEEDS)
async def publish_version(
    visit: NamedDependency[Visit], request: WebRequest, document: FromPath[str]
) -> Response[Any] | Redirect:
    """Publish another version. From its day on people are asked to agree."""
    known, form = _called(document), await entries_of(request)
    account = visit.actor.account
    version = Version(
        document=known,
        from_day=day_of(form.text("from_day")),
        summary=form.words("summary", most=SUMMARY_CHARACTERS_MAX),
        body=form.words("body", most=BODY_CHARACTERS_MAX),
        published_by=account.account_id if account else None,
    )
    try:
        form.check()
        await visit.db.transact(publish, visit.actor, version)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields), known)
    said = visit.say(N_("Published. Whom it concerns is asked from its day on."))
    return redirect(visit, f"{frame.DOCUMENTS}#{known}", (said, "good"))


@post("/documents/{document:str}/call-off", opt=NEEDS)
async def call_off_version(visit: NamedDependency[Visit], request: WebRequest, document: FromPath[str]) -> Redirect:
    """What was planned does not come."""
    known, form = _called(document), await entries_of(request)
    from_day = day_of(form.text("from_day"))
    if from_day is None:
        raise NotFound()

    async def command() -> None:
        await visit.db.transact(call_off, visit.actor, known, from_day)

    return await done(visit, f"{frame.DOCUMENTS}#{known}", N_("The planned version does not come."), command)


def _called(name: str) -> Document:
    found = next((document for document in Document if document == name), None)
    if found is None:
        raise NotFound()
    return found


HANDLERS = [documents_page, publish_version, call_off_version]
