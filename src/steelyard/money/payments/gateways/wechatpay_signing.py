"""Who says what between a merchant and WeChat Pay (APIv3): requests, answers and messages signed, some of it sealed.

https://pay.weixin.qq.com/doc/v3/merchant/4012365342 (requests), …/4013053249 (answers and messages),
…/4013070368 (sealed parts: AEAD_AES_256_GCM, RFC 5116).
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from steelyard.money.payments.gateways import rsa

SCHEME = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM = "AEAD_AES_256_GCM"
API_V3_KEY_BYTES = 32
NONCE_BYTES = 16
TOLERANCE_SECONDS = 300
PUBLIC_KEY_PREFIX = "PUB_KEY_ID_"


class NotFromWechat(Exception):
    """It is not signed by WeChat Pay, was changed on its way, is too old, or was sealed with another key."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """Words that only the owner of the APIv3 key can read, and that nobody can have changed."""

    ciphertext: str
    nonce: str
    associated_data: str = ""
    algorithm: str = ALGORITHM


class Keys:
    """A merchant's keys, and the platform's by their serial numbers."""

    def __init__(
        self,
        *,
        mchid: str,
        serial: str,
        private_key: RSAPrivateKey,
        api_v3_key: bytes,
        platform: Mapping[str, RSAPublicKey],
    ) -> None:
        self.mchid = mchid
        self._serial = serial
        self._key = private_key
        self._api_v3_key = api_v3_key
        self._platform = dict(platform)

    @classmethod
    def read(cls, *, mchid: str, serial: str, private_key: Path, api_v3_key: Path, platform: Path | None) -> "Keys":
        """From files; `platform` is a folder of certificates and public keys. Raises `rsa.UnusableKey`."""
        try:
            shared = api_v3_key.read_bytes().strip()
        except OSError as error:
            raise rsa.UnusableKey(api_v3_key, error.strerror or "it cannot be read") from error
        if len(shared) != API_V3_KEY_BYTES:
            raise rsa.UnusableKey(api_v3_key, f"an APIv3 key has {API_V3_KEY_BYTES} bytes")
        known = platform_keys(platform) if platform else {}
        key = rsa.private_key(private_key)
        return cls(mchid=mchid, serial=serial, private_key=key, api_v3_key=shared, platform=known)

    @property
    def preferred(self) -> str:
        """The public key that answers are wanted to be signed with, where the merchant has one rather than certificates."""
        return next((serial for serial in self._platform if serial.startswith(PUBLIC_KEY_PREFIX)), "")

    def sign(self, *lines: str) -> str:
        """The merchant's signature of lines, each with its line feed, the last one too."""
        return rsa.sign(self._key, "".join(f"{line}\n" for line in lines).encode())

    def authorization(self, method: str, path: str, body: bytes, at: datetime, nonce: str | None = None) -> str:
        """The Authorization header of a request. `path` with its query."""
        nonce = nonce or secrets.token_hex(NONCE_BYTES).upper()
        timestamp = str(int(at.timestamp()))
        signature = self.sign(method, path, timestamp, nonce, body.decode())
        said = {
            "mchid": self.mchid,
            "nonce_str": nonce,
            "signature": signature,
            "timestamp": timestamp,
            "serial_no": self._serial,
        }
        return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in said.items())

    def knows(self, headers: Mapping[str, str]) -> bool:
        return headers.get("wechatpay-serial", "") in self._platform

    def learn(self, platform: Mapping[str, RSAPublicKey]) -> None:
        self._platform.update(platform)

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Raises `NotFromWechat`. Names of headers in lower case; `now`: seconds since 1970."""
        self.verify_with(self._platform, headers, body, now)

    def verify_with(
        self, platform: Mapping[str, RSAPublicKey], headers: Mapping[str, str], body: bytes, now: float
    ) -> None:
        try:
            timestamp = headers["wechatpay-timestamp"]
            nonce = headers["wechatpay-nonce"]
            signature = headers["wechatpay-signature"]
            key = platform[headers["wechatpay-serial"]]
            age = abs(now - int(timestamp))
        except (KeyError, ValueError) as error:
            raise NotFromWechat("malformed") from error
        if age > TOLERANCE_SECONDS:
            raise NotFromWechat("stale")
        if not rsa.fits(key, b"\n".join((timestamp.encode(), nonce.encode(), body, b"")), signature):
            raise NotFromWechat("signature")

    def unseal(self, sealed: Sealed) -> bytes:
        """The words themselves. Raises `NotFromWechat`."""
        if sealed.algorithm != ALGORITHM:
            raise NotFromWechat("algorithm")
        try:
            words = base64.b64decode(sealed.ciphertext, validate=True)
            return AESGCM(self._api_v3_key).decrypt(sealed.nonce.encode(), words, sealed.associated_data.encode())
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise NotFromWechat("sealed with another key") from error


def platform_keys(folder: Path) -> dict[str, RSAPublicKey]:
    """The platform's keys in a folder: certificates (their serial number is in them) and public keys (their file is named by
    their id: `PUB_KEY_ID_….pem`). Raises `rsa.UnusableKey`."""
    found: dict[str, RSAPublicKey] = {}
    for file in sorted(folder.glob("*.pem")):
        content = file.read_bytes()
        if b"BEGIN CERTIFICATE" in content:
            try:
                serial = f"{x509.load_pem_x509_certificate(content).serial_number:X}"
            except ValueError as error:
                raise rsa.UnusableKey(file, "this is no certificate") from error
        else:
            serial = file.stem
        found[serial] = rsa.public_key(file)
    if not found:
        raise rsa.UnusableKey(folder, "there is no .pem in this folder")
    return found
