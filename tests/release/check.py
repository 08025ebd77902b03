"""What is released: wheel and source distribution, each installed into an empty environment.

`make release-check`; not a part of `make test`: it builds and installs, and runs the whole suite
once more, from the unpacked source distribution.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import async_playwright

import hero_router
from hero_router.demo.services import table
from tests.deploy.compose import TOP
from tests.e2e.conftest import FLAGS
from tests.e2e.dashboard import Dashboard
from tests.support.wait import eventually
from vendor.update import LIST, folder_name

pytestmark = pytest.mark.limit(1500)

NAME = f"hero_router-{hero_router.__version__}"
ARTEFACTS = (f"{NAME}-py3-none-any.whl", f"{NAME}.tar.gz")

START_SECONDS = 60.0
SUITE_SECONDS = 1400.0


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is released."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", str(folder), str(TOP))
    return folder


def test_the_licences_of_what_is_copied_from_npm_are_in_the_wheel(dist: Path) -> None:
    with zipfile.ZipFile(dist / ARTEFACTS[0]) as wheel:
        names = wheel.namelist()
    for package in json.loads(LIST.read_text("utf-8")):
        place = f"vendor/{folder_name(package['name'])}/{package['version']}"
        for name in package["licence_files"]:
            assert f"hero_router/static/{place}/{name}" in names
            assert f"{NAME}.dist-info/licenses/static/{place}/{name}" in names


@pytest.fixture(params=ARTEFACTS)
def program(request: pytest.FixtureRequest, dist: Path, tmp_path: Path) -> Path:
    """`hero_router`, installed from one of them into an environment that has nothing else."""
    place = tmp_path / "environment"
    venv.create(place, with_pip=True)
    run(str(place / "bin" / "pip"), "install", "--quiet", str(dist / request.param))
    return place / "bin" / "hero_router"


def run(*command: str, seconds: float = 600, **how: Path) -> str:
    """Run a command outside of the checkout; returns its output. Fails with its words."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=how.get("cwd", Path("/")),
        env=without_settings(clean),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-6000:]}{done.stderr[-2000:]}"
    return done.stdout


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if "ROUTER" not in name}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@asynccontextmanager
async def demo(program: Path, folder: Path) -> AsyncIterator[str]:
    """`serve --demo`, as a user starts it; gives the page's address."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ROUTER_PORT": str(port),
        "ROUTER_WORKERS": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *(str(program), "serve", "--demo"),
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def ready(url: str) -> bool:
    """Whether the router is ready."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def test_it_knows_its_version(program: Path) -> None:
    assert hero_router.__version__ in run(str(program), "--version")


async def test_the_page_shows_the_samples(program: Path, tmp_path: Path) -> None:
    """In Chromium: so scripts and styles are in what is released too."""
    samples = {sample.path.removesuffix(".sock").split("/")[0] for sample in table()} - {"shop"}
    async with demo(program, tmp_path) as url, async_playwright() as playwright:
        await eventually(lambda: ready(url), START_SECONDS, "the router is ready")
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = await Dashboard.open(browser, url)

        async def all_listed() -> bool:
            rows = await page.page.locator("[data-service]").all_inner_texts()
            return all(any(name in row for row in rows) for name in samples)

        await eventually(all_listed, START_SECONDS, f"the page lists {samples}")
        assert page.errors == []
        await browser.close()


@pytest.fixture
def source(dist: Path) -> Iterator[Path]:
    """The unpacked source distribution; its path is short, as Unix sockets' paths have to be."""
    folder = Path("/tmp") / f"{NAME}-check"
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(dist / ARTEFACTS[1]) as packed:
        packed.extractall(folder, filter="data")
    yield folder / NAME
    shutil.rmtree(folder)


def test_the_tests_pass_from_the_source_distribution(source: Path) -> None:
    """`make test`, as a packager does. RELEASE_TESTS names some files where all take too long."""
    some = os.environ.get("RELEASE_TESTS", "").split()
    if not some:
        run("make", "test", seconds=SUITE_SECONDS, cwd=source)
        return
    run("make", ".venv/.test", cwd=source)
    run(str(source / ".venv/bin/python"), "-m", "pytest", "-q", *some, cwd=source)
