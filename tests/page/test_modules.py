"""The layers of the page's modules: who may import whom, read from the source itself."""

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from hero_router.web.routes.static import static_folder

STATIC = static_folder().resolve()
SCRIPTS = STATIC / "js"

PURE = {"route", "prefs"}
MAY_IMPORT: Mapping[str, set[str]] = {
    "route": set(),
    "prefs": set(),
    "live": set(),
    "fleet": PURE | {"live"},
    "ui": PURE | {"live", "fleet"},
    "console": PURE | {"live", "fleet", "ui"},
    "views": PURE | {"live", "fleet", "ui", "console"},
    "palette": PURE | {"fleet", "ui"},
    "report": PURE | {"live", "fleet", "ui", "views", "palette"},
    "main": PURE | {"live", "fleet", "ui", "views", "palette"},
}
"""Which layers each layer may import, besides itself."""

MOST_LINES = 150
LONGER = {"live/fanout", "live/sync", "live/store"}
"""Each is one thing that does not come apart: a class that owns all of its state."""

TOUCH_DOCUMENT = (
    "ui/", "views/", "palette/palette", "palette/opener", "palette/global_shortcuts",
    "palette/actions", "palette/key_list", "main", "report/main", "report/offline_base_url",
)  # fmt: skip
TOUCH_NETWORK = {"live/api", "live/stream", "console/send", "console/snippets"}
"""Who may. `live/tab` starts the shared worker, `console/validation_client` a worker;
`console/snippets` only writes programs that do."""

VENDOR = {"console/validation_worker"}
"""Who may import what is copied from npm."""

IMPORT = re.compile(r'^(?:import|export)\b[^"]*?from "([^"]+)";', re.MULTILINE)
LATER = re.compile(r"""\bimport\("([^"]+)"\)""")
TEXT = re.compile(r'"[^"\n]*"')
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
    """What a module imports of ours, by name; one that is not there is a KeyError elsewhere."""
    return {
        path.relative_to(SCRIPTS).with_suffix("").as_posix()
        for path in files(name)
        if path.is_relative_to(SCRIPTS)
    }


def files(name: str) -> list[Path]:
    """The files that a module imports."""
    folder = (SCRIPTS / name).parent
    return [(folder / path).resolve() for path in IMPORT.findall(CODE[name])]


def test_the_source_is_read_as_it_is() -> None:
    assert imported("live/stream_lag") == set()
    assert imported("live/store") == {
        "live/pending_changes", "live/clock", "live/timeline", "live/position", "live/stream_lag",
        "live/normalize",
    }  # fmt: skip
    assert {layer(name) for name in NAMES} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_from_its_own_layer_and_those_below(name: str) -> None:
    assert imported(name) <= set(NAMES)
    mine = layer(name)
    assert {layer(each) for each in imported(name)} <= MAY_IMPORT[mine] | {mine}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_copied_from_npm_is_imported_in_one_place_only(name: str) -> None:
    """So a new version changes one line."""
    strange = [path for path in files(name) if not path.is_relative_to(SCRIPTS)]
    assert all(path.is_file() and path.is_relative_to(STATIC / "vendor") for path in strange)
    assert bool(strange) == (name in VENDOR)


def first_view(main: str) -> set[str]:
    """The modules that a browser needs to run the main one."""
    needed, todo = set[str](), [main]
    while todo:
        name = todo.pop()
        needed.add(name)
        todo += imported(name) - needed
    return needed


def test_the_first_view_needs_no_console_no_search_and_no_other_view() -> None:
    needed = first_view("main")
    assert {name for name in needed if name.startswith(("console/", "views/service/"))} == set()
    assert needed & {"views/nodes", "views/stream_clients", "views/timeline", "views/wall"} == set()
    assert {name for name in needed if layer(name) == "palette"} == {
        "palette/opener", "palette/global_shortcuts",
    }  # fmt: skip


def test_what_is_loaded_later_is_there_and_the_console_later_than_its_service() -> None:
    for name in NAMES:
        folder = (SCRIPTS / name).parent
        assert all((folder / path).is_file() for path in LATER.findall(CODE[name])), name
    service = first_view("views/service/service")
    assert {name for name in service if layer(name) == "console"} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_asked_for_relative_to_the_one_that_imports_it(name: str) -> None:
    """So the page works under any prefix, and files of two versions never meet."""
    assert all(path.startswith(("./", "../")) for path in IMPORT.findall(CODE[name]))
    assert re.findall(r"""["'`]/(?:static|api|health)""", CODE[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_only_those_touch_document_and_network_whose_task_it_is(name: str) -> None:
    code = TEXT.sub("", CODE[name])
    if not name.startswith(TOUCH_DOCUMENT):
        assert re.findall(r"(?<![\w/.])(?:document|window)(?=\s*[.,;)\[])", code) == []
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
