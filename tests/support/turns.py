"""Who of the processes of a test run takes which file.

The house of the browser journeys costs more to put up than most journeys to make: as long as there is other work, they are all
made by one process, in one house. Files of others go to whoever is free, in the order of the folders.
"""

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

JOURNEYS = "tests/journeys/"


class OneHouse(LoadFileScheduling):
    """`--dist loadfile`, but for the journeys: they are the first process's, until others have nothing else to do."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        travels = node is self.nodes[0]
        preferred = (file for file in self.workqueue if file.startswith(JOURNEYS) == travels)
        if (file := next(preferred, None)) is not None:
            self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)
