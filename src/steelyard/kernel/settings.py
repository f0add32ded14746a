"""Settings, all from the environment, read once at the start: `STEELYARD_<NAME>` unless another name is said here."""

import base64
import binascii
import ipaddress
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

DEFAULT_HOME = Path("var")
DEFAULT_PORT = 8000
SECRET_BYTES = 32
WEBHOOK_SECRET_PREFIX = "whsec_"  # noqa: S105  # public: the Standard Webhooks specification writes it so


# What a channel needs beside its name.
_TOGETHER = {
    "alipay_app_id": ("alipay_private_key_file",),
    "alipay_app_cert_file": ("alipay_cert_file", "alipay_root_cert_file"),
    "wechatpay_mchid": (
        "wechatpay_appid",
        "wechatpay_serial",
        "wechatpay_private_key_file",
        "wechatpay_key_file",
    ),
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation decides. `home` is the folder for everything that is kept outside the database."""

    home: Path = DEFAULT_HOME
    database_url: str | None = None  # DATABASE_URL; none means the embedded PostgreSQL under `home`
    port: int = DEFAULT_PORT  # PORT
    base_url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    workers: int = 1
    pool_size: int = 10
    log_format: str = "console"  # or json
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8025
    mail_from: str = "Steelyard <no-reply@steelyard.test>"
    messages_url: str | None = None  # the message service: text messages, WeChat; none means mail and inbox alone
    messages_key: str = ""
    messages_webhook_secret: str = ""
    simpay_url: str | None = None  # the payment simulator; none means the channel is not offered
    simpay_key: str = ""
    simpay_webhook_secret: str = ""
    stripe_key: str = ""  # the secret key of a Stripe account; none means the channel is not offered
    stripe_webhook_secret: str = ""  # of the account's endpoint /webhooks/stripe
    stripe_connect_webhook_secret: str = (
        ""  # of its endpoint for connected accounts; none: nobody is paid through Stripe
    )
    stripe_url: str = "https://api.stripe.com"
    stripe_fee_millionths: int = 0  # what the contract says that Stripe keeps of a payment
    transfer_account: str = ""  # the bank account that buyers transfer to; none means bank transfer is not offered
    transfer_bank: str = ""
    transfer_holder: str = ""
    transfer_currency: str = "CNY"
    transfer_hours: int = 72  # how long a purchase waits for its transfer
    cod_currencies: str = ""  # of cash on delivery, with spaces between; none means that it is not offered
    alipay_app_id: str = ""  # an application at Alipay; none means that the channel is not offered
    alipay_private_key_file: Path | None = None  # keys are files, and never in the environment
    alipay_public_key_file: Path | None = None  # Alipay's own, of this application (公钥模式)
    alipay_app_cert_file: Path | None = None  # instead of it certificates (公钥证书模式): the application's,
    alipay_cert_file: Path | None = None  # Alipay's, and its roots
    alipay_root_cert_file: Path | None = None
    alipay_url: str = "https://openapi.alipay.com/gateway.do"
    alipay_huabei: str = ""  # plans of 花呗分期, as the contract says: months:who:millionths
    alipay_desk: str = "code"  # what a buyer at a desk gets: a code to scan (当面付), or Alipay's page (电脑网站支付)
    wechatpay_mchid: str = ""  # a merchant at WeChat Pay; none means that the channel is not offered
    wechatpay_appid: str = ""
    wechatpay_serial: str = ""  # of the merchant's certificate
    wechatpay_private_key_file: Path | None = None
    wechatpay_key_file: Path | None = None
    wechatpay_platform_folder: Path | None = None  # WeChat Pay's certificates and public keys
    wechatpay_secret_file: Path | None = None  # of the official account, to pay inside WeChat
    wechatpay_url: str = "https://api.mch.weixin.qq.com"
    carriers_url: str | None = None
    carriers_key: str = ""
    carriers_webhook_secret: str = ""
    bank_url: str | None = None
    bank_key: str = ""
    bank_webhook_secret: str = ""
    media_webhook_secret: str = ""  # between the media origin and the house; none means that there is no live video
    media_push_url: str = ""  # the server that publishers' programs are told, such as rtmp://host/live
    media_play_url: str = ""  # where players find a stream: an address with {stream} in it
    media_whip_url: str = ""  # where browsers publish by WHIP: an address with {stream} in it; none: they cannot
    media_api_url: str = ""  # the origin's own API; none: it has none
    media_hooks_url: str = ""  # where the origin tells the house; none means at `base_url`
    media_http_port: int = 8111  # of the origin that comes with the house
    media_rtmp_port: int = 8135
    live_streams_per_address: int = 200  # event streams of live rooms, in each web process; 0: as many as come
    kept_page_seconds: int = (
        60  # how long a page that was drawn for one stranger is shown to others at most; 0: not at all
    )
    analytics: str = "duckdb"  # where analyses are worked out; or spark, on this machine, or spark://host:port
    ucp_lenient: bool = False  # the conformance runner's test setting: see docs/guide/ucp.md
    ucp_fetch_profiles: bool = True
    development: bool = False  # a demo: a ribbon says so, and only this machine is listened to
    loopback_only: bool = True
    trusted_proxies: str = ""  # addresses or networks, by commas, whose X-Forwarded-For is believed

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises `msgspec.ValidationError` that names what is wrong."""
    given: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        value = environ.get(f"STEELYARD_{field.name.upper()}")
        if value is not None:
            given[field.name] = value
    for name, variable in {"database_url": "DATABASE_URL", "port": "PORT"}.items():
        if environ.get(variable):
            given[name] = environ[variable]
    if "port" in given and "base_url" not in given:
        given["base_url"] = f"http://127.0.0.1:{given['port']}"
    settings = msgspec.convert(given, Settings, strict=False, dec_hook=_path)
    _check(settings)
    return settings


def networks(words: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks, written with commas between them. Raises `ValueError` that names the wrong one."""
    return [ipaddress.ip_network(word.strip(), strict=False) for word in words.split(",") if word.strip()]


def _check(settings: Settings) -> None:
    """What would otherwise be found out in the middle of a webhook or a log-in."""
    if settings.alipay_desk not in ("code", "page"):
        raise msgspec.ValidationError("STEELYARD_ALIPAY_DESK is code or page")
    if settings.analytics not in ("duckdb", "spark") and not settings.analytics.startswith("spark://"):
        raise msgspec.ValidationError(
            "STEELYARD_ANALYTICS is duckdb, spark, or the address of a Spark master: spark://…"
        )
    for name in Settings.__struct_fields__:
        file = getattr(settings, name)
        if name.endswith("_file") and file is not None and not os.access(file, os.R_OK):
            raise msgspec.ValidationError(f"STEELYARD_{name.upper()}: {file} is no file that can be read")
    for first, names in _TOGETHER.items():
        missing = [name for name in names if not getattr(settings, name)]
        if getattr(settings, first) and missing:
            raise msgspec.ValidationError(f"STEELYARD_{first.upper()} needs STEELYARD_{missing[0].upper()}, too")
    if settings.alipay_app_id and not (settings.alipay_public_key_file or settings.alipay_app_cert_file):
        raise msgspec.ValidationError(
            "STEELYARD_ALIPAY_APP_ID needs STEELYARD_ALIPAY_PUBLIC_KEY_FILE or STEELYARD_ALIPAY_APP_CERT_FILE, too"
        )
    try:
        networks(settings.trusted_proxies)
    except ValueError as error:
        raise msgspec.ValidationError(f"STEELYARD_TRUSTED_PROXIES: {error}") from error
    for name in ("simpay", "carriers", "bank", "media", "messages"):
        word: str = getattr(settings, f"{name}_webhook_secret")
        try:
            base64.b64decode(word.removeprefix(WEBHOOK_SECRET_PREFIX), validate=True)
        except (binascii.Error, ValueError) as error:
            raise msgspec.ValidationError(
                f"STEELYARD_{name.upper()}_WEBHOOK_SECRET is not whsec_ and base64: {error}"
            ) from error


def _path(wanted: type, value: object) -> object:
    if wanted is Path:
        return Path(str(value)).expanduser()
    raise TypeError(wanted)


def secret(home: Path, name: str) -> str:
    """A random secret of this installation, made at the first need and kept in `home/secrets/NAME` (mode 0600)."""
    file = home / "secrets" / name
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        # Written aside and linked into place, so that two processes starting at once read the same whole secret.
        draft = file.with_name(f".{name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(SECRET_BYTES), "utf-8")
        try:
            file.hardlink_to(draft)
        except FileExistsError:
            pass  # the other was quicker
        finally:
            draft.unlink()
    return file.read_text("utf-8")
