"""How an attempt to talk to a socket ended, in words that scanner and proxy share."""

from enum import StrEnum

NO_PERMISSION = "permission denied: the scanner may not connect"
"""The error of every socket that is DENIED."""


class Outcome(StrEnum):
    """How far a probe came."""

    ANSWERED = "answered"
    """Spoke HTTP; `health` is what it says of itself, and `error` what is wrong with it."""
    LATE = "late"
    """Did not answer in time: maybe only busy, so that the first time in a row is no change."""
    FAILED = "failed"
    """Broke off its answer, never came to it, or cannot be connected to."""
    CLOSED = "closed"
    """Took the connection and closed it without a word."""
    FOREIGN = "foreign"
    """Answered something that is not HTTP."""
    REFUSED = "refused"
    """The file exists, nothing listens."""
    MISSING = "missing"
    """The file is gone, or cannot be seen."""
    DENIED = "denied"
    """The scanner may not connect: its own lack of permission, and no fault of the socket."""
    UNSEEN = "unseen"
    """Nothing was learned: the scanner lacks resources; that is no fault of the socket."""
