"""The command `hero_router web`: runs the web workers, as aiohttp workers of gunicorn."""

from typing import Any

import click

from hero_router.cli.port_check import check_ports
from hero_router.cli.setting_flags import begin, flags
from hero_router.server.gunicorn import Gunicorn
from hero_router.server.preflight import prepare


@click.command("web")
@flags(
    "host", "port", "metrics_port", "workers", "redis_url", "redis_password_file", "redis_prefix",
    "node", "socket_dir", "ignore", "sse_buffer", "ping_seconds", "sse_stall_seconds",
    "sse_flush_ms", "sse_max_age_seconds", "allowed_hosts", "trusted_proxies", "head_seconds",
    "streams_per_address", "calls_per_address",
    "body_seconds", "body_memory_mb", "keepalive_seconds", "drain_seconds", "domain",
    "proxy_connect_seconds", "proxy_answer_seconds", "proxy_silence_seconds", "proxy_idle_seconds",
    "token_file", "viewer_token_file", "viewer_contexts", "tokens_file", "allow_ips", "auth_header",
    "auth_roles_header", "auth_contexts_header", "open", "session_hours", "oidc_issuer",
    "oidc_client_id", "oidc_client_secret_file", "oidc_scopes", "oidc_name_claim",
    "oidc_roles_claim", "oidc_admin_values", "oidc_viewer_values", "oidc_contexts_claim",
    "oidc_ca_file", "advertise_url", "node_key_file", "peers", "peers_file", "peers_ca",
    "log_level", "log_format", "access_log",
)  # fmt: skip
def command(**overrides: Any) -> None:
    """Run the web workers: web page, event streams and API.

    ROUTER_REDIS_URL must be set.
    """
    config = begin(overrides)
    prepare(config)
    check_ports(config)
    Gunicorn(config).run()
