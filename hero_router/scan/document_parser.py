"""Parses a service's manifest and OpenRPC document into facts: title, version, methods ….

Any field may be missing, wrong, huge or hostile. No `$ref` is followed, and no regular expression
is compiled. Pure: no I/O, no clock.
"""

from typing import Any, NamedTuple

from hero_router.errors import RouterError
from hero_router.model import MAX_METHODS, Facts
from hero_router.sanitize import MAX_NAME, clean
from hero_router.scan.probe_result import Document
from hero_router.strict_json import InvalidJson, decode, digest, encode

DISCOVER = "rpc.discover"
DISCOVER_REQUEST = b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover","params":[]}'

PAGE = Facts(protocol="html", source="HTML at every path", source_kind="page")
"""The facts of a socket that answers every path with an HTML page."""


class Parsed(NamedTuple):
    """A parsed document: its facts, and the OpenRPC document itself if it is one."""

    facts: Facts
    document: Document | None = None


class BadDocument(RouterError):
    """A service offers a document that is not valid; the message is a short reason for people."""

    code = "bad_document"


def manifest(body: bytes, source: str) -> Parsed:
    """Parse a manifest: an object with `name` or `title`, `version`, `description`, `protocol`.

    Raises:
        BadDocument: the manifest is not a JSON object.
    """
    value = _object(_json(body))
    return Parsed(
        Facts(
            title=_name(value.get("title")) or _name(value.get("name")),
            description=clean(value.get("description")),
            version=_name(value.get("version")),
            protocol=_name(value.get("protocol")),
            source=source,
            source_kind="manifest",
        )
    )


def openrpc(body: bytes, source: str) -> Parsed:
    """Parse an OpenRPC document: an object with `methods` and `info`.

    Raises:
        BadDocument: the document is not JSON, or has no array `methods`.
    """
    return _openrpc(_json(body), source)


def discovered(body: bytes) -> Parsed:
    """Parse the answer to `rpc.discover`, which contains an OpenRPC document.

    A JSON-RPC error is a valid answer: the socket speaks JSON-RPC, but has no document.

    Raises:
        BadDocument: the answer is not JSON-RPC, or the document in it is not valid.
    """
    value = _object(_json(body))
    if "result" in value:
        return _openrpc(value["result"], DISCOVER)
    if isinstance(value.get("error"), dict):
        return Parsed(Facts(protocol="jsonrpc"))
    raise BadDocument("not a JSON-RPC answer")


def merged(spec: Facts | None, about: Facts | None) -> Facts | None:
    """Merge the facts of the OpenRPC document (`spec`) and of the manifest (`about`)."""
    if spec is None or about is None or about is PAGE:
        return spec or about
    described = spec if spec.source_kind == "openrpc" else about
    return Facts(
        title=spec.title or about.title,
        description=about.description or spec.description,
        version=spec.version or about.version,
        protocol=about.protocol or spec.protocol,
        methods=spec.methods,
        methods_count=spec.methods_count,
        source=described.source,
        source_kind=described.source_kind,
        document=spec.document,
    )


def _openrpc(value: Any, source: str) -> Parsed:
    content = _object(value)
    methods = content.get("methods")
    if not isinstance(methods, list):
        raise BadDocument("no list of methods")
    info = content.get("info")
    info = info if isinstance(info, dict) else {}
    document = Document(digest(content), encode(content))
    facts = Facts(
        title=_name(info.get("title")),
        description=clean(info.get("description")),
        version=_name(info.get("version")),
        protocol="openrpc",
        methods=_method_names(methods),
        methods_count=len(methods),
        source=source,
        source_kind="openrpc",
        document=document.digest,
    )
    return Parsed(facts, document)


def _method_names(methods: list[Any]) -> tuple[str, ...]:
    """The names of the first `MAX_METHODS` methods; a method that is a `$ref` has no name."""
    names = (_name(item.get("name")) for item in methods[:MAX_METHODS] if isinstance(item, dict))
    return tuple(name for name in names if name)


def _name(value: object) -> str:
    return clean(value, MAX_NAME)


def _json(body: bytes) -> Any:
    try:
        return decode(body)
    except InvalidJson as error:
        raise BadDocument(f"not JSON: {error}") from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadDocument("not a JSON object")
    return value
