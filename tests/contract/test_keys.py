"""The names of keys: one Cluster slot for a deployment, and no name of another deployment."""

import inspect
import re

from hypothesis import example, given
from hypothesis import strategies as st
from redis.crc import key_slot

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.store.keys import Keys

PLAIN = [name for name, _ in inspect.getmembers(Keys, lambda each: isinstance(each, property))]
BY_NODE = [name for name, _ in inspect.getmembers(Keys, inspect.isfunction) if name[0] != "_"]

nodes = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def names(keys: Keys, node: str) -> list[str]:
    """Every name below a prefix."""
    return [getattr(keys, name) for name in PLAIN] + [getattr(keys, name)(node) for name in BY_NODE]


@given(st.text(max_size=12) | st.sampled_from(["{hero_router}", "a{b}c", "{{x}}", "{}{x}"]), nodes)
@example("{}{x}", "n")
@example("}{x}", "{n}")
def test_all_names_of_a_prefix_that_is_accepted_lie_in_one_slot(prefix: str, node: str) -> None:
    """Otherwise a Cluster would refuse every script, long after the start."""
    try:
        keys = Keys(RouterConfig.of(redis_prefix=prefix).redis.prefix)
    except ConfigError:
        return
    assert len({key_slot(name.encode()) for name in names(keys, node)}) == 1


@given(nodes, nodes)
def test_no_name_means_two_things(one: str, other: str) -> None:
    keys = Keys()
    assert len(set(names(keys, one))) == len(PLAIN) + len(BY_NODE)
    for name in BY_NODE:
        assert (getattr(keys, name)(one) == getattr(keys, name)(other)) == (one == other)
    assert not set(names(keys, one)) & set(names(Keys("{other}"), one))


def test_the_names_are_those_in_the_documentation() -> None:
    assert all(re.fullmatch(r"\{hero_router\}:\w+(:n1)?", name) for name in names(Keys(), "n1"))
    assert (Keys().events, Keys().services) == ("{hero_router}:events", "{hero_router}:services")
    assert Keys().lease("n1") == "{hero_router}:lease:n1"
