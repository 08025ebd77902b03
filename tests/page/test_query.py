"""The filter: what each term finds, and that its text survives being parsed and written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.store import NOW, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

MINUTE = 60_000
SOCKETS = [{"name": "rpc", "role": "rpc"}, {"name": "web_page", "role": "web_page"}]
SERVICES = [
    service("petstore", title="The Pet Shop", context="shop", methods=["get_pets", "add_pet"],
            sockets=SOCKETS, changed_at=NOW - 10 * MINUTE),
    service("sleeper", "unhealthy", reason="no answer in 2 s", changed_at=NOW - MINUTE),
    service("flapper", "degraded", node="n10", context="Shop2", changed_at=NOW - 7_200_000),
    {**service("gone", node="n2", changed_at=NOW), "lost": {"reason": "scanner"}},
]  # fmt: skip

FOUND = """async ([text, services, now]) => {
  const { haystack, matches, parse } = await import("/static/js/fleet/query.js");
  const terms = parse(text);
  return services.filter((one) => matches(terms, one, haystack(one), now)).map(({ name }) => name);
}"""
AGAIN = """async (text) => {
  const { parse, serialize } = await import("/static/js/fleet/query.js");
  const terms = parse(text);
  return [terms, parse(serialize(terms)), serialize(terms)];
}"""

ALL = ["petstore", "sleeper", "flapper", "gone"]


async def found(page: Page, text: str) -> list[str]:
    """The names of those that a filter finds."""
    names: list[str] = await page.evaluate(FOUND, [text, SERVICES, NOW])
    return names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ALL),
        ("  ", ALL),
        ("PETSTORE shop", ["petstore"]),
        ("shop petstore", ["petstore"]),
        ("get_pets", ["petstore"]),
        ("n10", ["flapper"]),
        ('"no answer in"', ["sleeper"]),
        ('"answer no"', []),
        ("answer no", ["sleeper"]),
        ("status:degraded", ["flapper"]),
        ("status:degraded,unhealthy", ["sleeper", "flapper"]),
        ("status:unknown", ["gone"]),
        ("-status:healthy", ["sleeper", "flapper", "gone"]),
        ("ctx:shop", ["petstore", "flapper"]),
        ('ctx:"shop"', ["petstore"]),
        ('node:"n1"', ["petstore", "sleeper"]),
        ("node:n1 -pet", ["sleeper", "flapper"]),
        ("role:web", ["petstore"]),
        ("method:add_pet", ["petstore"]),
        ("changed:<5m", ["sleeper", "gone"]),
        ("changed:5m", ["sleeper", "gone"]),
        ("changed:>1h", ["flapper"]),
        ("-changed:>5m", ["sleeper", "gone"]),
        ("status:", ALL),
        ("changed:", ALL),
        ("changed:soon", []),
        ("constructor:x", []),
        ("-", []),
        ("-q", ALL),
        ('-"', ALL),
        ('"', ALL),
    ],
)
async def test_each_term_finds_what_it_says(quiet: Page, text: str, names: list[str]) -> None:
    assert await found(quiet, text) == names


words = st.text(st.sampled_from('ab:,"- <>5m\u00e9'), max_size=6)
signs = st.sampled_from(["", "-"])
fields = st.sampled_from(["status:", "ctx:", "method:", "changed:", "x:"])
named = st.builds("{}{}{}".format, signs, fields, words)
filters = st.lists(words | named, max_size=5).map(" ".join)


@settings(max_examples=400)
@given(text=filters)
async def test_what_is_written_of_a_filter_means_the_same(quiet: Page, text: str) -> None:
    terms, again, _ = await quiet.evaluate(AGAIN, text)
    assert again == terms


TOGGLED = """async ([text, value]) => {
  const { chooses, parse, toggled } = await import("/static/js/fleet/query.js");
  const once = toggled(text, "status", value);
  return [once, chooses(parse(once), "status", value), toggled(once, "status", value)];
}"""


@pytest.mark.parametrize(
    ("text", "once", "twice"),
    [
        ("", "status:degraded", ""),
        ("pet", "pet status:degraded", "pet"),
        ("status:unknown pet", "status:unknown,degraded pet", "status:unknown pet"),
        ("-status:degraded", "-status:degraded status:degraded", "-status:degraded"),
    ],
)
async def test_a_pill_adds_its_status_and_takes_it_away(
    quiet: Page, text: str, once: str, twice: str
) -> None:
    assert await quiet.evaluate(TOGGLED, [text, "degraded"]) == [once, True, twice]


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("status:unknown status:degraded pet", "status:unknown pet"),
        ("status:degraded status:unknown,degraded", "status:unknown"),
        ("status:unknown status:healthy", "status:unknown,degraded status:healthy"),
    ],
)
async def test_a_pill_that_is_chosen_is_not_chosen_after_a_click_wherever_it_stood(
    quiet: Page, text: str, once: str
) -> None:
    found, chosen, _ = await quiet.evaluate(TOGGLED, [text, "degraded"])
    assert found == once
    assert chosen is ("degraded" in once)


@pytest.mark.parametrize(
    ("age", "ms"),
    [("1s", 1_000), ("90s", 90_000), ("1m", 60_000), ("2h", 7_200_000), ("1d", 86_400_000)],
)
async def test_an_age_is_exact_to_the_millisecond(quiet: Page, age: str, ms: int) -> None:
    """A service that changed just so long ago is neither younger nor older."""
    ages = [service(str(more), changed_at=NOW - ms - more) for more in (-1, 0, 1)]
    for sign, names in (("<", ["-1"]), ("", ["-1"]), (">", ["1"])):
        assert await quiet.evaluate(FOUND, [f"changed:{sign}{age}", ages, NOW]) == names


@given(phrase=st.text(max_size=20))
async def test_the_filter_of_a_cause_finds_its_service(quiet: Page, phrase: str) -> None:
    """Whatever its reason says, apart from quotes, for which the filter has no way."""
    reason = phrase.replace('"', "")
    [name] = await quiet.evaluate(
        """async ([reason, service, now]) => {
          const { exactly, haystack, matches, parse } = await import("/static/js/fleet/query.js");
          const terms = parse(exactly(reason, { status: "degraded", node: "n1" }));
          return matches(terms, service, haystack(service), now) ? [service.name] : [];
        }""",
        [reason, service("a", "degraded", reason=reason), NOW],
    )
    assert name == "a"


async def test_the_filter_of_a_cause_finds_no_other_service(quiet: Page) -> None:
    cause = service("a", "degraded", reason="no answer")
    others = [
        service("b", "degraded", reason="no answer", node="n10"),
        service("c", "degraded", reason="503"),
        service("d", "inactive", reason="no answer"),
    ]
    [text, plain] = await quiet.evaluate(
        """async () => {
          const { exactly } = await import("/static/js/fleet/query.js");
          return [exactly("no answer", { status: "degraded", node: "n1" }), exactly("", { node: "n1" })];
        }"""  # noqa: E501 - JavaScript
    )
    assert text == 'status:"degraded" node:"n1" "no answer"'
    assert plain == 'node:"n1"'
    assert await quiet.evaluate(FOUND, [text, [cause, *others], NOW]) == ["a"]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("status:degraded", True),
        ("pet status:unknown,degraded", True),
        ("status:unknown status:degraded", True),
        ("", False),
        ("degraded", False),
        ("status:unknown", False),
        ("ctx:degraded", False),
        ("-status:degraded", False),
    ],
)
async def test_a_pill_is_chosen_where_its_status_is_asked_for(
    quiet: Page, text: str, chosen: bool
) -> None:
    found = await quiet.evaluate(
        """async (text) => {
          const { chooses, parse } = await import("/static/js/fleet/query.js");
          return chooses(parse(text), "status", "degraded");
        }""",
        text,
    )
    assert found is chosen
