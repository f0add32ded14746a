"""What the shop’s people are to do next."""

from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.task_acts import task_pages
from steelyard.surfaces.web.task_pages import Console

HANDLERS = task_pages(Console(show=frame.show, here=frame.TASKS))
