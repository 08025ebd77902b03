"""Logs the errors that callers get as answers, over JSON-RPC and over HTTP."""

import logging

from hero_router.rpc.error_mapping import ErrorInfo

log = logging.getLogger(__name__)


def log_error(error: BaseException, info: ErrorInfo, request_id: str) -> None:
    """Log an error: an unexpected one with its traceback, a caller's mistake not at all."""
    if info.code == "internal":
        log.error("bug: the request with the id %s failed", request_id, exc_info=error)
    elif info.status in (502, 503, 504, 508):
        log.info("request %s cannot be answered now: %s", request_id, info.message)
