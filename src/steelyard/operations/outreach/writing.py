"""Templates: written, changed, put away."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations.outreach.model import (
    NAME_CHARACTERS_MAX,
    TEMPLATES_PER_MERCHANT_MAX,
    NewTemplate,
    TemplateChanged,
    TooManyTemplates,
    Words,
)
from steelyard.operations.outreach.queries import template
from steelyard.operations.outreach.rendering import faults


async def make_template(tx: Tx, new: NewTemplate, by: str) -> None:
    """Write a template down. Said twice with the same id, the first stays. Raises `Invalid` with what is wrong by the field,
    `TooManyTemplates`."""
    _check(new.name, new)
    if await tx.execute(
        """
        INSERT INTO message_templates (merchant_id, template_id, channel, name, playbook, version)
        VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING
        """,
        new.merchant_id,
        new.template_id,
        str(new.channel),
        new.name,
        new.playbook,
    ):
        await _room(tx, new.merchant_id)
        await _say(tx, new.merchant_id, new.template_id, 1, new.words, by)


async def change_template(
    tx: Tx, merchant_id: UUID, template_id: UUID, name: str, words: Words, *, version: int, by: str
) -> int:
    """Let a template say something else from now on; what is queued is said as it was. Returns the version. The same words change
    nothing. Raises `NotFound`, `Invalid`, and `TemplateChanged` when it is at another version than `version`."""
    await tx.execute(
        "SELECT FROM message_templates WHERE merchant_id = $1 AND template_id = $2 FOR UPDATE", merchant_id, template_id
    )
    old = await template(tx, merchant_id, template_id)
    _check(
        name, NewTemplate(merchant_id=merchant_id, template_id=template_id, channel=old.channel, name=name, words=words)
    )
    if old.words == words and old.name == name:
        return old.version
    if old.version != version:
        raise TemplateChanged()
    later = old.version if old.words == words else old.version + 1
    await tx.execute(
        """
        UPDATE message_templates SET name = $3, version = $4, changed_at = now() WHERE merchant_id = $1 AND template_id = $2
        """,
        merchant_id,
        template_id,
        name,
        later,
    )
    if later != old.version:
        await _say(tx, merchant_id, template_id, later, words, by)
    return later


async def archive_template(tx: Tx, merchant_id: UUID, template_id: UUID, *, archived: bool) -> None:
    """Put a template away, or take it out again; what is queued goes out all the same. Said twice, nothing changes. Raises
    `NotFound`, and `TooManyTemplates` for one that is taken out again where there are enough."""
    if not await tx.execute(
        """
        UPDATE message_templates SET archived_at = CASE WHEN $3 THEN coalesce(archived_at, now()) END
        WHERE merchant_id = $1 AND template_id = $2
        """,
        merchant_id,
        template_id,
        archived,
    ):
        raise NotFound()
    if not archived:
        await _room(tx, merchant_id)


async def _room(tx: Tx, merchant_id: UUID) -> None:
    """That there are no more in use than can be."""
    count = await tx.value(
        "SELECT count(*) FROM message_templates WHERE merchant_id = $1 AND archived_at IS NULL", merchant_id
    )
    if count > TEMPLATES_PER_MERCHANT_MAX:
        raise TooManyTemplates(most=TEMPLATES_PER_MERCHANT_MAX)


def _check(name: str, new: NewTemplate) -> None:
    wrong = faults(new.channel, new.words)
    if not name.strip():
        wrong["name"] = N_("Please fill this in")
    elif len(name) > NAME_CHARACTERS_MAX:
        wrong["name"] = N_("This is too long")
    if wrong:
        raise Invalid(wrong)


async def _say(tx: Tx, merchant_id: UUID, template_id: UUID, version: int, words: Words, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO message_template_versions (merchant_id, template_id, version, subject, body, button, link, code, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        merchant_id,
        template_id,
        version,
        words.subject,
        words.body,
        words.button,
        words.link,
        words.code,
        by,
    )
