/**
 * The text of each line in the list of recent events.
 * @module
 */

import { said } from "./status.js";
import { clock, dated, lasting } from "./times.js";

/** @typedef {{title: string, text: string, status: string, service: import("../route.js").Key|null}} Words `service` is which service the line is about */

/** @param {import("../live/timeline.js").Line} line @returns {Words} */
export function words({ event, data }) {
  if (event === "resync") return note(`missed ${events(data.dropped)}`, `the page loads the state again; reason: ${data.reason}`);
  if (event === "cut") return note("earlier events", `are not in this report: it has the newest ${data.most}`);
  if (event === "edge") return note("older events are gone", `the router keeps the newest ${data.most}; the oldest of them, ${data.first}, is of this time`);
  if (event === "away") return note("while you were away", away(data));
  if (event === "scan") return note(`scan of ${data.node}`, scanned(data));
  const one = data.service ?? data;
  const title = one.context === "default" ? one.name : `${one.context}/${one.name}`;
  const service = { context: one.context, name: one.name, node: one.node };
  const known = { title, status: one.status ?? "", service };
  if (event === "service_removed") return { ...known, text: `removed: ${data.reason}` };
  const because = one.reason ? `: ${one.reason}` : "";
  if (event === "status_change") return { ...known, text: `${said(data.from)} → ${said(data.to)}${because}` };
  return { ...known, text: `${event === "service_added" ? "added" : "updated"}, ${said(one.status)}${because}` };
}

/** @param {number|null} number of events; null: unknown */
export function events(number) {
  return `${number ?? "an unknown number of"} event${number === 1 ? "" : "s"}`;
}

/** @param {string} title @param {string} text @returns {Words} */
function note(title, text) {
  return { title, text, status: "", service: null };
}

/** @param {{from: number, to: number, count: number}} absence */
function away({ from, to, count }) {
  return `${events(count)} from ${dated(from, to)} to ${clock(to)}, in ${lasting(to - from)}`;
}

/** @param {any} data */
function scanned(data) {
  const parts = ["added", "removed", "changed"].filter((name) => data[name] > 0).map((name) => `${data[name]} ${name}`);
  const found = `${data.discovered} service${data.discovered === 1 ? "" : "s"}`;
  return `${[found, ...parts].join(", ")}${data.requests?.length ? "; on request" : ""}`;
}
