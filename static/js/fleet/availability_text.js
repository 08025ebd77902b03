/**
 * Sentences about the availability and the incidents of a service.
 * `hero_router/cli/history_text.py` has the same sentences for the command line.
 * @module
 */

import { duration } from "./history_bars.js";
import { day, minute } from "./times.js";

/** @typedef {import("./history_bars.js").Row} Row */
/** @typedef {import("./history_bars.js").Incident} Incident */

/** A share, rounded down to a tenth of a per cent, and near 100 % to a thousandth: 100 % means all. @param {number} part @param {number} whole */
export function percent(part, whole) {
  const tenths = Math.floor((part * 1000) / whole);
  return tenths < 999 ? `${tenths / 10} %` : `${Math.floor((part * 100_000) / whole) / 1000} %`;
}

/** "99.2 % of the 94 % watched"; "" without a history. @param {Row} row @returns {string} */
export function availability({ up_minutes: up, watched_minutes: watched, minutes }) {
  if (!minutes) return "";
  if (!watched) return "not watched";
  const share = percent(up, watched);
  return watched >= minutes ? share : `${share} of the ${percent(watched, minutes)} watched`;
}

/** How an incident begins, by its worst status. @type {Record<string, string>} */
const VERBS = { degraded: "degraded", unhealthy: "down", inactive: "no listener", non_rpc: "not HTTP", gone: "gone" };

/** "down 3 min 20 s, 19:41–19:44, no answer in 2 s". @param {Incident} incident @param {number} now by the router's clock @returns {string} */
export function incidentText({ began, ended, duration_ms, status, reason, unwatched_ms }, now) {
  /** @param {number} ms */
  const time = (ms) => (day(ms) === day(now) ? minute(ms) : `${day(ms)} ${minute(ms)}`);
  const verb = Object.hasOwn(VERBS, status) ? VERBS[status] : status;
  const parts = ended === null
    ? [`${verb} since ${time(began)}`]
    : [`${verb} ${duration(duration_ms ?? 0)}`, time(began) === time(ended) ? `at ${time(began)}` : `${time(began)}–${time(ended)}`];
  if (unwatched_ms) parts.push(`not watched for ${duration(unwatched_ms)} of it`);
  return [...parts, ...(reason ? [reason] : [])].join(", ");
}
