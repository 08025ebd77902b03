/**
 * Finds the oldest event that the router still keeps. Older events are only in this page's own list.
 * @module
 */

import { compare } from "../live/position.js";

/** @typedef {import("../live/timeline.js").Line} Line */
/** What the router keeps: at most `window` events; `first` is the oldest, `kept` how many there are. @typedef {{window: number, kept: number, first: {id: string, at: number}|null}} Kept */

/** A line for the edge, which is drawn like a line of the list; null: nothing was trimmed yet. @param {Kept} kept @returns {Line|null} */
export function edge({ "window": most, kept, first }) {
  if (first === null || kept < most) return null;
  return { era: 0, id: first.id, at: first.at, event: "edge", data: { most, first: first.id } };
}

/** The lines with the edge among them, below the oldest event that the router keeps. @param {Line[]} lines the newest first @param {Line|null} line @param {number} era of the newest positions */
export function withEdge(lines, line, era) {
  if (line === null) return lines;
  const below = lines.findIndex((one) => one.era < era || compare(one.id, line.id) < 0);
  const at = below < 0 ? lines.length : below;
  return [...lines.slice(0, at), line, ...lines.slice(at)];
}
