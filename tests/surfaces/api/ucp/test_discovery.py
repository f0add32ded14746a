"""Who we are, who asks, and what both speak."""

import stat
from pathlib import Path
from typing import Any

import pytest
from ucp_sdk.models.schemas.profile import BusinessSchema

from steelyard.channels import agents
from steelyard.channels.agents import gateways, platforms
from steelyard.channels.agents.gateways.addresses import allowed_address
from steelyard.channels.agents.gateways.profiles import _platform
from steelyard.channels.agents.model import (
    CHECKOUT,
    Platform,
    ProfileMalformed,
    ProfileRefused,
    ProfileUnreachable,
    VersionUnsupported,
)
from steelyard.kernel.db import Database
from steelyard.surfaces.api.ucp.discovery import namespace
from tests.support.world import World
from tests.surfaces.api.house import AGENT, Agent, House, open_house
from tests.surfaces.api.ucp.buying import assert_checkout, codes, purchase

SHOP = "https://shop.example"


async def test_the_profile_keeps_to_the_model(house: House):
    answer = await house.http.get("/.well-known/ucp")

    profile = answer.json()
    BusinessSchema.model_validate(profile)
    assert "max-age" in answer.headers["cache-control"]
    assert profile["ucp"]["version"] == "2026-08-25"
    for entries in profile["ucp"]["capabilities"].values():
        assert entries[0]["version"] == "2026-08-25"
    extends = profile["ucp"]["capabilities"]["dev.ucp.shopping.discount"][0]["extends"]
    assert extends == ["dev.ucp.shopping.cart", "dev.ucp.shopping.checkout"]
    [key] = profile["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
    assert "d" not in key


async def test_an_earlier_release_has_a_profile_of_its_own(house: House):
    now = (await house.http.get("/.well-known/ucp")).json()
    [(release, url)] = now["ucp"]["supported_versions"].items()

    older = (await house.http.get(url.removeprefix(house.settings.base_url))).json()

    assert older["ucp"]["version"] == release == "2026-04-08"
    assert "supported_versions" not in older["ucp"]
    assert older["signing_keys"] == now["keys"]
    assert (await house.http.get("/.well-known/ucp/1999-01-01")).status_code == 404


async def test_the_key_is_the_installations_own_and_secret(tmp_path: Path):
    first, second = (agents.public_jwk(agents.signing_key(tmp_path)) for _ in range(2))

    assert first == second
    file = tmp_path / "secrets" / "ucp_signing_key.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://market.example.com", "com.example.market"),
        ("http://127.0.0.1:8000", "localhost.steelyard"),
        ("http://localhost:8000", "localhost.steelyard"),
    ],
)
def test_our_extension_has_our_own_name(base_url: str, name: str):
    assert namespace(base_url) == name


async def test_the_extension_is_described(house: House):
    profile = (await house.http.get("/.well-known/ucp")).json()
    [entry] = profile["ucp"]["capabilities"]["localhost.steelyard.marketplace"]

    schema = (await house.http.get(entry["schema"].removeprefix(house.settings.base_url))).json()

    assert set(entry["extends"]) <= set(schema["$defs"])


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("http://agents.example/profile", SHOP),
        ("https://127.0.0.1/profile", SHOP),
        ("https://10.1.2.3/profile", SHOP),
        ("https://[::1]/profile", SHOP),
        ("https://[::ffff:127.0.0.1]/profile", SHOP),
        ("https://169.254.169.254/latest", SHOP),
        ("https://192.168.1.1/", "http://127.0.0.1:8000"),
        ("https://user:word@8.8.8.8/", SHOP),
        ("file:///etc/passwd", SHOP),
    ],
)
async def test_only_the_public_network_is_asked(url: str, base_url: str):
    assert await allowed_address(url, base_url) is None


async def test_loopback_talks_to_loopback():
    assert await allowed_address("http://127.0.0.1:9/profile", "http://127.0.0.1:8000") == "127.0.0.1"
    assert await allowed_address("https://93.184.216.34/profile", SHOP) == "93.184.216.34"


def profile_of(version: str = "2026-08-25", *capabilities: str) -> Platform:
    return Platform(
        profile_url=AGENT, version=version, capabilities={name: [version] for name in capabilities}, keys=[]
    )


@pytest.fixture
async def fetching(db: Database, world: World, tmp_path: Path):
    opened = open_house(db, tmp_path / "fetching", ucp_fetch_profiles=True)
    yield opened
    await opened.close()


def answering(monkeypatch: pytest.MonkeyPatch, platform: Platform | Exception) -> list[str]:
    asked: list[str] = []

    async def fetch(profile_url: str, base_url: str) -> tuple[Platform, int]:
        asked.append(profile_url)
        if isinstance(platform, Exception):
            raise platform
        return platform, 60

    monkeypatch.setattr(platforms.gateways, "fetch", fetch)
    return asked


async def test_a_profile_is_fetched_once_and_what_both_speak_is_spoken(
    fetching: House, world: World, monkeypatch: pytest.MonkeyPatch
):
    asked = answering(monkeypatch, profile_of("2026-04-08", CHECKOUT))
    agent = Agent(fetching)

    opened = assert_checkout(await agent.post("/checkout-sessions", purchase((world.items["black"].sku_id, 1))))
    refused = await agent.ask("POST", "/catalog/search", {"query": "*"})

    assert asked == [AGENT]
    assert opened["ucp"]["version"] == "2026-04-08"
    assert set(opened["ucp"]["capabilities"]) == {CHECKOUT}
    assert "fulfillment" not in opened
    assert refused.status_code == 200
    assert codes(refused.json()) == {"capabilities_incompatible"}


@pytest.mark.parametrize(
    ("platform", "status", "code"),
    [
        (profile_of("2031-01-01", CHECKOUT), 422, "version_unsupported"),
        (ProfileUnreachable(), 424, "profile_unreachable"),
        (ProfileMalformed(), 422, "profile_malformed"),
        (ProfileRefused(), 400, "invalid_profile_url"),
    ],
)
async def test_who_cannot_be_known_is_refused(
    fetching: House, monkeypatch: pytest.MonkeyPatch, platform: Platform | Exception, status: int, code: str
):
    answering(monkeypatch, platform)

    answer = await Agent(fetching).ask("GET", "/checkout-sessions/x")

    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["content"]


async def test_a_profile_is_read_from_a_server(tmp_path: Path):
    with pytest.raises(ProfileUnreachable):
        await gateways.fetch("http://127.0.0.1:9/profile", "http://127.0.0.1:8000")
    with pytest.raises(ProfileRefused):
        await gateways.fetch("http://agents.example/profile", SHOP)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ucp": {}}', b'{"ucp": {"version": 1}}'])
def test_what_is_no_profile_is_refused(body: bytes):
    with pytest.raises(ProfileMalformed):
        _platform(AGENT, body)


def test_a_profile_names_its_webhook_and_its_keys():
    body = (
        b'{"ucp": {"version": "2026-08-25", "capabilities": {"dev.ucp.shopping.order": [{"version": "2026-08-25",'
        b' "config": {"webhook_url": "https://agents.example/hook"}}]}}, "keys": [{"kid": "1", "kty": "OKP"}]}'
    )

    platform = _platform(AGENT, body)

    assert platform.webhook_url == "https://agents.example/hook"
    assert platform.keys[0]["kid"] == "1"


async def test_both_sides_speak_one_release(fetching: House, db: Database, monkeypatch: pytest.MonkeyPatch):
    answering(monkeypatch, profile_of("2020-01-01"))

    with pytest.raises(VersionUnsupported):
        await agents.platform_of(db, fetching.settings, AGENT)


async def test_a_body_has_a_limit(agent: Agent):
    answer: Any = await agent.ask("POST", "/catalog/search", b" " * 300_000)

    assert answer.status_code == 413
