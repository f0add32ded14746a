"""Signatures of Alipay and WeChat Pay, against what their publishers print, against openssl, and against every changed byte."""

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.money.payments import BadWebhook, OtherNews
from steelyard.money.payments.gateways import rsa
from steelyard.money.payments.gateways.alipay import Alipay
from steelyard.money.payments.gateways.alipay_signing import Keys as AlipayKeys
from steelyard.money.payments.gateways.alipay_signing import content_to_sign
from steelyard.money.payments.gateways.wechatpay import Wechatpay
from steelyard.money.payments.gateways.wechatpay_signing import Keys, NotFromWechat, Sealed, platform_keys
from tests.money import wallet_vectors as printed

TESTING_KEY = printed.WECHATPAY_TESTING_KEY.replace("TESTING KEY", "PRIVATE KEY")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("keys")
    (here / "merchant.pem").write_text(TESTING_KEY)
    (here / "alipay").write_text(printed.ALIPAY_PUBLIC_KEY)
    (here / "platform").mkdir()
    (here / "platform" / "any_name.pem").write_text(printed.WECHATPAY_CERTIFICATE)
    return here


@pytest.fixture(scope="module")
def alipay(folder: Path) -> Alipay:
    return Alipay(app_id=printed.ALIPAY_APP_ID, keys=AlipayKeys.of_keys(folder / "merchant.pem", folder / "alipay"))


@pytest.fixture(scope="module")
def wechatpay(folder: Path) -> Wechatpay:
    return Wechatpay(appid="wx1", keys=keys(folder, printed.WECHATPAY_MESSAGE_KEY))


def keys(folder: Path, api_v3_key: bytes) -> Keys:
    return Keys(
        mchid="1234567890",
        serial="F5765756002FDD77",
        private_key=rsa.private_key(folder / "merchant.pem"),
        api_v3_key=api_v3_key,
        platform=platform_keys(folder / "platform"),
    )


def form(**changes: str) -> bytes:
    return urlencode({**printed.ALIPAY_MESSAGE, **changes}).encode()


def test_the_message_that_alipay_prints_is_taken(alipay: Alipay) -> None:
    news = alipay.read_webhook({}, form(), printed.ALIPAY_MESSAGE_AT + 60)

    assert news == OtherNews(event_id=printed.ALIPAY_MESSAGE["notify_id"])  # signed, and about no payment of ours


@pytest.mark.parametrize("hours", [-1, 27])
def test_a_message_of_alipay_that_was_kept_back_is_refused(alipay: Alipay, hours: int) -> None:
    with pytest.raises(BadWebhook) as refused:
        alipay.read_webhook({}, form(), printed.ALIPAY_MESSAGE_AT + hours * 3600)

    assert refused.value.facts["why"] == "stale"


@given(
    name=st.sampled_from(sorted(set(printed.ALIPAY_MESSAGE) - {"sign_type"})),
    at=st.integers(0, 400),
    by=st.integers(1, 90),
)
@settings(max_examples=40, deadline=None)
def test_a_message_of_alipay_with_a_changed_letter_is_refused(alipay: Alipay, name: str, at: int, by: int) -> None:
    word = printed.ALIPAY_MESSAGE[name]
    place = at % len(word)
    changed = word[:place] + chr((ord(word[place]) - 32 + by) % 95 + 32) + word[place + 1 :]
    if changed.strip("=") == word.strip("="):
        return

    with pytest.raises(BadWebhook):
        alipay.read_webhook({}, form(**{name: changed}), printed.ALIPAY_MESSAGE_AT)


def test_a_name_that_stands_twice_or_was_added_is_refused(alipay: Alipay) -> None:
    for body in (form() + b"&total_amount=0.01", form(added="1"), b"", b"\xff", b"sign=&notify_id=1"):
        with pytest.raises(BadWebhook):
            alipay.read_webhook({}, body, printed.ALIPAY_MESSAGE_AT)


def test_what_is_signed_of_a_request_is_in_order_and_without_what_is_empty() -> None:
    asked = {
        "version": "1.0",
        "app_id": "1",
        "notify_url": "",
        "biz_content": '{"a":"牌"}',
        "sign": "x",
        "sign_type": "RSA2",
    }

    assert content_to_sign(asked) == 'app_id=1&biz_content={"a":"牌"}&sign_type=RSA2&version=1.0'.encode()


def test_the_signature_that_wechat_pay_prints_is_ours(folder: Path) -> None:
    assert (
        rsa.sign(rsa.private_key(folder / "merchant.pem"), printed.WECHATPAY_SIGNED_WORD) == printed.WECHATPAY_SIGNATURE
    )


def test_openssl_agrees_with_the_header_of_a_request(folder: Path) -> None:
    """No header is printed with the key that it was signed with: here an independent program says whether it fits."""
    at = datetime.fromtimestamp(1_554_208_460, UTC)
    nonce = "593BEC0C930BF1AFEB40B4A08C8FB242"

    header = keys(folder, b"").authorization("GET", "/v3/certificates", b"", at, nonce)

    scheme, _, said = header.partition(" ")
    parts = dict(part.split("=", 1) for part in said.split(","))
    assert (scheme, parts["mchid"], parts["timestamp"]) == ("WECHATPAY2-SHA256-RSA2048", '"1234567890"', '"1554208460"')
    (folder / "signature").write_bytes(base64.b64decode(parts["signature"].strip('"')))
    (folder / "words").write_bytes(f"GET\n/v3/certificates\n1554208460\n{nonce}\n\n".encode())
    subprocess.run(
        ["openssl", "dgst", "-sha256", "-prverify", "merchant.pem", "-signature", "signature", "words"],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_the_word_that_wechat_pay_prints_is_unsealed(folder: Path) -> None:
    vector = printed.WECHATPAY_SEALED
    sealed = Sealed(ciphertext=vector["ciphertext"], nonce=vector["nonce"], associated_data=vector["associated_data"])

    assert keys(folder, vector["key"]).unseal(sealed) == vector["words"]
    for other in (b"testAPIv3Key1111", vector["key"] * 2):
        with pytest.raises(NotFromWechat):
            keys(folder, other).unseal(sealed)
    with pytest.raises(NotFromWechat):
        keys(folder, vector["key"]).unseal(msgspec.structs.replace(sealed, associated_data="other"))


def test_the_message_that_wechat_pay_prints_is_taken(wechatpay: Wechatpay) -> None:
    news = wechatpay.read_webhook(
        printed.WECHATPAY_MESSAGE_HEADERS, printed.WECHATPAY_MESSAGE, printed.WECHATPAY_MESSAGE_AT + 299
    )

    assert news == OtherNews(event_id="3119dfba-e649-5eec-ab1e-3412bc4d2e17")
    assert wechatpay.unpack(printed.WECHATPAY_MESSAGE)["said"] == printed.WECHATPAY_MESSAGE_WORDS


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_message_of_wechat_pay_that_is_not_fresh_is_refused(wechatpay: Wechatpay, seconds: int) -> None:
    with pytest.raises(BadWebhook) as refused:
        wechatpay.read_webhook(
            printed.WECHATPAY_MESSAGE_HEADERS, printed.WECHATPAY_MESSAGE, printed.WECHATPAY_MESSAGE_AT + seconds
        )

    assert refused.value.facts["why"] == "stale"


@given(at=st.integers(0, len(printed.WECHATPAY_MESSAGE) - 1), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_a_message_of_wechat_pay_with_a_changed_bit_is_refused(wechatpay: Wechatpay, at: int, bit: int) -> None:
    body = bytearray(printed.WECHATPAY_MESSAGE)
    body[at] ^= 1 << bit

    with pytest.raises(BadWebhook):
        wechatpay.read_webhook(printed.WECHATPAY_MESSAGE_HEADERS, bytes(body), printed.WECHATPAY_MESSAGE_AT)


@pytest.mark.parametrize("name", sorted(printed.WECHATPAY_MESSAGE_HEADERS))
def test_each_header_of_wechat_pay_counts(wechatpay: Wechatpay, name: str) -> None:
    whole = printed.WECHATPAY_MESSAGE_HEADERS
    missing = {each: value for each, value in whole.items() if each != name}
    changed = {**whole, name: whole[name][:-3] + ("1" if whole[name][-3] != "1" else "2") + whole[name][-2:]}
    for headers in (missing, changed):
        with pytest.raises(BadWebhook):
            wechatpay.read_webhook(headers, printed.WECHATPAY_MESSAGE, printed.WECHATPAY_MESSAGE_AT)


def test_keys_are_read_as_the_wallets_hand_them_out_and_never_said(folder: Path, tmp_path: Path) -> None:
    bare = "".join(line for line in TESTING_KEY.splitlines() if "KEY" not in line)
    (tmp_path / "bare.txt").write_text(bare)
    (tmp_path / "broken.pem").write_text(TESTING_KEY.replace("MIIEvg", "AAAAAA"))

    one, other = rsa.private_key(folder / "merchant.pem"), rsa.private_key(tmp_path / "bare.txt")
    with pytest.raises(rsa.UnusableKey) as broken:
        rsa.private_key(tmp_path / "broken.pem")
    with pytest.raises(rsa.UnusableKey) as missing:
        rsa.public_key(tmp_path / "nowhere.pem")

    assert one.private_numbers() == other.private_numbers()
    assert bare[50:80] not in str(broken.value)
    assert "nowhere.pem" in str(missing.value)
    assert load_pem_private_key(TESTING_KEY.encode(), None) is not None
