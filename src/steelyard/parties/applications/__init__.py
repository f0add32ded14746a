"""Applications: how somebody becomes a merchant. In steps that are saved one by one and can be gone on with days later.

The applicant has an account first (`begin`), fills in the steps (`filling`), submits; the operator sends back with reasons
for single fields, refuses, or approves (`deciding`), and then the merchant, its shop and its owner are there.
"""

from steelyard.parties.applications.deciding import approve, refuse, send_back
from steelyard.parties.applications.filling import begin, begin_again, keep_file, save_step, submit
from steelyard.parties.applications.queries import (
    counts,
    file,
    files_of,
    get,
    history,
    listed,
    looked_at,
    newest_of,
    slug_taken,
)

__all__ = [
    "approve",
    "begin",
    "begin_again",
    "counts",
    "file",
    "files_of",
    "get",
    "history",
    "keep_file",
    "listed",
    "looked_at",
    "newest_of",
    "refuse",
    "save_step",
    "send_back",
    "slug_taken",
    "submit",
]
