"""Counts HTTP requests by method and class of status (such as 2xx), in plain numbers."""

from collections import Counter

METHODS = ("GET", "HEAD", "POST", "other")
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")


class RequestCounts:
    """Counts the requests that one worker has answered; a stream counts when it begins."""

    def __init__(self) -> None:
        self.totals = Counter[tuple[str, ...]]()

    def count(self, method: str, status: int) -> None:
        """Count one request by its method and the status of its answer."""
        self.totals[method if method in METHODS else "other", f"{status // 100}xx"] += 1
