"""What somebody is asked to agree to again: terms that have changed since they agreed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates
from litestar import Response
from litestar.response import Redirect

from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import kept_of
from steelyard.operations import privacy
from steelyard.operations.privacy.model import DOCUMENTS
from steelyard.parties import merchants, policies
from steelyard.parties.access.model import AccountKind
from steelyard.parties.policies import Document, Version
from steelyard.surfaces.components.page import TIMEZONE, Asking, News
from steelyard.surfaces.web.pages import Frame, local_path, redirect, render
from steelyard.surfaces.web.visit import Visit

TITLES = {
    Document.TERMS: N_("Terms of service"),
    Document.PRIVACY: N_("Privacy"),
    Document.RULES: N_("Rules for merchants"),
}
# Who leads a shop agrees for it.
SPEAKS_FOR_THE_SHOP = "staff.manage"


async def of_buyer(visit: Visit) -> list[Version]:
    """What this buyer has still to agree to; nobody else is asked. Costs nothing while nothing was published."""
    account = visit.account
    if account is None or account.kind is not AccountKind.BUYER:
        return []
    counting = await kept_of(visit.db, policies.DOCUMENTS_KEPT, policies.in_force)
    if not any(counting[each].from_day for each in DOCUMENTS):
        return []
    return await visit.db.ask(privacy.outstanding, visit.buyer_id)


async def of_merchant(visit: Visit) -> list[Version]:
    """The rules that the merchant has still to agree to, where this member of its staff may do so for it."""
    if not visit.actor.may(SPEAKS_FOR_THE_SHOP):
        return []
    counting = await kept_of(visit.db, policies.DOCUMENTS_KEPT, policies.in_force)
    if counting[Document.RULES].from_day is None:
        return []
    found = await visit.merchant_db.ask(merchants.rules_outstanding, visit.merchant_id)
    return [found] if found else []


async def until_agreed(visit: Visit, rules: Version) -> str:
    """What goes on in a shop that has not agreed to these rules, and until when."""
    day = await visit.merchant_db.ask(merchants.agree_by, rules)
    written = dates.format_date(day, "long", locale=visit.locale.replace("-", "_"))
    if day <= datetime.now(ZoneInfo(TIMEZONE)).date():
        words = N_(
            "You agree for the whole shop. Since {day} new products need your agreement to go onto the shelf; "
            "what is on sale, orders and payouts go on."
        )
    else:
        words = N_(
            "You agree for the whole shop. Until then the rules that you agreed to before count; from {day} on, "
            "new products need your agreement to go onto the shelf."
        )
    return visit.say(words, day=written)


def notice(visit: Visit, versions: Sequence[Version], action: str, after: str) -> Asking | None:
    """The notice above a page; `after` says what goes on without agreeing."""
    if not versions:
        return None
    return Asking(
        [
            News(visit.say(TITLES[each.document]), f"/legal/{each.document}", each.summary.in_language(visit.locale))
            for each in versions
        ],
        action,
        value_of(versions),
        after,
    )


def value_of(versions: Sequence[Version]) -> str:
    """These versions as one word that a form brings back."""
    return ",".join(f"{each.document}:{each.name}" for each in versions)


def agreed(versions: Sequence[Version], said: str) -> list[Document]:
    """Of what is asked, what was said yes to; a version that was replaced meanwhile is asked about again."""
    return [each.document for each in versions if f"{each.document}:{each.name}" in said.split(",")]


async def thanks(visit: Visit, back: str) -> Response[Any] | Redirect:
    """Back to the page that was asked on; with scripts the notice alone goes, and nothing that was typed is lost."""
    message = visit.say(N_("Thank you. It is written down which version you agreed to."))
    if "hx-request" in visit.connection.headers:
        return await render(visit, "web/agreed.html", Frame(), message=message)
    return redirect(visit, local_path(back, "/"), (message, "good"))
