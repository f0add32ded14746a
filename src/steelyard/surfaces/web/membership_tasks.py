"""Tasks of a membership in words, and as fields of its form."""

from collections.abc import Mapping

from steelyard.kernel.i18n import N_
from steelyard.operations.growth import Programme, Task, TaskTerms
from steelyard.operations.growth.model import PROFILE_PARTS
from steelyard.surfaces.web.entries import Entries

WORDS: Mapping[Task, str] = {
    Task.PROFILE: N_("Fill in name, telephone and e-mail address"),
    Task.FOLLOW: N_("Follow the shop"),
    Task.SHARE: N_("Share something with friends"),
    Task.WATCH: N_("Watch live"),
    Task.REVIEW: N_("Write a first review"),
}
MINUTES = "watch_minutes"
MINUTES_USUAL = 5


def field(task: Task) -> str:
    return f"task_{task}"


def standing(known: Programme | None) -> dict[str, str]:
    """What the form says of the tasks that there are."""
    terms = {each.task: each for each in (known.tasks if known else ())}
    values = {field(task): str(terms[task].amount) if task in terms else "" for task in Task}
    return values | {MINUTES: str(terms[Task.WATCH].target if Task.WATCH in terms else MINUTES_USUAL)}


def typed(form: Entries) -> list[TaskTerms]:
    """The tasks that were given some growth."""
    targets = {Task.PROFILE: PROFILE_PARTS}
    found: list[TaskTerms] = []
    for task in Task:
        amount = form.number(field(task), otherwise=0)
        if amount:
            target = form.number(MINUTES) if task == Task.WATCH else targets.get(task, 1)
            found.append(TaskTerms(task=task, amount=amount, target=target))
    return found
