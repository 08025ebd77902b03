"""Sets up the log of a process: lines of text for people, or one JSON object per line.

Unprintable characters (CR, LF, ESC, right-to-left marks …) are written as escapes, so a service's
name cannot forge a log line or control a terminal.
"""

import logging
import math
import os
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from hero_router.strict_json import encode

_ROUTED = ("aiohttp", "asyncio", "gunicorn.access", "gunicorn.error")
"""Loggers to which libraries may have added handlers; our handler replaces those handlers."""

ACCESS = "hero_router.access"
"""The logger of the access log."""

_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""Attributes of every log record; any other attribute was given as `extra=`."""

_BARE = re.compile(r"[^\s=\"]+")


def setup(level: str, fmt: str, stream: TextIO | None = None) -> None:
    """Write log records of `level` and above to `stream` (default: stderr) as "text" or "json".

    A later call replaces an earlier one. Handlers of other libraries on the root logger stay.
    """
    handler = _handler(fmt, stream)
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.handlers = [item for item in root.handlers if not isinstance(item, _Handler)] + [handler]
    # watchfiles logs every change in the socket folder; the scanner logs the important changes.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    for name in _ROUTED:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True


def setup_access(fmt: str, stream: TextIO | None = None) -> None:
    """Write the access log to `stream` (default: stderr) as "text" or "json", whatever the level.

    "off" ends it. A later call replaces an earlier one.
    """
    logger = logging.getLogger(ACCESS)
    logger.handlers = [] if fmt == "off" else [_handler(fmt, stream)]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def setup_early(fmt: str | None = None) -> None:
    """Log as JSON, before the settings are read, if `fmt` or else ROUTER_LOG_FORMAT is "json".

    For long-running processes: an error in the settings or flags is then a JSON record too.
    """
    if (fmt or os.environ.get("ROUTER_LOG_FORMAT", "").strip()) == "json":
        setup("info", "json")


def is_json() -> bool:
    """Whether this process logs as JSON."""
    return any(isinstance(item.formatter, JsonFormatter) for item in logging.getLogger().handlers)


def report_fatal(message: str) -> None:
    """Write why the process ends: as a line on stderr, or as a log record if the log is JSON."""
    if is_json():
        logging.getLogger("hero_router").critical("%s", message)
    else:
        sys.stderr.write(f"hero_router: {escaped(message)}\n")


def escaped(text: str) -> str:
    """The text with an escape for each character that is not printable: `\\n`, `\\x1b` …"""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


class TextFormatter(logging.Formatter):
    """Formats log records as lines of text for people.

    `2026-11-25 12:03:04 WARNING hero_router.scan.scan_loop[4711] message key=value`: 4711 is the
    process id. A traceback follows in indented lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The log record as a line of text, in local time."""
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        source = f"{record.name}[{record.process}]"
        pairs = [f"{name}={_word(value)}" for name, value in _extra(record).items()]
        head = " ".join([clock, record.levelname, source, record.getMessage(), *pairs])
        below = [f"    {line}" for line in _trace(self, record).split("\n") if line]
        return "\n".join(map(escaped, [head, *below]))


class JsonFormatter(logging.Formatter):
    """Formats log records as JSON objects, one per line.

    The fields are `time` (UTC), `level`, `logger`, `pid`, `message`, the extra fields, and
    `exception` if the log record has one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The log record as one line of ASCII; an extra field cannot replace a standard field."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {
            "time": when,
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": _plain(record.getMessage()),
        }
        if trace := _trace(self, record):
            fields["exception"] = _plain(trace)
        return encode({**fields, **_extra(record), **fields})


def _handler(fmt: str, stream: TextIO | None) -> "_Handler":
    handler = _Handler(stream)
    handler.setFormatter(JsonFormatter() if fmt == "json" else TextFormatter())
    return handler


class _Handler(logging.StreamHandler[TextIO]):
    """The log handler that `setup` adds and replaces."""


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {_plain(k): _plain(v) for k, v in vars(record).items() if k not in _STANDARD}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    raised = formatter.formatException(record.exc_info) if record.exc_info else ""
    return "\n".join(filter(None, (raised, record.stack_info)))


def _plain(value: object) -> Any:
    """A value for JSON: null or a finite number unchanged, anything else as valid UTF-8 text."""
    if value is None or (isinstance(value, int | float) and math.isfinite(value)):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()


def _word(value: object) -> str:
    """A value for `key=value`, in quotes if it could be read as several words."""
    return str(value) if _BARE.fullmatch(str(value)) else repr(value)
