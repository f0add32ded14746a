"""The keys of a simulated wallet and of its merchant, made at the first start: what a merchant is given when it signs up.

They are for simulated money on this machine and protect nothing else. The folder is `simulators/keys/WALLET` under the home:
`merchant_private.pem` is the merchant's, `platform/` what it knows the wallet by, `api_v3_key` what both know, `certificates/`
what Alipay gives to whoever signs with certificates.
"""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from steelyard.simulators.walletpay import certificates

KEY_BITS = 2048
PUBLIC_EXPONENT = 65537
CERTIFICATE_DAYS = 3_650
API_V3_KEY_BYTES = 32
NONCE_CHARACTERS = 12


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """`serial` names the wallet's certificate, `merchant_serial` the merchant's, as WeChat Pay does; `app_serial`,
    `roots_serial` and `own_serial` the application's, the roots' and the wallet's, as Alipay does (`certificates.py`)."""

    merchant: rsa.RSAPublicKey
    platform: rsa.RSAPrivateKey
    certificate: str
    serial: str
    merchant_serial: str
    api_v3_key: bytes
    app_serial: str = ""
    roots_serial: str = ""
    own_serial: str = ""

    def sign(self, content: bytes) -> str:
        return base64.b64encode(self.platform.sign(content, padding.PKCS1v15(), hashes.SHA256())).decode()

    def is_merchants(self, content: bytes, signature: str) -> bool:
        try:
            self.merchant.verify(base64.b64decode(signature), content, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def seal(self, words: bytes, about: str) -> dict[str, str]:
        """AEAD_AES_256_GCM under the APIv3 key."""
        nonce = secrets.token_hex(NONCE_CHARACTERS)[:NONCE_CHARACTERS]
        sealed = AESGCM(self.api_v3_key).encrypt(nonce.encode(), words, about.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": about,
            "nonce": nonce,
        }


def folder_of(home: Path, wallet: str) -> Path:
    return home / "keys" / wallet


def keys(home: Path, wallet: str) -> Keys:
    """The keys of this wallet under `home`, made when they are not there."""
    folder = folder_of(home, wallet)
    if not (folder / "platform" / "public.pem").exists():
        _make(folder, wallet)
    platform, merchant = (_private(folder / f"{owner}_private.pem") for owner in ("platform", "merchant"))
    numbers = certificates.ready(folder, merchant, platform) if wallet == "alipay" else {}
    certificate = (folder / "platform_certificate.pem").read_text("ascii")
    return Keys(
        merchant=merchant.public_key(),
        platform=platform,
        certificate=certificate,
        serial=f"{x509.load_pem_x509_certificate(certificate.encode()).serial_number:X}",
        merchant_serial=(folder / "merchant_serial").read_text("ascii"),
        api_v3_key=(folder / "api_v3_key").read_bytes(),
        **numbers,
    )


def _make(folder: Path, wallet: str) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "platform").mkdir(exist_ok=True)
    for owner in ("merchant", "platform"):
        key = rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(folder / f"{owner}_private.pem", pem)
    _write(folder / "api_v3_key", secrets.token_hex(API_V3_KEY_BYTES // 2).encode())
    _write(folder / "merchant_serial", secrets.token_hex(20).upper().encode())
    certificate = _certificate(_private(folder / "platform_private.pem"), wallet)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    _write(folder / "platform_certificate.pem", pem)
    _write(folder / "platform" / f"{certificate.serial_number:X}.pem", pem)
    public = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(folder / "platform" / "public.pem", public)  # last: with it the folder is whole


def _certificate(key: rsa.RSAPrivateKey, wallet: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Simulated {wallet}")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .sign(key, hashes.SHA256())
    )


def _private(file: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
