"""The rundown of a live session, edited as a table, as a file and on paper; and how its stream comes in."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.channels.live.model import ENTRIES_MAX, ENTRY_PIECES_MAX, Entry, EntryId, Session, new_stream_key
from steelyard.channels.rooms.model import Role
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductId, ProductView
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_sessions import session_of
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import SAVED, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.scanning import qr
from steelyard.surfaces.web.visit import Visit, WebRequest

READS = {"permission": "live.read"}
PLANS = {"permission": "live.plan"}
RUNS = {"permission": "live.run"}
BLANK_ROWS = 3


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    entries: Sequence[Entry]
    products: Mapping[ProductId, ProductView]
    findings: Sequence[live.Finding]
    currency: str


async def laid(read: Read, merchant_id: MerchantId, live_id: UUID) -> Laid:
    session = await session_of(read, merchant_id, live_id)
    goods = await live.goods(read, merchant_id, live_id)
    return Laid(
        session=session,
        entries=await live.rundown(read, merchant_id, live_id),
        products=await catalog.products(read, [good.product_id for good in goods]),
        findings=await live.look(read, session),
        currency=await _currency(read, merchant_id),
    )


async def view(
    visit: Visit,
    live_id: UUID,
    entries: Sequence[Entry] | None = None,
    errors: dict[str, str] | None = None,
    template: str = "live_rundown.html",
    typed: Entries | None = None,
) -> Response[Any]:
    found = await visit.merchant_db.ask(laid, visit.merchant_id, live_id)
    title = found.session.title.in_language(visit.locale)
    rows = list(found.entries if entries is None else entries)
    blank = min(BLANK_ROWS, ENTRIES_MAX - len(rows)) if entries is None else 0
    return await frame.show(
        visit,
        template,
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Live")), frame.LIVE),
            (title, f"{frame.LIVE}/{live_id}"),
            (visit.say(N_("Rundown")), None),
        ],
        back=f"{frame.LIVE}/{live_id}/rundown",
        session=found.session,
        title=title,
        here=f"{frame.LIVE}/{live_id}/rundown",
        rows=[*rows, *(Entry(entry_id=EntryId(ids.mint()), minute=-1, minutes=0) for _ in range(blank))],
        products=[(each.product_id, each.title.in_language(visit.locale)) for each in found.products.values()],
        named={each.product_id: each.title for each in found.products.values()},
        found=live_words.findings(visit, found.findings),
        errors=errors or {},
        typed=typed,
        roles=live_words.said(visit, live_words.ROLES),
        currency=found.currency,
        cents=Money,
    )


@get("/live/{live_id:uuid}/rundown", opt=READS)
async def rundown_page(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[Any]:
    return await view(visit, live_id)


@get("/live/{live_id:uuid}/rundown/print", opt=READS)
async def rundown_print(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[Any]:
    """On paper: for whom there is no screen."""
    return await view(visit, live_id, template="live_rundown_print.html")


@get("/live/{live_id:uuid}/rundown.csv", opt=READS)
async def rundown_file(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[bytes]:
    found = await visit.merchant_db.ask(laid, visit.merchant_id, live_id)
    slugs: dict[UUID, str] = {each.product_id: each.slug for each in found.products.values()}
    titles: dict[UUID, str] = {
        each.product_id: each.title.in_language(visit.locale) for each in found.products.values()
    }
    return Response(
        live.write_sheet(found.entries, slugs, titles, found.currency),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="rundown.csv"', "cache-control": "private, no-store"},
    )


async def write(tx: Tx, actor: Actor, merchant_id: MerchantId, live_id: UUID, entries: Sequence[Entry]) -> None:
    await live.write_rundown(tx, merchant_id, live_id, entries, actor.by)
    await access.audit(tx, actor, "live.rundown", str(live_id), {"rows": len(entries)})


@post("/live/{live_id:uuid}/rundown", opt=PLANS)
async def write_rundown(
    visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The whole table at once; a row that says nothing, or is ticked to be removed, is left out."""
    form = await entries_of(request)
    currency = await visit.merchant_db.ask(_currency, visit.merchant_id)
    entries = [row for entry_id in form.uuids("row") if (row := _row(form, entry_id, currency)) is not None]
    here = f"{frame.LIVE}/{live_id}/rundown"
    try:
        form.check()
        await visit.merchant_db.transact(write, visit.actor, visit.merchant_id, live_id, entries)
    except Invalid as refusal:
        return await view(visit, live_id, entries, errors_of(visit, refusal.fields), typed=form)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return redirect(visit, here, (told(visit, refusal), "bad"))
    return redirect(visit, here, (visit.say(SAVED), "good"))


async def _currency(read: Read, merchant_id: MerchantId) -> str:
    return (await merchants.cards(read, [merchant_id]))[merchant_id].currency


def _row(form: Entries, entry_id: UUID, currency: str) -> Entry | None:
    here = str(entry_id)
    product, what = as_uuid(form.text(f"product:{here}")), form.text(f"what:{here}")
    if form.flag(f"remove:{here}") or not (product or what or form.text(f"minute:{here}")):
        return None
    points = [line.strip() for line in form.text(f"points:{here}").splitlines() if line.strip()]
    owner = form.text(f"owner:{here}")
    return Entry(
        entry_id=EntryId(entry_id),
        minute=form.number(f"minute:{here}"),
        minutes=form.number(f"minutes:{here}", otherwise=5),
        product_id=product,
        what=what,
        points=points,
        offer=form.text(f"offer:{here}"),
        owner=Role(owner) if owner in set(Role) else Role.HOST,
        price=form.money(f"price:{here}", currency, required=False),
        pieces=form.number(f"pieces:{here}", otherwise=0, most=ENTRY_PIECES_MAX) or None,
    )


@post("/live/{live_id:uuid}/rundown/lay-out", opt=PLANS)
async def lay_out(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Redirect:
    """A row for each product of the bag that has none."""
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}/rundown",
        SAVED,
        lambda: visit.merchant_db.transact(live.lay_out, visit.merchant_id, live_id, visit.actor.by),
    )


@post("/live/{live_id:uuid}/rundown/import", opt=PLANS)
async def import_rundown(
    visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The file is the whole rundown from now on; one that is wrong changes nothing."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(laid, visit.merchant_id, live_id)
    try:
        uploads = form.files("file")
        content = await uploads[0].read(live.SHEET_BYTES_MAX + 1) if uploads else b""
        slugs: dict[str, UUID] = {each.slug: each.product_id for each in found.products.values()}
        entries = live.read_sheet(content, slugs, {each.entry_id for each in found.entries}, found.currency)
        await visit.merchant_db.transact(write, visit.actor, visit.merchant_id, live_id, entries)
    except Invalid as refusal:
        where = ""
        if "line" in refusal.facts:
            where = visit.say(
                N_("Line {line}, column {column}."), **{name: refusal.facts[name] for name in ("line", "column")}
            )
        said = " ".join([next(iter(errors_of(visit, refusal.fields).values())), where]).strip()
        return await view(visit, live_id, errors={"file": said})
    return redirect(visit, f"{frame.LIVE}/{live_id}/rundown", (visit.say(SAVED), "good"))


async def push_view(visit: Visit, live_id: UUID, key: str = "") -> Response[Any]:
    session = await visit.merchant_db.ask(session_of, visit.merchant_id, live_id)
    title = session.title.in_language(visit.locale)
    server = visit.settings.media_push_url or f"rtmp://127.0.0.1:{visit.settings.media_rtmp_port}/live"
    return await frame.show(
        visit,
        "live_push.html",
        frame.LIVE,
        crumbs=[
            (visit.say(N_("Live")), frame.LIVE),
            (title, f"{frame.LIVE}/{live_id}"),
            (visit.say(N_("How the stream comes in")), None),
        ],
        session=session,
        title=title,
        here=f"{frame.LIVE}/{live_id}/push",
        server=server,
        key=key,
        code=qr(f"{server}/{key}", visit.say(N_("Server address and stream key"))) if key else "",
    )


@get("/live/{live_id:uuid}/push", opt=RUNS)
async def push_page(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[Any]:
    """Where to stream to, and whether something comes in. The key is shown when it is made, never again."""
    return await push_view(visit, live_id)


async def keep_key(tx: Tx, actor: Actor, merchant_id: MerchantId, live_id: UUID, key: str) -> None:
    await live.keep_key(tx, merchant_id, live_id, key)
    await access.audit(tx, actor, "live.stream_key", str(live_id))


@post("/live/{live_id:uuid}/push", opt=RUNS)
async def renew_key(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[Any] | Redirect:
    """A new key, shown on this page alone; the one before opens nothing from now on."""
    key = new_stream_key()
    try:
        await visit.merchant_db.transact(keep_key, visit.actor, visit.merchant_id, live_id, key)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return redirect(visit, f"{frame.LIVE}/{live_id}/push", (told(visit, refusal), "bad"))
    answer = await push_view(visit, live_id, key)
    answer.headers["cache-control"] = "no-store"
    return answer


HANDLERS = [
    rundown_page, rundown_print, rundown_file, write_rundown, lay_out, import_rundown, push_page, renew_key,
]  # fmt: skip
