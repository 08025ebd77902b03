"""What is sent, and what the answer to it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Page

from hero_router.rpc.error_mapping import CODES
from tests.page.console.modules import run
from tests.page.console.schemas import values

pytestmark = pytest.mark.asyncio(loop_scope="session")

METHOD = """(structure = "either") => m.methodOf(m.parse(JSON.stringify({ methods: [{
  name: "add", paramStructure: structure,
  params: ["a", "b", "c"].map((name) => ({ name, schema: {} })),
}] })), "add")"""


async def request(page: Page, params: Any, structure: str = "either", **way: bool) -> Any:
    """The request, or why there is none."""
    code = f"""(params, way, structure) => {{
      const method = ({METHOD})(structure);
      try {{ return m.makeRequest(method, m.sentParams(method, params, way), way, 5); }}
      catch (error) {{ return [error.path, error.message]; }}
    }}"""
    both = {"byPosition": False, "notification": False, **way}
    return await run(page, code, params, both, structure)


async def test_parameters_go_by_name_or_by_position(quiet: Page) -> None:
    head = {"jsonrpc": "2.0", "id": 5, "method": "add"}
    assert await request(quiet, {"a": 1, "b": None}) == {**head, "params": {"a": 1, "b": None}}
    assert await request(quiet, {"b": 2, "a": 1}, byPosition=True) == {**head, "params": [1, 2]}
    assert await request(quiet, {"a": 1}, "by-position") == {**head, "params": [1]}
    assert await request(quiet, {"a": 1}, "by-name", byPosition=True) == {
        **head,
        "params": {"a": 1},
    }
    assert await request(quiet, {}) == head


async def test_a_notification_has_no_id(quiet: Page) -> None:
    sent = await request(quiet, {"a": 1}, notification=True)
    assert sent == {"jsonrpc": "2.0", "method": "add", "params": {"a": 1}}


async def test_by_position_nothing_can_be_left_out_before_another(quiet: Page) -> None:
    path, text = await request(quiet, {"a": 1, "c": 3}, byPosition=True)
    assert (path, text) == (["b"], "by position this cannot be left out, as c comes after it")
    path, _ = await request(quiet, {"z": 3}, byPosition=True)
    assert path == ["z"]


@given(values_of=st.lists(values, max_size=3))
async def test_by_position_and_back_is_the_same(quiet: Page, values_of: list[Any]) -> None:
    named = dict(zip("abc", values_of, strict=False))
    code = f"""(named) => {{
      const {{ params }} = ({METHOD})();
      return m.toNamed(params, m.toList(params, named));
    }}"""
    assert await run(quiet, code, named) == named


async def outcome(
    page: Page,
    text: str,
    *,
    status: int = 200,
    cut: bool = False,
    garbled: bool = False,
    requests: Any = None,
) -> Any:
    code = """(answer, requests) =>
      m.outcomes(answer, requests, () =>
        [{ code: -32004, message: "no such pet" }, { code: 7, message: "x" }])
        .map((found) => [found.kind, found.title, found.text, found.value ?? null])"""
    asked = requests or [{"jsonrpc": "2.0", "id": 5, "method": "add"}]
    answer = {"status": status, "text": text, "cut": cut, "garbled": garbled}
    found = await run(page, code, answer, asked)
    return found if requests else found[0]


async def test_a_result_and_an_error_are_told_apart_and_explained(quiet: Page) -> None:
    kind, _, _, value = await outcome(quiet, '{"jsonrpc":"2.0","id":5,"result":{"a":1}}')
    assert (kind, value) == ("result", {"a": 1})
    for code, title in [
        (-32601, "-32601 Method not found"),
        (-32602, "-32602 Invalid params"),
        (-32004, "-32004 no such pet"),
        (7, "7 x"),
        (-32001, "-32001 Server error"),
        (-32500, "-32500 reserved code"),
        (409, "409 an error of the service"),
    ]:
        text = f'{{"jsonrpc":"2.0","id":5,"error":{{"code":{code},"message":"m"}}}}'
        kind, told, why, _ = await outcome(quiet, text)
        assert (kind, told) == ("error", title)
        assert why.endswith("It says: m")


@pytest.mark.parametrize("code", ["no_listener", "forbidden", "gateway_timeout", "unauthorized"])
async def test_a_refusal_of_the_router_is_not_taken_for_the_services_answer(
    quiet: Page, code: str
) -> None:
    assert code in CODES
    text = f'{{"error": {{"code": "{code}", "message": "m", "request_id": "r"}}}}'
    kind, title, why, _ = await outcome(quiet, text, status=CODES[code][0])
    assert (kind, title) == ("refused", f"the router: {code}")
    assert why != "the router refused the request. m"


@pytest.mark.parametrize(
    ("text", "kind", "title"),
    [
        ("", "none", "no answer"),
        ("<html>", "strange", "HTTP status 200, not JSON"),
        ("[]", "strange", "no answer to this request"),
        ("1", "strange", "not JSON-RPC"),
        ('{"id":5}', "strange", "not JSON-RPC"),
        ('{"id":5,"result":1,"error":{"code":1}}', "strange", "not JSON-RPC"),
        ('{"id":5,"error":"x"}', "strange", "not JSON-RPC"),
        ('{"id":6,"result":1}', "strange", "another id"),
        ('{"id":5,"error":{"code":"x","message":{}}}', "error", "? no valid code"),
        ('{"error":{"code":[],"message":1}}', "error", "? no valid code"),
        ('{"jsonrpc":"2.0","id":5,"error":{"code":"no_listener"}}', "error", "? no valid code"),
        ('{"id":5,"result":1,"error":null}', "result", "result"),
    ],
)
async def test_an_answer_that_is_no_json_rpc_is_said_to_be_none(
    quiet: Page, text: str, kind: str, title: str
) -> None:
    assert (await outcome(quiet, text))[:2] == [kind, title]


async def test_a_large_answer_is_text_only(quiet: Page) -> None:
    assert (await outcome(quiet, "[1", cut=True))[1] == "the answer is too large"
    assert (await outcome(quiet, f'"{"x" * 1_000_001}"'))[1] == "a large answer"


async def test_each_request_of_a_batch_has_its_own_answer_in_whatever_order(quiet: Page) -> None:
    asked = [{"id": 1, "method": "a"}, {"method": "b"}, {"id": 2, "method": "c"},
             {"id": 3, "method": "d"}]  # fmt: skip
    text = '[{"id":2,"error":{"code":-32601,"message":"m"}},{"id":1,"result":"one"}]'
    found = await outcome(quiet, text, requests=asked)
    assert [each[0] for each in found] == ["result", "none", "error", "strange"]
    assert found[0][3] == "one"


ODD = ["", "{", "[null]", '{"methods":1}', '{"methods":[1,{},{"name":1}]}',
       '{"methods":[{"name":"add"}]}', '{"methods":[{"name":"add","params":{}}]}',
       '{"methods":[{"name":"add","params":[{"name":"a"},{"name":"a"}]}]}',
       '{"methods":[{"name":"add","params":[{"$ref":"#/nowhere"}]}]}',
       '{"methods":[{"name":"add","params":[],"errors":[{"code":"x"}]}]}']  # fmt: skip


@pytest.mark.parametrize("text", ODD)
async def test_a_malformed_document_has_the_methods_that_are_understood(
    quiet: Page, text: str
) -> None:
    code = """(text) => {
      let spec = null;
      try { spec = m.parse(text); } catch { return null; }
      const method = m.methodOf(spec, "add");
      return [m.methodNames(spec), method && method.params];
    }"""
    found = await run(quiet, code, text)
    assert found in (None, [[], None], [["add"], None], [["add"], []])


@given(value=values, by=st.booleans(), silent=st.booleans())
async def test_a_link_holds_the_filled_form(
    quiet: Page, value: Any, by: bool, silent: bool
) -> None:
    filled = {"params": value, "byPosition": by, "notification": silent}
    code = "(filled) => { const text = m.encode(filled); return [text, m.decode(text)]; }"
    text, found = await run(quiet, code, filled)
    assert found == filled
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("text", ["", "!", "e30", "bnVsbA", "A", "%%%", "eyJwYXJhbXMiOjF9"])
async def test_a_damaged_link_is_no_form(quiet: Page, text: str) -> None:
    assert await run(quiet, "(text) => m.decode(text)", text) is None


async def test_what_is_too_long_for_an_address_is_not_put_there(quiet: Page) -> None:
    filled = {"params": {"a": "x" * 20_000}, "byPosition": False, "notification": False}
    assert await run(quiet, "(filled) => m.encode(filled)", filled) is None
