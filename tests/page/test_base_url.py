"""Where the page finds its router, and of which version it is: from a module's address."""

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.page.stage import VERSIONS, Stage, staged
from tests.page.tab import workers

pytestmark = pytest.mark.asyncio(loop_scope="session")

stage = pytest_asyncio.fixture(loop_scope="session")(staged)

READ = """async (address) => (await import("/static/js/live/base_url.js")).read(address)"""

OPEN = """async (digest) => {
  const { SharedStream } = await import(`/static/${digest}/js/live/tab.js`);
  const told = { frame: () => {}, state: () => {}, cursor: () => null };
  window.stream = new SharedStream(told);
  window.stream.open();
}"""


@pytest.mark.parametrize(
    ("address", "base", "digest"),
    [
        ("http://h:1/static/js/live/api.js", "http://h:1/", ""),
        ("http://h/static/0a1b/js/live/api.js", "http://h/", "0a1b"),
        ("https://h/a/b/static/0a1b/js/live/worker.js?x#y", "https://h/a/b/", "0a1b"),
        (
            "https://h/static/js/live/static/0a1b/js/live/tab.js",
            "https://h/static/js/live/",
            "0a1b",
        ),
    ],
)
async def test_the_address_of_a_module_tells_where_the_router_is(
    quiet: Page, address: str, base: str, digest: str
) -> None:
    assert await quiet.evaluate(READ, address) == {"base": base, "digest": digest}


async def test_pages_of_two_versions_share_no_worker(browser: Browser, stage: Stage) -> None:
    """Each has a stream of its own: what its worker says, it understands."""
    profile = await browser.new_context()
    for digest in VERSIONS:
        tab = await profile.new_page()
        await tab.goto(stage.url)
        await tab.evaluate(OPEN, digest)
    await stage.line(2)
    assert len(await workers(browser, stage.url)) == 2
    await profile.close()
