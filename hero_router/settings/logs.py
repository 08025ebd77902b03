"""The log of every process: lines of text for people, or JSON for programs.

A record is always one line. Characters that are not printable (CR, LF, ESC, right-to-left marks …)
are written as escapes, so no name of a service can forge a line or control a terminal.
"""

import logging
import math
import os
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from hero_router.codec import encode

_ROUTED = ("aiohttp", "asyncio", "gunicorn.access", "gunicorn.error")
"""Loggers to which libraries may have added handlers; their records go to ours instead."""

_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""Attributes of every record; any other was given as `extra=`."""

_BARE = re.compile(r"[^\s=\"]+")


def setup(level: str, fmt: str, stream: TextIO | None = None) -> None:
    """Send all logs from `level` up to `stream` (default: stderr) as "text" or "json".

    May be called again: the last call counts. Handlers of other libraries on the root logger stay.
    """
    handler = _Handler(stream)
    handler.setFormatter(JsonFormatter() if fmt == "json" else TextFormatter())
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.handlers = [item for item in root.handlers if not isinstance(item, _Handler)] + [handler]
    # It logs every change in the socket folder; the scanner logs those that matter.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    for name in _ROUTED:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True


def setup_early(fmt: str | None = None) -> None:
    """Log as JSON before the settings are read, if the flag or else the environment says so.

    For long-running processes: an error in the settings or flags is then a JSON record too.
    """
    if (fmt or os.environ.get("ROUTER_LOG_FORMAT", "").strip()) == "json":
        setup("info", "json")


def is_json() -> bool:
    """Whether this process logs as JSON."""
    return any(isinstance(item.formatter, JsonFormatter) for item in logging.getLogger().handlers)


def report_fatal(message: str) -> None:
    """Say why the process ends: a line for people on stderr, or a record if the log is JSON."""
    if is_json():
        logging.getLogger("hero_router").critical("%s", message)
    else:
        sys.stderr.write(f"hero_router: {escaped(message)}\n")


def escaped(text: str) -> str:
    """The text with each character that is not printable as an escape: `\\n`, `\\x1b` …"""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


class TextFormatter(logging.Formatter):
    """Lines like `2026-11-25 12:03:04 WARNING hero_router.scan.agent[4711] message key=value`.

    4711 is the process id; a traceback follows in indented lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, in local time."""
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        source = f"{record.name}[{record.process}]"
        pairs = [f"{name}={_word(value)}" for name, value in _extra(record).items()]
        head = " ".join([clock, record.levelname, source, record.getMessage(), *pairs])
        below = [f"    {line}" for line in _trace(self, record).split("\n") if line]
        return "\n".join(map(escaped, [head, *below]))


class JsonFormatter(logging.Formatter):
    """JSON objects with `time` (UTC), `level`, `logger`, `pid`, `message`, and extra fields.

    `exception` is there if the record has one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of ASCII; an extra field cannot replace one of the record."""
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


class _Handler(logging.StreamHandler[TextIO]):
    """The handler that `setup` adds and replaces."""


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {_plain(k): _plain(v) for k, v in vars(record).items() if k not in _STANDARD}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    raised = formatter.formatException(record.exc_info) if record.exc_info else ""
    return "\n".join(filter(None, (raised, record.stack_info)))


def _plain(value: object) -> Any:
    """A value for JSON: a finite number as it is, anything else as text that is valid UTF-8."""
    if value is None or (isinstance(value, int | float) and math.isfinite(value)):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()


def _word(value: object) -> str:
    """A value for `key=value`, in quotes if it could be read as more than one."""
    return str(value) if _BARE.fullmatch(str(value)) else repr(value)
