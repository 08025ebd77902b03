/**
 * The past of a service, from an answer of `/api/history`: bars as the data of SVG paths, and their equivalent
 * as text.
 * @module
 */

import { day, minute } from "./times.js";

/** @typedef {{service_id: string, since: number|null, bars: string, up_minutes: number, watched_minutes: number, minutes: number}} Row */
/** @typedef {{began: number, ended: number|null, duration_ms: number|null, status: string, reason: string, unwatched_ms: number|null}} Incident */
/** @typedef {{start: number, end: number, bucket_seconds: number}} Span */
/** The bars of one kind: `kind` is a class name, `d` the data of an SVG path. @typedef {{kind: string, d: string}} Bars */

/**
 * A letter's class name, its word, and the height of its bar: worse is higher, so that no colour is needed.
 * @type {Record<string, {kind: string, word: string, height: number}>}
 */
export const LETTERS = {
  h: { kind: "healthy", word: "healthy", height: 0.25 },
  d: { kind: "degraded", word: "degraded", height: 0.55 },
  n: { kind: "non_rpc", word: "not HTTP", height: 0.7 },
  i: { kind: "inactive", word: "no listener", height: 0.85 },
  u: { kind: "unhealthy", word: "unhealthy", height: 1 },
  g: { kind: "gone", word: "gone", height: 1 },
  l: { kind: "node_lost", word: "node lost", height: 0.25 },
  "?": { kind: "unknown", word: "not known", height: 0.25 },
  "-": { kind: "before", word: "no history", height: 0 },
};

/** What is shown of a letter; one of a newer version is not known. @param {string} letter */
export function meaning(letter) {
  return Object.hasOwn(LETTERS, letter) ? LETTERS[letter] : LETTERS["?"];
}

/** Equal letters in a row: `[letter, first bucket, bucket after the last]`. @param {string} bars @returns {[string, number, number][]} */
function runs(bars) {
  /** @type {[string, number, number][]} */
  const found = [];
  for (let at = 0; at < bars.length; at += 1) {
    const last = found.at(-1);
    if (last && last[0] === bars[at]) last[2] = at + 1;
    else found.push([bars[at], at, at + 1]);
  }
  return found;
}

/**
 * One path for each kind of bar, in a picture that is `bars.length` wide and 1 high. Equal neighbours are
 * one rectangle, so that a calm hour is a path of four points.
 * @param {string} bars @returns {Bars[]}
 */
export function paths(bars) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const [letter, first, after] of runs(bars)) {
    const { kind, height } = meaning(letter);
    if (height === 0) continue;
    const d = `M${first} ${1 - height}H${after}V1H${first}Z`;
    found.set(kind, (found.get(kind) ?? "") + d);
  }
  return [...found].map(([kind, d]) => ({ kind, d }));
}

/**
 * The same as text: "healthy 19:00–19:41, unhealthy 19:41–19:45".
 * @param {Span} span @param {string} bars @returns {string}
 */
export function barsText(span, bars) {
  /** @param {number} at */
  const time = (at) => moment(span, Math.min(bucketStart(span, at), span.end));
  return runs(bars)
    .map(([letter, first, after]) => `${meaning(letter).word} ${time(first)}–${time(after)}`)
    .join(", ");
}

/** When a bucket begins. @param {Span} span @param {number} at */
export const bucketStart = ({ start, bucket_seconds }, at) => start + at * bucket_seconds * 1000;

/** A time, as finely as the buckets tell it: a day, or hour and minute. @param {Span} span @param {number} ms */
export const moment = ({ bucket_seconds }, ms) => (bucket_seconds >= 21_600 ? day(ms) : minute(ms));

const UNITS = /** @type {const} */ ([["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]]);

/** A duration in its two largest units: "3 min 20 s". @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(Math.floor(ms / 1000), 0);
  const first = Math.max(UNITS.findIndex(([, size]) => seconds >= size), 0);
  const at = seconds === 0 ? UNITS.length - 1 : first;
  const [unit, size] = UNITS[at];
  const rest = Math.floor((seconds % size) / (UNITS[at + 1]?.[1] ?? 1));
  const head = `${Math.floor(seconds / size)} ${unit}`;
  return rest && UNITS[at + 1] ? `${head} ${rest} ${UNITS[at + 1][0]}` : head;
}
