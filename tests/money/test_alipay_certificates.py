"""Alipay with certificates: the numbers by which it calls them, and what is believed of an answer."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa as keys_of
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from steelyard.kernel import settings
from steelyard.money.payments import ChannelAnswer, PaymentState, Unknown
from steelyard.money.payments.gateways import rsa
from steelyard.money.payments.gateways.alipay import Alipay
from steelyard.money.payments.gateways.alipay_signing import Keys, serial_of, serial_of_roots
from steelyard.simulators import walletpay
from steelyard.simulators.walletpay import certificates as simulated
from tests.money.deals import Deal
from tests.money.wallets import ALIPAY, Wallet, answered_by, wallet

HOOK = "http://shop.test/webhooks/alipay"
AT = datetime(2026, 3, 5, tzinfo=UTC)


@dataclass
class Authority:
    name: x509.Name
    key: keys_of.RSAPrivateKey | ec.EllipticCurvePrivateKey

    def issue(self, whose: x509.Name, key, *, number: int = 7, days: int = 30) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(whose)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(number)
            .not_valid_before(AT - timedelta(days=60))
            .not_valid_after(AT + timedelta(days=days))
            .sign(self.key, hashes.SHA256())
        )

    def own(self, number: int) -> x509.Certificate:
        return self.issue(self.name, self.key, number=number)


def named(common: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "Ant, Financial"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority"),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def pem(*found: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in found)


@pytest.fixture(scope="module")
def key() -> keys_of.RSAPrivateKey:
    return keys_of.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def root(key: keys_of.RSAPrivateKey) -> Authority:
    return Authority(named("R1"), key)


@pytest.fixture
def folder(tmp_path: Path, key: keys_of.RSAPrivateKey, root: Authority) -> Path:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(private)
    (tmp_path / "app").write_bytes(pem(root.issue(named("app"), key)))
    (tmp_path / "alipay").write_bytes(pem(root.issue(named("alipay"), key, number=9)))
    (tmp_path / "roots").write_bytes(pem(root.own(1)))
    return tmp_path


def read(folder: Path, at: datetime = AT) -> Keys:
    where = {"app": folder / "app", "alipay": folder / "alipay", "roots": folder / "roots"}
    return Keys.of_certificates(folder / "key", **where, at=at)


def test_a_certificate_is_called_by_its_issuer_from_the_last_part_on_and_its_number(root: Authority, key) -> None:
    certificate = root.issue(named("app"), key, number=0x2E6A8F41)

    told = "CN=R1,OU=Certification Authority,O=Ant, Financial,C=CN" + "778735425"

    assert serial_of(certificate) == hashlib.md5(told.encode()).hexdigest()


def test_a_file_of_roots_is_called_by_those_that_are_signed_with_rsa_in_their_order(root: Authority) -> None:
    other, curved = Authority(named("R2"), root.key), Authority(named("E1"), ec.generate_private_key(ec.SECP256R1()))
    first, second, third = root.own(1), curved.own(2), other.own(3)

    assert serial_of_roots([first, second, third]) == f"{serial_of(first)}_{serial_of(third)}"


def test_every_request_names_both_and_the_number_is_signed_with_the_rest(folder: Path, root: Authority) -> None:
    keys = read(folder)

    app = x509.load_pem_x509_certificate((folder / "app").read_bytes())
    assert keys.named == {"app_cert_sn": serial_of(app), "alipay_root_cert_sn": serial_of(root.own(1))}


@pytest.mark.parametrize("wrong", ["another's", "nobody's", "over", "no certificate"])
def test_certificates_that_do_not_belong_together_stop_the_start(
    folder: Path, root: Authority, key: keys_of.RSAPrivateKey, wrong: str
) -> None:
    stranger = keys_of.generate_private_key(65537, 2048)
    match wrong:
        case "another's":
            (folder / "app").write_bytes(pem(root.issue(named("app"), stranger)))
        case "nobody's":
            (folder / "alipay").write_bytes(pem(Authority(named("R1"), stranger).issue(named("alipay"), key)))
        case "no certificate":
            (folder / "alipay").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        case _:
            pass

    with pytest.raises(rsa.UnusableKey):
        read(folder, AT + timedelta(days=31) if wrong == "over" else AT)


def test_alipays_certificate_may_come_with_those_above_it(folder: Path, root: Authority, key) -> None:
    between = Authority(named("Class 2 R1"), keys_of.generate_private_key(65537, 2048))
    leaf, above = between.issue(named("alipay"), key), root.issue(between.name, between.key)
    (folder / "alipay").write_bytes(pem(leaf, above))

    assert read(folder).wrong_with(b"{}", rsa.sign(key, b"{}"), serial_of(leaf)) is None
    (folder / "alipay").write_bytes(pem(leaf, root.issue(named("another"), key)))
    with pytest.raises(rsa.UnusableKey):
        read(folder)


@pytest.fixture
async def certified(tmp_path: Path) -> AsyncIterator[tuple[Wallet, Alipay]]:
    async with wallet("alipay", tmp_path) as (outside, by_key):
        assert isinstance(by_key, Alipay)
        folder = walletpay.folder_of(tmp_path, "alipay")
        given = folder / "certificates"
        keys = Keys.of_certificates(
            folder / "merchant_private.pem",
            app=given / simulated.APP,
            alipay=given / simulated.OWN,
            roots=given / simulated.ROOTS,
            at=datetime.now(UTC),
        )
        yield (
            outside,
            Alipay(app_id=walletpay.APP_ID, keys=keys, url=f"{ALIPAY}/gateway.do", client=by_key._wire.client),
        )


async def test_a_trade_is_made_asked_about_and_told_of_with_certificates(certified: tuple[Wallet, Alipay]) -> None:
    outside, gateway = certified
    deal = Deal()

    made = await gateway.collect(deal.instruction(), HOOK)
    await outside.pay(deal)
    known = await gateway.query(deal.sought())
    await outside.after(0)

    assert isinstance(made, ChannelAnswer) and made.handed is not None
    assert isinstance(known, ChannelAnswer) and known.state is PaymentState.CAPTURED
    [post] = outside.posts
    assert gateway.read_webhook(post.headers, post.body, outside.clock.now()).document == deal.payment_id


@pytest.mark.parametrize("named_as", ["", "0" * 32])
async def test_an_answer_that_names_another_certificate_is_not_believed(
    certified: tuple[Wallet, Alipay], monkeypatch: pytest.MonkeyPatch, named_as: str
) -> None:
    outside, gateway = certified
    program = httpx.AsyncClient(transport=httpx.ASGITransport(outside.app))

    async def other(request: httpx.Request) -> httpx.Response:
        told = (await program.send(request)).json()
        told["alipay_cert_sn"] = named_as
        return httpx.Response(200, content=msgspec.json.encode(told))

    answered_by(gateway, monkeypatch, other)

    answer = await gateway.collect(Deal().instruction(), HOOK)

    assert isinstance(answer, Unknown) and answer.why.startswith("certificate")


async def test_a_request_under_another_number_is_refused_by_the_double(certified: tuple[Wallet, Alipay]) -> None:
    _, gateway = certified
    gateway._wire.keys.named = {**gateway._wire.keys.named, "app_cert_sn": "0" * 32}

    answer = await gateway.collect(Deal().instruction(), HOOK)

    assert isinstance(answer, Unknown) and "isv.invalid-app-cert-sn" in answer.why


def test_an_installation_signs_with_a_key_or_with_certificates_and_says_which(folder: Path) -> None:
    given = {"STEELYARD_ALIPAY_APP_ID": "1", "STEELYARD_ALIPAY_PRIVATE_KEY_FILE": str(folder / "key")}
    for missing in (given, {**given, "STEELYARD_ALIPAY_APP_CERT_FILE": str(folder / "app")}):
        with pytest.raises(msgspec.ValidationError, match="needs STEELYARD_ALIPAY"):
            settings.load(missing)
    whole = settings.load(
        {
            **given,
            "STEELYARD_ALIPAY_APP_CERT_FILE": str(folder / "app"),
            "STEELYARD_ALIPAY_CERT_FILE": str(folder / "alipay"),
            "STEELYARD_ALIPAY_ROOT_CERT_FILE": str(folder / "roots"),
        }
    )

    assert (whole.alipay_app_cert_file, whole.alipay_public_key_file) == (folder / "app", None)
