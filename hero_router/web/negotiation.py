"""Chooses the media type of an answer by the `Accept` field of its request (RFC 9110, 12.5.1)."""

import re
from collections.abc import Mapping, Sequence

_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+)/([!#$%&'*+.^_`|~\w-]+)\s*(?:;(.*))?", re.ASCII)
_WEIGHT = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The offered media type that a client likes best; the first of several that it likes equally.

    An empty field accepts everything. None: the client accepts none of them.
    """
    ranges = _ranges(accept) if accept.strip() else {("*", "*"): 1.0}
    best = max(offered, key=lambda kind: _weight(kind, ranges))
    return best if _weight(best, ranges) else None


def _ranges(accept: str) -> Mapping[tuple[str, str], float]:
    """The weight of each media range; ranges that are malformed are left out."""
    found = dict[tuple[str, str], float]()
    for each in accept.lower().split(","):
        if parts := _RANGE.fullmatch(each):
            weights = [_WEIGHT.fullmatch(item) for item in (parts[3] or "").split(";")]
            weight = next((float(item[1]) for item in weights if item), 1.0)
            found[parts[1], parts[2]] = weight
    return found


def _weight(kind: str, ranges: Mapping[tuple[str, str], float]) -> float:
    """The weight of the most specific range that includes a media type; 0 without one."""
    main, _, sub = kind.partition("/")
    known = (ranges.get(each) for each in ((main, sub), (main, "*"), ("*", "*")))
    return next((weight for weight in known if weight is not None), 0.0)
