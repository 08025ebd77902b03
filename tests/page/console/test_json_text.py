"""JSON text is read and written without loss, and strictly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.console.modules import run, run_text
from tests.page.console.schemas import values

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAULT = """(text) => {
  try { return [m.write(m.parse(text))]; }
  catch (error) { if (error instanceof m.NotJson) return error.at; throw error; }
}"""


@given(value=values)
async def test_what_is_written_is_what_was_read(quiet: Page, value: Any) -> None:
    assert await run(quiet, "(value) => value", value) == value


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993", "-12345678901234567890", "1.0", "1e3", "1E+3", "-0", "-0.0", "0.10",
        "1e999", "123456789.123456789123456789", "0.1", "5e-324",
    ],
)  # fmt: skip
async def test_a_number_stays_as_it_was_written(quiet: Page, text: str) -> None:
    """A console that rounds ids would call the wrong thing, and show a wrong answer."""
    assert await run_text(quiet, "(value) => value", text) == text
    assert await run_text(quiet, "(value) => ({ a: [value] })", text) == f'{{"a":[{text}]}}'


def strict(text: str) -> Any:
    """What Python's parser accepts, without the names that it adds to JSON and without repeats."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)


@given(text=st.text('{}[]",:\\ 0123eE+-.truefalsn\n\t\x00', max_size=12))
async def test_it_accepts_exactly_what_is_json(quiet: Page, text: str) -> None:
    try:
        strict(text)
        valid = True
    except (ValueError, AssertionError):
        valid = False
    assert isinstance(await run(quiet, FAULT, text), list) == valid


@given(value=values, at=st.integers(0, 60), junk=st.sampled_from(list('{}[]",:x0 ')))
async def test_a_damaged_text_is_judged_as_by_another_parser(
    quiet: Page, value: Any, at: int, junk: str
) -> None:
    text = json.dumps(value)
    text = text[:at] + junk + text[at + 1 :]
    try:
        expected: Any = [strict(text)]
    except (ValueError, AssertionError):
        expected = None
    found = await run(quiet, FAULT, text)
    assert ([json.loads(found[0])] if isinstance(found, list) else None) == expected


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('{"a": 1,}', 8), ('{"a" 1}', 5), ("[1, 2", 5), ("", 0), ('{"a": 1, "a": 2}', 9),
        ("[01]", 2), ("[NaN]", 1), ('["a\nb"]', 1), ("1 2", 2), ("[" * 300, 201),
    ],
)  # fmt: skip
async def test_a_fault_has_its_place(quiet: Page, text: str, at: int) -> None:
    assert await run(quiet, FAULT, text) == at


async def test_each_value_has_its_place_in_the_text(quiet: Page) -> None:
    text = '{\n  "a/b": [1, {"~": true}]\n}'
    code = """(text) => {
      const places = new Map();
      m.parse(text, places);
      return [...places].map(([name, at]) => [name, Object.values(m.where(text, at))]);
    }"""
    assert dict(await run(quiet, code, text)) == {
        "": [1, 1], "/a~1b": [2, 10], "/a~1b/0": [2, 11], "/a~1b/1": [2, 14],
        "/a~1b/1/~0": [2, 20],
    }  # fmt: skip


# The characters that are looked at, copied or written for texts of about so many.
WORK = """(size) => {
  const row = '{"id":9007199254740993,"name":"' + "x".repeat(60) + '"}';
  const texts = [`[${Array(Math.ceil(size / row.length)).fill(row).join(",")}]`, `"${"y".repeat(size)}"`];
  let work = 0;
  const counted = (owner, name, cost) => {
    const real = owner[name];
    owner[name] = function (...given) {
      const found = real.apply(this, given);
      work += 1 + cost(found, given);
      return found;
    };
    return () => { owner[name] = real; };
  };
  const undo = [
    counted(RegExp.prototype, "exec", (found) => found?.[0].length ?? 0),
    counted(String.prototype, "slice", (found) => found.length),
    counted(JSON, "parse", (_, [text]) => text.length),
    counted(JSON, "stringify", (found) => found.length),
  ];
  try {
    for (const text of texts) m.write(m.parse(text));
  } finally {
    for (const each of undo) each();
  }
  return work;
}"""  # noqa: E501 - lines of JavaScript


async def test_ten_times_the_text_is_about_ten_times_the_work(quiet: Page) -> None:
    """A megabyte that took the square of that would freeze the page."""
    small, large = [await run(quiet, WORK, size) for size in (100_000, 1_000_000)]
    assert small > 100_000
    assert large < 11 * small
