"""The dictionary that people's words are held against: its words, a box to try texts in, and files in and out."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.kernel.text import Text
from steelyard.parties import screening
from steelyard.parties.screening.model import Action, Area, Counted, Found, Imported, RowWrong, Word, WordId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "words.manage"}
FILE_BYTES_MAX = 4 * 1024 * 1024
TRIED_CHARACTERS_MAX = 2_000
ROWS_MAX = 10_000

ACTIONS = {
    Action.REFUSE: N_("refuse"),
    Action.HOLD: N_("hold for a look"),
    Action.MASK: N_("mask"),
    Action.ALLOW: N_("allow"),
}
ABOUT_ACTIONS = {
    Action.REFUSE: N_("The text is not taken; its writer is told which word, and why."),
    Action.HOLD: N_(
        "Others read it when somebody has looked at it. Shop names, replies, messages and follow-ups cannot wait: refused."
    ),
    Action.MASK: N_("Others read stars in its place."),
    Action.ALLOW: N_("A longer word in which a shorter one of the dictionary is meant otherwise."),
}
TONES = {Action.REFUSE: "bad", Action.HOLD: "warn", Action.MASK: "info", Action.ALLOW: "good"}
AREAS = {
    Area.TITLE: N_("Titles of products"),
    Area.DESCRIPTION: N_("Descriptions"),
    Area.SHOP: N_("Names and notices of shops"),
    Area.REVIEW: N_("Reviews"),
    Area.QUESTION: N_("Questions of buyers"),
    Area.ANSWER: N_("Answers to questions"),
    Area.REPLY: N_("Replies to reviews"),
    Area.MESSAGE: N_("Messages between buyers and shops"),
}
LANGUAGES = {"": N_("All languages"), "zh": N_("Chinese texts"), "en": N_("English texts")}
# As they stand in the file that is exported, and in one that is imported.
COLUMNS = ("word", "action", "areas", "language", "reason_zh", "reason_en", "source", "hits")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which words are to be seen."""

    q: str
    action: Action | None
    area: Area | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A text that somebody tried; `pieces` are (words, what was found in them)."""

    text: str
    area: Area
    found: Sequence[Found]

    @property
    def pieces(self) -> list[tuple[str, Found | None]]:
        cut: list[tuple[str, Found | None]] = []
        here = 0
        for found in self.found:
            if found.start < here:
                continue
            cut += [(self.text[here : found.start], None), (self.text[found.start : found.end], found)]
            here = found.end
        return [piece for piece in [*cut, (self.text[here:], None)] if piece[0]]


async def _listed(read: Read, wanted: Wanted, cursor: str | None, limit: int) -> Page[Counted]:
    return await screening.listed(
        read, beginning=wanted.q, action=wanted.action, area=wanted.area, cursor=cursor, limit=limit
    )  # fmt: skip


async def _tried(read: Read, text: str, area: Area) -> Tried:
    return Tried(text=text, area=area, found=screening.look(await screening.dictionary(read), area, text))


def _wanted(visit: Visit) -> Wanted:
    asked = visit.connection.query_params
    action, area = asked.get("action", ""), asked.get("area", "")
    return Wanted(
        q=asked.get("q", "").strip()[:60],
        action=Action(action) if action in set(Action) else None,
        area=Area(area) if area in set(Area) else None,
    )


@get("/words", opt=NEEDS)
async def word_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The dictionary in the order of its words; `edit` opens one of them, `try` holds a text against it."""
    wanted = _wanted(visit)
    if exports.wanted(visit):
        return await _as_file(visit, wanted)
    edited = as_uuid(visit.connection.query_params.get("edit", ""))
    word = await visit.db.ask(screening.word, WordId(edited)) if edited else None
    return await _page(visit, wanted, cursor, word=word)


async def _page(
    visit: Visit,
    wanted: Wanted,
    cursor: str | None = None,
    *,
    word: Word | None = None,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    asked = visit.connection.query_params
    page = await visit.db.ask(_listed, wanted, cursor, ROWS_PER_PAGE)
    text, area = asked.get("try", "")[:TRIED_CHARACTERS_MAX], asked.get("try_area", "")
    tried = await visit.db.ask(_tried, text, Area(area) if area in set(Area) else Area.TITLE) if text else None
    here = {"q": wanted.q, "action": wanted.action or "", "area": wanted.area or ""}
    return await frame.show(
        visit,
        "words.html",
        frame.WORDS,
        status=422 if errors else 200,
        page_of=page,
        wanted=wanted,
        word=word,
        word_id=word.word_id if word else ids.mint(),
        errors=errors or {},
        tried=tried,
        actions={key: visit.say(word) for key, word in ACTIONS.items()},
        about=[(key, visit.say(ACTIONS[key]), visit.say(words)) for key, words in ABOUT_ACTIONS.items()],
        areas={key: visit.say(word) for key, word in AREAS.items()},
        languages={key: visit.say(word) for key, word in LANGUAGES.items()},
        tones=TONES,
        next_href=address(frame.WORDS, **here, cursor=page.next) if page.next else "",
        start_href=address(frame.WORDS, **here) if cursor else "",
    )


def _word_of(form: Entries) -> Word:
    """What the form says; what cannot be read is left for the command to refuse."""
    action = form.text("action")
    if action not in set(Action):
        form.refuse("action", N_("Please choose what becomes of the text"))
    return Word(
        word_id=WordId(form.uuid("word_id")),
        word=form.text("word"),
        action=Action(action) if action in set(Action) else Action.HOLD,
        areas=[Area(each) for each in form.all("areas") if each in set(Area)],
        language=form.text("language"),
        reason=form.words("reason"),
        source=form.text("source"),
    )


@post("/words", opt=NEEDS)
async def save_word(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Add a word, or change one."""
    form = await entries_of(request)
    word = _word_of(form)
    try:
        form.check()
        await visit.db.transact(screening.save_word, visit.actor, word)
    except Invalid as refusal:
        return await _page(visit, _wanted(visit), word=word, errors=errors_of(visit, refusal.fields))
    return redirect(visit, frame.WORDS, (visit.say(SAVED), "good"))


@post("/words/remove", opt=NEEDS)
async def remove_word(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """It may be used again."""
    word_id = WordId((await entries_of(request)).uuid("word_id"))
    return await done(
        visit,
        frame.WORDS,
        N_("It is no longer in the dictionary."),
        lambda: visit.db.transact(screening.remove_word, visit.actor, word_id),
    )


async def _everything(read: Read, wanted: Wanted) -> list[Counted]:
    return await exports.everything(lambda cursor: _listed(read, wanted, cursor, ITEMS_PER_PAGE_MAX))


async def _as_file(visit: Visit, wanted: Wanted) -> Response[bytes]:
    rows = [
        [
            each.word.word,
            each.word.action.value,
            " ".join(each.word.areas),
            each.word.language,
            each.word.reason.get("zh-Hans", ""),
            each.word.reason.get("en", ""),
            each.word.source,
            each.hits,
        ]
        for each in await visit.db.ask(_everything, wanted)
    ]
    return exports.csv_answer(visit, visit.say(N_("Sensitive words")), COLUMNS, rows)


@post("/words/import", opt=NEEDS, request_max_body_size=FILE_BYTES_MAX)
async def import_words(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Add or change all words of a file, or none."""
    form = await entries_of(request)
    files = form.files("file")
    try:
        words = words_of(await files[0].read() if files else b"")
        came: Imported = await visit.db.transact(screening.import_words, visit.actor, words)
    except RowWrong as refusal:
        facts = refusal.facts
        told = visit.say(
            N_("Row {row}, {column}: {what}"),
            row=facts["row"],
            column=facts["column"],
            what=errors_of(visit, {"": facts["what"]})[""],
        )
        return await _page(visit, _wanted(visit), errors={"file": told})
    except Invalid as refusal:
        return await _page(visit, _wanted(visit), errors=errors_of(visit, refusal.fields))
    message = N_("{added} added, {changed} changed, {same} as before.")
    said = visit.say(message, added=came.added, changed=came.changed, same=came.same)
    return redirect(visit, frame.WORDS, (said, "good"))


def words_of(content: bytes) -> list[Word]:
    """The words of a file as we export it, from a spreadsheet in UTF-8 or GB 18030. Raises `Invalid`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not {"word", "action", "areas"} <= set(rows.fieldnames or ()):
        raise Invalid({"file": N_("Please choose a CSV file whose first row has word, action and areas")})
    words: list[Word] = []
    try:
        for place, row in enumerate(rows, 1):
            if place > ROWS_MAX:
                raise Invalid({"file": N_("The file has more than 10,000 rows")})
            words.append(_row(place, {name: _plain(value) for name, value in row.items() if isinstance(value, str)}))
    except csv.Error:
        raise Invalid({"file": N_("This file cannot be read as CSV")}) from None
    if not words:
        raise Invalid({"file": N_("There is no word in this file")})
    return words


def _plain(value: str) -> str:
    """A cell as it was before it was made safe for spreadsheets."""
    value = value.strip()
    return value[1:] if value.startswith("'") and value[1:2] in exports.FORMULA_BEGINS else value


def _row(place: int, row: dict[str, str]) -> Word:
    action, areas = row.get("action", ""), row.get("areas", "").replace(",", " ").split()
    if action not in set(Action):
        raise RowWrong(place, "action", N_("Please write refuse, hold, mask or allow"))
    unknown = [each for each in areas if each not in set(Area)]
    if unknown:
        raise RowWrong(
            place, "areas", N_("Please write title, description, shop, review, question, answer or reply, with spaces")
        )
    reason = {"zh-Hans": row.get("reason_zh", ""), "en": row.get("reason_en", "")}
    return Word(
        word_id=WordId(ids.mint()),
        word=row.get("word", ""),
        action=Action(action),
        areas=[Area(each) for each in areas],
        language=row.get("language", ""),
        reason=Text({locale: words for locale, words in reason.items() if words}),
        source=row.get("source", ""),
    )


HANDLERS = [word_list, save_word, remove_word, import_words]
