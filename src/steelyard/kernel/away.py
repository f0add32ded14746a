"""Whether the database does not answer, or something of ours is wrong."""

from steelyard.kernel.db import Unreachable


def is_away(error: BaseException) -> bool:
    """Whether the database does not answer. A file or a template that is not there is an `OSError`, too, and is our own fault."""
    if isinstance(error, LookupError) or (isinstance(error, OSError) and error.filename is not None):
        return False
    return isinstance(error, Unreachable)
