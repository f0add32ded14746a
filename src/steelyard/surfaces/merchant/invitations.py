"""What the shop promises for inviting a friend."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.membership import DESK
from steelyard.surfaces.web.invitation_pages import invitation_pages
from steelyard.surfaces.web.membership_pages import Desk

HANDLERS = invitation_pages(Desk(frame.show, frame.INVITATIONS, DESK.shop, DESK.currency))
