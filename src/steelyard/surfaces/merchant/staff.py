"""The shop's people, and the roles it has made for them."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console_roles import role_pages
from steelyard.surfaces.web.console_staff import staff_pages

ROLES = f"{frame.HOME}/roles"

HANDLERS = [*staff_pages(frame.show, frame.STAFF, ROLES), *role_pages(frame.show, ROLES, frame.STAFF)]
