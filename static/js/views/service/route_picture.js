/**
 * Draws the route of a request to a service as a row of its parts, each with its mark, and its time in ms
 * where that is known.
 * @module
 */

import { part, setLength, setMark, setText } from "../../ui/dom.js";

/** @param {HTMLElement} place a list @param {import("../../fleet/request_route.js").Hop[]} hops */
export function drawRoute(place, hops) {
  const items = setLength(place, hops.length, "hop");
  for (const [at, { name, text, mark, was, ms, note }] of hops.entries()) {
    const item = items[at];
    item.dataset.hop = name;
    setMark(item, mark, was);
    setText(part(item, ".what"), name);
    setText(part(item, ".text"), was ? `was ${text}` : text);
    setText(part(item, ".ms"), ms === null ? "" : `${Math.round(ms * 10) / 10} ms`);
    setText(part(item, ".note"), note);
  }
}
