"""The board of tasks: what people of a shop, or of the marketplace, are to do next, who sees to it, until when.

Whoever finds out that something is to be done (a journey, a review, a colleague) opens a task under an id of its own:
`open_tasks`. People take it, hand it over with a note, comment on it, finish it or drop it with a reason (`working`), and look at
it on one board, whatever opened it.
"""

from steelyard.operations.workboard.model import (
    PLATFORM,
    Board,
    Card,
    Comment,
    Counts,
    Filter,
    State,
    Step,
    Task,
    TaskId,
    Whose,
)
from steelyard.operations.workboard.queries import board, comments, counts, history, of_source, page, task
from steelyard.operations.workboard.service import open_task, open_tasks
from steelyard.operations.workboard.working import change, comment, hand_over, move

__all__ = [
    "PLATFORM",
    "Board",
    "Card",
    "Comment",
    "Counts",
    "Filter",
    "State",
    "Step",
    "Task",
    "TaskId",
    "Whose",
    "board",
    "change",
    "comment",
    "comments",
    "counts",
    "hand_over",
    "history",
    "move",
    "of_source",
    "open_task",
    "open_tasks",
    "page",
    "task",
]
