"""Reconciliation as the operator's finance staff see it: health, the work list, a statement by hand, two people."""

import re

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.money import reconciliation
from steelyard.money.reconciliation.model import UPLOAD_BYTES_MAX
from tests.money.statements import Sale, broken_off, noon, sold, written
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.statement import DAY, HEADER, strange, strange_file
from tests.support.world import World, account

HERE = "/operator/reconciliation"


async def test_without_statements_the_page_says_what_to_do(db: Database, world: World, chief: Browser) -> None:
    assert "No statement has come yet" in words(await chief.get(HERE))
    assert "No statement has come yet" in words(await chief.get(f"{HERE}/files"))
    sources = words(await chief.get(f"{HERE}/sources"))
    assert "The platform" in sources and "UTC+8:00" in sources


async def test_a_statement_is_uploaded_and_what_differs_is_listed(db: Database, world: World, chief: Browser) -> None:
    form = {"source": "simpay", "day": DAY.isoformat()}

    kept = await chief.follow(await chief.upload(f"{HERE}/upload", form, {"file": ("s.csv", strange_file())}))

    assert "Missing in our books" in words(kept)
    assert "100.00" in words(kept)
    waiting = await chief.get(HERE, state="waiting")
    assert "Missing in our books" in words(waiting)
    assert "Simulated channel" in words(waiting)
    files = await chief.get(f"{HERE}/files")
    assert "s.csv" in words(files)


async def test_the_same_file_is_known_and_leads_to_the_first(db: Database, world: World, chief: Browser) -> None:
    content = strange_file()
    for _ in range(2):
        form = {"source": "simpay", "day": DAY.isoformat()}
        answer = await chief.upload(f"{HERE}/upload", form, {"file": ("s.csv", content)})

    assert answer.status_code == 409
    assert "The same file was received before" in words(answer)
    href = re.search(rf'href="({HERE}/files/simpay/[^"]+)"', answer.text)
    assert href is not None
    assert (await chief.get(f"{href[1]}/content")).content == content


async def test_a_damaged_file_is_told_line_by_line_and_books_nothing(
    db: Database, world: World, chief: Browser
) -> None:
    content = strange_file().replace(b",60,9940", b",60,9941")
    form = {"source": "simpay", "day": DAY.isoformat()}

    kept = await chief.follow(await chief.upload(f"{HERE}/upload", form, {"file": ("s.csv", content)}))

    assert "Line 2" in words(kept)
    assert "The net amount is not the amount less the fee." in words(kept)
    assert not (await db.ask(reconciliation.differences)).items


async def test_what_is_missing_on_the_form_is_said_beside_the_fields_and_what_was_typed_is_kept(
    db: Database, world: World, chief: Browser
) -> None:
    answer = await chief.post(f"{HERE}/upload", {"source": "alipay", "day": "2099-01-01"})

    assert answer.status_code == 422
    assert "Please choose a file." in words(answer)
    assert "This day is not over yet." in words(answer)
    assert re.search(r'<option value="alipay" selected>', answer.text)


async def test_a_file_that_is_too_large_is_refused(db: Database, world: World, chief: Browser) -> None:
    form = {"source": "simpay", "day": DAY.isoformat()}
    content = HEADER.encode() + b"\n" + b" " * UPLOAD_BYTES_MAX

    answer = await chief.upload(f"{HERE}/upload", form, {"file": ("s.csv", content)})

    assert answer.status_code == 413


async def test_a_difference_is_explained_and_taken_back(db: Database, world: World, chief: Browser) -> None:
    item = await strange(db)
    here = f"{HERE}/differences/simpay/{item.item_id}"
    assert "Missing in our books" in words(await chief.get(HERE))

    nothing = await chief.post(f"{here}/settle", {"into": "accept", "words": ""})
    booked = await chief.follow(await chief.post(f"{here}/settle", {"into": "suspense", "words": "asked them"}))
    back = await chief.follow(await chief.post(f"{here}/take-back", {}))

    assert nothing.status_code == 422
    assert "Please say why nothing is to be booked." in words(nothing)
    assert "asked them" in words(booked)
    assert "Differences being looked into" in words(booked)
    assert "To look at" in words(back)


async def test_above_the_limit_the_first_person_cannot_agree(db: Database, world: World, chief: Browser) -> None:
    item = await strange(db, 5_000_000)
    here = f"{HERE}/differences/simpay/{item.item_id}"

    proposed = await chief.follow(await chief.post(f"{here}/settle", {"into": "suspense", "words": ""}))
    refused = await chief.follow(await chief.post(f"{here}/agree", {}))

    assert "A second person decides" in words(proposed)
    assert "You proposed this: another person agrees." in words(proposed)
    assert "Above the limit a second person decides." in words(refused)
    assert (await db.ask(reconciliation.difference, "simpay", item.item_id)).state == "proposed"


async def another(app: Litestar, db: Database) -> Browser:
    person = await db.transact(account, "operator", "second", "Second", roles=["operator_finance"])
    return await signed_in(app, person)


async def test_a_statement_is_withdrawn_by_two_people(
    db: Database, app: Litestar, world: World, chief: Browser
) -> None:
    item = await strange(db)
    file = f"{HERE}/files/simpay/{item.file_id}"

    alone = await chief.follow(await chief.post(f"{file}/withdraw", {"act": "agree"}))
    asked = await chief.follow(await chief.post(f"{file}/withdraw", {}))
    own = await chief.follow(await chief.post(f"{file}/withdraw", {"act": "agree"}))
    assert "Above the limit a second person" in words(alone) and "wants this statement withdrawn" in words(asked)
    assert "Above the limit a second person" in words(own)
    second = await another(app, db)
    await second.post(f"{file}/withdraw", {"act": "leave"})
    assert "wants this statement withdrawn" not in words(await chief.get(file))
    await chief.post(f"{file}/withdraw", {})
    withdrawn = await second.follow(await second.post(f"{file}/withdraw", {"act": "agree"}))

    assert "Withdrawn" in words(withdrawn)
    assert (await db.ask(reconciliation.difference, "simpay", item.item_id)).state == "closed"


async def test_of_a_statement_that_is_arriving_the_pages_say_how_much_is_here_and_one_person_withdraws_it(
    db: Database, world: World, chief: Browser
) -> None:
    part = await broken_off(db, written(await sold(db, [Sale(1_000 + n, noon(DAY)) for n in range(7)])))
    file = f"{HERE}/files/simpay/{part.file_id}"

    listed, page = await chief.get(f"{HERE}/files"), await chief.get(file)
    assert "Arriving" in words(listed) and "4 of 7" in words(listed)
    assert "4 of its 7 lines are here" in words(page)
    assert "The file as it came" not in words(page), "it is not whole"
    await chief.post(f"{file}/withdraw", {"act": "agree"})
    assert "Arriving" in words(await chief.get(file)), "what does not count needs no second person"

    withdrawn = await chief.follow(await chief.post(f"{file}/withdraw", {"act": "give_up"}))

    assert "The statement does not arrive any more." in words(withdrawn)
    assert "Arriving" not in words(withdrawn) and "Withdrawn" in words(withdrawn)


async def test_the_list_is_a_file_too(db: Database, world: World, chief: Browser) -> None:
    item = await strange(db)

    file = await chief.get(HERE, format="csv")

    assert "Missing in our books" in file.text
    assert str(item.document) in file.text
    assert file.text.count("\r\n") == 2
