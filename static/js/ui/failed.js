/**
 * A page whose program fails must not go on looking as it did last: it says so, by the simplest means.
 * @module
 */

import { part } from "./dom.js";

/** Draw; where that fails, take back all that the page says of itself. @param {Document} page @param {() => void} draw */
export function failed(page, draw) {
  try {
    draw();
  } catch (error) {
    page.body.dataset.trust = "none";
    part(page, "[data-strip]").dataset.link = "failed";
    part(page, "[data-freshness-label]").textContent = "failed";
    part(page, "[data-freshness-detail]").textContent = "the page's program failed: what you see may be old; reload the page";
    page.title = "failed · hero_router";
    throw error;
  }
}
