"""The ways in which a request to a socket can end, shared by everything that connects to one."""

from enum import StrEnum

NO_PERMISSION = "permission denied: the scanner may not connect"
"""The error text of the outcome DENIED."""


class Outcome(StrEnum):
    """How a request to a socket ended."""

    ANSWERED = "answered"
    """It answered by HTTP."""
    LATE = "late"
    """It did not answer in time; it may only be busy."""
    FAILED = "failed"
    """It broke off its answer, never began one, or cannot be connected to."""
    CLOSED = "closed"
    """It accepted the connection and closed it without an answer."""
    FOREIGN = "foreign"
    """It answered something that is not HTTP."""
    REFUSED = "refused"
    """The file exists, nothing listens."""
    MISSING = "missing"
    """The file is gone, or cannot be reached."""
    DENIED = "denied"
    """We may not connect: a lack of permission on our side, no fault of the socket."""
    UNSEEN = "unseen"
    """Nothing was learned: we lack resources, which is no fault of the socket."""
