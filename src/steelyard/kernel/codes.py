"""Short codes: what people see, read out on the telephone and type in, where machines use ids."""

import re
import secrets
from uuid import UUID

# Crockford's base 32: no I, L, O or U, so that a code is never misread and never a word.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SYMBOLS = 10
PREFIX_LETTERS_MAX = 2
_MISREAD = str.maketrans("ILO", "110")
# What people and telephones put between the parts: any space, any dash, dots and underlines.
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212\uFF0D._]+")


def mint(prefix: str, symbols: int = CODE_SYMBOLS) -> str:
    """A new random code such as `P-7K3M9-X2Q4T`. With 50 random bits the UNIQUE constraint of its table is what
    makes it unique; a collision is a serialization-like retry of the whole command, never a second look-up."""
    # Of 256 bytes, eight stand for each symbol: none is likelier than another.
    body = "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(symbols))
    return f"{prefix}-{body[: symbols // 2]}-{body[symbols // 2 :]}"


def of(prefix: str, id: UUID) -> str:
    """The code of what has an id of ours: made of its last 50 bits, which are random. The same whenever it is asked for."""
    rest, body = id.int, ""
    for _ in range(CODE_SYMBOLS):
        rest, symbol = divmod(rest, len(ALPHABET))
        body = ALPHABET[symbol] + body
    return f"{prefix}-{body[: CODE_SYMBOLS // 2]}-{body[CODE_SYMBOLS // 2 :]}"


def read(typed: str) -> str:
    """What a person typed, as the code it means: case, spaces, dashes and look-alike letters are forgiven.

    The prefix is one or two letters. Without any separator the last `CODE_SYMBOLS` are taken for the body. A text
    that cannot be a code comes back upper-cased, and is simply not found.
    """
    text = typed.strip().upper()
    prefix, *rest = _BETWEEN.split(text)
    body = "".join(rest)
    if not body:
        prefix, body = text[:-CODE_SYMBOLS], text[-CODE_SYMBOLS:]
    if not (prefix.isalpha() and len(prefix) <= PREFIX_LETTERS_MAX and body):
        return text
    body = body.translate(_MISREAD)
    return f"{prefix}-{body[: len(body) // 2]}-{body[len(body) // 2 :]}"
