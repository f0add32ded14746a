"""The operator's own people, and what they did."""

from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console_staff import audit_pages, staff_pages

HANDLERS = [*staff_pages(frame.show, frame.STAFF), *audit_pages(frame.show, frame.AUDIT)]
