"""The dashboard: `static/` as files, shipped in the wheel and served without a build step."""

from pathlib import Path

from aiohttp import web

STATIC = "/static"
PACKAGE = Path(__file__).resolve().parent.parent


def static_folder() -> Path:
    """Where the page's files are: inside the installed package, or beside it in a checkout."""
    places = (PACKAGE / "static", PACKAGE.parent / "static")
    return next(place for place in places if (place / "index.html").is_file())


def routes() -> list[web.AbstractRouteDef]:
    """The page and what it loads."""
    folder = static_folder()

    async def index(_: web.Request) -> web.FileResponse:
        return web.FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})

    return [web.get("/", index), web.static(STATIC, folder)]


async def revalidate(request: web.Request, response: web.StreamResponse) -> None:
    """Modules of two versions must not meet in one page: browsers ask anew each time."""
    if request.path.startswith(STATIC):
        response.headers["Cache-Control"] = "no-cache"
