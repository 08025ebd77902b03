"""What a browser loads before it shows the fleet: how much it is, and that it is named at once."""

import re

from hero_router.web.routes.static import COMMENT, OURS, Assets, sent, static_folder
from tests.page.test_modules import first_view

MOST = 60 * 1024
"""Bytes, compressed."""

WORKER = "live/worker"

ASSETS = Assets(static_folder())
PAGE = ASSETS.index.plain.decode()


def named() -> list[str]:
    """The files that the page names, which a browser loads with it."""
    return re.findall(rf'(?:src|href)="static/{ASSETS.digest}/([^"]+)"', PAGE)


def test_the_first_view_is_small() -> None:
    worker = {f"js/{name}.js" for name in first_view(WORKER)}
    files = {name: len(ASSETS.file(ASSETS.digest, name).packed) for name in {*named(), *worker}}
    weights = {"index.html": len(ASSETS.index.packed), **files}
    largest = sorted(weights.items(), key=lambda item: -item[1])[:10]
    assert sum(weights.values()) <= MOST, f"{sum(weights.values())} bytes, the largest: {largest}"


def test_the_page_names_each_module_of_its_first_view_and_no_other() -> None:
    preloaded = re.findall(r'rel="modulepreload" href="static/\w+/js/([^"]+)\.js"', PAGE)
    assert len(preloaded) == len(set(preloaded))
    assert set(preloaded) == first_view("main")


def test_only_comments_are_left_out_of_what_is_sent() -> None:
    """None of them is in a text, and lines keep their numbers, which errors tell."""
    for path in static_folder().rglob("*"):
        name = path.relative_to(static_folder()).as_posix()
        if not path.is_file() or not name.startswith(OURS):
            continue
        text = path.read_bytes()
        assert sent(name, text).count(b"\n") == text.count(b"\n")
        for found in COMMENT.finditer(text):
            before = COMMENT.sub(b"", text[: found.start()])
            in_code = before.count(b"`") % 2 == 0 or b"${" in before.rpartition(b"`")[2]
            assert in_code, (name, found[0])
            assert before.rpartition(b"\n")[2].count(b'"') % 2 == 0, (name, found[0])


def test_what_is_copied_from_others_is_sent_as_it_is() -> None:
    assert sent("vendor/a.js", b"/** who wrote it */\n") == b"/** who wrote it */\n"
    assert (
        sent("js/a.js", b"/** told */ let a; // b\n  // c\n/**\n * d */\n")
        == b" let a; // b\n\n\n\n"
    )
