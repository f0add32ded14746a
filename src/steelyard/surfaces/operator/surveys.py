"""What the marketplace asks all buyers and visitors."""

from steelyard.operations.analytics import MARKETPLACE
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.survey_pages import Desk
from steelyard.surfaces.web.surveying import survey_pages

HANDLERS = survey_pages(
    Desk(
        show=frame.show,
        here=frame.SURVEYS,
        shop=lambda _visit: MARKETPLACE,
        customers=f"{frame.HOME}/customers",
    )
)
