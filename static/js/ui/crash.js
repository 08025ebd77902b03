/**
 * Shows an error in the page's JavaScript on the page itself, so that the page does not go on looking live.
 * @module
 */

import { part } from "./dom.js";

/** Draw; if that fails, mark the whole page as failed. @param {Document} page @param {() => void} draw */
export function failed(page, draw) {
  try {
    draw();
  } catch (error) {
    page.body.dataset.trust = "none";
    part(page, "[data-strip]").dataset.link = "failed";
    part(page, "[data-freshness-label]").textContent = "failed";
    part(page, "[data-freshness-detail]").textContent = "the page's JavaScript failed: what you see may be old; reload the page";
    page.title = "failed · hero_router";
    throw error;
  }
}
