"""What a shop prints to send its orders, as PDF: labels, packing slips, a pick list. Pure drawing, no database.

Chinese is set in STSong-Light, one of the fonts that every reader of PDF brings along (ISO 32000, Adobe-GB1), so that no
font has to be shipped and files stay small; what is Latin alone is set in Helvetica.
"""

from steelyard.surfaces.merchant.paper.labels import Label, labels
from steelyard.surfaces.merchant.paper.picking import Pick, pick_list
from steelyard.surfaces.merchant.paper.slips import Slip, SlipLine, slips

__all__ = ["Label", "Pick", "Slip", "SlipLine", "labels", "pick_list", "slips"]
