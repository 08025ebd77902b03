"""The HTTP applications of the sample services: one for `rpc` sockets, one for web pages.

The application for `rpc` sockets answers:

- `GET /.well-known/heroservice.json`, the manifest: `protocol`, `name`, `title`, `version`,
  `description` and `socket`;
- `GET /health`: `{"status": "ok"}`, or `"degraded"` and a reason (status 200 too);
- `GET /openrpc.json`: the OpenRPC document;
- `POST /rpc`: JSON-RPC 2.0, with `rpc.discover`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from aiohttp import web

from hero_router.access.principal import Principal
from hero_router.demo.jsonrpc import Function, dispatcher


@dataclass(frozen=True, slots=True)
class Service:
    """A sample service: its OpenRPC document, its methods, and the trouble that it reports.

    If `trouble` is not empty, the health check answers `degraded` with this reason.
    """

    name: str
    description: str
    document: Mapping[str, Any]
    functions: Mapping[str, Function] = field(default_factory=dict)
    trouble: str = ""

    @property
    def title(self) -> str:
        """The service's title in its OpenRPC document."""
        return str(self.document["info"]["title"])

    def method_names(self) -> list[str]:
        """The names of all methods in the service's OpenRPC document."""
        return [method["name"] for method in self.document["methods"]]

    def manifest(self, socket: str) -> Mapping[str, str]:
        """The service's manifest for one of its sockets."""
        return {
            "protocol": "openrpc",
            "name": self.name,
            "title": self.title,
            "version": self.document["info"]["version"],
            "description": self.description,
            "socket": socket,
        }

    def health(self) -> web.Response:
        """The service's answer to `GET /health`."""
        known = {"service": self.name, "version": self.document["info"]["version"]}
        if self.trouble:
            return web.json_response({"status": "degraded", "reason": self.trouble, **known})
        return web.json_response({"status": "ok", **known})


def rpc(service: Service) -> web.Application:
    """Build the aiohttp application of a service's `rpc` socket."""
    methods = dispatcher(service.document, service.functions)

    async def document(_: web.Request) -> web.Response:
        return web.json_response(service.document)

    async def call(request: web.Request) -> web.Response:
        answer = await methods.answer(await request.read(), Principal())
        if answer is None:
            return web.Response(status=204)
        return web.Response(body=answer, content_type="application/json")

    app = _common(service, "rpc")
    app.add_routes([web.get("/openrpc.json", document), web.post("/rpc", call)])
    return app


def page(service: Service, socket: str, lines: Callable[[], Iterable[str]]) -> web.Application:
    """Build the aiohttp application of a socket with a web page; the page lists `lines()`."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=_html(service, lines()), content_type="text/html")

    app = _common(service, socket)
    app.add_routes([web.get("/", show)])
    return app


def _common(service: Service, socket: str) -> web.Application:
    async def manifest(_: web.Request) -> web.Response:
        return web.json_response(service.manifest(socket))

    async def health(_: web.Request) -> web.Response:
        return service.health()

    app = web.Application()
    app.add_routes([web.get("/.well-known/heroservice.json", manifest), web.get("/health", health)])
    return app


def _html(service: Service, lines: Iterable[str]) -> str:
    title, items = escape(service.title), "".join(f"<li>{escape(line)}</li>\n" for line in lines)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<h1>{title}</h1>\n"
        f"<p>{escape(service.description)}</p>\n<ul>\n{items}</ul>\n</html>\n"
    )
