"""The runner: it goes on after a failed step, ends in time, and keeps what failed."""

import asyncio
from collections.abc import Sequence

import pytest

from benchmarks.experiments import experiment_list
from benchmarks.experiments.step_sequence import Runner, Step, reason
from benchmarks.load.process import Absent, Broken
from benchmarks.performance import MINUTES
from benchmarks.results.runs import Failure, Run
from benchmarks.targets.registry import PEERS
from tests.support.wait import PATIENCE_SECONDS


class Watch:
    """A clock that steps move."""

    def __init__(self) -> None:
        self.now = 100.0
        self.kept = dict[str, tuple[int, int]]()
        self.ran = list[str]()
        self.done = False

    def __call__(self) -> float:
        return self.now

    def keep(self, file: str, runs: Sequence[Run], failures: Sequence[Failure], done: bool) -> None:
        """What would be written: at last all runs, and that they are done."""
        assert not self.done
        self.kept[file], self.done = (len(runs), len(failures)), done

    def step(
        self, target: str, took: float = 1, rounds: int = 1, error: Exception | None = None
    ) -> Step:
        """A step that takes `took` seconds, or fails."""

        async def run() -> Run:
            self.now += took
            self.ran.append(target)
            if error is not None:
                raise error
            return Run("burst", target, 5, {"cpu_us": 1.0})

        return Step("streaming", "burst", target, 1, run, rounds)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def runner(watch: Watch, seconds: float = 100) -> Runner:
    return Runner(seconds, watch, watch.keep)


async def test_the_first_round_of_all_comes_before_the_second_of_any(watch: Watch) -> None:
    it = runner(watch)
    await it.run([watch.step("a", rounds=2), watch.step("b"), watch.step("c", rounds=2)])
    assert watch.ran == ["a", "b", "c", "a", "c"]
    assert [(run.target, run.round) for run in it.runs["streaming"]] == [
        *(("a", 1), ("b", 1), ("c", 1)),
        *(("a", 2), ("c", 2)),
    ]


@pytest.mark.parametrize(
    "error", [Broken("process 7 ended"), Absent("absent"), OSError(24, "x"), AssertionError()]
)
async def test_a_failed_step_is_kept_and_the_next_one_runs(watch: Watch, error: Exception) -> None:
    it = runner(watch)
    await it.run([watch.step("a", error=error), watch.step("b")])
    assert [run.target for run in it.runs["streaming"]] == ["b"]
    assert it.failures["streaming"] == [Failure("burst", "a", 1, reason(error))]
    assert watch.kept == {"streaming": (1, 1)}


async def test_a_step_that_hangs_is_given_up(watch: Watch) -> None:
    async def hang() -> Run:
        await asyncio.Event().wait()
        raise AssertionError

    it = Runner(100, watch, watch.keep, step_seconds=0.01)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await it.run([Step("streaming", "burst", "a", 1, hang)])
    assert [one.reason for one in it.failures["streaming"]] == ["took longer than 0.01 s"]


async def test_nothing_begins_that_would_end_too_late(watch: Watch) -> None:
    """A step that found no time at all is a failure; a missing further round is not."""
    it = runner(watch, seconds=5)
    await it.run([watch.step("a", took=3, rounds=9), watch.step("b", took=2), watch.step("c")])
    assert watch.ran == ["a", "b"]
    assert it.failures["streaming"] == [Failure("burst", "c", 1, "no time was left")]


async def test_runs_are_kept_after_each_step(watch: Watch) -> None:
    seen = list[tuple[int, int, bool]]()
    it = Runner(
        100, watch, lambda _, runs, failures, done: seen.append((len(runs), len(failures), done))
    )
    await it.run([watch.step("a"), watch.step("b", error=Broken("x"))])
    assert seen == [(1, 0, False), (1, 1, False), (1, 1, True)]


async def test_an_interrupt_is_no_failure_of_the_step(watch: Watch) -> None:
    async def interrupted() -> Run:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await runner(watch).run(
            [watch.step("a"), Step("streaming", "burst", "b", 1, interrupted), watch.step("c")]
        )
    assert (watch.kept, watch.done) == ({"streaming": (1, 0)}, False)


def test_the_reason_of_a_failure_is_one_line() -> None:
    text = "process 7 ended\nTraceback (most recent call last):\n  …\nModuleNotFoundError: no x\n"
    assert reason(Broken(text)) == "process 7 ended: ModuleNotFoundError: no x"
    assert reason(ValueError("odd")) == "ValueError: odd"
    assert "\n" not in reason(Broken("a\n\nb\n"))


def test_every_peer_streams_idles_and_stalls_beside_the_product_and_a_floor() -> None:
    for file, experiment in (
        *(("streaming", "steady"), ("streaming", "burst")),
        *(("idle", "idle"), ("crowded", "stalled")),
    ):
        planned = [step for step in experiment_list.steps() if step.experiment == experiment]
        targets = {step.target for step in planned if step.file == file}
        assert targets >= {peer.name for peer in PEERS}
        assert targets >= {"hero_router", "floor-each"}


def test_one_round_of_all_fits_into_the_time() -> None:
    """By what each step takes on a quiet machine; further rounds are run as time is left."""
    assert sum(step.seconds for step in experiment_list.steps()) <= MINUTES * 60
