/**
 * The route of a request from its address to the service's handler, as far as the page knows it.
 * @module
 */

import { said } from "./status.js";

/** One part of the route: its mark (a status), and what is known of it; `was`: only the last known status. @typedef {{name: string, text: string, mark: string, was: boolean, ms: number|null, note: string}} Hop */

/** The socket that stands for a service: its rpc socket, else its first. @param {any} record */
export const mainSocket = ({ sockets }) => sockets.find((/** @type {any} */ { role }) => role === "rpc") ?? sockets[0] ?? null;

/** The figures of the last probe, unless the service has changed since. @param {any} record @param {any} answer what the router says of this service alone @returns {any} */
export function probeOf({ changed_at: changed }, answer) {
  const probe = answer?.probe;
  return probe && probe.checked_at >= changed ? probe : null;
}

/**
 * @param {any} record @param {any} answer what the router says of this service alone; null if it is not known
 * @param {{node: string, worker: string}|null} router the worker that this page is connected to
 * @returns {Hop[]}
 */
export function hops(record, answer, router) {
  const socket = mainSocket(record);
  const was = Boolean(record.lost);
  const ways = [
    addressHop(answer, answer?.addresses?.[socket?.name]),
    { name: "web worker", text: router?.worker || "–", mark: answer ? "healthy" : "unknown", ms: answer?.took_ms ?? null, note: "" },
    { name: "node", text: record.node, mark: was ? "unknown" : "healthy", ms: null, note: record.lost?.detail ?? "" },
    ...(socket ? socketHops(socket, probeOf(record, answer)?.sockets?.[socket.name]) : []),
  ];
  return ways.map((way) => ({ ...way, was: was && (way.name === "socket" || way.name === "handler") }));
}

/** @param {any} answer @param {import("./addresses.js").Address|undefined} address */
function addressHop(answer, address) {
  const text = address?.path ?? (address?.host ? address.host + address.host_path : "");
  const note = address?.note ?? (answer ? "the router gives you no address of it" : "not known");
  return { name: "address", text: text || "–", mark: text ? "healthy" : "unknown", ms: null, note };
}

/** A probe that was answered came through the socket; one that was not may have failed before or behind it. @param {any} socket @param {any} figures */
function socketHops({ path, status, error: lastError, latency_ms: lastMs }, figures) {
  const ms = (figures ? figures.latency_ms : lastMs) ?? null;
  const refused = status === "inactive";
  const passed = status === "healthy" || status === "non_rpc" || ms !== null;
  const error = (figures ? figures.error : lastError) ?? "";
  return [
    { name: "socket", text: path, mark: refused ? "inactive" : passed ? "healthy" : "unknown", ms: null, note: refused ? error || said(status) : "" },
    { name: "handler", text: said(refused ? "unknown" : status), mark: refused ? "unknown" : status, ms: refused ? null : ms, note: refused ? "" : error },
  ];
}
