"""Checks before a gunicorn master starts, under `hero_router web` and under gunicorn itself."""

import asyncio
import logging

from hero_router.access.rules import load_rules
from hero_router.errors import ConfigError
from hero_router.metrics import multiproc
from hero_router.settings.config import RouterConfig
from hero_router.store.eviction import warning
from hero_router.web.fdlimit import raise_limit

log = logging.getLogger(__name__)


def prepare(config: RouterConfig) -> None:
    """Check settings and the metrics folder, warn of evictions, raise the limit of open files.

    Raises:
        ConfigError: no Redis URL is set, a token is not usable, a login in front has no proxy,
            other machines can connect and nothing says who may, or no temporary file can be
            written.
    """
    config.redis.require()
    load_rules(config.access)
    if config.access.auth_header and not config.web.trusted_proxies:
        raise ConfigError(
            "ROUTER_AUTH_HEADER is read only from proxies in ROUTER_TRUSTED_PROXIES, which names "
            "none: add the address of the proxy with the login, such as 127.0.0.1"
        )
    if config.web.is_open:
        config.access.require_for(config.web.host)
    multiproc.check()
    if evicts := asyncio.run(warning(config.redis)):
        log.warning("%s", evicts)
    raise_limit()
