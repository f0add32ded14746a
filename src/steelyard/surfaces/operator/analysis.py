"""Analyses of what people do in the marketplace as a whole, and of events that were imported."""

from steelyard.operations.analytics import MARKETPLACE
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.analysis_pages import analysis_pages

HANDLERS = analysis_pages(frame.show, frame.ANALYSIS, lambda _visit: MARKETPLACE)
