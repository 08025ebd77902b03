"""Builds the objects of one web worker (feed, state, RPC, metrics …) from settings and Redis."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

from aiohttp import web

from hero_router import __version__
from hero_router.access.authenticator import AccessRules
from hero_router.access.concurrency_limits import ConcurrencyLimit
from hero_router.access.oidc import COOKIE as OIDC_COOKIE
from hero_router.access.peer_list import Peering, load_peering
from hero_router.access.rules_from_settings import load_rules
from hero_router.access.sessions import COOKIE as SESSION_COOKIE
from hero_router.feed.feed import Feed
from hero_router.feed.json_answers import JsonAnswers
from hero_router.feed.last_probe_cache import LastProbeCache
from hero_router.feed.muting import Mutes
from hero_router.feed.rescan import ScanCoordinator
from hero_router.feed.stream_timing import StreamTiming
from hero_router.metrics import multiproc_folder
from hero_router.metrics.http_request_counts import RequestCounts
from hero_router.metrics.proxied_request_counts import Figures, ProxiedCounts
from hero_router.proxy.answer_relay import Limits
from hero_router.proxy.answer_timeout_watcher import AnswerTimeouts
from hero_router.proxy.routing_error_log import RoutingErrors
from hero_router.proxy.service_urls import Links
from hero_router.proxy.socket_file_resolver import SocketFileResolver
from hero_router.proxy.table import RoutingTable, no_peer
from hero_router.proxy.tunnel import Tunnels
from hero_router.random_hex import RandomHex
from hero_router.rpc.history_answers import ServiceHistories
from hero_router.rpc.methods import RpcApi, RpcMethods, rpc_api
from hero_router.rpc.mute_methods import MuteMethods
from hero_router.rpc.service_detail import ServiceDetails
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis_url import socket_files
from hero_router.store.client import Redis, connect
from hero_router.store.clock import RedisClock
from hero_router.store.document_reader import SpecReader
from hero_router.store.history import HistoryStore
from hero_router.store.keys import Keys
from hero_router.store.mutes import MuteStore
from hero_router.store.routing_errors import RoutingErrorStore
from hero_router.store.scan_requests import ScanRequests
from hero_router.store.stream_clients import ClientListStore
from hero_router.store.stream_reader import BLOCK_SECONDS, NodeReader, Stream
from hero_router.store.webhook import WebhookStore
from hero_router.upstream.ignored_files import IgnoredFiles
from hero_router.upstream.pool import Pool
from hero_router.web.access_follower import Predicate
from hero_router.web.access_parts import AccessParts, make_access
from hero_router.web.body import BodyReader
from hero_router.web.call_observer import CallObserver
from hero_router.web.client_list_publisher import ClientListPublisher
from hero_router.web.fdlimit import call_limits, stream_limits
from hero_router.web.forwarder_base import Forwarder
from hero_router.web.header_rewriter import HeaderRewriter
from hero_router.web.next_hop import HopSigner
from hero_router.web.report import Reports
from hero_router.web.reverse_proxy import ReverseProxy
from hero_router.web.router_to_router_requests import RouterToRouterRequests
from hero_router.web.routes.static import Assets, static_folder
from hero_router.web.service_host_redirect import ServiceHostRedirect
from hero_router.web.service_sign_in import STATE_COOKIE
from hero_router.web.stream_connection import Connections

if TYPE_CHECKING:
    from hero_router.access.principal import Principal
    from hero_router.metrics.exposition import Exposition
    from hero_router.metrics.metric_updater import MetricUpdater

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
class Parts:
    """The objects that a worker's routes and background tasks use; `worker` is its name."""

    config: RouterConfig
    worker: str
    clients: RedisClients
    assets: Assets
    feed: Feed
    state: JsonAnswers
    details: ServiceDetails
    histories: ServiceHistories
    reports: Reports
    errors: RoutingErrors
    mutes: Mutes
    rpc: RpcApi
    client_lists: ClientListStore
    webhook: WebhookStore
    publisher: ClientListPublisher
    requests: RequestCounts
    recorder: "MetricUpdater"
    exposition: "Exposition"
    bodies: BodyReader
    streams: Connections
    access: AccessParts
    proxy: ReverseProxy


PARTS = web.AppKey("parts", Parts)


def make_parts(config: RouterConfig, clients: RedisClients, clock: RedisClock) -> Parts:
    """Build all objects of one worker; no task runs yet."""
    keys, worker = Keys(config.redis.prefix), _worker_name(config.node.name)
    nodes = NodeReader(clients.web, keys)
    assets = Assets(static_folder())
    feed = Feed(
        Stream(clients.tail, keys),
        NodeReader(clients.watch, keys),
        window=config.stream.window,
        timing=StreamTiming(
            config.stream.ping_seconds, config.stream.stall_seconds, config.stream.max_age_seconds
        ),
        max_delay=config.stream.flush_ms / 1000,
        hello_fields=lambda: {**_hello_fields(config, worker), "assets": assets.digest},
        now_ms=clock.now_ms,
    )
    state = JsonAnswers(feed, LastProbeCache(nodes))
    scans = ScanCoordinator(feed.mirror, feed.scan_replies, ScanRequests(clients.web, keys))
    client_lists = ClientListStore(clients.web, keys)
    requests, proxied = RequestCounts(), ProxiedCounts(multiproc_folder.SocketSpace().has_room)
    tunnels = Tunnels(config.proxy.idle_seconds)
    recorder, exposition = _metrics(feed, Figures(requests, proxied, tunnels), clock)
    rules = load_rules(config.access, config.oidc)
    peering = load_peering(config.node.name, config.peers)
    forwarder = _forwarder(config, rules, tunnels, peering, clock)

    def end_streams(predicate: Predicate) -> None:
        feed.hub.close_where(lambda each: predicate(cast("Principal", each.owner)))

    enders = end_streams, forwarder.close_where
    book = peering.book if peering else None
    access = make_access(config, worker, rules, clients.web, clock, enders, book)
    errors = RoutingErrors(RoutingErrorStore(clients.web, keys))
    table = RoutingTable(feed.mirror, config.node.name, book.find if book else no_peer)
    domain = config.proxy.domain.lower()
    links = Links(table, domain)
    proxy = ReverseProxy(
        table,
        forwarder,
        domain,
        access.access_control,
        access.services,
        ServiceHostRedirect(links, domain),
        CallObserver(proxied, errors, worker, clock.now_ms),
        ConcurrencyLimit(call_limits(config.web.calls_per_address)),
        RouterToRouterRequests(config.node.name, book, clock.now_ms, forwarder.rules.login_fields),
    )
    details = ServiceDetails(state, links, errors, SpecReader(clients.web, keys))
    histories = ServiceHistories(
        state, HistoryStore(clients.web, keys), lambda: feed.mirror.lost, clock.now_ms
    )
    mutes = Mutes(MuteStore(clients.web, keys), feed.mirror, feed.hub, clock.now_ms)
    return Parts(
        config=config,
        worker=worker,
        clients=clients,
        assets=assets,
        feed=feed,
        state=state,
        details=details,
        histories=histories,
        reports=Reports(state, histories, config.node.name),
        errors=errors,
        mutes=mutes,
        rpc=rpc_api(
            RpcMethods(feed, state, details, histories, scans, worker),
            MuteMethods(state, mutes),
            access.methods,
        ),
        client_lists=client_lists,
        webhook=WebhookStore(clients.web, keys),
        publisher=ClientListPublisher(feed, client_lists, clock, worker),
        requests=requests,
        recorder=recorder,
        exposition=exposition,
        bodies=BodyReader(
            config.web.body_memory_mb * MEGABYTE, config.web.body_seconds, config.web.head_seconds
        ),
        streams=Connections(ConcurrencyLimit(stream_limits(config.web.streams_per_address))),
        access=access,
        proxy=proxy,
    )


def _worker_name(node: str) -> str:
    """A name that no other worker has: containers of one node may have the same process ids."""
    host = socket.gethostname()
    return f"{node}/{os.getpid()}" if host == node else f"{node}/{host}/{os.getpid()}"


def _forwarder(
    config: RouterConfig,
    rules: AccessRules,
    tunnels: Tunnels,
    peering: Peering | None,
    clock: RedisClock,
) -> Forwarder:
    login, proxy = rules.header_login, config.proxy
    limits = Limits(proxy.answer_seconds, proxy.silence_seconds, proxy.idle_seconds)
    return Forwarder(
        SocketFileResolver(
            config.node.root,
            IgnoredFiles(config.scan.ignored, socket_files(config.redis.url)),
        ),
        Pool(config.proxy.connect_seconds),
        tunnels,
        HeaderRewriter(
            via="hero_router-" + re.sub(r"[^A-Za-z0-9.-]", "-", config.node.name),
            own_cookies=SESSION_COOKIE.names | OIDC_COOKIE.names | STATE_COOKIE.names,
            is_own_token=rules.is_own_token,
            login_fields=login.fields if login else frozenset(),
        ),
        limits,
        AnswerTimeouts(min(limits)),
        RandomHex(),
        HopSigner(config.node.name, peering, clock.now_ms) if peering else None,
    )


def _metrics(feed: Feed, figures: Figures, clock: RedisClock) -> "tuple[MetricUpdater, Exposition]":
    """Import and build the metrics: they are imported here only, not when this module is.

    prometheus_client looks for the workers' shared folder when it is imported. The gunicorn master
    imports this module before it has made that folder.
    """
    multiproc_folder.check_space()
    from hero_router.metrics.declarations import Declarations  # noqa: PLC0415 - see above
    from hero_router.metrics.exposition import Exposition  # noqa: PLC0415
    from hero_router.metrics.metric_updater import MetricUpdater  # noqa: PLC0415

    declared = Declarations()
    recorder = MetricUpdater(declared, feed, figures, clock)
    multiproc_folder.preallocate()
    return recorder, Exposition(declared.registry, feed.mirror, clock)


def _hello_fields(config: RouterConfig, worker: str) -> Mapping[str, object]:
    return {
        "window": config.stream.window,
        "ping_seconds": config.stream.ping_seconds,
        "node": config.node.name,
        "worker": worker,
        "version": __version__,
    }
