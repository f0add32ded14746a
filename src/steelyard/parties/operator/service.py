"""Commands on the operator's profile."""

import re
from urllib.parse import urlsplit

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import forget
from steelyard.parties.operator.model import Profile
from steelyard.parties.operator.queries import PROFILE_KEPT

# A record (备案) or a licence (经营许可证) of the Ministry of Industry and Information Technology begins with the
# short name of the province: 京ICP备12345678号-1, 京ICP证030173号.
_PROVINCES = "京津沪渝冀晋辽吉黑苏浙皖闽赣鲁豫鄂湘粤琼川蜀贵黔云滇陕秦甘陇青蒙桂宁新藏"
_ICP_NUMBER = re.compile(rf"[{_PROVINCES}]ICP(备\d{{6,12}}号(-\d{{1,4}})?|证\d{{6,12}}号)")


async def set_profile(tx: Tx, profile: Profile) -> None:
    """Say who runs this marketplace; it is on every storefront page from now on.

    Raises `Invalid`: for an operator in China the unified social credit code must be right to its check digit
    (GB 32100-2015), and the ICP number must look like one.
    """
    troubles = _troubles(profile)
    if troubles:
        raise Invalid(troubles)
    forget(tx, PROFILE_KEPT)
    await tx.execute(
        """
        INSERT INTO operator_profile
            (name, legal_name, credit_code, icp_number, address, phone, email, country, currency, licence_url)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (only_one) DO UPDATE
        SET name = excluded.name, legal_name = excluded.legal_name, credit_code = excluded.credit_code
          , icp_number = excluded.icp_number, address = excluded.address, phone = excluded.phone
          , email = excluded.email, country = excluded.country, currency = excluded.currency
          , licence_url = excluded.licence_url, changed_at = now()
        """,
        profile.name,
        profile.legal_name,
        profile.credit_code.strip().upper(),
        profile.icp_number.strip(),
        profile.address,
        profile.phone,
        profile.email,
        profile.country,
        profile.currency,
        profile.licence_url,
    )


def _troubles(profile: Profile) -> dict[str, str]:
    troubles: dict[str, str] = {}
    if not profile.legal_name.strip():
        troubles["legal_name"] = N_("Please enter the registered name.")
    if not any(words.strip() for words in profile.name.values()):
        troubles["name"] = N_("Please enter the marketplace's name.")
    if profile.country == "CN":
        try:
            uscc.validate(profile.credit_code)
        except ValidationError:
            troubles["credit_code"] = N_("This is not a unified social credit code.")
        if not _ICP_NUMBER.fullmatch(profile.icp_number.strip()):
            troubles["icp_number"] = N_("An ICP number looks like 京ICP备12345678号-1.")
    if profile.licence_url is not None and urlsplit(profile.licence_url).scheme not in ("https", "http", ""):
        troubles["licence_url"] = N_("Please enter a web address.")
    return troubles
