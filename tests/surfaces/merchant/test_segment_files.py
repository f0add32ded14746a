"""A list comes from a file as people have them, and a segment goes into one as a whole."""

from uuid import UUID

import pytest
from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.operations import segments
from steelyard.surfaces.web import segment_files
from steelyard.surfaces.web.segment_files import named
from tests.operations.segments.conftest import seen
from tests.support.browser import Browser, words
from tests.support.world import CONTACT, World
from tests.surfaces.merchant.test_segments import HERE, bought, heard


async def a_list(owner: Browser) -> str:
    made = {"segment_id": str(ids.mint()), "name_zh": "名单", "name_en": "The list"}
    await owner.post(f"{HERE}/lists", made)
    return made["segment_id"]


@pytest.mark.parametrize(
    ("said", "people", "nobody"),
    [
        ("a@example.com\n\n  b@example.com  \r\n", ["a@example.com", "b@example.com"], []),
        ("a@example.com, b@example.com；c@example.com、d@example.com", [f"{each}@example.com" for each in "abcd"], []),
        ("E-mail,Name\na@example.com,Li Na,by@example.com", ["a@example.com"], []),
        ("E-mail\nnobody\n,,,\n=1+1", [], ["nobody", "=1+1"]),
        ('"7E577E57-0000-4000-8000-0000000000AA";x', ["7E577E57-0000-4000-8000-0000000000AA"], []),
    ],
)
def test_of_a_line_that_is_taken_which_names_somebody(said: str, people: list[str], nobody: list[str]) -> None:
    assert named(said) == (people, nobody)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
async def test_a_sheet_is_read_in_whatever_way_it_was_saved(
    db: Database, world: World, owner: Browser, encoding: str
) -> None:
    buyer_id = await bought(db, world)
    segment_id = await a_list(owner)
    sheet = f"邮箱,姓名\n{CONTACT.email},李娜\n{CONTACT.email.upper()},李娜\n没有地址\nnobody@example.com,无名\n"

    came = await owner.upload(
        f"{HERE}/{segment_id}/people", {"people": ""}, {"file": ("people.csv", sheet.encode(encoding))}
    )

    assert "1 customer is on the list now who was not" in words(came)
    assert "2 are no customers here and were left out" in words(came) and "nobody@example.com" in words(came)
    assert await db.ask(segments.members, world.tea.merchant_id, UUID(segment_id)) == [buyer_id]
    await heard(db)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00a@example.com", "This is no CSV file"),
        (b"a@example.com\n" + b"x" * segment_files.FILE_BYTES_MAX, "This file is too large"),
        (b"".join(b"%d@example.com\n" % n for n in range(100_000)), "between one and ten thousand"),
        (b"nobody\nnowhere\n", "between one and ten thousand"),
    ],
)
async def test_what_is_no_list_is_refused_as_a_whole(
    db: Database, world: World, owner: Browser, data: bytes, why: str
) -> None:
    segment_id = await a_list(owner)
    answer = await owner.upload(f"{HERE}/{segment_id}/people", {"people": ""}, {"file": ("people.xlsx", data)})
    assert answer.status_code == 422 and why in words(answer)
    assert await db.ask(segments.members, world.tea.merchant_id, UUID(segment_id)) == []


async def test_who_was_taken_off_a_list_is_put_back_by_undoing_it(db: Database, world: World, owner: Browser) -> None:
    buyer_id = await bought(db, world)
    segment_id = await a_list(owner)
    await owner.post(f"{HERE}/{segment_id}/people", {"people": str(buyer_id)})

    page = await owner.follow(await owner.post(f"{HERE}/{segment_id}/people/remove", {"buyer_id": str(buyer_id)}))

    assert f'name="people" value="{buyer_id}"' in page.text and f'action="{HERE}/{segment_id}/people"' in page.text
    await heard(db)


async def test_a_segment_is_exported_as_a_whole_however_many_are_in_it(
    app: Litestar, db: Database, world: World, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment_id = await a_list(owner)
    everybody = [ids.mint() for _ in range(9)]
    await seen(db, world, everybody)
    await db.transact(segments.add_people, world.tea.merchant_id, UUID(segment_id), everybody)
    monkeypatch.setattr(segment_files, "MEMBERS_PER_PIECE", 4)
    monkeypatch.setattr("steelyard.surfaces.web.exports.CSV_ROWS_MAX", 5)

    file = await owner.get(f"{HERE}/{segment_id}/members", format="csv")

    assert file.headers["content-type"].startswith("text/csv")
    lines = file.text.splitlines()
    assert lines[0].lstrip("\ufeff") == "Customer,Since"
    assert [line.partition(",")[0] for line in lines[1:]] == sorted(str(each) for each in everybody)
