"""Reading what services say of themselves: any field may be missing, wrong, huge or hostile."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.model import MAX_METHODS, Facts
from hero_router.sanitize import MAX_NAME, MAX_TEXT
from hero_router.scan import document_parser, health_answer
from hero_router.scan.document_parser import BadDocument
from hero_router.scan.probe_result import Document
from hero_router.strict_json import decode, digest, encode
from tests.scan.services import MANIFEST, OPENRPC


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_good_document_gives_its_facts() -> None:
    assert document_parser.openrpc(raw(OPENRPC), "/openrpc.json").facts == Facts(
        title="Ledger",
        description="Keeps the books.",
        version="2.1.0",
        protocol="openrpc",
        methods=("add", "list"),
        methods_count=2,
        source="/openrpc.json",
        source_kind="openrpc",
        document=digest(OPENRPC),
    )


def test_the_document_itself_is_read_as_one_line_of_json() -> None:
    for parsed in (
        document_parser.openrpc(json.dumps(OPENRPC, indent=4).encode(), "/openrpc.json"),
        document_parser.discovered(raw({"jsonrpc": "2.0", "id": 1, "result": OPENRPC})),
    ):
        assert parsed.document == Document(digest(OPENRPC), encode(OPENRPC))
        assert decode(parsed.document.text) == OPENRPC
    assert document_parser.manifest(raw(MANIFEST), "m").document is None


def test_the_same_content_has_the_same_digest_in_whatever_order_it_comes() -> None:
    """Some servers write the members of an object in another order each time."""
    shuffled = {"methods": OPENRPC["methods"], "info": OPENRPC["info"], "openrpc": "1.3.2"}
    one, other = (document_parser.openrpc(raw(value), "x").facts for value in (OPENRPC, shuffled))
    changed = document_parser.openrpc(raw({**OPENRPC, "openrpc": "1.3.3"}), "x").facts
    assert one.document == other.document != changed.document
    assert re.fullmatch("[0-9a-f]{32}", one.document)


def test_openrpc_speaks_first_and_the_manifest_fills_the_gaps() -> None:
    spec = document_parser.openrpc(raw({"methods": [{"name": "add"}]}), "rpc.discover").facts
    both = document_parser.merged(spec, document_parser.manifest(raw(MANIFEST), "m").facts)
    assert both is not None
    assert (both.title, both.version, both.methods) == ("The ledger", "2.0.0", ("add",))
    assert (both.source, both.source_kind) == ("rpc.discover", "openrpc")
    assert both.document == spec.document != ""


def test_a_manifest_alone_is_the_source() -> None:
    both = document_parser.merged(
        Facts(protocol="jsonrpc"), document_parser.manifest(raw(MANIFEST), "m").facts
    )
    assert both is not None
    assert (both.source_kind, both.methods_count, both.protocol) == ("manifest", 0, "openrpc")


def test_a_json_rpc_error_is_an_answer_without_a_document() -> None:
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}
    assert document_parser.discovered(raw(error)) == (Facts(protocol="jsonrpc"), None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"\xff\xfe{", "not JSON: not UTF-8"),
        (b'{"methods": NaN}', "not JSON: NaN"),
        (b'{"methods": [], "methods": []}', "repeats a name"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"{}", "no list of methods"),
        (b'{"methods": {"add": {}}}', "no list of methods"),
    ],
)
def test_a_bad_document_has_a_reason(body: bytes, reason: str) -> None:
    """Nesting too, which the standard library answers with RecursionError."""
    with pytest.raises(BadDocument, match=reason):
        document_parser.openrpc(body, "/openrpc.json")


def test_references_are_counted_and_never_followed() -> None:
    """Remote, local and recursive references, and a pattern that would run for ever."""
    document = {
        "methods": [
            {"$ref": "http://169.254.169.254/latest"},
            {"$ref": "file:///etc/passwd"},
            {"name": "add", "params": [{"schema": {"$ref": "#/components/schemas/loop"}}]},
        ],
        "components": {
            "schemas": {"loop": {"$ref": "#/components/schemas/loop", "pattern": "(a+)+$"}}
        },
    }
    facts = document_parser.openrpc(raw(document), "x").facts
    assert (facts.methods, facts.methods_count) == (("add",), 3)


def test_fields_of_wrong_kinds_are_as_if_missing() -> None:
    document = {"methods": [1, None, {"name": 7}, {"name": "ok"}], "info": {"title": ["x"]}}
    facts = document_parser.openrpc(raw(document), "x").facts
    assert (facts.title, facts.methods, facts.methods_count) == ("", ("ok",), 4)


def test_texts_and_lists_are_bounded_and_free_of_controls() -> None:
    document = {
        "info": {"title": "t" * 10_000, "description": "d\n\x1b" * 10_000},
        "methods": [{"name": f"m{number}"} for number in range(10_000)],
    }
    facts = document_parser.openrpc(raw(document), "x").facts
    assert (len(facts.title), len(facts.description)) == (MAX_NAME, MAX_TEXT)
    assert (len(facts.methods), facts.methods_count) == (MAX_METHODS, 10_000)
    assert "\n" not in facts.description
    assert "\x1b" not in facts.description


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["info", "methods", "name", "title", "result", "error", "status"])
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values | st.binary(max_size=64))
def test_anything_is_read_or_refused_and_nothing_else(value: Any) -> None:
    body = value if isinstance(value, bytes) else raw(value)
    grade, reason = health_answer.said(body)
    assert (grade is health_answer.Grade.GOOD) == (reason is None)
    for read in (document_parser.discovered, lambda text: document_parser.manifest(text, "m")):
        try:
            facts = read(body).facts
        except BadDocument:
            continue
        assert all(isinstance(text, str) for text in (facts.title, facts.version, *facts.methods))
