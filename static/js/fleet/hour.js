/**
 * The last hour of all services: the bars of each, their worst together, and both in words.
 * @module
 */

import { duration, meaning } from "./history_bars.js";

/** @typedef {import("./history_bars.js").Span} Span */
/** `bars` of each service by its id; `span` is null where nothing is known, and `error` says why. @typedef {{bars: Map<string, string>, span: Span|null, error: string}} Hour */

/** All letters from the best to the worst, as docs/api.md has them. */
const RANKS = "-h?ldniug";
/** An answer is at most 75 s old when it comes, and is asked for again after 60 s. */
const OLD_MS = 180_000;

/** Not asked yet. @type {Hour} */
export const NO_HOUR = { bars: new Map(), span: null, error: "" };

/** @param {(Span & {services: import("./history_bars.js").Row[]})|null} answer of `/api/history` @param {string} error @returns {Hour} */
export function hourOf(answer, error) {
  if (answer === null) return { ...NO_HOUR, error };
  return { bars: new Map(answer.services.map(({ service_id: id, bars }) => [id, bars])), span: answer, error: "" };
}

/** Whether it is no longer the last hour. @param {Hour} hour @param {number} now by the router's clock */
export const isOld = ({ span }, now) => span !== null && now - span.end > OLD_MS;

/** The worst letter of each bucket; a letter of a newer version is not known. @param {string[]} all bars of one length @returns {string} */
export function worstOf(all) {
  const unknown = RANKS.indexOf("?");
  const found = new Array(all[0]?.length ?? 0).fill(0);
  for (const bars of all) {
    for (let at = 0; at < found.length; at += 1) {
      const rank = RANKS.indexOf(bars[at]);
      found[at] = Math.max(found[at], rank < 0 ? unknown : rank);
    }
  }
  return found.map((rank) => RANKS[rank]).join("");
}

/** "last hour: unhealthy 4 min, not known 2 min"; what was healthy is said where nothing else was. @param {string} bars @returns {string} */
export function hourText(bars) {
  /** @type {Map<string, number>} */
  const minutes = new Map();
  for (const letter of bars) minutes.set(meaning(letter).word, (minutes.get(meaning(letter).word) ?? 0) + 1);
  const others = [...minutes].filter(([word]) => word !== "healthy");
  if (others.length === 0) return bars ? "last hour: healthy" : "";
  return `last hour: ${others.map(([word, number]) => `${word} ${duration(number * 60_000)}`).join(", ")}`;
}
