"""How the marketplace's days, weeks and months went."""

from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.business_review_acts import business_review_pages
from steelyard.surfaces.web.business_review_pages import Console

LINKS = {
    "promotion": f"{frame.PROMOTIONS}/{{id}}",
    "coupon": f"{frame.PROMOTIONS}/{{id}}",
    "campaign": f"{frame.CAMPAIGNS}/{{id}}",
    "experiment": f"{frame.EXPERIMENTS}/{{id}}",
}
HANDLERS = business_review_pages(
    Console(
        show=frame.show,
        here=frame.BUSINESS_REVIEWS,
        tasks=frame.TASKS,
        permission="dashboard.read",
        links=LINKS,
        product_href=f"{frame.MERCHANTS}/",
    )
)
