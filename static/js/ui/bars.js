/**
 * Draws bar charts into an `<svg>` of the page: one path for each kind, whose look the style sheet has. The
 * picture is stretched to its box.
 * @module
 */

import { setAttribute } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {Element} place an `<svg role="img">` @param {number} width in buckets @param {import("../fleet/history_bars.js").Bars[]} shapes @param {string} text the same for those who do not see it; "": there is nothing to say */
export function drawBars(place, width, shapes, text) {
  setAttribute(place, "viewBox", `0 0 ${Math.max(width, 1)} 1`);
  setAttribute(place, "aria-label", text);
  setAttribute(place, "aria-hidden", String(text === ""));
  while (place.children.length > shapes.length) place.lastElementChild?.remove();
  while (place.children.length < shapes.length) place.append(place.ownerDocument.createElementNS(SVG, "path"));
  for (const [at, { kind, d }] of shapes.entries()) {
    setAttribute(place.children[at], "data-kind", kind);
    setAttribute(place.children[at], "d", d);
  }
}
