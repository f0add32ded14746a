"""Templates to begin with, one for each playbook: good words in both languages, by mail, in the inbox and by text message."""

from importlib import resources
from typing import Final
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.text import Text, decode_text
from steelyard.operations.outreach.model import Channel, NewTemplate, TemplateId, Words
from steelyard.operations.outreach.writing import archive_template, make_template

READY_CHANNELS: Final = (Channel.EMAIL, Channel.INBOX, Channel.SMS)


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What a playbook says: as a mail (the inbox says its first paragraph), and as a text message."""

    key: str
    name: Text
    subject: Text
    body: Text
    sms: Text
    button: Text
    link: str

    def words(self, channel: Channel) -> Words:
        if channel is Channel.SMS:
            return Words(body=self.sms, link=self.link)
        body = self.body
        if channel is Channel.INBOX:
            body = Text({language: _middle(words) for language, words in body.items()})
        return Words(subject=self.subject, body=body, button=self.button, link=self.link)


def _middle(words: str) -> str:
    """Without greeting and farewell, which a line in a list does not need."""
    parts = words.split("\n\n")
    return parts[1] if len(parts) > 1 else parts[0]


def _read() -> tuple[Ready, ...]:
    written = resources.files("steelyard.operations.outreach").joinpath("ready.json").read_bytes()
    return tuple(msgspec.json.decode(written, type=list[Ready], dec_hook=decode_text))


READY: Final = _read()

_BY_KEY: Final = {each.key: each for each in READY}


def made_ready(merchant_id: UUID, key: str, channel: Channel) -> NewTemplate | None:
    """A ready template as a shop's own, always under the same id; none where there is none."""
    ready = _BY_KEY.get(key)
    if ready is None or channel not in READY_CHANNELS:
        return None
    return NewTemplate(
        merchant_id=merchant_id,
        template_id=ids.derived(merchant_id, "ready", key, channel),
        channel=channel,
        name=f"{ready.name['zh-Hans']} {ready.name['en']}",
        words=ready.words(channel),
        playbook=key,
    )


async def use_ready(tx: Tx, merchant_id: UUID, key: str, channel: Channel, by: str) -> TemplateId:
    """The shop's own copy of a ready template, made when it is not there yet: what a playbook needs. Said twice, the same."""
    new = made_ready(merchant_id, key, channel)
    assert new is not None, f"there is no ready template {key} for {channel}"
    await make_template(tx, new, by)
    await archive_template(tx, merchant_id, new.template_id, archived=False)
    return TemplateId(new.template_id)
