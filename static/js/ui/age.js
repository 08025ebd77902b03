/**
 * Ages on the page: each is an element `<time data-since>`, and one function writes them all, so that
 * passing time draws nothing else.
 * @module
 */

import { clock, lasting, otherDay, utc } from "../fleet/times.js";
import { setText } from "./dom.js";

/** Make an element show the age of something, at the next writing. @param {Element} element a `<time>` @param {number} since Unix ms @param {boolean} [stopped] nobody knows whether it still lasts: the time is shown, not the age */
export function setSince(element, since, stopped = false) {
  const time = /** @type {HTMLTimeElement} */ (element);
  time.toggleAttribute("data-stopped", stopped);
  if (time.dataset.since === String(since)) return;
  time.dataset.since = String(since);
  time.dateTime = utc(since);
  time.title = `since ${utc(since)}`;
}

/** Write all ages below an element; the times, or the days of earlier ones, while the page may be out of date. @param {ParentNode} root @param {number} now the present, by the router's clock @param {boolean} past */
export function writeAges(root, now, past) {
  const times = /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-since]"));
  for (const time of times) {
    const since = Number(time.dataset.since);
    setText(time, past || time.hasAttribute("data-stopped") ? otherDay(since, now) || clock(since) : lasting(now - since));
  }
}
