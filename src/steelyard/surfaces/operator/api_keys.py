"""Keys for the operator's own programs."""

from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console_keys import key_pages

HANDLERS = key_pages(frame.show, frame.API_KEYS, "settings.manage")
