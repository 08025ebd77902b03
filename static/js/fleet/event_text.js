/**
 * The text of each line in the list of recent events.
 * @module
 */

import { clock, lasting } from "./times.js";

/** @typedef {{title: string, text: string, status: string, key: string}} Words `key` is a service's id */

/** @param {import("../live/timeline.js").Line} line @returns {Words} */
export function words({ event, data }) {
  if (event === "resync") return note(`missed ${events(data.dropped)}`, `the page loads the state again; reason: ${data.reason}`);
  if (event === "away") return note("while you were away", away(data));
  if (event === "scan") return note(`scan of ${data.node}`, scanned(data));
  const one = data.service ?? data;
  const title = one.context === "default" ? one.name : `${one.context}/${one.name}`;
  const known = { title, status: one.status ?? "", key: one.id };
  if (event === "service_removed") return { ...known, text: `removed: ${data.reason}` };
  const because = one.reason ? `: ${one.reason}` : "";
  if (event === "status_change") return { ...known, text: `${data.from} → ${data.to}${because}` };
  return { ...known, text: `${event === "service_added" ? "added" : "updated"}, ${one.status}${because}` };
}

/** @param {number|null} number of events; null: unknown */
export function events(number) {
  return `${number ?? "an unknown number of"} event${number === 1 ? "" : "s"}`;
}

/** @param {string} title @param {string} text @returns {Words} */
function note(title, text) {
  return { title, text, status: "", key: "" };
}

/** @param {{from: number, to: number, count: number}} absence */
function away({ from, to, count }) {
  return `${events(count)} from ${clock(from)} to ${clock(to)}, in ${lasting(to - from)}`;
}

/** @param {any} data */
function scanned(data) {
  const parts = ["added", "removed", "changed"].filter((name) => data[name] > 0).map((name) => `${data[name]} ${name}`);
  const found = `${data.discovered} service${data.discovered === 1 ? "" : "s"}`;
  return `${[found, ...parts].join(", ")}${data.requests?.length ? "; on request" : ""}`;
}
