"""All pages of surveys and interviews of a console."""

from litestar.handlers import HTTPRouteHandler

from steelyard.surfaces.web.interview_pages import interview_pages
from steelyard.surfaces.web.survey_editor import editing_pages
from steelyard.surfaces.web.survey_pages import Desk, acting_pages, reading_pages


def survey_pages(desk: Desk) -> list[HTTPRouteHandler]:
    return [*reading_pages(desk), *acting_pages(desk), *editing_pages(desk), *interview_pages(desk)]
