"""Bars and percentages equal a naive replay: absences, restarts, clock steps, rollbacks."""

from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hero_router.history.minute_writes import Row
from hero_router.history.rings import MINUTE_MS, MINUTES
from hero_router.history.span_summary import VIEWS, whole
from hero_router.history.transitions_and_incidents import TROUBLE, Transition, incidents
from tests.history.replay import Account, MemoryRings, all_views, told, worst

STATUSES = ("healthy", "degraded", "non_rpc", "inactive", "unhealthy")
LETTER = dict(zip(STATUSES, "hdniu", strict=True))
START = 29_404_799  # the last minute of a day


@dataclass
class Life:
    """A service, its scanners, and the two accounts of it."""

    now: int = START
    status: str = "healthy"
    begun: int = START
    rings: MemoryRings = field(default_factory=MemoryRings)
    account: Account = field(default_factory=Account)
    seen: list[str] = field(default_factory=lambda: ["h"])
    counted: bool = True
    kept: list[tuple[MemoryRings, Account]] = field(default_factory=list)
    """What Redis held before each step."""

    def change(self, status: str, second: int) -> None:
        """The service has another status from this second on; its scanner sees that at once."""
        if status != self.status:
            last = self.rings.log[-1].at if self.rings.log else 0
            at = self.now * MINUTE_MS + second * 1000
            at = max(at, last) if last // MINUTE_MS == self.now else at
            self.rings.log = [*self.rings.log, Transition(at, self.status, status, "why")][-50:]
            self.seen += [LETTER[self.status], LETTER[status]]
            self.status = status

    def write(self, *, seen: bool = True) -> None:
        """The scanner writes the present minute."""
        letters = self.seen if seen else [*self.seen[1:], "?"]
        if self.counted:
            self.account.write(self.now, letters, self.begun, told(self.rings.log))
        self.rings.write(self.now, Row(worst(letters)), self.begun)

    def step(self, minutes: int = 1) -> None:
        """Time goes on, or a clock is set."""
        self.now += minutes
        self.seen = [LETTER[self.status]]

    def watch(self, minutes: int) -> None:
        """Minutes with a scanner, each written."""
        for _ in range(minutes):
            self.write()
            self.step()

    def restart(self, *, written: bool, minutes: int) -> None:
        """The scanner ends, with or without writing its last minute; another comes later."""
        if written:
            self.write()
        if minutes:
            self.step(minutes)
        else:
            self.seen = [LETTER[self.status]]
        self.begun = self.now

    def roll_back(self, number: int) -> None:
        """Redis loses what was written in the last steps, as in a failover; the scanner goes on."""
        if self.kept:
            self.rings, self.account = deepcopy(self.kept[max(-number, -len(self.kept))])
            self.status = self.rings.log[-1].to if self.rings.log else "healthy"
            self.seen = [LETTER[self.status]]

    def check(self) -> None:
        """All spans, as a reader sees them now and after a while without a scanner."""
        for view in all_views():
            for late, lost in ((0, False), (200, True), (3, False)):
                end = max(self.account.last + 1, 1) + late
                found = self.rings.past(view, end, lost=lost)
                bars, *counts = self.account.past(view, end, lost=lost)
                assert (found.bars, *found.availability) == (bars, *counts), (view.name, late)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("watch"), st.integers(1, 65)),
        st.tuples(st.just("change"), st.sampled_from(STATUSES), st.integers(0, 59)),
        st.tuples(st.just("blind"), st.integers(1, 5)),
        st.tuples(st.just("restart"), st.booleans(), st.sampled_from([0, 1, 2, 3, 59, 61, 1500])),
        st.tuples(st.just("rollback"), st.integers(1, 3)),
        st.tuples(st.just("clock"), st.sampled_from([-700, -61, -3, -1, 1, 2, 60, 1441])),
    ),
    max_size=14,
)


def run(steps: list[tuple[object, ...]], *, counted: bool = True) -> Life:
    """Live through these steps; `counted`: with a naive account."""
    life = Life(counted=counted)
    for name, *args in steps:
        if counted:
            life.kept.append(deepcopy((life.rings, life.account)))
        match name, args:
            case "watch", [int(minutes)]:
                life.watch(minutes)
            case "change", [str(status), int(second)]:
                life.change(status, second)
            case "blind", [int(minutes)]:
                for _ in range(minutes):
                    life.write(seen=False)
                    life.step()
            case "restart", [bool(written), int(minutes)]:
                life.restart(written=written, minutes=minutes)
            case "clock", [int(minutes)]:
                life.step(minutes)
            case "rollback", [int(number)]:
                life.roll_back(number)
    return life


@settings(max_examples=40, deadline=None)
@given(STEPS)
@example([("watch", 62), ("change", "unhealthy", 20), ("restart", False, 3), ("watch", 5)])
@example([("watch", 62), ("change", "inactive", 9), ("watch", 3), ("rollback", 2), ("watch", 2)])
@example([("watch", 70), ("clock", -61), ("watch", 3)])
@example([("watch", 2), ("restart", True, 0), ("change", "inactive", 50), ("watch", 1)])
def test_every_bar_and_every_number_is_what_a_naive_replay_says(
    steps: list[tuple[object, ...]],
) -> None:
    run(steps).check()


def test_readers_that_count_a_minute_later_than_it_is_written_never_count_more_than_all() -> None:
    life = run([("watch", 130)], counted=False)
    for view in all_views():
        counted = life.rings.past(view, life.now - 1).availability
        assert counted.up == counted.watched == counted.minutes


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 70),
    st.sampled_from([-525_601, -50_000, -2_000, -1_441, -1_440, 44_000, 525_601, 16_000_000]),
    st.integers(1, 70),
)
def test_a_clock_that_is_far_off_makes_nothing_healthy_that_was_not_seen(
    before: int, jump: int, after: int
) -> None:
    life = run([("watch", before), ("clock", jump), ("watch", after)], counted=False)
    for view in all_views():
        found = life.rings.past(view, life.now, lost=False)
        assert found.availability.up <= before + after
        assert found.availability.up == found.availability.watched
        assert found.bars.rstrip("?")[-1:] in ("h", "") or found.bars[-1] in "?l"
        assert len(found.bars) == view.buckets


FORWARD = st.lists(
    st.one_of(
        st.tuples(st.just("watch"), st.integers(1, 30)),
        st.tuples(st.just("change"), st.sampled_from(STATUSES), st.integers(0, 59)),
        st.tuples(st.just("blind"), st.integers(1, 3)),
        st.tuples(st.just("restart"), st.booleans(), st.sampled_from([0, 1, 2, 30])),
    ),
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(FORWARD)
def test_incidents_and_bars_tell_the_same_minute_by_minute(
    steps: list[tuple[object, ...]],
) -> None:
    life = run([*steps, ("watch", 1)], counted=False)
    view, end = VIEWS["1d"], life.now
    assert life.rings.span is not None
    cells = life.rings.get(MINUTES, view.first(end), view.count(end))
    minutes = whole(view, end, life.rings.span, cells, lost=False).letters
    first = view.first(end)
    found = incidents(tuple(life.rings.log), minutes, first)
    touched = {
        minute: each
        for each in found
        for minute in range(
            each["began"] // MINUTE_MS, (each["ended"] or end * MINUTE_MS - 1) // MINUTE_MS + 1
        )
    }
    for minute, letter in enumerate(minutes, first):
        assert letter not in TROUBLE or minute in touched
        assert letter != "h" or minute not in touched
    for each in found:
        unwatched = [
            m for m, item in touched.items() if item is each and minutes[m - first] in "?l"
        ]
        assert each["unwatched_ms"] == len(unwatched) * MINUTE_MS
        assert each["duration_ms"] is None or each["duration_ms"] >= 0
