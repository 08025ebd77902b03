"""Checks before a gunicorn master starts, under `hero_router web` and under gunicorn itself."""

import asyncio
import logging

from hero_router.metrics import multiproc
from hero_router.settings.config import RouterConfig
from hero_router.store.eviction import warning
from hero_router.web.fdlimit import raise_limit

log = logging.getLogger(__name__)


def prepare(config: RouterConfig) -> None:
    """Check Redis's URL and the metrics folder, warn of evictions, raise the limit of open files.

    Raises:
        ConfigError: no Redis URL is set, or no temporary file can be written.
    """
    config.redis.require()
    multiproc.check()
    if evicts := asyncio.run(warning(config.redis)):
        log.warning("%s", evicts)
    raise_limit()
