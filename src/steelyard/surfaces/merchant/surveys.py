"""What the shop asks its customers and visitors."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.survey_pages import Desk
from steelyard.surfaces.web.surveying import survey_pages

HANDLERS = survey_pages(
    Desk(
        show=frame.show,
        here=frame.SURVEYS,
        shop=lambda visit: visit.merchant_id,
        customers="/merchant/customers",
    )
)
