"""Counts the requests to services in plain numbers, for `metrics.proxied_request_metrics`."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import NamedTuple

from hero_router.metrics.http_request_counts import RequestCounts
from hero_router.proxy.call_record import Cause, ProxiedCall
from hero_router.strict_json import encode

BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)
"""Upper bounds of the buckets of times, in seconds."""

MAX_SOCKETS = 200
"""Maximum number of sockets with series of their own: a series stays until the instance ends."""

MAX_LABEL = 100
"""A socket with a service, context or role that is longer as JSON has no series of its own."""


class SocketKey(NamedTuple):
    """The labels of a socket's series."""

    service: str
    context: str
    role: str


OTHER = SocketKey("other", "other", "other")
"""The series of all sockets that have none of their own."""


class Times:
    """A histogram of durations: how many fell into each bucket, and their sum in seconds."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts, self.sum = [0] * (len(BUCKETS) + 1), 0.0

    def add(self, seconds: float) -> None:
        """Count one duration, in seconds."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds


class SocketCounts:
    """The counts of one socket since the last `take`.

    `requests` counts by the status's first digit, 0 where the client got none, and by the cause.
    """

    __slots__ = ("durations", "first_bytes", "received_bytes", "requests", "sent_bytes")

    def __init__(self) -> None:
        self.requests: dict[tuple[int, Cause], int] = {}
        self.first_bytes, self.durations = Times(), Times()
        self.received_bytes = self.sent_bytes = 0

    def add(self, call: ProxiedCall) -> None:
        """Count one request that has ended."""
        end = call.status // 100, call.cause
        self.requests[end] = self.requests.get(end, 0) + 1
        started_at = call.started_at
        if call.first_byte_at:
            self.first_bytes.add(call.first_byte_at - started_at)
        self.durations.add(call.ended_at - started_at)
        self.received_bytes += call.received_bytes
        self.sent_bytes += call.sent_bytes


class ProxiedCounts:
    """Counts one worker's requests to services; `open` is how many have not ended yet.

    `has_room` says whether some further sockets can have series of their own. It may be slow, so
    after a no it is not asked again before the next `take`.
    """

    def __init__(self, has_room: Callable[[int], bool] = lambda _: True) -> None:
        self._has_room = has_room
        self._known, self._new, self._full = {OTHER}, 0, False
        self._sockets: dict[tuple[str, str, str], SocketCounts] = {}
        self.open = 0

    def add(self, call: ProxiedCall) -> None:
        """Count one request that has ended."""
        record = call.record
        labels = record["name"], record["context"], call.socket["role"]
        (self._sockets.get(labels) or self._counts_of(SocketKey(*labels))).add(call)

    def take(self) -> Mapping[tuple[str, str, str], SocketCounts]:
        """Return the counts since the last call, and begin again."""
        taken, self._sockets, self._new, self._full = self._sockets, {}, 0, False
        return taken

    def _counts_of(self, key: SocketKey) -> SocketCounts:
        key = key if key in self._known or self._is_taken_up(key) else OTHER
        return self._sockets.setdefault(key, SocketCounts())

    def _is_taken_up(self, key: SocketKey) -> bool:
        if self._full or len(self._known) > MAX_SOCKETS:
            return False
        if any(len(encode(each)) > MAX_LABEL for each in key):
            return False
        self._full = not self._has_room(self._new + 1)
        if self._full:
            return False
        self._known.add(key)
        self._new += 1
        return True


@dataclass(frozen=True, slots=True)
class Figures:
    """The HTTP counts of one worker: all requests, requests to services, open tunnels."""

    requests: RequestCounts
    proxied: ProxiedCounts
    tunnels: Sized
