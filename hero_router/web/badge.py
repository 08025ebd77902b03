"""Draws a badge: a small SVG image with a label and a status. Pure: no I/O, no clock.

It has no script, style or link, so it may be shown wherever an image may.
"""

import html
import unicodedata

from hero_router.model import Status

NOT_KNOWN = "not known"
NO_SERVICE = "no such service"

LONGEST_LABEL = 40
"""Most characters of a label."""

_COLOURS = {
    Status.HEALTHY: "#1a7f37",
    Status.DEGRADED: "#8f5a00",
    Status.UNHEALTHY: "#c62828",
    Status.NON_RPC: "#7a45d1",
    Status.INACTIVE: "#5f6873",
}
_GREY = "#5f6873"

_CHARACTER, _PADDING, _HEIGHT = 7, 6, 20
"""Widths and height in pixels; a wide character (as of Chinese) counts as two."""


def draw_status(label: str, status: Status) -> str:
    """The badge of a service with this status."""
    if status is Status.UNKNOWN:
        return draw(label, NOT_KNOWN)
    return draw(label, status.replace("_", " "), _COLOURS[status])


def draw(label: str, message: str, colour: str = _GREY) -> str:
    """A badge with any two texts. A browser fits each text to its part of the badge."""
    label, message = _text(label), _text(message)
    left, right = _width(label), _width(message)
    return _SVG.format(
        label=html.escape(label),
        message=html.escape(message),
        colour=colour,
        width=left + right,
        left=left,
        right=right,
        height=_HEIGHT,
        label_at=left / 2,
        message_at=left + right / 2,
        label_width=left - 2 * _PADDING,
        message_width=right - 2 * _PADDING,
    )


def _text(value: str) -> str:
    """A text as one short line; characters that XML or people cannot read become U+FFFD."""
    shown = "".join(char if char.isprintable() else "\ufffd" for char in value) or "?"
    return shown if len(shown) <= LONGEST_LABEL else shown[: LONGEST_LABEL - 1] + "…"


def _width(text: str) -> int:
    cells = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return cells * _CHARACTER + 2 * _PADDING


_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" \
aria-label="{label}: {message}">
<title>{label}: {message}</title>
<rect width="{left}" height="{height}" fill="#33393f"/>
<rect x="{left}" width="{right}" height="{height}" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{label_at}" y="14" textLength="{label_width}">{label}</text>
<text x="{message_at}" y="14" textLength="{message_width}">{message}</text>
</g>
</svg>
"""
