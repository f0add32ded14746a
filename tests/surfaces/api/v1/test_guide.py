"""The requests of docs/guide/api.md, sent as they stand there."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from steelyard.kernel.db import Database
from tests.support.deal import paid
from tests.support.world import World
from tests.surfaces.api.v1.caller import Caller

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "guide" / "api.md"
KNOWN = {"-s", "-X", "-H", "-d"}


@dataclass
class Request:
    """What a curl command asks for."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


def commands() -> list[str]:
    """The shell commands of the page, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def read(command: str, variables: dict[str, str]) -> Request:
    """The words of a curl command, as a shell passes them on."""
    script = f"printf '%s\\0' {command}"
    spoken = subprocess.run(
        ["sh", "-euc", script], env={"PATH": "/usr/bin:/bin", **variables}, check=True, capture_output=True
    )
    words = spoken.stdout.decode().split("\0")[:-1]
    assert words[0] == "curl"
    request, rest = Request("", ""), iter(words[1:])
    for word in rest:
        match word:
            case "-s":
                pass
            case "-X":
                request.method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                request.headers[name.lower()] = value
            case "-d":
                request.body = next(rest)
            case _:
                assert not word.startswith("-"), f"{word}: only {sorted(KNOWN)} are read here"
                request.url = word
    request.method = request.method or ("GET" if request.body is None else "POST")
    return request


async def test_every_request_of_the_guide_is_answered(
    db: Database, world: World, tea: Caller, operator: Caller
) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 2)])
    assert tea.key and operator.key
    variables = {
        "BASE": "http://shop.test",
        "KEY": tea.key,
        "OPERATOR_KEY": operator.key,
        "ORDER": str(order.order_id),
        "CATEGORY": str(world.categories["tea"]),
        "WAREHOUSE": str(world.tea.warehouse_id),
    }
    answers: list[dict] = []
    for command in commands():
        request = read(command, variables)
        answer = await tea.served.http.request(
            request.method, request.url, headers=request.headers, content=request.body
        )
        assert answer.is_success, f"{command}\n{answer.text}"
        answers.append(answer.json())
        if "product_id" in answers[-1]:
            variables |= {"PRODUCT": answers[-1]["product_id"], "SKU": answers[-1]["skus"][1]["sku_id"]}

    assert len(answers) == len(commands()) >= 14
    final = await tea.get(f"/orders/{order.order_id}")
    assert (final["state"], len(final["parcels"]), len(final["refunds"])) == ("shipped", 2, 1)
    product = await tea.get(f"/products/{variables['PRODUCT']}")
    assert (product["on_sale"], product["skus"][1]["free"]) == (True, 39)


def test_what_the_guide_shows_in_json_can_be_read() -> None:
    for shown in re.findall(r"`(\{\".*?\})`", GUIDE.read_text("utf-8")):
        json.loads(shown)
