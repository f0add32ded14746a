"""The shop's people, their departments, and the roles it has made for them."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console_departments import department_pages
from steelyard.surfaces.web.console_roles import role_pages
from steelyard.surfaces.web.console_staff import staff_pages

ROLES = f"{frame.HOME}/roles"
DEPARTMENTS = f"{frame.HOME}/departments"

HANDLERS = [
    *staff_pages(frame.show, frame.STAFF, ROLES, DEPARTMENTS),
    *role_pages(frame.show, ROLES, frame.STAFF, DEPARTMENTS),
    *department_pages(frame.show, DEPARTMENTS, frame.STAFF, ROLES),
]
