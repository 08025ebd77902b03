/**
 * How quickly a service answered its probes: a picture of median and 95th percentile, and both in words.
 * Buckets longer than a minute have the 95th percentile of the peaks of their parts, not of all probes.
 * @module
 */

import { bucketStart, moment } from "./history_bars.js";

/** @typedef {import("./history_bars.js").Span} Span */
/** For each bucket a number in ms; null where no probe was answered. @typedef {(number|null)[]} Figures */

/**
 * One path for the 95th percentiles and one for the medians, in a picture that is as wide as there are
 * buckets and 1 high; the highest figure fills it.
 * @param {Figures} medians @param {Figures} p95s @returns {import("./history_bars.js").Bars[]}
 */
export function latencyPaths(medians, p95s) {
  const top = Math.max(0, ...[...medians, ...p95s].map((ms) => ms ?? 0));
  if (top === 0) return [];
  const path = (/** @type {Figures} */ figures) =>
    figures.map((ms, at) => (ms === null ? "" : `M${at} ${1 - ms / top}H${at + 1}V1H${at}Z`)).join("");
  return [{ kind: "p95", d: path(p95s) }, { kind: "median", d: path(medians) }];
}

/** "median 2.2 ms, p95 of peaks 4.6 ms at 20:39; highest 12 ms at 19:41"; minutes have a "p95". @param {Span} span @param {Figures} medians @param {Figures} p95s @returns {string} */
export function latencyText(span, medians, p95s) {
  const known = p95s.flatMap((ms, bucket) => (ms === null ? [] : [{ ms, bucket }]));
  const last = known.at(-1);
  if (!last) return "no probe was answered in this time";
  const highest = known.reduce((best, one) => (one.ms > best.ms ? one : best), last);
  const at = (/** @type {number} */ bucket) => moment(span, bucketStart(span, bucket));
  const p95 = span.bucket_seconds > 60 ? "p95 of peaks" : "p95";
  const newest = `median ${medians[last.bucket]} ms, ${p95} ${last.ms} ms at ${at(last.bucket)}`;
  return highest === last ? newest : `${newest}; highest ${highest.ms} ms at ${at(highest.bucket)}`;
}
