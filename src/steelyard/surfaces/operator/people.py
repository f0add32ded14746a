"""The operator's own people, what they may do, and what they did."""

from steelyard.parties.access.model import AuditEntry
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.console_audit import audit_pages
from steelyard.surfaces.web.console_departments import department_pages
from steelyard.surfaces.web.console_roles import role_pages
from steelyard.surfaces.web.console_staff import staff_pages
from steelyard.surfaces.web.entries import as_uuid

ROLES = f"{frame.HOME}/roles"
DEPARTMENTS = f"{frame.HOME}/departments"

# Areas of actions whose subject is the id of something that has a page of its own.
_PAGES = {
    "merchants": frame.MERCHANTS,
    "commission": frame.MERCHANTS,
    "roles": ROLES,
    "applications": frame.APPLICATIONS,
    "buyers": frame.BUYERS,
}
# Those whose subject is a name, and those that are found by a code.
_NAMED = {
    "system.pause_subscriber": "/operator/system/subscribers",
    "system.resume_subscriber": "/operator/system/subscribers",
    "system.retry_subscriber": "/operator/system/subscribers",
    "system.skip_event": "/operator/system/subscribers",
}


def subject_href(entry: AuditEntry) -> str:
    """The page about what an entry of the audit log was done to; the empty word where there is none."""
    area = entry.action.partition(".")[0]
    if entry.action in _NAMED:
        return f"{_NAMED[entry.action]}/{entry.subject}"
    if area in _PAGES:
        return f"{_PAGES[area]}/{entry.subject}"
    if area == "orders" and as_uuid(entry.subject) is None:
        return address(frame.ORDERS, q=entry.subject)
    if area == "staff":
        return frame.STAFF
    return ""


HANDLERS = [
    *staff_pages(frame.show, frame.STAFF, ROLES, DEPARTMENTS),
    *role_pages(frame.show, ROLES, frame.STAFF, DEPARTMENTS),
    *department_pages(frame.show, DEPARTMENTS, frame.STAFF, ROLES),
    *audit_pages(frame.show, frame.AUDIT, subject_href),
]
