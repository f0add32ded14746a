"""The certificates of a simulated Alipay, for merchants that sign with them (公钥证书): two roots of RSA and one of another
kind, the wallet's own and the application's, and the numbers by which Alipay calls them.

The folder is `certificates` beside the keys; the files are called as those that Alipay gives out.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

APP, OWN, ROOTS = "appCertPublicKey.crt", "alipayCertPublicKey_RSA2.crt", "alipayRootCert.crt"
YEARS_DAYS = 3_650
KEY_BITS = 2048
PUBLIC_EXPONENT = 65537

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def ready(folder: Path, app: rsa.RSAPrivateKey, own: rsa.RSAPrivateKey) -> dict[str, str]:
    """Make what is not there; returns the three numbers. `app` is the merchant's key, `own` the wallet's."""
    here = folder / "certificates"
    if not (here / APP).exists():
        here.mkdir(exist_ok=True)
        _make(here, app, own)
    app_certificate, own_certificate = (
        x509.load_pem_x509_certificates((here / name).read_bytes())[0] for name in (APP, OWN)
    )
    roots = x509.load_pem_x509_certificates((here / ROOTS).read_bytes())
    of_rsa = [each for each in roots if isinstance(each.public_key(), rsa.RSAPublicKey)]
    return {
        "app_serial": number(app_certificate),
        "own_serial": number(own_certificate),
        "roots_serial": "_".join(number(each) for each in of_rsa),
    }


def number(certificate: x509.Certificate) -> str:
    """MD5 of the issuer, as RFC 2253 writes it, and the serial number in decimal digits."""
    told = f"{certificate.issuer.rfc4514_string()}{certificate.serial_number}"
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()


def _make(here: Path, app: rsa.RSAPrivateKey, own: rsa.RSAPrivateKey) -> None:
    first, second = (rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS) for _ in range(2))
    other = ec.generate_private_key(ec.SECP256R1())
    names = [_name(f"Simulated Certification Authority {kind}") for kind in ("R1", "E1", "R2")]
    roots = [_signed(name, key, name, key) for name, key in zip(names, (first, other, second), strict=True)]
    _write(here / ROOTS, *roots)
    _write(here / OWN, _signed(_name("Simulated alipay"), own, names[2], second))
    _write(here / APP, _signed(_name("Simulated merchant"), app, names[0], first))  # last: with it the folder is whole


def _name(common: str) -> x509.Name:
    oid = x509.NameOID
    parts = ((oid.COUNTRY_NAME, "CN"), (oid.ORGANIZATION_NAME, "Simulated"), (oid.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _signed(subject: x509.Name, key: Key, issuer: x509.Name, by: Key) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=YEARS_DAYS))
        .sign(by, hashes.SHA256())
    )


def _write(file: Path, *certificates: x509.Certificate) -> None:
    file.write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates))
