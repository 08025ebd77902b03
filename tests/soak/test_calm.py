"""What makes a soak fail where nobody was deceived: a trouble that never came, clients not told."""

from typing import cast

from tests.soak.calm import knows
from tests.soak.chaos import Chaos
from tests.soak.moments import View
from tests.soak.traffic import Traffic
from tests.soak.world import World


def test_a_trouble_that_was_tried_and_never_came_about_is_a_fault() -> None:
    chaos = Chaos(cast("World", None), [], cast("Traffic", None))
    assert chaos.faults == []
    chaos.begun["half moved"] = chaos.foreign.undone["half moved"] = 2
    chaos.foreign.why["half moved"] = "no tail"
    assert chaos.faults == ["half moved was never brought about: no tail"]
    assert chaos.undone == ["2 half moved (no tail)"]
    chaos.begun["half moved"] += 1
    assert chaos.faults == []
    assert chaos.done == {"half moved": 1}


def test_who_has_been_told_or_came_later_knows_and_nobody_else() -> None:
    view = View("c1", live=True, state={}, opened=50, told=60)
    assert not knows(view, 100)
    assert knows(view._replace(told=100.5), 100)
    assert knows(view._replace(opened=101), 100)
