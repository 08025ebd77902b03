"""A WSGI application for a real server of others, to see what the scanner's visits do there."""

from collections.abc import Callable, Iterable
from typing import Any


def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Well, whatever it is asked."""
    start("200 OK", [("Content-Type", "application/json")])
    return [b'{"status": "ok"}']
