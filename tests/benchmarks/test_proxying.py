"""Each reverse proxy carries each load of the benchmark that it is measured with."""

import pytest

from benchmarks.experiments import proxying
from benchmarks.load.resource_usage import allow_files
from benchmarks.results.aims import AIMS
from benchmarks.results.runs import Run
from benchmarks.targets.reverse_proxy import HELLO, PROXIES, Proxy, Routed

LOADS = [(proxy, "small") for proxy in (*PROXIES, HELLO)] + [
    (Routed(), name) for name in ("upload", "tunnels")
]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_files(proxying.FILES)
    for name in ("REST_SECONDS", "WARM_SECONDS", "SECONDS"):
        monkeypatch.setattr(proxying, name, 0.5)


@pytest.mark.parametrize(("proxy", "load"), LOADS, ids=lambda each: getattr(each, "name", each))
async def test_it_carries_the_load(proxy: Proxy, load: str) -> None:
    run = await proxying.proxying(proxy, load)
    assert (run.experiment, run.target) == (load, proxy.name)
    assert run.values["done"] or run.values["bytes"]


def test_all_that_is_aimed_at_is_measured() -> None:
    numbers = {"cpu_us": 4.0, "cpu_ms_per_gb": 4.0, "peak_growth_mb": 1.0, "kb_per_client": 4.0,
               "p99_ms": 4.0}  # fmt: skip
    runs = [Run(step.experiment, step.target, 1, numbers) for step in proxying.steps(1)]
    rows = [aim.row(runs) for aim in AIMS["proxying"]]
    assert {row[-1] for row in rows} == {"met", "**missed**"}
