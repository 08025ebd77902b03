"""Counts HTTP requests by method and class of status; `Recorder` copies the counts."""

from collections import Counter

METHODS = ("GET", "HEAD", "POST", "other")
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")


class RequestCounts:
    """The requests that one worker has answered, a stream when it begins."""

    def __init__(self) -> None:
        self.totals = Counter[tuple[str, ...]]()

    def count(self, method: str, status: int) -> None:
        """One request with this method got an answer with this status."""
        self.totals[method if method in METHODS else "other", f"{status // 100}xx"] += 1
