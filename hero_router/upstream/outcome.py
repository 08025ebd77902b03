"""`Outcome`: how one probe or proxied request ended: answered, refused, too late …"""

from enum import StrEnum

NO_PERMISSION = "permission denied: the router may not connect"
"""The error text of the outcome DENIED."""


class Outcome(StrEnum):
    """How one probe or proxied request ended: answered, late, broken off, refused, denied …"""

    ANSWERED = "answered"
    """The service sent an HTTP answer."""
    LATE = "late"
    """The service did not answer in time; it may only be busy."""
    FAILED = "failed"
    """The service broke off its answer or never began one, or connecting to the socket failed."""
    CLOSED = "closed"
    """The service accepted the connection and closed it without an answer."""
    FOREIGN = "foreign"
    """The service sent an answer that is not HTTP."""
    REFUSED = "refused"
    """The socket file exists, but has no listener."""
    MISSING = "missing"
    """The socket file is gone or cannot be reached."""
    DENIED = "denied"
    """The router lacks the permission to connect; the service is not at fault."""
    UNSEEN = "unseen"
    """The router lacked resources for the request; the service is not at fault."""
