/**
 * The spans (hour, day, 30 days, year) over which a service's past is shown; texts that say its availability
 * and its incidents within a span.
 * @module
 */

import { duration } from "./history_bars.js";
import { availability, incidentText } from "./availability_text.js";

/** @typedef {import("./history_bars.js").Span} Span */

/** The names of the spans in the address, how a link names them, and what they are. */
export const SPANS = /** @type {const} */ ([["1h", "1 h", "hour"], ["1d", "24 h", "day"], ["30d", "30 d", "30 days"], ["1y", "1 y", "year"]]);
export const DEFAULT_SPAN = "1d";

const MOST_INCIDENTS = 10;
const KEPT_TRANSITIONS = 50;
const TROUBLE = /[dniug]/;
const EARLIER = "The problems in the bars began before the changes of status that are kept for this service.";

/** The span that an address names. @param {Readonly<Record<string, string>>} query */
export const spanOf = ({ span }) => (SPANS.some(([name]) => name === span) ? span : DEFAULT_SPAN);

/** @param {string} span */
export const spanWord = (span) => SPANS.find(([name]) => name === span)?.[2] ?? span;

/** "up 99.2 % of the 94 % watched of the last day". @param {import("./history_bars.js").Row|undefined} row @param {Span} span @param {string} word of the span */
export function uptimeText(row, span, word) {
  if (!row?.minutes) return "no history yet";
  const young = row.since !== null && row.since > span.start;
  const time = young ? `the ${duration(row.minutes * 60_000)} since its history began` : `the last ${word}`;
  return row.watched_minutes ? `up ${availability(row)} of ${time}` : `not watched in ${time}`;
}

/**
 * The incidents of a span, the newest first, and what else is to be said of them.
 * @param {{incidents: import("./history_bars.js").Incident[], transitions: {at: number}[]}} detail @param {Span} span @param {string} word of the span @param {number} now by the router's clock @param {string} bars of the span
 * @returns {{lines: string[], note: string}}
 */
export function incidents({ incidents: all, transitions }, span, word, now, bars) {
  const found = all.filter(({ ended }) => ended === null || ended > span.start);
  const lines = found.slice(0, MOST_INCIDENTS).map((one) => incidentText(one, now));
  const more = found.length - lines.length;
  const isCut = transitions.length >= KEPT_TRANSITIONS && (transitions.at(-1)?.at ?? 0) > span.start;
  const notes = [
    found.length === 0 && (TROUBLE.test(bars) ? EARLIER : `No incident was seen in the last ${word}.`),
    more > 0 && `${more} older ones.`,
    isCut && `Only the last ${KEPT_TRANSITIONS} changes of status are kept: older incidents are only in the bars.`,
  ];
  return { lines, note: notes.filter(Boolean).join(" ") };
}
