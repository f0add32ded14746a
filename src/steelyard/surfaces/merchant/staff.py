"""The shop's people."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console_staff import staff_pages

HANDLERS = staff_pages(frame.show, frame.STAFF)
