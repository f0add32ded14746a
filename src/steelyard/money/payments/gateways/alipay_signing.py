"""Who says what between a merchant and Alipay: requests, answers and messages, with keys (公钥模式) or with certificates
(公钥证书模式).

opendocs.alipay.com/common/02mriz (signing), docs.open.alipay.com/291/106118 (certificates). With certificates a request names the
application's certificate (`app_cert_sn`) and Alipay's roots (`alipay_root_cert_sn`), and an answer the one it is signed with
(`alipay_cert_sn`); what is signed, and how, is the same.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from steelyard.kernel.settings import Settings
from steelyard.money.payments.gateways import rsa

# RSA with whatever hash: PKCS #1 of RFC 8017. Alipay's root file has certificates of other kinds (SM2), which do not count.
_RSA_SIGNATURES = "1.2.840.113549.1.1."
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Keys:
    """Our private key, and Alipay's public one: by the number of its certificate, or under no number where there is none."""

    def __init__(
        self, *, private_key: RSAPrivateKey, alipay: Mapping[str, RSAPublicKey], named: Mapping[str, str] | None = None
    ) -> None:
        """`named`: what every request says of certificates; nothing with keys."""
        self._key = private_key
        self._alipay = dict(alipay)
        self.named: Mapping[str, str] = named or {}

    @classmethod
    def of_keys(cls, private_key: Path, alipay_public_key: Path) -> "Keys":
        """Raises `rsa.UnusableKey`."""
        return cls(private_key=rsa.private_key(private_key), alipay={"": rsa.public_key(alipay_public_key)})

    @classmethod
    def of_certificates(cls, private_key: Path, *, app: Path, alipay: Path, roots: Path, at: datetime) -> "Keys":
        """Raises `rsa.UnusableKey`: also for a certificate of another key than ours, one of Alipay's that none of its roots has
        signed for, and one whose time is over at `at`."""
        own, theirs = _certificates(app)[0], _certificates(alipay)
        key = rsa.private_key(private_key)
        if own.public_key() != key.public_key():
            raise rsa.UnusableKey(app, "this certificate is not of the private key")
        trusted = _certificates(roots, of_all_kinds=True)
        if not _vouched_for(theirs, trusted):
            raise rsa.UnusableKey(alipay, "no root of Alipay's stands behind this certificate")
        for file, certificate in ((app, own), (alipay, theirs[0])):
            if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
                raise rsa.UnusableKey(
                    file, f"this certificate is valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
                )
        named = {"app_cert_sn": serial_of(own), "alipay_root_cert_sn": serial_of_roots(trusted)}
        return cls(private_key=key, alipay={serial_of(theirs[0]): rsa.public_key(alipay)}, named=named)

    @classmethod
    def set_up(cls, settings: Settings) -> "Keys":
        """As this installation has it: with certificates where it has one of its own. Raises `rsa.UnusableKey`."""
        assert settings.alipay_private_key_file, "the settings were checked"
        if settings.alipay_app_cert_file:
            assert settings.alipay_cert_file and settings.alipay_root_cert_file, "the settings were checked"
            return cls.of_certificates(
                settings.alipay_private_key_file,
                app=settings.alipay_app_cert_file,
                alipay=settings.alipay_cert_file,
                roots=settings.alipay_root_cert_file,
                at=datetime.now(UTC),
            )
        assert settings.alipay_public_key_file, "the settings were checked"
        return cls.of_keys(settings.alipay_private_key_file, settings.alipay_public_key_file)

    def sign(self, content: bytes) -> str:
        return rsa.sign(self._key, content)

    def wrong_with(self, content: bytes, signature: str, serial: str) -> str | None:
        """Why an answer is not believed; None when it is Alipay's. `serial` is the certificate that it names."""
        if self.named and serial not in self._alipay:
            # Alipay has changed its certificate: the new one is to be downloaded from its console.
            return f"certificate {serial or 'not named'}"
        key = self._alipay[serial if self.named else ""]
        return None if rsa.fits(key, content, signature) else "signature"

    def fits(self, content: bytes, signature: str) -> bool:
        """Whether a message, which names no certificate, is Alipay's."""
        return any(rsa.fits(key, content, signature) for key in self._alipay.values())


def content_to_sign(asked: Mapping[str, str]) -> bytes:
    """What is signed of a request (待签名字符串): name=value in order of the names, without what is empty."""
    return "&".join(f"{name}={asked[name]}" for name in sorted(asked) if asked[name] and name != "sign").encode()


def serial_of(certificate: x509.Certificate) -> str:
    """The number by which Alipay knows a certificate: the MD5 (it is a name, and protects nothing) of the issuer, last part first
    and as it stands, and the serial number in decimal digits behind it."""
    names = [
        f"{each.rfc4514_attribute_name}={each.value if isinstance(each.value, str) else each.value.decode()}"
        for part in reversed(certificate.issuer.rdns)
        for each in part
    ]
    told = f"{','.join(names)}{certificate.serial_number}"
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()


def serial_of_roots(certificates: list[x509.Certificate]) -> str:
    """The number of a file of roots: those of its certificates that are signed with RSA, in their order, joined."""
    rsa_signed = [
        each for each in certificates if each.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES)
    ]
    return "_".join(serial_of(each) for each in rsa_signed)


def _certificates(file: Path, *, of_all_kinds: bool = False) -> list[x509.Certificate]:
    """Those in a file, the first first; `of_all_kinds`: those of kinds that cannot be read here are passed over. Raises
    `rsa.UnusableKey`."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise rsa.UnusableKey(file, error.strerror or "it cannot be read") from error
    found: list[x509.Certificate] = []
    for each in _CERTIFICATE.findall(content):
        try:
            found.append(x509.load_pem_x509_certificate(each))
        except ValueError as error:
            if not of_all_kinds:
                raise rsa.UnusableKey(file, "there is a certificate in it that cannot be read") from error
    if not found:
        raise rsa.UnusableKey(file, "there is no certificate in PEM in it")
    return found


def _vouched_for(chain: list[x509.Certificate], roots: list[x509.Certificate]) -> bool:
    """Whether each certificate of a chain is signed for by the next, and the last by a root (or is one)."""
    if not all(_signed_by(each, above) for each, above in pairwise(chain)):
        return False
    return chain[-1] in roots or any(_signed_by(chain[-1], root) for root in roots)


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True
