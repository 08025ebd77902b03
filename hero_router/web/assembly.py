"""Builds the objects of one web worker (feed, state, RPC, metrics …) from settings and Redis."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

from aiohttp import web

from hero_router import __version__
from hero_router.access.attempts import FailedAttempts
from hero_router.access.authenticator import AccessRules, Authenticator
from hero_router.access.rules import load_rules
from hero_router.access.sessions import COOKIE_NAMES
from hero_router.feed.feed import Feed
from hero_router.feed.last_probe_reader import LastProbeReader
from hero_router.feed.rescan import ScanCoordinator
from hero_router.feed.stream_intervals import StreamIntervals
from hero_router.feed.view import StateView
from hero_router.metrics import multiproc
from hero_router.metrics.http_requests import RequestCounts
from hero_router.proxy.exchange import Limits
from hero_router.proxy.socket_file import SocketLocator
from hero_router.proxy.table import RoutingTable
from hero_router.proxy.tunnel import Tunnels
from hero_router.rpc.methods import RpcApi, RpcMethods, rpc_api
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis_url import socket_files
from hero_router.store.allow_list import AllowList
from hero_router.store.client import Redis, connect
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.one_time import OneTimeCodes
from hero_router.store.presence import Presence
from hero_router.store.scan_requests import ScanRequests
from hero_router.store.sessions import RevokedSessions
from hero_router.store.stream_reader import BLOCK_SECONDS, NodeReader, Stream
from hero_router.upstream.exclusions import Exclusions
from hero_router.upstream.pool import Pool
from hero_router.web.access_follower import AccessFollower, Predicate
from hero_router.web.admission import Admission
from hero_router.web.body import BodyReader
from hero_router.web.browser_sessions import BrowserSessions
from hero_router.web.presence import PresencePublisher
from hero_router.web.proxied_request import Forwarder
from hero_router.web.reverse_proxy import ReverseProxy
from hero_router.web.routes.static import Assets, static_folder
from hero_router.web.service_sign_in import ServiceSignIn
from hero_router.web.stream_connection import Connections

if TYPE_CHECKING:
    from hero_router.access.principal import Principal
    from hero_router.metrics.exposition import Exposition
    from hero_router.metrics.sampler import Sampler

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RedisClients:
    """A worker's connections to Redis.

    The connection `tail` only follows the stream. `watch` only reads the nodes: requests on `web`
    must not delay the check of the scanners.
    """

    tail: Redis
    watch: Redis
    web: Redis

    @classmethod
    def connect(cls, config: RouterConfig) -> Self:
        """Connect with these settings. Raises ConfigError if they have no Redis URL."""
        config.redis.require_url()
        return cls(
            tail=connect(
                config.redis,
                name="tail",
                block_seconds=BLOCK_SECONDS,
                connections=1,
                single_connection=True,
            ),
            watch=connect(config.redis, name="watch", connections=1),
            web=connect(config.redis, name="web"),
        )

    async def aclose(self) -> None:
        """Close all connections to Redis."""
        for client in (self.tail, self.watch, self.web):
            await client.aclose()


@dataclass(frozen=True, slots=True)
class AccessParts:
    """The objects that decide who may use the router; `services` is for services' own origins."""

    admission: Admission
    follower: AccessFollower
    sessions: BrowserSessions
    services: ServiceSignIn


@dataclass(frozen=True, slots=True)
class Parts:
    """The objects that a worker's routes and background tasks use; `worker` is its name."""

    config: RouterConfig
    worker: str
    clients: RedisClients
    assets: Assets
    feed: Feed
    state: StateView
    rpc: RpcApi
    presence: Presence
    publisher: PresencePublisher
    requests: RequestCounts
    recorder: "Sampler"
    exposition: "Exposition"
    bodies: BodyReader
    streams: Connections
    access: AccessParts
    proxy: ReverseProxy


PARTS = web.AppKey("parts", Parts)


def make_parts(config: RouterConfig, clients: RedisClients, clock: RedisClock) -> Parts:
    """Build all objects of one worker; no task runs yet."""
    keys, worker = Keys(config.redis.prefix), f"{config.node.name}/{os.getpid()}"
    nodes = NodeReader(clients.web, keys)
    assets = Assets(static_folder())
    feed = Feed(
        Stream(clients.tail, keys),
        NodeReader(clients.watch, keys),
        window=config.stream.window,
        timing=StreamIntervals(
            config.stream.ping_seconds, config.stream.stall_seconds, config.stream.max_age_seconds
        ),
        max_delay=config.stream.flush_ms / 1000,
        hello_fields=lambda: {**_hello_fields(config, worker), "assets": assets.digest},
        now_ms=clock.now_ms,
    )
    state = StateView(feed, LastProbeReader(nodes))
    scans = ScanCoordinator(feed.mirror, feed.scan_replies, ScanRequests(clients.web, keys))
    presence = Presence(clients.web, keys)
    requests = RequestCounts()
    recorder, exposition = _metrics(feed, requests, clock)
    rules = load_rules(config.access)
    forwarder = _forwarder(config, rules, worker)

    def end_streams(predicate: Predicate) -> None:
        feed.hub.close_where(lambda each: predicate(cast("Principal", each.owner)))

    access = _access(config, rules, clients.web, clock, (end_streams, forwarder.close_where))
    return Parts(
        config=config,
        worker=worker,
        clients=clients,
        assets=assets,
        feed=feed,
        state=state,
        rpc=rpc_api(RpcMethods(feed, state, scans, worker)),
        presence=presence,
        publisher=PresencePublisher(feed, presence, clock, worker),
        requests=requests,
        recorder=recorder,
        exposition=exposition,
        bodies=BodyReader(
            config.web.body_memory_mb * MEGABYTE, config.web.body_seconds, config.web.head_seconds
        ),
        streams=Connections(),
        access=access,
        proxy=ReverseProxy(
            RoutingTable(feed.mirror, config.node.name),
            forwarder,
            config.proxy.domain.lower(),
            access.admission,
            access.services,
        ),
    )


def _access(
    config: RouterConfig,
    rules: AccessRules,
    client: Redis,
    clock: RedisClock,
    enders: Sequence[Callable[[Predicate], None]],
) -> AccessParts:
    """The objects that decide who may use the router; `enders` end what is open."""
    keys, authenticator = Keys(config.redis.prefix), Authenticator(rules, FailedAttempts())
    revoked = RevokedSessions(client, keys)
    follower = AccessFollower(authenticator, AllowList(client, keys), revoked, clock.now_ms, enders)
    sessions = BrowserSessions(
        rules.signer,
        rules.sessions,
        revoked,
        OneTimeCodes(client, keys),
        follower,
        clock.now_ms,
        config.access.session_hours,
    )
    return AccessParts(
        admission=Admission(
            authenticator,
            lambda: follower.live,
            config.web.proxies,
            clock.now_ms,
            config.web.metrics_port,
        ),
        follower=follower,
        sessions=sessions,
        services=ServiceSignIn(rules.signer, sessions, config.proxy.domain.lower(), clock.now_ms),
    )


def _forwarder(config: RouterConfig, rules: AccessRules, worker: str) -> Forwarder:
    return Forwarder(
        SocketLocator(
            config.node.root,
            Exclusions(config.scan.ignored, socket_files(config.redis.url)),
        ),
        Pool(config.proxy.connect_seconds),
        Tunnels(config.proxy.idle_seconds),
        via="hero_router-" + re.sub(r"[^A-Za-z0-9.-]", "-", worker),
        limits=Limits(
            config.proxy.answer_seconds, config.proxy.silence_seconds, config.proxy.idle_seconds
        ),
        own_cookies=COOKIE_NAMES,
        is_own_token=rules.is_own_token,
        login_fields=login.fields if (login := rules.header_login) else frozenset(),
    )


def _metrics(
    feed: Feed, requests: RequestCounts, clock: RedisClock
) -> "tuple[Sampler, Exposition]":
    """Import and build the metrics: they are imported here only, not when this module is.

    prometheus_client looks for the workers' shared folder when it is imported. The gunicorn master
    imports this module before it has made that folder.
    """
    multiproc.check_space()
    from hero_router.metrics.declarations import Declarations  # noqa: PLC0415 - see above
    from hero_router.metrics.exposition import Exposition  # noqa: PLC0415
    from hero_router.metrics.sampler import Sampler  # noqa: PLC0415

    declared = Declarations()
    recorder = Sampler(declared, feed, requests, clock)
    multiproc.preallocate()
    return recorder, Exposition(declared.registry, feed.mirror, clock)


def _hello_fields(config: RouterConfig, worker: str) -> Mapping[str, object]:
    return {
        "window": config.stream.window,
        "ping_seconds": config.stream.ping_seconds,
        "node": config.node.name,
        "worker": worker,
        "version": __version__,
    }
