"""`GET /` and `/static`: serves the dashboard's files from the folder `static`.

All files are read and compressed when a worker starts. The addresses of the files that the page
loads contain the digest of the whole folder: browsers may cache these files forever, and one page
never mixes files of two versions. The page names all its modules, so that a browser loads them at
once and not one import after the other. Comments, a third of the
page's weight, are not sent.
"""

import hashlib
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from hero_router.web.encoding import Document

PACKAGE = Path(__file__).resolve().parent.parent.parent

INDEX = "index.html"

MAIN = "js/main.js"
"""The module that the page starts with."""

IMPORT = re.compile(rb'^(?:import|export)\b[^"\']*?from "(\.[^"]+)";', re.MULTILINE)

COMMENT = re.compile(
    rb"[ \t]*/\*\*(?:(?!\*/).)*\*/|^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/)$",
    re.DOTALL | re.MULTILINE,
)
"""A comment of JSDoc, or one that fills its lines."""

OURS = ("js/", "css/")
"""The folders of files whose comments are not sent; copies of other projects are sent as they are.
"""

FAVICON = "icons/favicon.ico"
"""The file that browsers and other programs request as `/favicon.ico`."""

DAY = "public, max-age=86400"

FOREVER = "public, max-age=31536000, immutable"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


def static_folder() -> Path:
    """The folder of the page's files: inside the installed package, or beside it in a checkout."""
    folders = (PACKAGE / "static", PACKAGE.parent / "static")
    return next(folder for folder in folders if (folder / INDEX).is_file())


class Assets:
    """The dashboard's files; `digest` is the same wherever the files are the same.

    `source` is the text of the page itself, and `files` are the others by name, as they lie in the
    folder.
    """

    def __init__(self, folder: Path) -> None:
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
        self.digest = _digest(files)
        page = files.pop(INDEX)
        self.source, self.files = page.decode(), files
        links = "".join(
            f'  <link rel="modulepreload" href="static/{name}">\n' for name in modules(files)
        )
        page = page.replace(b"</head>", links.encode() + b"</head>")
        index = page.replace(b"static/", f"static/{self.digest}/".encode())
        self.index = _document(INDEX, index)
        self._files = {name: _document(name, sent(name, text)) for name, text in files.items()}

    def file(self, digest: str, name: str) -> Document:
        """The file with this digest and name. Raises HTTPNotFound."""
        if digest != self.digest or name not in self._files:
            raise web.HTTPNotFound
        return self._files[name]


def routes(assets: Assets) -> list[web.AbstractRouteDef]:
    """The routes of the page, its icon, and the files that it loads."""

    async def index(request: web.Request) -> web.Response:
        """The page itself. It is never cached, as it names the addresses of its files."""
        return assets.index.answer(request, "no-cache")

    async def wall(_: web.Request) -> web.Response:
        """A short address of the view for a screen on a wall; relative, for any prefix."""
        return web.Response(
            status=302, headers={"Location": "./#/wall", "Cache-Control": "no-cache"}
        )

    async def favicon(request: web.Request) -> web.Response:
        """The icon, for programs that do not read the page."""
        return assets.file(assets.digest, FAVICON).answer(request, DAY)

    async def file(request: web.Request) -> web.Response:
        """A file that the page loads."""
        asked = request.match_info
        return assets.file(asked["digest"], asked["path"]).answer(request, FOREVER)

    return [
        web.get("/", index),
        web.get("/wall", wall),
        web.get("/favicon.ico", favicon),
        web.get("/static/{digest}/{path:.+}", file),
    ]


def modules(files: Mapping[str, bytes]) -> list[str]:
    """The modules that the main module needs, itself last: those that it imports, and so on."""
    found: dict[str, None] = {}

    def follow(name: str) -> None:
        if name in found or name not in files:
            return
        found[name] = None
        for path in IMPORT.findall(files[name]):
            follow(posixpath.normpath(posixpath.join(posixpath.dirname(name), path.decode())))

    follow(MAIN)
    return list(reversed(found))


def sent(name: str, text: bytes) -> bytes:
    """The content of a file as it is sent: without comments, with the same line numbers."""
    if not name.startswith(OURS):
        return text
    return COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), text)


def _digest(files: dict[str, bytes]) -> str:
    """The digest of all names and contents; sizes are hashed too, so that no two folders match."""
    digest = hashlib.blake2b(digest_size=8)
    for name, text in files.items():
        digest.update(f"{len(name)} {name} {len(text)} ".encode())
        digest.update(text)
    return digest.hexdigest()


def _document(name: str, text: bytes) -> Document:
    return Document.of(text, MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"))
