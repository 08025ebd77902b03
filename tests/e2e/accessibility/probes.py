"""What is looked for in a page, as JavaScript: cut texts, texts that may swap others, the focus."""

from typing import Any

from playwright.async_api import Page

CUT = """() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const outside = (one, box) =>
    one.right > box.right + 1 || one.left < box.left - 1 || one.bottom > box.bottom + 2 || one.top < box.top - 2;
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const own = text.parentElement;
    if (!text.data.trim() || !own.checkVisibility({ visibilityProperty: true }) || own.closest("[title], select")) continue;
    range.selectNodeContents(text);
    const place = range.getBoundingClientRect();
    for (let box = own; box !== document.body; box = box.parentElement) {
      const { overflowX, overflowY, contain, clipPath } = getComputedStyle(box);
      if (clipPath !== "none" || [overflowX, overflowY].includes("auto")) break;
      const cuts = overflowX !== "visible" || /paint|strict|content/.test(contain);
      if (cuts && outside(place, box.getBoundingClientRect())) {
        found.push(`${box.tagName.toLowerCase()}.${box.className}: ${text.data.trim().slice(0, 60)}`);
        break;
      }
    }
  }
  return [...new Set(found)];
}"""  # noqa: E501 - JavaScript
"""Texts of which a part is outside of what hides it; those with a title, and those that can be
scrolled to, can be seen in another way."""

A_FRAME = "new Promise((done) => requestAnimationFrame(done))"
MOST_LOOKS = 10
"""The page draws anew for another width, in several frames: what is wrong after them is a fault."""

LOOSE = r"""() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (/[\u0590-\u08ff\u202a-\u202e\u2066-\u2069]/.test(text.data) && !text.parentElement.closest("bdi, pre, code, textarea, template"))
      found.push(`${text.parentElement.outerHTML.slice(0, 120)}`);
  }
  return found;
}"""  # noqa: E501 - JavaScript
"""Texts from right to left that are not isolated: they may swap what stands beside them."""

FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const top = document.elementFromPoint(
    Math.min(Math.max(x, 0), innerWidth - 1), Math.min(Math.max(y, 0), innerHeight - 1));
  const all = [...document.querySelectorAll("*")];
  return {
    what: one.outerHTML.slice(0, 120), at: all.indexOf(one), left: box.left, top: box.top,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: top !== null && (one.contains(top) || top.contains(one)),
  };
}"""
"""What has the focus: whether that shows, and whether something lies above it."""


async def scrolls_sideways(page: Page) -> bool:
    """Whether the page itself is wider than its window."""
    return bool(
        await page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
    )


async def faults(page: Page, where: str, width: int) -> list[str]:
    """What is cut at this width, and whether the page scrolls sideways."""
    await page.set_viewport_size({"width": width, "height": 720})
    found: list[str] = []
    for _ in range(MOST_LOOKS):
        found = [f"cut: {each}" for each in await page.evaluate(CUT)]
        found += ["scrolls sideways"] if await scrolls_sideways(page) else []
        if not found:
            break
        await page.evaluate(A_FRAME)
    return [f"{where}, {width} px: {each}" for each in found]


async def loose(page: Page, where: str) -> list[str]:
    """Names that may swap what stands beside them."""
    return [f"{where}: not isolated: {each}" for each in await page.evaluate(LOOSE)]


async def focused(page: Page) -> dict[str, Any] | None:
    """What has the focus; None: nothing has it."""
    found: dict[str, Any] | None = await page.evaluate(FOCUSED)
    return found
