"""The tree of errors: as it is drawn, each with a code of its own and an answer for callers."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator

import hero_router
from hero_router import errors
from hero_router.errors import ConfigError, RouterError
from hero_router.rpc.error_mapping import CODES, RpcError, error_info

ROW = re.compile(r"^ {4}(?P<lines>[│├└─ ]*)(?P<name>\w+) {2,}(?P<code>\w+)", re.MULTILINE)


def below(kind: type[RouterError]) -> Iterator[type[RouterError]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def ours() -> set[type[RouterError]]:
    """All errors of all modules."""
    for module in pkgutil.walk_packages(hero_router.__path__, "hero_router."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[RouterError]] = [RouterError, *below(RouterError)]
    return {kind for kind in found if kind.__module__.startswith("hero_router.")}


def drawn() -> Iterator[tuple[str, str | None, str]]:
    """Name, parent and code of each row of the drawing."""
    branch: list[str] = []
    for row in ROW.finditer(errors.__doc__ or ""):
        depth = len(row["lines"]) // 4
        branch[depth:] = [row["name"]]
        yield row["name"], branch[depth - 1] if depth else None, row["code"]


def test_the_tree_is_drawn_as_it_is() -> None:
    tree = {
        (kind.__name__, None if kind is RouterError else kind.__mro__[1].__name__, kind.code)
        for kind in ours()
        if kind.__module__ == errors.__name__
    }
    assert set(drawn()) == tree


def test_every_error_has_a_code_of_its_own() -> None:
    codes = Counter(kind.__dict__.get("code", "none") for kind in ours())
    assert {code: count for code, count in codes.items() if count > 1} == {}
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)
    assert "none" not in codes


def test_every_error_has_the_answer_of_its_nearest_parent_that_has_one() -> None:
    """The others cannot reach a caller of web, and would be told in general words."""
    unanswered = set()
    for kind in ours() - {RpcError}:  # it has a code of its own in each instance
        parents = [each for each in kind.__mro__ if each.__dict__.get("code") in CODES]
        told = error_info(kind.__new__(kind))
        if parents:
            assert (told.status, told.rpc) == CODES[parents[0].__dict__["code"]]
            assert told.code == kind.code
        else:
            unanswered.add(kind)
            assert (told.status, told.code) == (500, "internal")
    elsewhere = (
        "hero_router.cli.",
        "hero_router.scan.",
        "hero_router.demo.",
        "hero_router.upstream.",
        "hero_router.client.",
    )
    own = {kind for kind in unanswered if not kind.__module__.startswith(elsewhere)}
    assert own == {RouterError, ConfigError}


def test_no_row_of_the_answers_is_for_an_error_that_is_gone() -> None:
    assert CODES.keys() <= {kind.code for kind in ours()}
