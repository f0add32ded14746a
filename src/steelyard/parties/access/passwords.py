"""Passwords: which are allowed, and Argon2id in threads of its own.

Hashing takes some 50 ms and 64 MiB on purpose, so it happens outside any transaction, and only a few at once.
"""

import asyncio
import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_

PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 256
DIFFERENT_CHARACTERS_MIN = 4
HASHES_AT_ONCE_MAX = 4

# The ones of ten characters and more that stand first in every published list; compared in lower case.
COMMONEST = frozenset(
    """
    1234567890 0123456789 0987654321 12345678910 123456789a a123456789 aa123456789 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5
    1qaz2wsx3edc qazwsxedcrfv qwertyuiop qwertyuiop1 qwertyuiop123 qwerty12345 qwerty123456 qwer123456 asdfghjkl1
    zxcvbnm123 abc1234567 abcd123456 abcdefghij asdasdasd1 password12 password123 password1234 password12345
    passw0rd123 p@ssw0rd123 p@ssword123 password!1 mypassword letmein123 welcome123 welcome1234 iloveyou12 iloveyou123
    iloveyou1314 woaini1314 woaini520520 woaini1314520 5201314520 1314520520 administrator admin12345 admin123456
    administrator1 changeme123 trustno1trustno1 superman123 football123 baseball123 sunshine123 princess123 dragon12345
    michael123 computer123 internet123 samsung123 liverpool1 manchester christopher 1111111111 0000000000 1122334455
    1212121212 123123123a 123321123321 147258369a 1472583690 9876543210 11223344556 q123456789 w123456789 z123456789
    taobao123456 weixin123456 steelyard123 steelyard1234
    """.split()  # noqa: SIM905  # a list of quoted words is worse to read and to add to
)

_HASHER = argon2.PasswordHasher()
_THREADS = ThreadPoolExecutor(min(HASHES_AT_ONCE_MAX, os.cpu_count() or 1), thread_name_prefix="argon2")


def _nobodys_hash() -> str:
    """Costs as much to check as a real one, and no password fits."""
    salt, tag = (b64encode(bytes(n)).decode().rstrip("=") for n in (_HASHER.salt_len, _HASHER.hash_len))
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${tag}"


_NOBODYS_HASH = _nobodys_hash()


def check_rules(password: str, email: str) -> None:
    """Refuse a password that would be guessed. Raises `Invalid` for the field `password`."""
    trouble = _trouble(password, email)
    if trouble is not None:
        raise Invalid({"password": trouble})


def _trouble(password: str, email: str) -> str | None:
    said = password.strip().lower()
    if len(password) < PASSWORD_CHARACTERS_MIN:
        return N_("At least 10 characters, please.")
    if len(password) > PASSWORD_CHARACTERS_MAX:
        return N_("At most 256 characters, please.")
    if said in (email.lower(), email.lower().partition("@")[0]):
        return N_("Your e-mail address is not a password.")
    if said in COMMONEST or len(set(said)) < DIFFERENT_CHARACTERS_MIN:
        return N_("This password is among the first that anybody would guess.")
    return None


async def hash_password(password: str) -> str:
    """Argon2id of the password, to be stored. Call it before the transaction begins."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, password)


async def check_password(password_hash: str | None, password: str) -> bool:
    """Whether the password fits. Without a hash (unknown address, no password set) it takes as long, and does not."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _fits, password_hash, password)


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's: then it is made anew at the next log-in."""
    return _HASHER.check_needs_rehash(password_hash)


def _fits(password_hash: str | None, password: str) -> bool:
    if len(password) > PASSWORD_CHARACTERS_MAX:
        password_hash = None
        password = password[:PASSWORD_CHARACTERS_MAX]
    try:
        _HASHER.verify(password_hash or _NOBODYS_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
