"""Checks settings before a gunicorn master starts, by `hero_router web` or by gunicorn itself."""

import asyncio
import logging

from hero_router.access.peer_list import load_peering
from hero_router.access.rules_from_settings import load_rules
from hero_router.errors import ConfigError
from hero_router.metrics import multiproc_folder
from hero_router.settings.ca_file import tls_context
from hero_router.settings.config import RouterConfig
from hero_router.store.eviction import warning
from hero_router.web.fdlimit import raise_limit

log = logging.getLogger(__name__)


def prepare(config: RouterConfig) -> None:
    """Check settings and the metrics folder, warn of evictions, raise the limit of open files.

    Raises:
        ConfigError: as `check_settings`; or no temporary file can be written.
    """
    check_settings(config)
    multiproc_folder.check()
    if evicts := asyncio.run(warning(config.redis)):
        log.warning("%s", evicts)
    raise_limit()


def check_settings(config: RouterConfig) -> None:
    """Check the settings and the files that they name, which each worker reads when it starts.

    Raises:
        ConfigError: no Redis URL is set, a token or a file of
            the settings is not usable, a login in front has no proxy, or
            other machines can connect and nothing says who may.
    """
    config.redis.require()
    load_rules(config.access, config.oidc)
    if config.oidc.is_set:
        tls_context("ROUTER_OIDC_CA_FILE", config.oidc.ca_file)
    if config.access.auth_header and not config.web.trusted_proxies:
        raise ConfigError(
            "ROUTER_AUTH_HEADER is read only from proxies in ROUTER_TRUSTED_PROXIES, which is not "
            "set: set it to the address of the proxy that checks logins, such as 127.0.0.1"
        )
    config.require_access()
    if peering := load_peering(config.node.name, config.peers):
        for sentence in peering.warnings(config.peers.advertised):
            log.warning("%s", sentence)
