"""The trace context that a service gets: the caller's, if it is trusted and well formed."""

import pytest

from hero_router.proxy.trace_context import trace_fields

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def read(*lines: str, trusted: bool = True) -> list[str]:
    pairs = (line.partition(": ") for line in lines)
    fields = [(name.encode(), value.encode()) for name, _, value in pairs]
    found = trace_fields(fields, trusted=trusted, token_hex=lambda size: "ab" * size)
    return [f"{name.decode()}: {value.decode()}" for name, value in found]


BEGUN = [f"traceparent: 00-{'ab' * 16}-{'ab' * 8}-01"]


@pytest.mark.parametrize(
    "parent",
    [GOOD, f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-ff", f"cc-{TRACE}-{SPAN}-01",
     f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be"],
)  # fmt: skip
def test_a_good_context_of_a_trusted_caller_is_passed_on_as_it_is(parent: str) -> None:
    lines = [f"TraceParent: {parent}", "tracestate: a=1,b=2", "tracestate: c=3"]
    assert read(*lines) == lines


@pytest.mark.parametrize(
    "parent",
    ["", "x", GOOD.upper(), f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01",
     f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}-1", f"00-{TRACE}-{SPAN}-01-more",
     f"00-{TRACE}-{SPAN}-01-", f"cc-{TRACE}-{SPAN}-01.more", f"00-{TRACE[1:]}-{SPAN}-01",
     f" {GOOD}", f"{GOOD}, {GOOD}", f"00-{TRACE[1:]}g-{SPAN}-01"],
)  # fmt: skip
def test_a_malformed_context_is_begun_anew_and_its_state_dropped(parent: str) -> None:
    assert read(f"traceparent: {parent}", "tracestate: a=1") == BEGUN


def test_two_contexts_are_none() -> None:
    assert read(f"traceparent: {GOOD}", f"traceparent: {GOOD}") == BEGUN


def test_a_strangers_context_is_begun_anew_as_is_a_missing_one() -> None:
    assert read(f"traceparent: {GOOD}", "tracestate: a=1", trusted=False) == BEGUN
    assert read("tracestate: a=1") == BEGUN
    assert read() == BEGUN
