"""Keys for the shop's own programs."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console_keys import key_pages

HANDLERS = key_pages(frame.show, frame.API_KEYS, "api_keys.manage")
