"""Builds the aiohttp application of one web worker: routes, middleware, startup and shutdown.

The caller of `create_app` passes in the worker's objects. `application` is the public entry point
for gunicorn, which builds these objects first.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web

from hero_router.settings import logging_setup
from hero_router.settings.config import RouterConfig, warn_rejected
from hero_router.store.clock import RedisClock
from hero_router.web import lifecycle, middleware, route_groups
from hero_router.web.access_log import LoggedProtocol
from hero_router.web.request_checks import Runner
from hero_router.web.route_groups import RouteGroup
from hero_router.web.routes import (
    clients,
    documents,
    events,
    health,
    history,
    json_api,
    metrics,
    oidc,
    redis_cli_command,
    report,
    rpc,
    sign_in,
    static,
    status,
)
from hero_router.web.sign_in_page import SignInPage
from hero_router.web.worker_parts import PARTS, Parts, RedisClients, make_parts


def create_app(parts: Parts) -> web.Application:
    """A worker's application. Its background tasks run from startup to cleanup."""
    app = web.Application(middlewares=[middleware.guard])
    if port := parts.config.web.metrics_port:
        app.middlewares.append(metrics.separated(port))
    app.middlewares.append(middleware.admitting(parts.access.access_control))
    app[PARTS] = parts
    for group, routes in grouped_routes(parts):
        route_groups.add_routes(app, group, routes)
    app.on_response_prepare.extend((middleware.add_headers, middleware.counting(parts.requests)))
    app.on_shutdown.append(lifecycle.end_streams)
    app.cleanup_ctx.extend(
        (lifecycle.connections, lifecycle.background, lifecycle.following),
    )
    return app


def grouped_routes(parts: Parts) -> Sequence[tuple[RouteGroup, Sequence[web.AbstractRouteDef]]]:
    """All routes of a worker, each in a group with an access rule.

    Each feature has its own module in `web.routes`.
    """
    access = parts.access
    public = [*static.routes(parts.assets), *health.alive(parts.worker)]
    viewers = [
        *events.routes(parts.feed.hub, parts.streams),
        *json_api.routes(parts.state, parts.details, parts.webhook),
        *documents.routes(parts.details),
        *history.routes(parts.histories),
        *redis_cli_command.routes(parts.config.redis),
        *report.routes(parts.reports, parts.assets),
        *rpc.routes(parts.rpc, parts.bodies),
        *sign_in.own(access.access_control, access.sessions),
    ]
    page = SignInPage(
        f"/static/{parts.assets.digest}/css/sign-in.css",
        urlsplit(parts.config.oidc.issuer).netloc,
        has_tokens=bool(len(access.access_control.rules.tokens)),
    )
    pages = [
        *sign_in.SignInPages(
            access.access_control, access.sessions, access.services, parts.bodies, page
        ).routes(),
        *oidc.OidcPages(access.access_control, access.sessions, page, access.provider).routes(),
    ]
    return (
        (route_groups.PUBLIC, public),
        (route_groups.READINESS, health.able(parts.feed, parts.worker)),
        (route_groups.sign_in_group(parts.proxy.domain), pages),
        (route_groups.VIEWERS, viewers),
        (route_groups.STATUS_PAGES, status.routes(parts.state)),
        (route_groups.CLIENTS, clients.routes(parts.client_lists, parts.feed.freshness.now_ms)),
        (route_groups.METRICS, metrics.routes(parts.exposition, parts.webhook)),
    )


async def application() -> web.AppRunner:
    """The entry point of `gunicorn hero_router.web.app:application`.

    The settings come from environment variables.
    """
    runner = make_runner(RouterConfig.read())
    warn_rejected()
    return runner


def make_runner(config: RouterConfig) -> web.AppRunner:
    """The aiohttp runner of one worker. Raises ConfigError if no Redis URL is set."""
    logging_setup.setup(config.log.level, config.log.format)
    logging_setup.setup_access(config.log.access)
    clients = RedisClients.connect(config)
    parts = make_parts(config, clients, RedisClock(clients.web))
    return Runner(
        create_app(parts),
        config.web.hosts(config.proxy.domain),
        config.web.proxies,
        parts.requests,
        parts.proxy,
        head=config.web.head_seconds,
        stall=config.stream.stall_seconds,
        protocol=None if config.log.access == "off" else LoggedProtocol,
        handler_cancellation=True,  # else aiohttp does not cancel the handler of a client that left
        keepalive_timeout=config.web.keepalive_seconds,
        shutdown_timeout=lifecycle.OPEN_SECONDS,
    )
