"""Something on a page is for a segment: its members see it when they are signed in, and nobody else does."""

from uuid import UUID, uuid4

import pytest
from litestar import Litestar

from steelyard.goods import search
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.operations import merchandising, segments
from steelyard.operations.merchandising.model import SHOP
from steelyard.operations.segments.model import Kind, Segment, SegmentId
from tests.operations.segments.conftest import seen
from tests.support.browser import Browser, browsing, words
from tests.support.consoles import signed_in
from tests.support.world import World

HERE = "/merchant/decoration/shop"
PAGE = "/shops/tea"


async def a_list(db: Database, world: World, merchant_id: UUID) -> Segment:
    """A shop's list of regulars, on which the world's buyer is."""
    buyer = world.buyer.buyer_id
    assert buyer is not None
    segment = Segment(
        merchant_id=merchant_id, segment_id=SegmentId(ids.mint()), kind=Kind.LIST, name=text("熟客", "Regulars"), owner="Li Na"
    )  # fmt: skip
    await db.transact(segments.make_list, segment)
    if merchant_id == world.tea.merchant_id:
        await seen(db, world, [buyer])
        await db.transact(segments.add_people, merchant_id, segment.segment_id, [buyer])
    return segment


def banner(segment: str) -> dict[str, str]:
    return {
        "do": "block", "kind": "banner", "block_id": str(uuid4()), "slide0_title_en": "Opening week",
        "slide1_title_en": "First pick of the spring leaves", "slide1_href": "/c/tea", "slide1_segment": segment,
    }  # fmt: skip


def thanks(segment: str) -> dict[str, str]:
    return {
        "do": "block", "kind": "text", "block_id": str(uuid4()), "title_en": "Thank you for staying", "text_en": "…",
        "segment": segment,
    }  # fmt: skip


def told(page: str) -> tuple[bool, bool, bool]:
    return "Opening week" in page, "First pick" in page, "Thank you for staying" in page


@pytest.fixture
async def segment(db: Database, world: World, owner: Browser) -> Segment:
    """The shop's page has a banner and words that are for its regulars, and a banner for everybody."""
    made = await a_list(db, world, world.tea.merchant_id)
    for fields in (banner(str(made.segment_id)), thanks(str(made.segment_id)), {"do": "publish"}):
        assert (await owner.post(HERE, fields)).status_code == 303
    return made


async def test_members_see_it_and_nobody_else_does(app: Litestar, db: Database, world: World, segment: Segment) -> None:
    everybody, member = (True, False, False), (True, True, True)
    async with browsing(app) as guest:
        assert told(words(await guest.get(PAGE))) == everybody
    buyer = await signed_in(app, world.buyer)
    page = await buyer.get(PAGE)
    assert told(words(page)) == member
    assert page.headers["cache-control"] == "no-store", "nothing of it stays in a browser or on the way"
    for other in (world.other_buyer, world.tea.owner, world.operator):
        somebody = await signed_in(app, other)
        assert told(words(await somebody.get(PAGE))) == everybody, other
        await somebody.close()
    async with browsing(app) as guest:
        assert told(words(await guest.get(PAGE, **{"as": str(segment.segment_id)}))) == everybody

    buyer_id = world.buyer.buyer_id
    assert buyer_id is not None
    await db.transact(search.choose, buyer_id, search.Choices(personal=False))
    assert told(words(await buyer.get(PAGE))) == everybody, "who wants what everybody sees gets that"
    await db.transact(search.choose, buyer_id, search.Choices(personal=True))
    await db.transact(segments.remove_people, segment.merchant_id, segment.segment_id, [buyer_id])
    assert told(words(await buyer.get(PAGE))) == everybody, "who leaves the segment sees it no more"
    await db.transact(segments.add_people, segment.merchant_id, segment.segment_id, [buyer_id])
    assert told(words(await buyer.get(PAGE))) == member
    await buyer.post("/sign-out")
    assert told(words(await buyer.get(PAGE))) == everybody, "whoever is next at this browser is a guest"
    await buyer.close()


async def test_a_draft_is_looked_at_as_everybody_and_as_the_segment(
    app: Litestar, owner: Browser, segment: Segment
) -> None:
    as_members = f"{HERE}?as={segment.segment_id}"
    editor, other = await owner.get(HERE), await owner.get(as_members)
    assert "Only Regulars" in words(editor) and as_members in editor.text
    assert f"{HERE}/preview?as={segment.segment_id}" in other.text
    both = await owner.get(f"{HERE}/preview", **{"as": str(segment.segment_id)})
    assert f"?on=phone&amp;as={segment.segment_id}" in both.text
    async with browsing(app) as somebody:
        for page, sees in ((editor, (True, False, False)), (other, (True, True, True)), (both, (True, True, True))):
            address = next(part for part in page.text.split('"') if "/shop/visit?draft=" in part).replace("&amp;", "&")
            shown = await owner.follow(await owner.get(address))
            assert told(words(shown)) == sees
            draft = str(shown.url)
        assert told(words(await somebody.get(draft))) == (True, True, True), "whoever has the address, for an hour"


async def test_what_is_for_a_segment_stays_for_it_and_goes_by_the_shops_own(
    app: Litestar, db: Database, world: World, owner: Browser, segment: Segment
) -> None:
    others = await a_list(db, world, world.tools.merchant_id)
    for wrong in (str(others.segment_id), str(uuid4()), "everybody"):
        answer = await owner.post(HERE, thanks(wrong))
        assert answer.status_code == 422 and "one of your segments" in words(answer), wrong
        assert (await owner.post(HERE, banner(wrong))).status_code == 422

    here = f"/merchant/segments/{segment.segment_id}"
    assert "What goes by it Shop decoration" in words(await owner.get(here))
    refused = await owner.follow(await owner.post(f"{here}/archive"))
    assert "It is used by: Shop decoration" in words(refused)
    # A membership that has one level less puts its list away; the page then has it for nobody.
    await db.transact(segments.archive, segment.merchant_id, segment.segment_id)
    buyer = await signed_in(app, world.buyer)
    assert told(words(await buyer.get(PAGE))) == (True, False, False)
    editor = await owner.get(HERE)
    assert "Nobody: its segment is archived" in words(editor) and "Regulars (archived)" in words(editor)
    draft = await db.ask(merchandising.draft, world.tea.merchant_id, SHOP)
    again = thanks(str(segment.segment_id)) | {"block_id": str(draft.blocks[1].block_id), "title_en": "Still yours"}
    assert (await owner.post(HERE, again)).status_code == 303, "it can be said otherwise without being for everybody"
    assert (await db.ask(merchandising.draft, world.tea.merchant_id, SHOP)).blocks[1].segment_id == segment.segment_id
    assert (await owner.post(HERE, thanks(str(segment.segment_id)))).status_code == 422, "nothing new is for it"
    await buyer.close()
