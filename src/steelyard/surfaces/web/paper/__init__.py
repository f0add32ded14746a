"""What is printed, as PDF: labels, packing slips, a pick list and statements for shops, e-invoices, the label of a return for
a buyer, written reports. Pure drawing, no database.

Chinese is set in STSong-Light, one of the fonts that every reader of PDF brings along (ISO 32000, Adobe-GB1), so that no
font has to be shipped and files stay small; what is Latin alone is set in Helvetica.
"""

from steelyard.surfaces.web.paper.invoices import einvoice
from steelyard.surfaces.web.paper.labels import Label, labels
from steelyard.surfaces.web.paper.picking import Pick, pick_list
from steelyard.surfaces.web.paper.reports import PaperTable, ReportPaper, report_paper
from steelyard.surfaces.web.paper.returns import ReturnLabel, return_label
from steelyard.surfaces.web.paper.slips import Slip, SlipLine, slips
from steelyard.surfaces.web.paper.statements import StatementLine, StatementPaper, statement_paper

__all__ = [
    "Label",
    "PaperTable",
    "Pick",
    "ReportPaper",
    "ReturnLabel",
    "Slip",
    "SlipLine",
    "StatementLine",
    "StatementPaper",
    "einvoice",
    "labels",
    "pick_list",
    "report_paper",
    "return_label",
    "slips",
    "statement_paper",
]
