"""Answering surveys: on a page of their own, by link or mail, and in a quiet card on other pages.

Each answer is sent and kept by itself. Whoever comes back, on whatever page, goes on where they had stopped.
"""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids, limits
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.limits import Limit
from steelyard.operations import research
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.research import Answering, Standing
from steelyard.operations.research.model import (
    NotAskedHere,
    Question,
    ResponseId,
    State,
    Survey,
    SurveyIsOver,
    Via,
)
from steelyard.parties import merchants
from steelyard.parties.access.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.console import address, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import HTML, Frame, page_of
from steelyard.surfaces.web.seals import seal
from steelyard.surfaces.web.survey_form import Shown, shown, typed_of
from steelyard.surfaces.web.visit import Visit, WebRequest

# A step each; of a whole office behind one address, too.
ANSWERS_PER_ADDRESS = Limit("surveys.answer", 240, 600.0)
# What only a program fills in.
TRAP = "website"
UNKNOWN = UUID(int=0)
_VIAS = {"page": Via.PAGE, "mail": Via.MAIL}


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """A survey and who sits before it; `staff` look at it, and nothing that they choose is kept."""

    shell: Shell | None
    survey: Survey
    shop: str
    who: Answering
    standing: Standing | None
    token: str
    staff: bool

    @property
    def next(self) -> Question | None:
        """What is asked now; of who has not begun the first."""
        if self.standing is not None:
            return self.standing.next
        return next(iter(self.survey.now.questions), None)


async def sitting(read: Read, visit: Visit, code: str, token: str, via: Via, *, alone: bool) -> Sitting:
    """Raises `NotFound` where there is no such survey, or it was never open; `NotAskedHere` for who only has the address of one
    that asks by itself."""
    survey = await research.by_code(read, code.replace("\x00", ""))
    if survey.state not in (State.OPEN, State.CLOSED) or survey.asked is None:
        raise NotFound()
    who = await _who(read, visit, survey, token, via)
    known = await research.response(read, survey.merchant_id, survey.survey_id, who.people)
    staff = visit.account is not None and visit.account.kind is not AccountKind.BUYER
    if known is None and not staff and not await _is_asked(read, visit, survey, who):
        raise NotAskedHere()
    shop = ""
    if survey.merchant_id != MARKETPLACE:
        cards = await merchants.cards(read, [MerchantId(survey.merchant_id)])
        shop = next((each.name.in_language(visit.locale) for each in cards.values()), "")
    return Sitting(
        shell=await shell(read, visit.known_buyer_id) if alone else None,
        survey=survey,
        shop=shop,
        who=who,
        standing=None if known is None else await research.standing(read, survey, known),
        token=token,
        staff=staff,
    )


async def _is_asked(read: Read, visit: Visit, survey: Survey, who: Answering) -> bool:
    """Whether the survey takes whoever has its link, or has asked this one on a page or by mail."""
    if survey.now.by_link or survey.state is not State.OPEN:
        return True
    return await research.was_asked(read, survey.merchant_id, survey.survey_id, [*who.people, *_names(visit)])


def _names(visit: Visit) -> list[UUID]:
    """All ids that somebody is known by here, the one that counts first."""
    return list(dict.fromkeys([visit.buyer_id, *visit.buyer_ids, visit.visitor_id]))


async def _who(read: Read, visit: Visit, survey: Survey, token: str, via: Via) -> Answering:
    """Who answers: whom an invitation names, else who is signed in, else the visitor; in an anonymous survey somebody whom it
    cannot lead back to."""
    account = visit.account
    signed_in = account.buyer_id if account is not None and account.kind is AccountKind.BUYER else None
    found = as_uuid(token)
    named = None if found is None else await research.invited(read, survey.merchant_id, survey.survey_id, found)
    if named is not None:
        via = Via.MAIL
    buyer_id = named or signed_in
    people = tuple(
        dict.fromkeys(each for each in (named, signed_in, visit.buyer_id, *visit.buyer_ids, visit.visitor_id) if each)
    )
    if survey.now.anonymous:
        return Answering(
            people=(_nobody(visit, survey.survey_id, buyer_id or visit.visitor_id),), buyer_id=None, visitor_id=UNKNOWN, via=via,
            locale=visit.locale,
        )  # fmt: skip
    if named is not None:
        # A link that was passed on is answered for whom it names, once.
        people = (named,)
    return Answering(people=people, buyer_id=buyer_id, visitor_id=visit.visitor_id, via=via, locale=visit.locale)


def _nobody(visit: Visit, survey_id: UUID, person: UUID) -> UUID:
    """The same for the same person in this survey, and of no use to who does not have our key."""
    mark = seal(visit.settings, "survey", f"{survey_id}:{person}").rpartition(".")[2]
    return UUID(hex=mark[:32])


def asked_now(visit: Visit, at: Sitting, key: str, typed: Entries | None, error: str) -> Shown | None:
    """The question that is shown: the one to go back to, or the next."""
    standing = at.standing
    answers = {} if standing is None else standing.answers
    definition = at.survey.now if standing is None else standing.asked
    behind = {} if standing is None else {each.key: each for each in standing.behind}
    question = behind.get(key) or at.next
    if standing is not None and standing.over:
        return None
    if question is None:
        return None
    seed = at.who.people[0]
    return shown(definition, question, seed, visit.locale, answers, typed, error)


def _values(visit: Visit, at: Sitting, key: str, typed: Entries | None, error: str) -> dict[str, Any]:
    definition = at.survey.now if at.standing is None else at.standing.asked
    done, of = (
        (0, len(definition.questions)) if at.standing is None else research.progress(definition, at.standing.answers)
    )
    it = asked_now(visit, at, key, typed, error)
    behind = [] if at.standing is None else [each.key for each in at.standing.behind]
    here = behind.index(key) if key in behind else len(behind)
    locale = visit.locale
    return {
        "at": at,
        "it": it,
        "title": definition.title.in_language(locale),
        "intro": definition.intro.in_language(locale) if at.standing is None else "",
        "thanks": definition.thanks.in_language(locale),
        "over": at.standing is not None and at.standing.over,
        "closed": at.survey.state is not State.OPEN,
        "here": address(f"/q/{at.survey.code}", t=at.token),
        "action": f"/q/{at.survey.code}",
        "back": behind[here - 1] if here > 0 and it is not None else "",
        "done": done,
        "of": of,
        "trap": TRAP,
    }


@get("/q/{code:str}")
async def survey_page(
    visit: NamedDependency[Visit],
    code: FromPath[str],
    t: FromQuery[str] = "",
    at: FromQuery[str] = "",
) -> Response[Any]:
    """The survey where this person is in it."""
    found = await visit.db.ask(sitting, visit, code, t, Via.LINK, alone=True)
    return await _page(visit, found, at, None, "")


async def _page(visit: Visit, found: Sitting, key: str, typed: Entries | None, error: str) -> Response[Any]:
    assert found.shell is not None
    answer = await show(
        visit, "survey.html", found.shell, status=422 if error else 200, **_values(visit, found, key, typed, error)
    )
    answer.headers["cache-control"] = "no-store"
    if found.token:
        answer.headers["referrer-policy"] = "no-referrer"
    return answer


@post("/q/{code:str}", status_code=200)
async def survey_answered(
    visit: NamedDependency[Visit], code: FromPath[str], request: WebRequest
) -> Response[Any] | Redirect:
    """Keep one answer and show what comes next; sent twice, it is one."""
    form = await entries_of(request)
    in_card = form.flag("card") and "hx-request" in request.headers
    token, key, via = form.text("t"), form.text("question"), _VIAS.get(form.text("via"), Via.LINK)
    if not form.text(TRAP):
        await limits.take(visit.db, ANSWERS_PER_ADDRESS, address_of(visit))
        try:
            await visit.db.transact(_kept, visit, code, token, via, form)
        except SurveyIsOver:
            pass
        except Invalid as refusal:
            why = errors_of(visit, refusal.fields).get("a", "")
            found = await visit.db.ask(sitting, visit, code, token, via, alone=not in_card)
            return await (_card if in_card else _page)(visit, found, key, form, why)
    if in_card:
        found = await visit.db.ask(sitting, visit, code, token, via, alone=False)
        return await _card(visit, found, "", None, "")
    return Redirect(address(f"/q/{code}", t=token), status_code=303)


async def _kept(tx: Tx, visit: Visit, code: str, token: str, via: Via, form: Entries) -> None:
    found = await sitting(tx, visit, code, token, via, alone=False)
    question = found.survey.now.question(form.text("question"))
    if found.standing is not None:
        question = found.standing.asked.question(form.text("question"))
    if found.staff or question is None:
        return
    said = research.read(question, typed_of(form))
    if found.standing is None:
        await research.begin(tx, found.survey, found.who, ResponseId(ids.mint()))
    await research.answer(tx, found.survey, found.who, question.key, said)


@get("/surveys/card")
async def survey_card(visit: NamedDependency[Visit], of: FromQuery[str] = "") -> Response[Any]:
    """What asks quietly on a page of the shop `of`, or of the marketplace; nothing, where nobody is to be asked."""
    shops = [each for each in (as_uuid(of), MARKETPLACE) if each is not None]
    staff = visit.account is not None and visit.account.kind is not AccountKind.BUYER
    if staff or not footfall.counts(visit.connection.headers):
        return _nothing()
    found = await visit.db.transact(_asked, visit, shops)
    return _nothing() if found is None else await _card(visit, found, "", None, "")


async def _asked(tx: Tx, visit: Visit, shops: list[UUID]) -> Sitting | None:
    account = visit.account
    buyer_id = account.buyer_id if account is not None else None
    people = _names(visit)
    person = buyer_id or visit.visitor_id
    one = await research.for_page(
        tx, shops, people, buyer_id, nameless=lambda survey_id: _nobody(visit, survey_id, person)
    )
    if one is None:
        return None
    survey = await research.survey(tx, one.merchant_id, one.survey_id)
    await research.note_asked(tx, one.merchant_id, one.survey_id, people[0])
    return await sitting(tx, visit, survey.code, "", Via.PAGE, alone=False)


async def _card(visit: Visit, found: Sitting, key: str, typed: Entries | None, error: str) -> Response[Any]:
    page = await page_of(visit, Frame())
    drawn = visit.connection.app.state.templates.render(
        "storefront/survey_card.html", page, visit=visit, **_values(visit, found, key, typed, error)
    )
    return Response(drawn, status_code=422 if error else 200, media_type=HTML, headers={"cache-control": "no-store"})


def _nothing() -> Response[Any]:
    return Response("", media_type=HTML, headers={"cache-control": "no-store"})


@post("/q/{code:str}/dismiss", status_code=200)
async def survey_dismissed(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[Any]:
    """They do not want to be asked this again."""
    await visit.db.transact(_dismissed, visit, code)
    return _nothing()


async def _dismissed(tx: Tx, visit: Visit, code: str) -> None:
    survey = await research.by_code(tx, code)
    await research.dismiss(tx, survey.merchant_id, survey.survey_id, visit.buyer_id)


HANDLERS = [survey_page, survey_answered, survey_card, survey_dismissed]
