"""What a gunicorn master checks before it starts, under `hero_router web` and under gunicorn."""

import asyncio
import logging

from hero_router.metrics import multiproc
from hero_router.settings.config import RouterConfig
from hero_router.store.eviction import warning
from hero_router.web.fdlimit import raise_limit

log = logging.getLogger(__name__)


def prepare(config: RouterConfig) -> None:
    """Check Redis's settings and the metrics folder, warn of evictions, raise the limit of files.

    Raises:
        ConfigError: no Redis is named, or there is no room for metrics.
    """
    config.redis.require()
    multiproc.check()
    if evicts := asyncio.run(warning(config.redis)):
        log.warning("%s", evicts)
    raise_limit()
