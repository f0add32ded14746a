"""Many articles come in, move or go at once: typed, pasted or scanned line by line, seen first, then booked as one document."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, warehouses
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.inventory.model import Level, MovementsWanted
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

HERE = f"{frame.STOCK}/move"
LINES_MAX = 500
PIECES_MAX = 1_000_000
NOTE_CHARACTERS_MAX = 200
KINDS = {
    "receive": N_("Receive goods"),
    "transfer": N_("Move between warehouses"),
    "scrap": N_("Write off"),
}
_BETWEEN = re.compile(r"[\s,;×xX*，；]+")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was typed, and what it means; `error` when it means nothing."""

    word: str
    pieces: int
    card: SkuCard | None = None
    level: Level | None = None
    error: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be booked; `document` is minted with the form, so that a second click is none."""

    kind: str
    from_id: UUID
    to_id: UUID
    document: UUID
    note: str
    lines: Sequence[tuple[UUID, int]]


async def places_of(read: Read, merchant_id: MerchantId) -> list[Warehouse]:
    return [each for each in await warehouses.of_merchant(read, merchant_id) if each.open]


async def understood(
    read: Read, merchant_id: MerchantId, typed: Sequence[tuple[str, int]], from_id: UUID | None
) -> list[Line]:
    """Each line with the article that it names, and how many of it lie where it is taken from."""
    known = await inventory.scanned(read, merchant_id, {word for word, _ in typed})
    cards = await catalog.cards(read, known.values())
    there: dict[UUID, Level] = {
        level.sku_id: level
        for level in await inventory.levels_of(read, merchant_id, list(known.values()))
        if level.warehouse_id == from_id
    }
    lines: list[Line] = []
    for word, pieces in typed:
        sku_id = known.get(word)
        if sku_id is None:
            lines.append(Line(word=word, pieces=pieces, error=N_("No article of yours has this number or barcode")))
            continue
        level = there.get(sku_id)
        short = from_id is not None and (level is None or level.free < pieces)
        lines.append(
            Line(
                word=word,
                pieces=pieces,
                card=cards.get(SkuId(sku_id)),
                level=level,
                error=N_("There are not that many free pieces in this warehouse") if short else "",
            )
        )
    return lines


def read_lines(typed: str) -> tuple[list[tuple[str, int]], list[str]]:
    """`(article, pieces)` of lines such as `TEA-1 3`, `TEA-1,3` or `TEA-1`, which is one; the same article twice is summed.
    What has a number that cannot be one is returned apart."""
    pieces: dict[str, int] = defaultdict(int)
    unclear: list[str] = []
    for line in typed.splitlines():
        cells = [cell for cell in _BETWEEN.split(line.strip()) if cell]
        if not cells:
            continue
        count = cells[1] if len(cells) > 1 else "1"
        if len(cells) > 2 or not count.isdecimal() or not 0 < int(count) <= PIECES_MAX:  # a word, a number
            unclear.append(line.strip())
            continue
        pieces[cells[0]] += int(count)
    return list(pieces.items())[:LINES_MAX], unclear


@get("/stock/move", opt={"permission": "stock.edit"})
async def move_page(visit: NamedDependency[Visit], kind: FromQuery[str | None] = None) -> Response[Any]:
    return await show(visit, kind if kind in KINDS else "receive")


async def show(
    visit: Visit,
    kind: str,
    form: Entries | None = None,
    lines: Sequence[Line] = (),
    *,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    places = await visit.merchant_db.ask(places_of, visit.merchant_id)
    return await frame.show(
        visit,
        "stock_move.html",
        frame.STOCK,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Stock")), frame.STOCK), (visit.say(KINDS[kind]), None)],
        kind=kind,
        kinds={name: visit.say(word) for name, word in KINDS.items()},
        title=visit.say(KINDS[kind]),
        places=places,
        typed=form,
        lines=lines,
        errors=errors or {},
        document=form.text("document") if form else ids.mint(),
        ready=bool(lines) and not errors and not any(line.error for line in lines),
    )


@post("/stock/move", opt={"permission": "stock.edit"})
async def move(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """`then` is `look`, which shows what the lines mean, or `book`."""
    form = await entries_of(request)
    kind = form.text("kind")
    if kind not in KINDS:
        raise NotFound()
    typed, unclear = read_lines(form.text("lines", most=50_000))
    wanted = Move(
        kind=kind,
        from_id=form.uuid("from"),
        to_id=form.uuid("to") if kind == "transfer" else form.uuid("from"),
        document=form.uuid("document"),
        note=form.text("note", most=NOTE_CHARACTERS_MAX),
        lines=[],
    )
    lines = await visit.merchant_db.ask(
        understood, visit.merchant_id, typed, None if kind == "receive" else wanted.from_id
    )
    lines = [msgspec.structs.replace(line, error=visit.say(line.error) if line.error else "") for line in lines]
    errors: dict[str, str] = {}
    if unclear:
        errors["lines"] = visit.say(N_("These lines cannot be read: {lines}"), lines="; ".join(unclear[:5]))
    elif not lines:
        errors["lines"] = visit.say(N_("Please enter at least one article"))
    elif any(line.error for line in lines):
        errors["lines"] = visit.say(N_("Some lines need your attention; nothing has been booked."))
    elif kind == "transfer" and wanted.from_id == wanted.to_id:
        errors["to"] = visit.say(N_("Please choose two different warehouses"))
    if errors or form.text("then") != "book":
        return await show(visit, kind, form, lines, errors=errors)
    named = [(line.card.sku_id, line.pieces) for line in lines if line.card is not None]
    wanted = msgspec.structs.replace(wanted, lines=named)
    try:
        await visit.merchant_db.transact(book, visit.actor, visit.merchant_id, wanted, visit.by)
    except Refusal as refusal:
        return await show(visit, kind, form, lines, errors={"lines": told(visit, refusal)})
    return redirect(visit, f"{frame.STOCK}/documents/{wanted.document}", (visit.say(N_("It is booked.")), "good"))


async def book(tx: Tx, actor: Actor, merchant_id: MerchantId, wanted: Move, by: str) -> None:
    lines = [(sku_id, wanted.from_id, pieces) for sku_id, pieces in wanted.lines]
    if wanted.kind == "transfer":
        await inventory.transfer(
            tx,
            merchant_id,
            wanted.from_id,
            wanted.to_id,
            wanted.lines,
            document=wanted.document,
            by=by,
            note=wanted.note,
        )
    elif wanted.kind == "scrap":
        await inventory.scrap(tx, merchant_id, lines, document=wanted.document, by=by, note=wanted.note)
    else:
        await inventory.receive(tx, merchant_id, lines, document=wanted.document, by=by, note=wanted.note)
    facts = {
        "from": str(wanted.from_id),
        "to": str(wanted.to_id),
        "lines": {str(sku_id): pieces for sku_id, pieces in wanted.lines},
        "note": wanted.note,
    }
    await access.audit(tx, actor, f"stock.{wanted.kind}", str(wanted.document), facts)


@get("/stock/documents/{document:uuid}", opt={"permission": "stock.read"})
async def document_page(visit: NamedDependency[Visit], document: FromPath[UUID]) -> Response[Any]:
    """All that was booked under one document, both sides of a transfer together."""
    found = await visit.merchant_db.ask(inventory.find_movements, visit.merchant_id, MovementsWanted(document=document))
    if not found.items:
        raise NotFound()
    cards = await visit.merchant_db.ask(catalog.cards, {move.sku_id for move in found.items})
    places = await visit.merchant_db.ask(warehouses.of_merchant, visit.merchant_id)
    staff = await visit.db.ask(access.staff, visit.merchant_id)
    return await frame.show(
        visit,
        "stock_document.html",
        frame.STOCK,
        crumbs=[
            (visit.say(N_("Stock")), frame.STOCK),
            (visit.say(N_("Movements")), f"{frame.STOCK}/movements"),
            (str(document)[-8:], None),
        ],
        movements=found.items,
        first=found.items[0],
        cards=cards,
        names={each.warehouse_id: each.name for each in places},
        people={f"staff:{member.account_id}": member.name for member in staff},
    )


HANDLERS = [move_page, move, document_page]
