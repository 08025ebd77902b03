"""The page and its files: addresses that name their content, in gzip or as they are."""

import gzip
import re
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.web.middleware import guard
from hero_router.web.route_groups import PUBLIC, add_routes
from hero_router.web.routes import static
from tests.test_docs import nowhere

Client = TestClient[web.Request, web.Application]

PAGE = '<link href="static/style.css"><script src="static/js/main.js"></script>'
SCRIPT = "export const answer = 42;\n" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A page of three files."""
    (tmp_path / "js").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "style.css").write_text("p {}")
    (tmp_path / "js" / "main.js").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
async def client(folder: Path, aiohttp_client: AiohttpClient) -> Client:
    """A client, who unpacks nothing, of that page."""
    app = web.Application(middlewares=[guard])
    add_routes(app, PUBLIC, static.routes(static.Assets(folder)))
    return await aiohttp_client(app, auto_decompress=False, skip_auto_headers=["Accept-Encoding"])


async def loaded(client: Client) -> list[str]:
    """The addresses of what the page loads."""
    return re.findall(r'(?:href|src)="/?(static/[^"]*)"', await (await client.get("/")).text())


async def test_what_the_page_loads_never_changes_at_its_address(
    client: Client, folder: Path
) -> None:
    style, script = await loaded(client)
    assert re.fullmatch(r"static/[0-9a-f]{16}/style\.css", style)
    for address, name in ((style, "style.css"), (script, "js/main.js")):
        answer = await client.get(f"/{address}")
        assert await answer.read() == (folder / name).read_bytes()
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_page_names_every_module_that_it_needs(folder: Path) -> None:
    """So a browser asks for all at once; what only a worker runs is not among them."""
    (folder / "index.html").write_text("<head></head>")
    (folder / "js" / "main.js").write_text('import { a } from "./ui/a.js";\nexport {};')
    (folder / "js" / "ui").mkdir()
    (folder / "js" / "ui" / "a.js").write_text('import { b } from "../b.js";\nexport const a = b;')
    (folder / "js" / "b.js").write_text('import { a } from "./ui/a.js";')
    (folder / "js" / "worker.js").write_text("")
    page = static.Assets(folder)
    scripts = folder.rglob("*.js")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in scripts}
    assert static.modules(files) == ["js/b.js", "js/ui/a.js", "js/main.js"]
    text = page.index.plain.decode()
    assert re.findall(rf'modulepreload" href="static/{page.digest}/js/([^"]+)"', text) == [
        "b.js", "ui/a.js", "main.js",
    ]  # fmt: skip


async def test_the_page_itself_is_asked_for_each_time(client: Client) -> None:
    answer = await client.get("/")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_any_change_of_any_file_changes_the_address(folder: Path) -> None:
    first = static.Assets(folder).digest
    assert static.Assets(folder).digest == first
    (folder / "style.css").write_text("q {}")
    second = static.Assets(folder).digest
    (folder / "style.css").rename(folder / "look.css")
    assert len({first, second, static.Assets(folder).digest}) == 3


@pytest.mark.parametrize(
    "path",
    [
        "static/0000000000000000/style.css",
        "static/style.css",
        "static/js/main.js",
        "{here}/none.js",
        "{here}/index.html",
        "{here}/",
        "{here}",
        "{here}/../{here}/style.css",
        "{here}/%2e%2e/style.css",
        "{here}/js%2fmain.js%00",
        "{here}/" + "x" * 300,
        "static/" + "x" * 300,
    ],
)
async def test_another_address_is_404(client: Client, path: str) -> None:
    here = (await loaded(client))[0].rpartition("/")[0]
    answer = await client.get(f"/{path.format(here=here)}")
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "not_found"


async def test_each_form_has_a_strong_tag_of_its_own_and_304_is_for_that_form_only(
    client: Client,
) -> None:
    address = f"/{(await loaded(client))[1]}"
    tags = list[str]()
    for coding, stored in (("identity", SCRIPT.encode()), ("gzip", gzip.compress(b""))):
        wish = {"Accept-Encoding": coding}
        answer = await client.get(address, headers=wish)
        body = await answer.read()
        assert answer.headers.get("Content-Encoding", "identity") == coding
        assert (gzip.decompress(body) if coding == "gzip" else body) == SCRIPT.encode()
        assert body[:2] == stored[:2]
        assert answer.headers["Vary"] == "Accept-Encoding"
        tag = answer.headers["ETag"]
        assert tag.startswith('"')
        again = await client.get(address, headers={**wish, "If-None-Match": f'"x", {tag}'})
        assert (again.status, again.headers["ETag"], await again.read()) == (304, tag, b"")
        assert again.headers["Vary"] == "Accept-Encoding"
        assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
        tags.append(tag)
    assert tags[0] != tags[1]
    other = {"Accept-Encoding": "gzip", "If-None-Match": tags[0]}
    assert (await client.get(address, headers=other)).status == 200


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_head_is_the_same_head(client: Client, coding: str) -> None:
    address, wish = f"/{(await loaded(client))[1]}", {"Accept-Encoding": coding}
    asked = await client.get(address, headers=wish)
    answer = await client.head(address, headers=wish)
    names = ("Content-Length", "Content-Encoding", "Content-Type", "ETag", "Vary", "Cache-Control")
    assert [answer.headers.get(name) for name in names] == [
        asked.headers.get(name) for name in names
    ]
    assert await answer.read() == b""


@pytest.mark.parametrize(
    ("wish", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("gzip ; q=1.000", "gzip"),
        ("br, *;q=0.1", "gzip"),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0, *", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("gzip;q=0, *", None),
        ("*;q=0, identity", None),
        ("br", None),
        ("identity", None),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=2", None),
        ("gzip;q=x", None),
        ("gzip;level=9", None),
        ("gzippy, xgzip", None),
        (";;,,;q=1,", None),
    ],
)
async def test_gzip_is_for_clients_that_ask_for_it(
    client: Client, wish: str | None, coding: str | None
) -> None:
    headers = {} if wish is None else {"Accept-Encoding": wish}
    answer = await client.get(f"/{(await loaded(client))[1]}", headers=headers)
    assert (answer.status, answer.headers.get("Content-Encoding")) == (200, coding)


@pytest.mark.parametrize("wish", ["identity;q=0", "*;q=0", "gzip;q=0, identity;q=0", "br, *;q=0"])
async def test_a_client_that_takes_neither_form_gets_406(client: Client, wish: str) -> None:
    for address in await loaded(client):
        answer = await client.get(f"/{address}", headers={"Accept-Encoding": wish})
        assert (answer.status, (await answer.json())["error"]["code"]) == (406, "not_acceptable")


async def test_a_small_file_goes_as_it_is_unless_only_gzip_is_taken(client: Client) -> None:
    address = f"/{(await loaded(client))[0]}"
    answer = await client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    answer = await client.get(address, headers={"Accept-Encoding": "gzip, identity;q=0"})
    assert gzip.decompress(await answer.read()) == b"p {}"


async def test_the_real_page_loads_all_that_it_names(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(nowhere())
    addresses = await loaded(client)
    assert len(addresses) >= 3
    for address in addresses:
        assert (await client.get(f"/{address}")).status == 200
    assert "import" in await (await client.get(f"/{addresses[-1]}")).text()


async def test_a_stream_names_the_pages_version(aiohttp_client: AiohttpClient) -> None:
    """A page that was left open learns that another one has been put in its place."""
    client = await aiohttp_client(nowhere())
    digest = (await loaded(client))[0].split("/")[1]
    assert digest == static.Assets(static.static_folder()).digest
    session: ClientSession = client.session
    async with session.get(client.make_url("/api/events")) as answer:
        hello = await answer.content.readuntil(b"\n\n")
    assert f'"assets":"{digest}"'.encode() in hello


async def test_the_icon_lies_where_browsers_look_for_it(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(nowhere())
    answer = await client.get("/favicon.ico")
    assert (answer.status, answer.content_type) == (200, "image/vnd.microsoft.icon")
    assert (await answer.read()).startswith(b"\0\0\1\0\1\0\x10\x10")


async def test_the_wall_has_a_short_address_below_any_prefix(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(nowhere())
    answer = await client.get("/wall", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "./#/wall")
