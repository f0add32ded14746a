"""What the shop's people did."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console_audit import audit_pages

HANDLERS = audit_pages(frame.show, frame.AUDIT)
