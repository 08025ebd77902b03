/**
 * In a report this takes the place of `live/api.js`: the same requests, answered from the report's file. What only
 * a router can do is refused in words.
 * @module
 */

import { opened } from "./report_reader.js";

const refused = () => Promise.reject(new Error("this is a report: no router is asked"));

/** The nodes as their scanners had last reported, and the conditions. */
export async function nodes() {
  const { state, made_at: now } = opened();
  return { nodes: state.nodes, stale: state.stale, now };
}

/** The newest events, and what the router kept of others. */
export const recent = async () => opened().events;

/** The past of all services, or of one with its details. @param {string} span @param {string} [id] */
export async function history(span, id) {
  const { heads, services, error } = opened().past;
  const found = id === undefined ? services : services.filter((one) => one.service_id === id);
  if (!Object.hasOwn(heads, span) || (id !== undefined && found.length === 0)) throw new Error(error || "it is not in this report");
  return { ...heads[span], services: found.map(({ spans }) => spans[span]), detail: id === undefined ? null : detail(found[0], span) };
}

/** @param {import("./report_reader.js").Whole} whole @param {string} span */
function detail({ spans, transitions, incidents }, span) {
  const { latency_median, latency_p95 } = spans[span];
  return { latency_median, latency_p95, transitions, incidents };
}

export { refused as scan, refused as mute, refused as unmute };
