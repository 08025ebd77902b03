/**
 * One short message at the foot of the page, about something that a person has just done. Screen readers
 * say it; it goes by itself.
 * @module
 */

import { part, setText } from "./dom.js";

const SHOWN_MS = 6_000;
let timer = 0;

/** @param {Document} page @param {string} text */
export function toast(page, text) {
  const place = part(page, "#toast");
  setText(place, text);
  clearTimeout(timer);
  timer = window.setTimeout(() => setText(place, ""), SHOWN_MS);
}
