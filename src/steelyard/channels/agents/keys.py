"""Our signing key, and HTTP message signatures (RFC 9421) with it: what we send is signed, what is signed is checked.

The key is one EC P-256 key of the installation, made at the first need and kept in `home/secrets` (mode 0600).
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures.algorithms import (
    ECDSA_P256_SHA256,  # pyright: ignore[reportPrivateImportUsage]  # this is its public place
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import MappingKeyResolver
from http_message_signatures.signatures import HTTPMessageSigner, HTTPMessageVerifier

from steelyard.channels.agents.model import SignatureRefused

KEY_FILE = "ucp_signing_key.pem"
LABEL = "sig1"
COORDINATE_BYTES = 32
ALWAYS_SIGNED = ("@method", "@authority", "@path")
SIGNED_IF_THERE = ("content-digest", "content-type", "ucp-agent", "idempotency-key")


class SignedRequest:
    """A request as the signature library wants it: an upper-case method, the whole URL, headers."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        self.method = method.upper()
        self.url = url
        self.headers = dict(headers)


def signing_key(home: Path) -> ec.EllipticCurvePrivateKey:
    """The installation's key, made when there is none."""
    file = home / "secrets" / KEY_FILE
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # Written aside and linked into place: two processes starting at once use the same key.
        draft = file.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_bytes(made)
        try:
            file.hardlink_to(draft)
        except FileExistsError:
            pass  # the other was quicker
        finally:
            draft.unlink()
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The key for others to check with (RFC 7517); its `kid` is its thumbprint (RFC 7638)."""
    numbers = key.public_key().public_numbers()
    x, y = (_base64url(value.to_bytes(COORDINATE_BYTES)) for value in (numbers.x, numbers.y))
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    kid = _base64url(hashlib.sha256(canonical.encode()).digest())
    return {"kid": kid, "kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES256", "use": "sig"}


def content_digest(body: bytes) -> str:
    """RFC 9530, over the raw bytes."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign(home: Path, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The headers of a request with `Content-Digest` (when it has a body), `Signature-Input` and `Signature` added.

    `headers` have lower-case names.
    """
    key = signing_key(home)
    kid = public_jwk(key)["kid"]
    request = SignedRequest(method, url, {**headers, **({"content-digest": content_digest(body)} if body else {})})
    covered = [*ALWAYS_SIGNED, *(["@query"] if httpx.URL(url).query else [])]
    covered += [name for name in SIGNED_IF_THERE if name in request.headers]
    signer = HTTPMessageSigner(
        signature_algorithm=ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={kid: key}),
    )
    signer.sign(
        request,
        key_id=kid,
        covered_component_ids=covered,
        label=LABEL,
        include_alg=False,
        use_existing_digest=bool(body),
    )
    return request.headers


def verify(keys: Sequence[Mapping[str, Any]], method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Check a signed request against the sender's keys. `headers` have lower-case names. Raises `SignatureRefused`.

    A key of a kind that we do not know is passed over; only a signature under it fails. Replays are kept out by
    idempotency keys, so a signature has no age.
    """
    if "signature" not in headers or "signature-input" not in headers:
        raise SignatureRefused(why="signature_missing")
    if body and headers.get("content-digest") != content_digest(body):
        raise SignatureRefused(why="digest_mismatch")
    known = {str(jwk.get("kid")): key for jwk in keys if (key := _public_key(jwk)) is not None}
    verifier = HTTPMessageVerifier(
        signature_algorithm=ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys=known, private_keys={}),
    )
    needed = [*ALWAYS_SIGNED, "ucp-agent", *(["@query"] if httpx.URL(url).query else [])]
    needed += ["content-digest", "content-type"] if body else []
    needed += ["idempotency-key"] if "idempotency-key" in headers else []
    try:
        verifier.verify(SignedRequest(method, url, headers), max_age=None, require_components=needed)
    except (HTTPMessageSignaturesException, ValueError, KeyError) as error:
        raise SignatureRefused(why="signature_invalid") from error


def _public_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey | None:
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        return None
    try:
        x, y = (int.from_bytes(_from_base64url(str(jwk[name]))) for name in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except (KeyError, ValueError):
        return None


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
