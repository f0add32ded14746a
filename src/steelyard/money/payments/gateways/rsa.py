"""SHA256withRSA (RSASSA-PKCS1-v1_5, RFC 8017), as Alipay (RSA2) and WeChat Pay (APIv3) sign, with keys from files.

Keys are read once, when a channel is set up. They never leave these objects: nothing here has a text form that says them.
"""

import base64
import binascii
import textwrap
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

KEY_BITS_MIN = 2048
_PEM_COLUMNS = 64


class UnusableKey(msgspec.ValidationError):
    """A setting is wrong: a file does not hold the RSA key that it should. Says which file, and never what is in it."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file}: {why}")


def private_key(file: Path) -> RSAPrivateKey:
    """The RSA private key in a file: PEM, or the bare base64 that the wallets' own tools hand out. Raises `UnusableKey`."""
    content = _content(file)
    for kind in ("PRIVATE KEY", "RSA PRIVATE KEY"):
        try:
            key = serialization.load_pem_private_key(_pem(content, kind), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        if not isinstance(key, RSAPrivateKey):
            raise UnusableKey(file, "this is no RSA key")
        if key.key_size < KEY_BITS_MIN:
            raise UnusableKey(file, f"a key of {key.key_size} bits is too short: {KEY_BITS_MIN} at least")
        return key
    raise UnusableKey(file, "this is no private key in PEM or base64 without a password")


def public_key(file: Path) -> RSAPublicKey:
    """The RSA public key in a file: PEM of a key or of a certificate, or bare base64. Raises `UnusableKey`."""
    content = _content(file)
    try:
        key = public_key_of(content)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey(file, "this is no public key or certificate in PEM or base64") from error
    return key


def public_key_of(content: bytes) -> RSAPublicKey:
    """The same from bytes. Raises `ValueError`."""
    if b"BEGIN CERTIFICATE" in content:
        key = x509.load_pem_x509_certificate(content).public_key()
    else:
        key = serialization.load_pem_public_key(_pem(content, "PUBLIC KEY"))
    if not isinstance(key, RSAPublicKey):
        raise ValueError("this is no RSA key")
    return key


def sign(key: RSAPrivateKey, content: bytes) -> str:
    """The signature of `content`, in base64."""
    return base64.b64encode(key.sign(content, padding.PKCS1v15(), hashes.SHA256())).decode()


def fits(key: RSAPublicKey, content: bytes, signature: str) -> bool:
    """Whether `signature` (base64) is of exactly these bytes by the owner of `key`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), content, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnusableKey(file, error.strerror or "it cannot be read") from error


def _pem(content: bytes, kind: str) -> bytes:
    if b"-----BEGIN" in content:
        return content
    body = "\n".join(textwrap.wrap("".join(content.decode("ascii", "replace").split()), _PEM_COLUMNS))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n".encode()
