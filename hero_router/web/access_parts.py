"""Builds one worker's objects for access control, from the access rules and Redis."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hero_router.access.access_administration import AccessAdministration
from hero_router.access.access_summary import Way, ways
from hero_router.access.attempts import FailedAttempts
from hero_router.access.authenticator import AccessRules, Authenticator, no_peer
from hero_router.access.peer_list import PeerBook
from hero_router.rpc.access_methods import AccessFacts, AccessMethods
from hero_router.settings.ca_file import tls_context
from hero_router.settings.config import RouterConfig
from hero_router.store.client import Redis
from hero_router.store.clock import RedisClock
from hero_router.store.ip_allowlist import AllowList
from hero_router.store.keys import Keys
from hero_router.store.one_time import OneTimeCodes
from hero_router.store.revoked_sessions import RevokedSessions
from hero_router.store.session_list import SessionListStore
from hero_router.web.access_control import AccessControl
from hero_router.web.access_follower import AccessFollower, Predicate
from hero_router.web.browser_sessions import BrowserSessions
from hero_router.web.oidc_http_client import OidcClient
from hero_router.web.service_sign_in import ServiceSignIn
from hero_router.web.session_recorder import SessionRecorder


@dataclass(frozen=True, slots=True)
class AccessParts:
    """The objects that control access to one worker, and sign browsers in.

    `provider` is the OpenID provider, None without one.
    """

    access_control: AccessControl
    follower: AccessFollower
    recorder: SessionRecorder
    sessions: BrowserSessions
    services: ServiceSignIn
    methods: AccessMethods
    provider: OidcClient | None


def make_access(
    config: RouterConfig,
    worker: str,
    rules: AccessRules,
    client: Redis,
    clock: RedisClock,
    enders: Sequence[Callable[[Predicate], None]],
    peers: PeerBook | None,
) -> AccessParts:
    """Build these objects; `enders` end the streams, calls and tunnels of matching principals.

    `peers` are the nodes whose routers may state who a caller is.
    """
    keys, codes = Keys(config.redis.prefix), OneTimeCodes(client, Keys(config.redis.prefix))
    attempts = FailedAttempts()
    authenticator = Authenticator(rules, attempts, peers.knows if peers else no_peer)
    revoked, addresses = RevokedSessions(client, keys), AllowList(client, keys)
    follower = AccessFollower(authenticator, addresses, revoked, clock.now_ms, enders)
    recorder = SessionRecorder(SessionListStore(client, keys), clock.now_ms)
    sessions = BrowserSessions(
        rules.signer,
        rules.sessions,
        revoked,
        codes,
        follower,
        recorder,
        clock.now_ms,
        config.access.session_hours,
    )
    facts = AccessFacts(
        worker,
        rules.networks.networks,
        lambda: _ways(config, rules, peers),
        lambda: attempts.recent(time.monotonic()),
        clock.now_ms,
    )
    return AccessParts(
        access_control=AccessControl(
            authenticator,
            lambda: follower.live,
            config.web.proxies,
            clock.now_ms,
            codes,
            config.web.metrics_port,
        ),
        follower=follower,
        recorder=recorder,
        sessions=sessions,
        services=ServiceSignIn(rules.signer, sessions, config.proxy.domain.lower(), clock.now_ms),
        methods=AccessMethods(facts, AccessAdministration(revoked, addresses, follower)),
        provider=OidcClient(rules.oidc, tls_context("ROUTER_OIDC_CA_FILE", config.oidc.ca_file))
        if rules.oidc
        else None,
    )


def _ways(config: RouterConfig, rules: AccessRules, peers: PeerBook | None) -> list[Way]:
    nodes = [f"{each.node}: {each.url}" for each in peers or ()]
    return ways(rules, config.web.proxies, nodes, has_links=config.access.has_session_key)
