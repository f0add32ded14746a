"""How the shop's days, weeks and months went."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.business_review_acts import business_review_pages
from steelyard.surfaces.web.business_review_pages import Console

LINKS = {
    "promotion": f"{frame.PROMOTIONS}/{{id}}",
    "coupon": f"{frame.PROMOTIONS}/{{id}}",
    "flash": f"{frame.FLASH}/{{id}}",
    "presale": f"{frame.PRESALES}/{{id}}",
    "campaign": f"{frame.CAMPAIGNS}/{{id}}",
    "experiment": f"{frame.EXPERIMENTS}/{{id}}",
    "live": f"{frame.LIVE}/{{id}}",
    "group": f"{frame.TEAMS}/{{id}}",
    "journey": f"{frame.JOURNEYS}/{{id}}/run",
    "link": frame.LINKS,
}
HANDLERS = business_review_pages(
    Console(
        show=frame.show,
        here=frame.BUSINESS_REVIEWS,
        tasks=frame.TASKS,
        permission="figures.read",
        links=LINKS,
        product_href=f"{frame.PRODUCTS}/",
    )
)
