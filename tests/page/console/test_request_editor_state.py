"""Whatever is typed on either side in whatever order: where nothing is wrong, both are equal."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.console.modules import run
from tests.page.console.schemas import COMPONENTS, schemas, values

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Plays the steps; after each, what the two sides and the request say, or which side is wrong.
PLAY = """(spec, steps) => {
  const draft = new m.RequestDraft(m.methodOf(spec, "act"));
  const leaf = (field, name, text) => {
    const entry = field.entries?.find((one) => one.name === name);
    if (!entry) return;
    entry.field = entry.field ?? m.fill(draft.schemas, entry.schema, m.blank(draft.schemas, entry.schema));
    if ("text" in entry.field) entry.field.text = text;
    else if (entry.field.kind === "array") entry.field.items = [];
    else if (entry.field.kind === "object") entry.field.entries.pop();
  };
  const play = {
    json: (value) => draft.textChanged(m.write(value, 2)),
    text: (text) => draft.textChanged(text),
    field: ([name, text]) => { leaf(draft.form, name, text); draft.formChanged(); },
    leave: (name) => {
      const entry = draft.form.entries?.find((one) => one.name === name);
      if (entry) entry.field = null;
      draft.formChanged();
    },
    way: (byPosition) => draft.go({ byPosition }),
  };
  return steps.map(([name, given]) => {
    play[name](given);
    if (draft.fault) return { fault: draft.fault.side };
    return { text: m.parse(draft.text.trim() || "{}"), form: m.read(draft.form), value: draft.value,
             sent: draft.request(1).params ?? null };
  });
}"""  # noqa: E501 - lines of JavaScript

names = st.sampled_from("abc")
texts = st.sampled_from(
    ["", "7", "1.0", "x", "{", '"t"', "[1]", "null", " 12 ", "9007199254740993"]
)
named = st.dictionaries(names, values, max_size=3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("json"), st.one_of(named, st.lists(values, max_size=4), values)),
        st.tuples(st.just("text"), texts),
        st.tuples(st.just("field"), st.tuples(names, texts)),
        st.tuples(st.just("leave"), names),
        st.tuples(st.just("way"), st.booleans()),
    ),
    max_size=12,
)


@settings(max_examples=120)
@given(params=st.lists(schemas, max_size=3), steps=steps)
async def test_where_nothing_is_wrong_form_text_and_request_are_equal(
    quiet: Page, params: list[Any], steps: list[Any]
) -> None:
    described = [{"name": n, "schema": each} for n, each in zip("abc", params, strict=False)]
    method = {"name": "act", "params": described}
    spec = {"components": COMPONENTS, "methods": [method]}
    for found in await run(quiet, PLAY, spec, steps):
        if "fault" in found:
            continue
        assert found["form"] == found["value"]
        assert (found["text"] or None) == (found["sent"] or None)
        if isinstance(found["text"], list):
            assert found["text"] == [found["value"][n] for n in "abc"[: len(found["text"])]]
        else:
            assert found["text"] == found["value"]
