/**
 * The order of services: what each sort compares, and where a service belongs in a sorted list.
 * @module
 */

import { counted, severity } from "./status.js";

/** @typedef {import("./status.js").Shown} Shown */
/** What a list is sorted by: first the number, then the text, then the id. @typedef {{id: string, rank: number, text: string}} Sorted */

/** @type {Record<string, (shown: Shown) => number>} */
const RANKS = {
  health: (shown) => severity(counted(shown)),
  name: () => 0,
  change: ({ changed_at: at }) => -at,
  latency: (shown) => -(latency(shown) ?? -1),
};

/** How the list can be sorted; the first is the default. */
export const SORTS = Object.keys(RANKS);

/** @param {Shown} shown @param {string} sort @returns {number} */
export const rank = (shown, sort) => RANKS[sort](shown);

/** A name as a text whose plain order is the natural one: "s2" is before "s10". @param {string} name */
export function natural(name) {
  return name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(16, "0"));
}

/** The latency of a service's slowest socket, in ms, as of its last change. @param {Shown} shown @returns {number|null} */
export function latency({ sockets }) {
  const told = sockets.map((/** @type {any} */ one) => one.latency_ms).filter((/** @type {unknown} */ ms) => Number.isFinite(ms));
  return told.length > 0 ? Math.max(...told) : null;
}

/** @param {Sorted} a @param {Sorted} b */
export function compare(a, b) {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.text !== b.text) return a.text < b.text ? -1 : 1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** Where an item is in a sorted list, or belongs in it. @param {Sorted[]} list @param {Sorted} item */
export function position(list, item) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(list[middle], item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
