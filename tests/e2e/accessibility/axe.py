"""axe-core in a page: which of its rules are held, and what it finds, in words."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).resolve().parents[3] / "node_modules/axe-core/axe.min.js"

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The only rules whose result is another one in other colours."""

RUN = """async (rules) => {
  const { violations } = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
  return violations.map(({ id, impact, help, nodes }) => ({
    rule: id, impact, help,
    nodes: nodes.map(({ target, html, failureSummary }) =>
      ({ target: target.join(" "), html, why: failureSummary })),
  }));
}"""


@cache
def source() -> str:
    """The program itself. Raises AssertionError if it was not installed."""
    assert AXE.exists(), "axe-core is not installed: make node_modules/.ready"
    return AXE.read_text()


async def violations(page: Page, where: str, rules: Sequence[str] = TAGS) -> list[str]:
    """What axe finds in the page as it is now; each names the view, the rule and the element."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(source())
    found: list[dict[str, Any]] = await page.evaluate(RUN, rules)
    return [
        f"{where}: {one['rule']} ({one['impact']}: {one['help']})\n"
        f"    {node['target']}\n    {node['html'][:300]}\n    {node['why']}"
        for one in found
        for node in one["nodes"]
    ]
