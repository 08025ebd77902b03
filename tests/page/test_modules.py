"""The layers of the page's modules: who may import whom, read from the source itself."""

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from hero_router.web.routes.static import static_folder

SCRIPTS = static_folder() / "js"

MAY_IMPORT: Mapping[str, set[str]] = {
    "live": set(),
    "fleet": {"live"},
    "ui": {"live", "fleet"},
    "views": {"live", "fleet", "ui"},
    "main": {"live", "fleet", "ui", "views"},
}
"""Which layers each layer may import, besides itself."""

MOST_LINES = 150
LONGER = {"live/fanout", "live/sync", "live/store", "views/sidebar"}
"""Each is one thing that does not come apart: a class that owns all of its state."""

TOUCH_DOCUMENT = ("ui/", "views/", "main")
TOUCH_NETWORK = {"live/api", "live/stream"}
"""Who may. `live/tab` starts the shared worker."""

IMPORT = re.compile(r'^(?:import|export)\b[^"]*?from "([^"]+)";', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def sources() -> dict[str, str]:
    """Each module's code, without comments, by its name."""
    return {
        path.relative_to(SCRIPTS).with_suffix("").as_posix(): path.read_text("utf-8")
        for path in SCRIPTS.rglob("*.js")
    }


SOURCES = sources()
CODE = {name: COMMENT.sub("", text) for name, text in SOURCES.items()}
NAMES = sorted(SOURCES)


def layer(name: str) -> str:
    """The folder that a module is in, or the main module."""
    return name.partition("/")[0]


def imported(name: str) -> set[str]:
    """What a module imports, by name; a module that is not there is a KeyError elsewhere."""
    folder = (SCRIPTS / name).parent
    return {
        (folder / path).resolve().relative_to(SCRIPTS).with_suffix("").as_posix()
        for path in IMPORT.findall(CODE[name])
    }


def test_the_source_is_read_as_it_is() -> None:
    assert imported("live/frame_delay") == set()
    assert imported("live/store") == {
        "live/clock", "live/timeline", "live/position", "live/frame_delay", "live/normalize",
    }  # fmt: skip
    assert {layer(name) for name in NAMES} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_from_its_own_layer_and_those_below(name: str) -> None:
    assert imported(name) <= set(NAMES)
    mine = layer(name)
    assert {layer(each) for each in imported(name)} <= MAY_IMPORT[mine] | {mine}


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_asked_for_relative_to_the_one_that_imports_it(name: str) -> None:
    """So the page works under any prefix, and files of two versions never meet."""
    assert all(path.startswith(("./", "../")) for path in IMPORT.findall(CODE[name]))
    assert re.findall(r"""["'`]/(?:static|api|health)""", CODE[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_only_those_touch_document_and_network_whose_task_it_is(name: str) -> None:
    code = CODE[name]
    if not name.startswith(TOUCH_DOCUMENT):
        assert re.findall(r"\b(?:document|window)\b", code) == []
    if name not in TOUCH_NETWORK:
        assert re.findall(r"\b(?:fetch|EventSource|XMLHttpRequest|WebSocket)\(", code) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_module_says_what_it_is_for_and_stays_short(name: str) -> None:
    assert re.match(r"/\*\*\n \* .+?@module\n \*/", SOURCES[name], re.DOTALL)
    if name not in LONGER:
        assert len(SOURCES[name].splitlines()) <= MOST_LINES


def test_nothing_imports_in_a_circle() -> None:
    try:
        TopologicalSorter({name: imported(name) for name in NAMES}).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle: {' → '.join(circle.args[1])}")


def test_the_page_names_its_files_relative_to_itself() -> None:
    index = (static_folder() / "index.html").read_text("utf-8")
    assert re.findall(r'(?:src|href)="/', index) == []
    assert 'src="static/js/main.js"' in index
