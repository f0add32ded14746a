"""A shop's morning: orders are found, sent together or not at all, and printed for."""

import base64
import io
import re
import zlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from litestar import Litestar
from openpyxl import Workbook

from steelyard.goods import inventory
from steelyard.kernel.db import Database, Read, Tx
from steelyard.logistics import parcels
from steelyard.parties import access
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World

SHIP = "/merchant/orders/ship"


async def three(db: Database, world: World) -> list[Order]:
    green, black = world.items["green"].sku_id, world.items["black"].sku_id
    return [(await deal.paid(db, wanted))[0] for wanted in ([(green, 2)], [(green, 1), (black, 1)], [(black, 3)])]


def query(found: Sequence[Order]) -> str:
    return "&".join(f"order={order.order_id}" for order in found)


async def form_of(owner: Browser, found: Sequence[Order]) -> dict[str, str | list[str]]:
    """The form of the page as a browser would send it, numbers empty."""
    page = await owner.get(f"{SHIP}?{query(found)}")
    assert page.status_code == 200, page.text
    fields: dict[str, str | list[str]] = {"order": [str(order.order_id) for order in found]}
    for order in found:
        parcel = re.search(rf'name="parcel_{order.order_id}" value="([^"]+)"', page.text)
        assert parcel
        fields[f"parcel_{order.order_id}"] = parcel[1]
        fields[f"carrier_{order.order_id}"] = "simex"
        fields[f"number_{order.order_id}"] = ""
    return fields


async def test_many_orders_leave_together_and_a_second_click_sends_nothing(
    db: Database, world: World, owner: Browser
) -> None:
    found = await three(db, world)
    fields = await form_of(owner, found)
    for place, order in enumerate(found):
        fields[f"number_{order.order_id}"] = f"SX-{place}"
    before = await db.ask(inventory.available, [world.items["green"].sku_id])

    for _ in range(2):
        after = await owner.follow(await owner.post(SHIP, {**fields, "then": "send"}))
        assert "3 parcels are on their way" in words(after)

    assert {(await deal.again(db, order)).state for order in found} == {OrderState.SHIPPED}
    assert await db.ask(inventory.available, [world.items["green"].sku_id]) == before
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert [entry.action for entry in log.items].count("orders.ship_many") == 1


async def test_one_wrong_row_holds_all_back_and_is_named(db: Database, world: World, owner: Browser) -> None:
    first, second, third = await three(db, world)
    await deal.shipped(db, third)
    number = await db.ask(number_of, third.order_id)
    fields = await form_of(owner, [first, second])
    fields[f"number_{first.order_id}"] = "SX-1"
    fields[f"number_{second.order_id}"] = number

    answer = await owner.post(SHIP, {**fields, "then": "send"})

    assert answer.status_code == 422
    assert "already belongs to another parcel" in words(answer)
    assert 'value="SX-1"' in answer.text, "what was typed stays"
    assert {(await deal.again(db, order)).state for order in (first, second)} == {OrderState.PAID}


async def number_of(read: Read, order_id: UUID) -> str:
    return (await parcels.of_orders(read, [order_id]))[order_id][0].number


async def test_the_same_number_twice_and_no_number_are_told_beside_their_rows(
    db: Database, world: World, owner: Browser
) -> None:
    first, second, _ = await three(db, world)
    fields = await form_of(owner, [first, second])
    fields[f"number_{first.order_id}"] = fields[f"number_{second.order_id}"] = "SX-7"

    twice = await owner.post(SHIP, {**fields, "then": "send"})
    assert twice.status_code == 422
    assert "stands in two rows" in words(twice)

    fields[f"number_{first.order_id}"] = fields[f"number_{second.order_id}"] = ""
    none = await owner.post(SHIP, {**fields, "then": "send"})
    assert none.status_code == 422
    assert "at least one tracking number" in words(none)


async def test_a_row_without_a_number_stays(db: Database, world: World, owner: Browser) -> None:
    first, second, _ = await three(db, world)
    fields = await form_of(owner, [first, second])
    fields[f"number_{second.order_id}"] = "SX-9"

    await owner.post(SHIP, {**fields, "then": "send"})

    assert (await deal.again(db, first)).state is OrderState.PAID
    assert (await deal.again(db, second)).state is OrderState.SHIPPED


async def test_numbers_come_out_of_a_spreadsheet_and_are_seen_first(db: Database, world: World, owner: Browser) -> None:
    first, second, _ = await three(db, world)
    fields = await form_of(owner, [first, second])
    pasted = f"Order\tNumber\n{second.code}\tSimpost\tSP0002\n{first.code}\tSX0001\nS-AAAAA-BBBBB\tX1"

    page = await owner.post(SHIP, {**fields, "then": "fill", "pasted": pasted})

    assert page.status_code == 200
    assert "2 rows are filled in" in words(page)
    assert "S-AAAAA-BBBBB" in words(page)
    assert 'value="SX0001"' in page.text
    assert re.search(rf'name="carrier_{second.order_id}".*?value="simpost" selected', page.text, re.DOTALL)
    assert (await deal.again(db, first)).state is OrderState.PAID, "nothing is sent by looking"


async def test_a_column_of_numbers_goes_to_the_rows_in_their_order(db: Database, world: World, owner: Browser) -> None:
    found = await three(db, world)
    fields = await form_of(owner, found)

    page = await owner.post(SHIP, {**fields, "then": "fill", "pasted": "Tracking\nSX1\nSX2\nSX3\nSX4"})

    numbers = re.findall(r'name="number_[^"]+" id="[^"]+" value="([^"]*)"', page.text)
    assert numbers == ["SX1", "SX2", "SX3"]
    assert "belong to no order here: SX4" in words(page)


async def test_an_excel_file_is_read_and_anything_else_is_refused(db: Database, world: World, owner: Browser) -> None:
    first, second, _ = await three(db, world)
    fields = await form_of(owner, [first, second])
    book = Workbook()
    assert book.active is not None
    book.active.append(["Order", "Carrier", "Tracking number"])
    book.active.append([first.code, "simex", 731000000001.0])
    body = io.BytesIO()
    book.save(body)

    page = await owner.upload(SHIP, {**fields, "then": "fill"}, {"sheet": ("numbers.xlsx", body.getvalue())})
    assert 'value="731000000001"' in page.text

    refused = await owner.upload(SHIP, {**fields, "then": "fill"}, {"sheet": ("x.xlsx", b"PK\x03\x04nonsense")})
    assert refused.status_code == 422
    assert "cannot be read" in words(refused)


async def test_another_shops_orders_cannot_be_sent_printed_or_found(app: Litestar, db: Database, world: World) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    stranger = await signed_in(app, world.tools.owner)

    page = await stranger.get(f"{SHIP}?order={order.order_id}")
    assert order.code not in page.text
    papers = await stranger.get(f"/merchant/orders/papers.pdf?kind=slips&order={order.order_id}")
    assert papers.status_code == 404
    listed = await stranger.get(f"/merchant/orders?state=all&q={order.code}")
    assert "No order fits" in words(listed)
    await stranger.close()


def pages_of(body: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", body))


async def test_labels_slips_and_the_pick_list_are_printed_in_both_languages(
    db: Database, world: World, owner: Browser
) -> None:
    found = await three(db, world)
    await deal.shipped(db, found[0])

    for kind, pages in (("slips", 3), ("picks", 1), ("labels", 1)):
        for language in ("zh-Hans", "en"):
            answer = await owner.get(f"/merchant/orders/papers.pdf?kind={kind}&lang={language}&{query(found)}")
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/pdf"
            assert answer.content.startswith(b"%PDF-")
            assert pages_of(answer.content) == pages
    label = await owner.get(f"/merchant/orders/papers.pdf?kind=labels&{query(found[:1])}")
    assert b"/MediaBox [ 0 0 283.4646 425.1969 ]" in label.content, "100 × 150 mm"


def drawn(body: bytes) -> str:
    """What the pages of a PDF draw: their streams, unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", body, re.DOTALL)
    return "\n".join(
        zlib.decompress(base64.a85decode(each.strip(), adobe=False)).decode("latin-1") for each in map(_bare, streams)
    )


def _bare(stream: bytes) -> bytes:
    return stream.strip().removesuffix(b"~>")


async def test_the_packing_slip_says_what_goes_in_and_no_prices(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])

    answer = await owner.get(f"/merchant/orders/papers.pdf?kind=slips&lang=en&order={order.order_id}")

    said = drawn(answer.content)
    assert "(GREEN-0)" in said
    assert order.code in said
    assert f"{order.total / 100:.2f}" not in said


async def test_a_label_carries_the_number_for_the_scanner(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    number = await db.ask(number_of, order.order_id)

    said = drawn((await owner.get(f"/merchant/orders/papers.pdf?kind=labels&order={order.order_id}")).content)

    assert f"({number})" in said
    assert said.count(" re") > 30, "bars are drawn"


async def test_orders_are_found_by_what_one_has_at_hand(db: Database, world: World, owner: Browser) -> None:
    first, second, third = await three(db, world)
    await deal.shipped(db, third)
    number = await db.ask(number_of, third.order_id)

    by = {
        number: {third.code},
        "13800000000": {first.code, second.code, third.code},
        "Li Na": {first.code, second.code, third.code},
        "nobody": set[str](),
    }
    for wanted, codes in by.items():
        page = await owner.get(f"/merchant/orders?state=all&q={wanted}")
        assert {order.code for order in (first, second, third) if order.code in page.text} - {
            wanted.upper()
        } == codes - {wanted.upper()}, wanted


async def test_filters_narrow_the_list_down_and_the_file_has_a_row_for_each_line(
    db: Database, world: World, owner: Browser
) -> None:
    first, second, third = await three(db, world)
    await deal.shipped(db, third)

    async def codes(question: str) -> set[str]:
        page = await owner.get(f"/merchant/orders?state=all&{question}")
        assert page.status_code == 200
        return {order.code for order in (first, second, third) if order.code in page.text}

    product = world.items["black"].product_id
    assert await codes(f"product={product}") == {second.code, third.code}
    assert await codes("carrier=simex") == {third.code}
    assert await codes("region=上海") == {first.code, second.code, third.code}
    assert await codes("region=浙江") == set()
    assert await codes("to=2020-01-01") == set()
    assert await codes("from=2020-01-01&note=yes") == set()
    assert await codes(f"least={third.total / 100:.2f}&most={third.total / 100:.2f}") >= {third.code}
    wrong = await owner.get("/merchant/orders?state=all&from=yesterday&least=much")
    assert "Please enter a day" in words(wrong)
    assert "Please enter an amount" in words(wrong)

    answer = await owner.get("/merchant/orders?state=all&format=csv")
    rows = answer.content.decode("utf-8-sig").strip().split("\r\n")
    assert len(rows) == 1 + 4
    assert sum(second.code in row for row in rows) == 2


async def test_what_is_late_is_counted_and_listed(db: Database, world: World, owner: Browser) -> None:
    late, fresh, _ = await three(db, world)
    await db.transact(paid_before, late, timedelta(hours=49))

    page = await owner.get("/merchant/orders")
    assert "Not sent in time · 1" in words(page)
    page = await owner.get("/merchant/orders?state=to_ship&trouble=late")
    assert late.code in page.text
    assert fresh.code not in page.text


async def paid_before(tx: Tx, order: Order, ago: timedelta) -> None:
    await tx.execute(
        "UPDATE orders SET paid_at = now() - $3::interval WHERE merchant_id = $1 AND order_id = $2",
        order.merchant_id,
        order.order_id,
        ago,
    )


async def test_a_wrong_number_is_put_right_while_nothing_has_moved(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    parcel_id = await deal.shipped(db, order)
    here = f"/merchant/orders/{order.order_id}"

    for number in ("RIGHT-1", "RIGHT-2", "RIGHT-3"):
        after = await owner.follow(
            await owner.post(f"{here}/parcels/{parcel_id}/number", {"carrier": "simpost", "number": number})
        )
        assert number in after.text
    after = await owner.follow(
        await owner.post(f"{here}/parcels/{parcel_id}/number", {"carrier": "simpost", "number": "RIGHT-4"})
    )

    assert "can no longer be changed" in words(after)
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    changed = [entry.facts for entry in log.items if entry.action == "orders.correct_number"]
    assert changed[0]["before"]["number"] == "RIGHT-2"
    assert changed[0]["after"]["number"] == "RIGHT-3"


async def test_a_note_names_a_colleague_who_finds_it_until_it_is_read(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    clerk = world.tea.staff["merchant_clerk"]
    here = f"/merchant/orders/{order.order_id}"
    fields = {
        "note_id": "018f2c5e-0000-7000-8000-000000000001",
        "note": "Gift wrap, please",
        "mentions": str(clerk.account_id),
    }

    for _ in range(2):
        after = await owner.follow(await owner.post(f"{here}/notes", fields))
        assert words(after).count("Gift wrap, please") == 1

    colleague = await signed_in(app, clerk)
    assert "Notes that name you · 1" in words(await colleague.get("/merchant/orders"))
    assert "Gift wrap, please" in words(await colleague.get(here))
    assert "Notes that name you" not in words(await colleague.get("/merchant/orders"))
    await colleague.close()
