"""Composition root of `web`: a gunicorn master with aiohttp workers."""

import asyncio
import logging
from typing import Any

import click

from hero_router.cli.options import begin, flags
from hero_router.cli.serve import check_port
from hero_router.errors import ConfigError
from hero_router.metrics import multiproc
from hero_router.server.gunicorn import Gunicorn
from hero_router.store.eviction import warning
from hero_router.web.fdlimit import raise_limit

log = logging.getLogger(__name__)


@click.command("web")
@flags(
    "host", "port", "metrics_port", "workers", "redis_url", "redis_password_file", "redis_prefix",
    "node", "sse_buffer", "ping_seconds", "sse_stall_seconds", "sse_flush_ms",
    "sse_max_age_seconds", "allowed_hosts", "trusted_proxies", "head_seconds", "body_seconds",
    "body_memory_mb", "keepalive_seconds", "drain_seconds", "log_level", "log_format",
)  # fmt: skip
def command(**overrides: Any) -> None:
    """Run the web workers: the page, the streams and the API. Needs ROUTER_REDIS_URL."""
    config = begin(overrides)
    if not config.redis.url:
        raise ConfigError("ROUTER_REDIS_URL is not set: web has to be told where Redis is")
    config.redis.check_password_file()
    check_port(config)
    multiproc.check()
    if evicts := asyncio.run(warning(config.redis)):
        log.warning("%s", evicts)
    raise_limit()
    Gunicorn(config).run()
