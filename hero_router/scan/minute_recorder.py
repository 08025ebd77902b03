"""Collects status and latencies of each service in the current minute, for the history.

Pure: no I/O, no clock.
"""

from collections import defaultdict
from collections.abc import Mapping

from hero_router.history.base62 import latency_code, median_and_p95
from hero_router.history.letters import GONE, UNKNOWN, letter_of, worst
from hero_router.history.minute_writes import Row
from hero_router.model import Record

MOST_LATENCIES = 256
"""Most latencies of one service that count in one minute."""


class MinuteRecorder:
    """The letters and latencies of services since the last `close`, by service id."""

    def __init__(self) -> None:
        self._letters = defaultdict[str, str](str)
        self._latencies = defaultdict[str, str](str)

    def changed(self, service: str, old: Record | None, new: Record | None) -> None:
        """Note a published change of a service; without a new record it has left the registry."""
        before = "" if old is None else letter_of(old)
        after = GONE if new is None else letter_of(new)
        self._letters[service] = worst(self._letters[service] + before + after)

    def probed(self, service: str, latency_ms: float | None) -> None:
        """Note the latency of a probe; None if the probe was not answered."""
        if latency_ms is not None and len(self._latencies[service]) < MOST_LATENCIES:
            self._latencies[service] += latency_code(latency_ms)

    def close(self, records: Mapping[str, Record], *, watched: bool) -> dict[str, Row]:
        """The rows of all services in the registry for the minute that ends, and begin the next.

        Unless the scanner `watched` them to the end, no row is healthy: the records may be old.
        """
        return self._rows(
            {key: letter_of(record) if watched else UNKNOWN for key, record in records.items()}
        )

    def close_unread(self) -> dict[str, Row]:
        """The rows for a minute at whose end the registry cannot be read, and begin the next.

        Only services of which something was seen have one. None is healthy, as nobody knows how the
        minute ended; trouble and latencies that were seen count.
        """
        return self._rows(dict.fromkeys(self._letters.keys() | self._latencies.keys(), UNKNOWN))

    def _rows(self, at_end: Mapping[str, str]) -> dict[str, Row]:
        letters, self._letters = self._letters, defaultdict(str)
        latencies, self._latencies = self._latencies, defaultdict(str)
        rows = dict[str, Row]()
        for service, now in at_end.items():
            codes = latencies.get(service, "")
            letter = worst(letters.get(service, "") + now)
            rows[service] = Row(letter, median_and_p95(codes, codes))
        return rows
