"""One setting: what the environment says, and in which words it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.errors import ConfigError
from hero_router.settings.setting import Reading, Setting, plain

WHOLE = Setting(
    "section",
    "some_number",
    ("FIRST", "SECOND"),
    "int",
    7,
    "a number",
    low=1,
    high=1_000_000,
)
FRACTION = Setting("section", "seconds", ("FIRST",), "float", 1.5, "a time", low=0.05, high=3600.0)
AGE = Setting("section", "age", ("FIRST",), "float", 0.0, "an age", low=10, high=100, off=True)
SWITCH = Setting("section", "switch", ("FIRST",), "bool", default=False, help="a switch")
WORDS = Setting("section", "words", ("FIRST",), "str", "none", "a text")


def reading(item: Setting, **environment: str) -> Reading:
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("FIRST", "SECOND"):
            patch.delenv(variable, raising=False)
        for variable, value in environment.items():
            patch.setenv(variable, value)
        return item.read()


def test_the_first_variable_that_is_set_wins() -> None:
    assert reading(WHOLE) == Reading(7, "default")
    assert reading(WHOLE, SECOND="2") == Reading(2, "SECOND")
    assert reading(WHOLE, FIRST="1", SECOND="2") == Reading(1, "FIRST")
    assert reading(WHOLE, FIRST="  ", SECOND="2") == Reading(2, "SECOND")


def test_a_rejected_first_variable_does_not_give_way_to_the_second() -> None:
    """The sentence says that the default is used: it must be so."""
    found = reading(WHOLE, FIRST="0", SECOND="2")
    assert (found.value, found.source) == (7, "default")
    assert found.rejected == (
        "FIRST='0' is rejected: it must be a whole number from 1 to 1000000; using the default 7"
    )


def test_what_stands_around_a_value_is_not_part_of_it() -> None:
    assert reading(WHOLE, FIRST=" 3 ").value == 3
    assert reading(FRACTION, FIRST=" 0.5 ").value == 0.5
    assert reading(WORDS, FIRST=" a b ").value == "a b"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("0", False), ("true", True)])
def test_a_switch_is_on_or_off(text: str, value: bool) -> None:
    assert reading(SWITCH, FIRST=text) == Reading(value, "FIRST")


def test_a_switch_that_is_neither_stays_as_it_was() -> None:
    found = reading(SWITCH, FIRST="2")
    assert found.value is False
    assert found.rejected == "FIRST='2' is rejected: it must be 0 or 1; using the default 0"


def test_what_0_switches_off_is_0_or_no_less_than_its_floor() -> None:
    """A stream that ends after a millisecond would be a storm and not an age."""
    assert [reading(AGE, FIRST=text).value for text in ("0", "10", "100")] == [0, 10, 100]
    for text in ("0.001", "9.9", "101", "-1"):
        found = reading(AGE, FIRST=text)
        assert (found.value, found.source) == (0, "default")
        assert "it must be 0 or a number from 10 to 100; using the default 0" in found.rejected
        with pytest.raises(ConfigError, match="0 or a number"):
            AGE.check(float(text))
    AGE.check(0)


def test_each_kind_says_what_it_takes() -> None:
    assert [item.accepted for item in (WHOLE, FRACTION, SWITCH, WORDS)] == [
        "a whole number from 1 to 1000000",
        "a number from 0.05 to 3600",
        "0 or 1",
        "text",
    ]
    assert WHOLE.flag == "--first"


@given(st.integers(1, 1_000_000), st.floats(0.05, 3600))
def test_a_value_is_written_so_that_it_is_read_back(whole: int, fraction: float) -> None:
    assert reading(WHOLE, FIRST=plain(whole)).value == whole
    assert reading(FRACTION, FIRST=plain(fraction)).value == fraction
