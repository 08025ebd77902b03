"""The layers: who may import whom, read from the source itself; and no circles anywhere."""

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "hero_router"

BOTTOM = "bottom"
"""The plain modules directly in the package: values and rules without I/O."""

ORDER: tuple[set[str], ...] = (
    {BOTTOM},
    {"history"},
    {"settings"},
    {"store"},
    {"upstream"},
    {"scan", "feed"},
    {"notify"},
    {"access"},
    {"proxy"},
    {"rpc"},
    {"metrics"},
    {"web"},
    {"server"},
    {"client", "demo"},
    {"cli"},
    {"__main__"},
)
"""The layers from the lowest up: each imports from those below it, never from its own row."""

MAY_IMPORT: Mapping[str, set[str]] = {
    layer: set[str]().union(*ORDER[:number]) for number, row in enumerate(ORDER) for layer in row
} | {"client": {BOTTOM}, "demo": {BOTTOM, "access", "rpc"}, "__main__": {"cli"}}
"""Which layers each layer may import, besides itself."""

BOTTOM_MODULES = {
    "backoff", "run_in_own_task", "dataclass_json", "errors", "model", "position",
    "random_hex", "sanitize", "severity", "singleflight", "sse", "sse_to_ndjson",
    "strict_json",
}  # fmt: skip

USED_BY: Mapping[str, set[str]] = {
    "redis": {"store"},
    "watchfiles": {"scan"},
    "gunicorn": {"server"},
    "prometheus_client": {"metrics"},
    "uvloop": {"server"},
    "aiohttp": {"web", "server", "client", "demo", "notify"},
    "httptools": {"upstream"},
    "joserfc": {"access", "web.oidc_http_client"},
    "click": {"cli"},
    "cryptography": {"access"},
    "rich": {"cli"},
    "environs": {"settings"},
    "orjson": {"strict_json"},
    "marshmallow": {"settings"},
}
"""Which layers, or bottom modules, may import each library; any other library is a stranger."""

ROOTS = {"web.worker_parts", "cli.scanner", "cli.serve", "cli.redis_connection", "cli.healthcheck"}
"""The composition roots: here, and nowhere else, everything is put together."""

PURE = {
    "access.attempts", "access.authenticator", "access.fetch_metadata", "access.forwarded",
    "access.hop_token",
    "access.id_token", "access.ip_allowlist", "access.oidc", "access.discovery_document",
    "access.oidc_user", "access.policy", "access.principal", "access.concurrency_limits",
    "access.sessions",
    "access.sign_in_link", "access.signing", "access.static_tokens", "access.access_summary",
    "dataclass_json", "errors", "model", "sse_to_ndjson", "position", "sanitize", "severity", "sse",
    "strict_json",
    "demo.jsonrpc", "demo.methods",
    "feed.conflation", "feed.encoded_event", "feed.filters", "feed.mirror", "feed.write_batch",
    "feed.stream_timing",
    "feed.resume", "feed.ring", "feed.same_stream_check", "feed.subscribers",
    "feed.overall_health",
    "feed.json_answers",
    "history.answer", "history.base62", "history.folding", "history.letters", "history.rings",
    "history.span_summary", "history.transitions_and_incidents", "history.minute_writes",
    "proxy.address", "proxy.call_record", "proxy.headers", "proxy.service_urls", "proxy.loops",
    "proxy.answer_prefix", "proxy.table",
    "proxy.trace_context",
    "metrics.declarations", "metrics.http_request_counts", "metrics.registry_collector",
    "metrics.proxied_request_metrics", "metrics.proxied_request_counts",
    "notify.messages", "notify.signature", "notify.transitions",
    "rpc.access_examples", "rpc.access_methods",
    "rpc.error_mapping", "rpc.examples", "rpc.json_schema", "rpc.methods",
    "rpc.mute_methods", "rpc.openrpc",
    "rpc.params",
    "rpc.result_types",
    "scan.diff", "scan.document_parser", "scan.flaps", "scan.health_answer", "scan.inventory",
    "scan.minute_recorder",
    "scan.probe_interval", "scan.probe_result", "scan.socket_status",
    "settings.host_and_origin_check", "settings.networks", "settings.oidc", "settings.peers",
    "settings.trusted_proxies",
    "settings.redis_cli_command", "settings.redis_url",
    "store.keys", "store.write_batches",
    "upstream.answer_head_check", "upstream.outcome", "upstream.response_parser",
    "web.badge", "web.negotiation", "web.shown_target", "web.summary_formats",
}  # fmt: skip
"""Modules without time, chance, I/O or logging of their own: what they give depends on what they
are given, and on nothing else."""

IMPURE = {
    "aiohttp", "asyncio", "logging", "os", "random", "redis", "resource", "secrets", "signal",
    "socket", "subprocess", "tempfile", "threading", "time",
}  # fmt: skip

CONNECTING = ROOTS | {"store.embedded_redis_command", "store.eviction"}
"""Who makes a connection to Redis. The two of `store` only ask one question, over a client that
nobody else sees: whether the server is up, and whether it evicts."""


def modules() -> dict[str, ast.Module]:
    """All modules by their name below the package; a package's own code is its name."""
    return {_name(path): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = modules()


def imported(tree: ast.Module) -> Iterator[str]:
    """Every dotted name that a module imports, wherever in its code that stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{item.name}" for item in node.names)


def ours(name: str) -> set[str]:
    """The modules of the package that a module imports, by their names below it."""
    found = set()
    for dotted in imported(MODULES[name]):
        head, _, below = dotted.partition(".")
        if head == PACKAGE.name:
            # `from a.b import c` is of the module a.b.c if there is one, else of a.b.
            found.add(below if below in MODULES else below.rpartition(".")[0])
    return found


def layer(name: str) -> str:
    """The layer of a module: its folder, or the bottom."""
    head = name.partition(".")[0]
    return head if head in MAY_IMPORT else BOTTOM


NAMES = sorted(MODULES)


def test_the_source_is_read_as_it_is() -> None:
    """What this file knows of imports is true for one module that everybody can look up."""
    below = {"sse", "model", "position"}
    assert ours("feed.encoded_event") == below | {"feed.filters"}
    assert ours("web.routes.json_api") == {
        "access.policy",
        "errors",
        "feed.filters",
        "feed.json_answers",
        "rpc.service_detail",
        "store.routing_errors",
        "store.webhook",
        "strict_json",
        "web.state_compressor",
        "web.encoding",
        "web.middleware",
        "web.webhook_status_reader",
    }
    assert "redis.asyncio.Redis" in set(imported(MODULES["store.lease"]))
    assert {layer(name) for name in NAMES} == set(MAY_IMPORT)


def test_the_bottom_is_what_it_is_known_to_be() -> None:
    assert {name for name in NAMES if layer(name) == BOTTOM} - {""} == BOTTOM_MODULES


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_from_its_own_layer_and_those_below(name: str) -> None:
    """So scan and feed never see each other, feed knows no HTTP, and web knows nothing of scan."""
    mine = layer(name)
    assert {layer(each) for each in ours(name)} <= MAY_IMPORT[mine] | {mine}


@pytest.mark.parametrize("name", NAMES)
def test_a_library_is_imported_only_where_it_belongs(name: str) -> None:
    heads = {dotted.partition(".")[0] for dotted in imported(MODULES[name])}
    libraries = heads - sys.stdlib_module_names - {PACKAGE.name, "_typeshed"}
    strangers = {head for head in libraries if not USED_BY.get(head, set()) & {layer(name), name}}
    assert strangers == set()


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_imports_nothing_that_has_effects(name: str) -> None:
    assert {dotted.partition(".")[0] for dotted in imported(MODULES[name])} & IMPURE == set()


def test_nothing_imports_in_a_circle() -> None:
    try:
        TopologicalSorter({name: ours(name) - {""} for name in NAMES}).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle: {' → '.join(circle.args[1])}")


def test_layers_have_no_circle_either() -> None:
    TopologicalSorter(MAY_IMPORT).prepare()


def test_only_composition_roots_connect_to_redis() -> None:
    connecting = {
        name for name in NAMES if "hero_router.store.client.connect" in set(imported(MODULES[name]))
    }
    assert connecting == CONNECTING


def test_only_composition_roots_put_scanner_feed_and_supervisor_together() -> None:
    """Whoever builds one of these decides which Redis, root and clock it gets."""
    heads = {"Feed": "web.worker_parts", "ScanLoop": "cli.scanner", "Supervisor": "cli.serve"}
    built = {
        (node.func.id, name)
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in heads
    }
    assert built == set(heads.items())
