"""What `/metrics` says: every metric is documented, every alert has its labels, promtool agrees."""

import re
import subprocess

from tests.deploy.compose import TOP
from tests.deploy.processes import resolved
from tests.deploy.web import Web
from tests.support.hand import Hand
from tests.support.scrape import Scrape
from tests.support.wait import PATIENCE_SECONDS, eventually

DOCS = (TOP / "docs" / "metrics.md").read_text("utf-8")
RULES = (TOP / "deploy" / "alerts.yml").read_text("utf-8")


async def test_every_metric_is_described_and_the_other_way_round(web: Web, writer: Hand) -> None:
    await writer.change("a")

    async def with_nodes() -> Scrape | None:
        scrape = await web.scrape()
        known = scrape.values("scan_age_seconds") and scrape.values("service_status")
        return scrape if known else None

    scrape = await eventually(with_nodes, message="the worker that answers knows node and services")
    assert scrape is not None
    rows = re.findall(r"^\| `(hero_router_\w+)` \| (\w+) \|([^|]*)\|", DOCS, re.MULTILINE)
    assert {name for name, _, _ in rows} == scrape.described
    for name, kind, labels in rows:
        assert f"# TYPE {name} {kind}\n" in scrape.text
        assert set(re.findall(r"`(\w+)`", labels)) == scrape.labels(name), name


async def test_every_label_that_an_alert_looks_for_exists(web: Web) -> None:
    scrape = await web.scrape()
    looked_for = re.findall(r'hero_router_(\w+)\{(\w+)="(\w+)"\}', RULES)
    assert looked_for
    for name, label, value in looked_for:
        assert scrape.values(name, **{label: value}), (name, label, value)


async def test_promtool_finds_no_fault_with_a_scrape(web: Web) -> None:
    assert linted((await web.scrape()).text) == (0, "")


def linted(text: str) -> tuple[int, str]:
    """The exit code of promtool's check of a scrape, and what it says."""
    command = resolved(["promtool", "check", "metrics"])
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    return done.returncode, done.stdout + done.stderr
