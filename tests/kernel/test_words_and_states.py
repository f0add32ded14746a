"""Short codes, ids, words in many languages, refusals, states, settings, table comments."""

import copy
import pickle
import threading
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import codes, ids, settings
from steelyard.kernel.errors import Invalid, NotFound, Refusal, TooMany, TransitionRefused
from steelyard.kernel.states import NOWHERE, Machine
from steelyard.kernel.tables import Kind, UnclearComment, read_comment
from steelyard.kernel.text import Text, text


@given(st.sampled_from(["P", "R", "SO"]))
def test_a_code_is_read_as_it_was_minted(prefix: str) -> None:
    code = codes.mint(prefix)
    assert codes.read(code) == code
    for typed in (code.lower(), code.replace("-", " "), code.replace("-", ""), f"  {code} ", code.replace("-", "–")):
        assert codes.read(typed) == code
    assert codes.read(code[:2] + code[2:].replace("0", "o").replace("1", "l")) == code


@given(st.text(max_size=30))
def test_whatever_is_typed_is_read_without_an_error(typed: str) -> None:
    codes.read(typed)


def test_ids_are_in_the_order_of_their_making() -> None:
    made = [ids.mint() for _ in range(1_000)]
    assert sorted(made) == made
    assert len(set(made)) == 1_000
    assert {id_.version for id_ in made} == {7}
    assert all(type(id_) is UUID for id_ in made[:3])


def test_a_derived_id_is_the_same_for_the_same_names_only() -> None:
    space = ids.mint()
    assert ids.derived(space, "a", "b") == ids.derived(space, "a", "b")
    assert ids.derived(space, "a", "b") != ids.derived(space, "ab")
    assert ids.derived(space, "a") != ids.derived(ids.mint(), "a")


def test_a_reader_gets_the_best_words_there_are() -> None:
    button = text("纽扣", "Button")
    assert button.in_language("en") == "Button"
    assert button.in_language("en-GB") == "Button"
    assert button.in_language("fr") == "纽扣"
    assert Text({"en": "Button", "zh-Hans": ""}).in_language("zh-Hans") == "Button"
    assert Text({"de": "Knopf"}).in_language("en") == "Knopf"
    assert Text().in_language("en") == ""
    assert str(button) == "纽扣"


def test_words_are_json_both_ways() -> None:
    class Product(msgspec.Struct):
        name: Text

    def custom(wanted: type, value: object) -> object:
        assert wanted is Text
        return Text(value)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]

    data = msgspec.json.encode(Product(text("秤", "Scale")))
    assert msgspec.json.decode(data, type=Product, dec_hook=custom) == Product(text("秤", "Scale"))


class SoldOut(Refusal):
    """Fewer pieces than asked for."""

    code = "sold_out"
    left: int


def test_a_refusal_carries_its_facts() -> None:
    refusal = SoldOut(left=3)
    assert refusal.left == 3
    assert refusal.facts == {"left": 3}
    assert (refusal.code, refusal.status) == ("sold_out", 409)
    assert "sold_out" in str(refusal)
    with pytest.raises(AttributeError):
        _ = refusal.right
    assert Invalid({"name": "missing"}).fields == {"name": "missing"}
    assert NotFound().status == 404
    assert TooMany(retry_after=5).retry_after == 5


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    GONE = "gone"


DOOR = Machine("door", {Door.SHUT}, {Door.OPEN: {Door.SHUT}, Door.SHUT: {Door.OPEN, Door.GONE}, Door.GONE: set()})


def test_a_machine_knows_which_state_follows() -> None:
    assert DOOR.allows(Door.SHUT, Door.OPEN)
    assert not DOOR.allows(Door.OPEN, Door.GONE)
    DOOR.check(Door.SHUT, Door.GONE)
    with pytest.raises(TransitionRefused) as refused:
        DOOR.check(Door.GONE, Door.OPEN)
    assert refused.value.facts == {"machine": "door", "state": "gone", "wanted": "open"}
    assert DOOR.before(Door.OPEN) == ["shut"]
    assert DOOR.pairs() == {(NOWHERE, "shut"), ("open", "shut"), ("shut", "open"), ("shut", "gone")}


def test_a_state_that_nobody_reaches_or_leaves_unsaid_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        Machine("door", {Door.SHUT}, {Door.SHUT: set(), Door.OPEN: {Door.SHUT}})
    with pytest.raises(AssertionError):
        Machine("door", {Door.SHUT}, {Door.SHUT: {Door.OPEN}})


def test_settings_come_from_the_environment() -> None:
    read = settings.load(
        {
            "PORT": "9000",
            "DATABASE_URL": "postgresql://x",
            "STEELYARD_HOME": "~/shop",
            "STEELYARD_WORKERS": "3",
            "STEELYARD_UCP_LENIENT": "true",
            "PATH": "/bin",
        }
    )
    assert (read.port, read.base_url, read.workers, read.ucp_lenient) == (9000, "http://127.0.0.1:9000", 3, True)
    assert read.home == Path("~/shop").expanduser()
    assert read.database_url == "postgresql://x"
    assert not read.secure_cookies
    assert settings.load({"STEELYARD_BASE_URL": "https://shop.test", "PORT": "1"}).secure_cookies
    assert settings.load({}) == settings.Settings()
    with pytest.raises(msgspec.ValidationError, match="port"):
        settings.load({"PORT": "eighty"})


def test_a_secret_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(settings.secret(tmp_path, "cookies"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert len(seen[0]) >= 40
    assert [(file.name, file.stat().st_mode & 0o777) for file in (tmp_path / "secrets").iterdir()] == [
        ("cookies", 0o600)
    ]
    assert settings.secret(tmp_path, "other") != seen[0]


def test_a_tables_comment_begins_with_its_kind() -> None:
    table = read_comment("events", "local, append-only, merchants insert: what has happened: all of it")
    assert (table.kind, table.append_only) == (Kind.LOCAL, True)
    for wrong in (None, "", "what has happened", "somewhere: what", "local, sometimes: what", "local"):
        with pytest.raises(UnclearComment, match="events"):
            read_comment("events", wrong)


def test_a_refusal_survives_being_copied() -> None:
    refusal = copy.copy(TooMany(retry_after=5))
    assert refusal.retry_after == 5
    assert pickle.loads(pickle.dumps(refusal)).facts == {"retry_after": 5}
