"""Chargebacks of the shop: what the bank says, until when the shop can say what speaks against it, and what came of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import chargeback_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.papers import keep, paper
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import chargebacks, orders
from steelyard.trade.chargebacks import ChargebackId, EvidenceFile, Gathered, MonthRate, Part
from steelyard.trade.chargebacks.model import FILES_PER_PART_MAX, WHY_CHARACTERS_MAX, WORDS_CHARACTERS_MAX
from steelyard.trade.orders.model import OrderId

READS = {"permission": "orders.read"}
ANSWERS = {"permission": "orders.refund"}
HERE = frame.CHARGEBACKS
TABS = (("", N_("Being decided")), ("ended", N_("Concluded")))
ENDED = [state for state in chargebacks.ChargebackState if state not in chargebacks.OPEN]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Part]
    codes: dict[UUID, str]
    rates: Sequence[MonthRate]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    part: Part
    files: Sequence[EvidenceFile]
    gathered: Gathered


async def listed(read: Read, merchant_id: MerchantId, ended: bool, cursor: str | None) -> Listed:
    states = ENDED if ended else sorted(chargebacks.OPEN)
    page = await chargebacks.parts_page(read, merchant_id, states, cursor, ROWS_PER_PAGE)
    order_ids = [OrderId(each.order_id) for each in page.items]
    return Listed(
        page=page,
        codes={**await orders.codes_of(read, merchant_id, order_ids)},
        rates=await chargebacks.rates(read, merchant_id),
    )


@get("/chargebacks", opt=READS)
async def chargeback_list(
    visit: NamedDependency[Visit], kind: FromQuery[str] = "", cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """The shop's chargebacks, the newest first."""
    ended = kind == "ended"
    found = await visit.merchant_db.ask(listed, visit.merchant_id, ended, cursor)
    here = {"kind": "ended"} if ended else {}
    return await frame.show(
        visit,
        "shop_chargebacks.html",
        HERE,
        found=found,
        words=chargeback_words,
        now=datetime.now(UTC),
        tabs=[
            {
                "label": visit.say(word),
                "href": address(HERE, **({"kind": key} if key else {})),
                "current": (key == "ended") == ended,
            }
            for key, word in TABS
        ],
        next_href=address(HERE, **here, cursor=found.page.next) if found.page.next else "",
        start_href=address(HERE, **here) if cursor else "",
    )


async def one(read: Read, merchant_id: MerchantId, chargeback_id: ChargebackId, order_id: UUID) -> Shown:
    part = await chargebacks.part(read, merchant_id, chargeback_id, order_id)
    if part is None:
        raise NotFound()
    (gathered,) = await chargebacks.gathered(read, [(merchant_id, order_id)])
    return Shown(part=part, files=await chargebacks.files_of(read, chargeback_id, order_id), gathered=gathered)


@get("/chargebacks/{chargeback_id:uuid}/{order_id:uuid}", opt=READS)
async def chargeback_page(
    visit: NamedDependency[Visit], chargeback_id: FromPath[UUID], order_id: FromPath[UUID]
) -> Response[Any]:
    return await _page(visit, ChargebackId(chargeback_id), order_id, Entries({}, {}))


async def _page(
    visit: Visit, chargeback_id: ChargebackId, order_id: UUID, form: Entries, refusal: Refusal | None = None
) -> Response[Any]:
    shown = await visit.merchant_db.ask(one, visit.merchant_id, chargeback_id, order_id)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "shop_chargeback.html",
        HERE,
        crumbs=[(visit.say(N_("Chargebacks")), HERE), (shown.part.code, None)],
        status=refusal.status if refusal else 200,
        shown=shown,
        part=shown.part,
        facts_known=chargebacks.facts_of([shown.gathered], visit.locale),
        waits=shown.part.waits_for_shop(datetime.now(UTC)),
        words=chargeback_words,
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        file_id=ids.mint(),
        words_max=WORDS_CHARACTERS_MAX,
        why_max=WHY_CHARACTERS_MAX,
        files_max=FILES_PER_PART_MAX,
        base=f"{HERE}/{chargeback_id}/{order_id}",
    )


PartOf = tuple[MerchantId, ChargebackId, UUID]


async def say(tx: Tx, actor: Actor, part: PartOf, words: str) -> None:
    await chargebacks.say(tx, *part, words, actor.by)
    await access.audit(tx, actor, "chargebacks.say", str(part[2]), {"chargeback": str(part[1])})


async def send_anyway(tx: Tx, actor: Actor, part: PartOf, why: str) -> None:
    await chargebacks.send_anyway(tx, *part, why, actor.by)
    await access.audit(
        tx, actor, "chargebacks.send_anyway", str(part[2]), {"chargeback": str(part[1]), "why": why.strip()}
    )


async def add(tx: Tx, actor: Actor, part: PartOf, file_id: UUID, stored: tuple[str, str, int]) -> None:
    await chargebacks.add_file(tx, part, file_id, stored, actor.by)
    await access.audit(tx, actor, "chargebacks.file", str(part[2]), {"chargeback": str(part[1]), "file": stored[1]})


@post("/chargebacks/{chargeback_id:uuid}/{order_id:uuid}", opt=ANSWERS)
async def chargeback_answered(
    visit: NamedDependency[Visit], request: WebRequest, chargeback_id: FromPath[UUID], order_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Say what speaks against it, hand a file in, or take one back; or send what is held all the same."""
    form = await entries_of(request)
    part = (visit.merchant_id, ChargebackId(chargeback_id), order_id)
    await visit.merchant_db.ask(one, *part)
    try:
        if form.text("do") == "remove":
            await visit.merchant_db.transact(chargebacks.remove_file, part, form.uuid("file_id"))
        elif form.text("do") == "anyway":
            await visit.merchant_db.transact(send_anyway, visit.actor, part, form.text("why"))
        elif uploads := form.files("file"):
            name, size = await keep(visit, uploads[0], "file")
            stored = (name, uploads[0].filename[:200], size)
            await visit.merchant_db.transact(add, visit.actor, part, form.uuid("file_id"), stored)
        else:
            await visit.merchant_db.transact(say, visit.actor, part, form.text("words"))
        form.check()
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, ChargebackId(chargeback_id), order_id, form, refusal)
    return redirect(visit, f"{HERE}/{chargeback_id}/{order_id}", (visit.say(N_("Saved")), "good"))


@get("/chargebacks/{chargeback_id:uuid}/{order_id:uuid}/papers/{evidence_id:uuid}", opt=READS)
async def chargeback_file(
    visit: NamedDependency[Visit],
    chargeback_id: FromPath[UUID],
    order_id: FromPath[UUID],
    evidence_id: FromPath[UUID],
) -> Response[bytes]:
    """What the shop handed in itself."""
    shown = await visit.merchant_db.ask(one, visit.merchant_id, ChargebackId(chargeback_id), order_id)
    found = next((each for each in shown.files if each.file_id == evidence_id), None)
    if found is None:
        raise NotFound()
    return await paper(visit, found)


HANDLERS = [chargeback_list, chargeback_page, chargeback_answered, chargeback_file]
