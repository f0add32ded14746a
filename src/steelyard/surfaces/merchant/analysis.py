"""Analyses of what a shop's customers and visitors do."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.analysis_pages import analysis_pages

HANDLERS = analysis_pages(frame.show, frame.ANALYSIS, lambda visit: visit.merchant_id)
