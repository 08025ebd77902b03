"""Builds the objects of one worker that decide who may use the router, from rules and Redis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hero_router.access.attempts import FailedAttempts
from hero_router.access.authenticator import AccessRules, Authenticator
from hero_router.settings.config import RouterConfig
from hero_router.store.allow_list import AllowList
from hero_router.store.client import Redis
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.one_time import OneTimeCodes
from hero_router.store.sessions import RevokedSessions
from hero_router.web.access_follower import AccessFollower, Predicate
from hero_router.web.admission import Admission
from hero_router.web.browser_sessions import BrowserSessions
from hero_router.web.service_sign_in import ServiceSignIn


@dataclass(frozen=True, slots=True)
class AccessParts:
    """The objects that decide who may use the router; `services` is for services' own origins."""

    admission: Admission
    follower: AccessFollower
    sessions: BrowserSessions
    services: ServiceSignIn


def make_access(
    config: RouterConfig,
    rules: AccessRules,
    client: Redis,
    clock: RedisClock,
    enders: Sequence[Callable[[Predicate], None]],
) -> AccessParts:
    """Build these objects; `enders` end what is open of the principals that match a predicate."""
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
